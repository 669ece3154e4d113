use super::document::{Reader, read};
use super::error::ConfigError;
use super::keys;
use super::layers::{from_text, read_text};
use super::value::Value;
use rustix::fs::{FlockOperation, flock};
use std::fs::{DirBuilder, File};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;
use toml_edit::{DocumentMut, Item, Table, value};

/// What an edit of the user's file did.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Edit {
    /// The key.
    pub key: &'static str,
    /// What the file said before.
    pub before: Option<Value>,
    /// What it says now.
    pub after: Option<Value>,
}

/// Whether a key could be set to this.
///
/// # Errors
/// When the key or value is wrong.
pub fn check_text(name: &str, text: &str) -> Result<(), ConfigError> {
    from_text(name, text, "the command line").map(|_| ())
}

/// Sets one key in a configuration file, keeping its comments and order.
///
/// # Errors
/// When the key or value is wrong, or the file cannot be read, is not valid before, or cannot be written.
pub fn set(path: &Path, name: &str, text: &str) -> Result<Edit, ConfigError> {
    let (_, after) = from_text(name, text, "the command line")?;
    edit(path, name, Some(after))
}

/// Takes one key out of a configuration file, so that the layer below or the default counts again.
///
/// # Errors
/// As for [`set`].
pub fn unset(path: &Path, name: &str) -> Result<Edit, ConfigError> {
    edit(path, name, None)
}

fn edit(path: &Path, name: &str, after: Option<Value>) -> Result<Edit, ConfigError> {
    let write = |source| ConfigError::Write { path: path.to_owned(), source };
    let key = keys::find(name).ok_or_else(|| ConfigError::UnknownKey {
        place: "the command line".to_owned(),
        key: name.chars().take(80).collect(),
        suggestion: keys::nearest(name).map(str::to_owned),
    })?;
    // A link, as managers of dotfiles make, stays one: its target is what changes.
    let path = &path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let folder = path.parent().ok_or_else(|| write(io::Error::other("it has no folder")))?;
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(write)?;
    let folder_handle = File::open(folder).map_err(write)?;
    // Two edits at once would each write a file without the other's change.
    flock(&folder_handle, FlockOperation::LockExclusive).map_err(|e| write(e.into()))?;

    let shown = path.display().to_string();
    let text = read_text(path)?.unwrap_or_default();
    let old = read(&shown, &text, Reader::House)?;
    let before = old.entries.into_iter().find(|(k, ..)| k.name == key.name).map(|(_, v, _)| v);
    let mut document: DocumentMut =
        text.parse().map_err(|error: toml_edit::TomlError| write(io::Error::other(error)))?;
    change(&mut document, key.name, after.as_ref());
    let text = document.to_string();
    // What is written must load again, whatever shape the file had.
    read(&shown, &text, Reader::House)?;
    replace(path, folder, &folder_handle, text.as_bytes()).map_err(write)?;
    Ok(Edit { key: key.name, before, after })
}

fn change(document: &mut DocumentMut, name: &str, after: Option<&Value>) {
    // A file may write a key as `[a] b = 1`, `a.b = 1` or `a = { b = 1 }`; all three are table-like.
    let (section, leaf) = name.split_once('.').unwrap_or(("", name));
    let table = document.as_table_mut();
    if after.is_none() && !table.contains_key(section) {
        return;
    }
    let inner = table.entry(section).or_insert_with(|| Item::Table(Table::new()));
    let Some(inner) = inner.as_table_like_mut() else {
        return;
    };
    let Some(after) = after else {
        inner.remove(leaf);
        return;
    };
    let mut new = match after {
        Value::Count(count) => value(i64::try_from(*count).unwrap_or(i64::MAX)),
        Value::Switch(on) => value(*on),
        other => value(other.to_string()),
    };
    // The comment behind a value belongs to the line and stays.
    if let Some(old) = inner.get(leaf).and_then(Item::as_value)
        && let Some(new) = new.as_value_mut()
    {
        *new.decor_mut() = old.decor().clone();
    }
    inner.insert(leaf, new);
}

/// Temporary file, fsync, rename, fsync of the folder: a crash leaves the old file or the new one.
fn replace(path: &Path, folder: &Path, folder_handle: &File, bytes: &[u8]) -> io::Result<()> {
    let mut temporary = tempfile::Builder::new()
        .prefix(".config-")
        .permissions(PermissionsExt::from_mode(0o600))
        .tempfile_in(folder)?;
    temporary.write_all(bytes)?;
    temporary.as_file().sync_all()?;
    temporary.persist(path).map_err(|error| error.error)?;
    folder_handle.sync_all()
}
