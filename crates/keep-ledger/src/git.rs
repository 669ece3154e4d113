//! Writing one file as a commit under a ref of a git repository, as loose objects. Running git instead
//! would run whatever that repository's configuration names.

use crate::error::LedgerError;
use crate::hex;
use sha1::{Digest as _, Sha1};
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind as IoKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Adds a commit with one file to a ref and answers its id.
pub(crate) fn write_ref(
    repository: &Path,
    name: &str,
    file: (&str, &str),
    message: &str,
    seconds: i64,
) -> Result<String, LedgerError> {
    let folder = common_folder(repository)?;
    let refused = |why: &str| LedgerError::Git { path: repository.to_owned(), why: why.to_owned() };
    let config = fs::read_to_string(folder.join("config")).unwrap_or_default().to_ascii_lowercase();
    if config.contains("objectformat") && !config.contains("sha1") {
        return Err(refused("it names objects by another hash than SHA-1"));
    }
    if config.contains("refstorage") && config.contains("reftable") {
        return Err(refused("it keeps its refs in a reftable"));
    }
    let path = folder.join(name);
    let lock = path.with_extension("lock");
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(|e| LedgerError::file("creating", parent, e))?;
    }
    let held = OpenOptions::new().write(true).create_new(true).open(&lock);
    let mut held = held.map_err(|e| LedgerError::file("locking the ref", &lock, e))?;
    let written = commit(&folder, name, file, message, seconds).and_then(|commit| {
        writeln!(held, "{commit}")
            .and_then(|()| held.sync_all())
            .and_then(|()| fs::rename(&lock, &path))
            .map_err(|e| LedgerError::file("writing the ref", &path, e))?;
        Ok(commit)
    });
    if written.is_err() {
        // The first failure is what is reported.
        let _ = fs::remove_file(&lock);
    }
    written
}

fn commit(
    folder: &Path,
    name: &str,
    (file, content): (&str, &str),
    message: &str,
    seconds: i64,
) -> Result<String, LedgerError> {
    let blob = write_object(folder, "blob", content.as_bytes())?;
    let mut tree = format!("100644 {file}\0").into_bytes();
    tree.extend_from_slice(&blob);
    let tree = write_object(folder, "tree", &tree)?;
    let parent = read_ref(folder, name).map(|id| format!("parent {id}\n")).unwrap_or_default();
    let who = format!("Keep <keep@localhost> {seconds} +0000");
    let text = format!("tree {}\n{parent}author {who}\ncommitter {who}\n\n{message}", hex::encode(&tree));
    Ok(hex::encode(&write_object(folder, "commit", text.as_bytes())?))
}

/// The folder that holds objects and refs, also from a worktree or a submodule.
fn common_folder(repository: &Path) -> Result<PathBuf, LedgerError> {
    let dot_git = repository.join(".git");
    let mut folder = if dot_git.is_file() {
        let text = fs::read_to_string(&dot_git).map_err(|e| LedgerError::file("reading", &dot_git, e))?;
        let to = text.strip_prefix("gitdir:").unwrap_or(&text).trim();
        repository.join(to)
    } else if dot_git.is_dir() {
        dot_git
    } else {
        repository.to_owned()
    };
    if let Ok(common) = fs::read_to_string(folder.join("commondir")) {
        folder = folder.join(common.trim());
    }
    if folder.join("objects").is_dir() && folder.join("HEAD").is_file() {
        Ok(folder)
    } else {
        Err(LedgerError::Git { path: repository.to_owned(), why: "it is no git repository".into() })
    }
}

/// What a ref points to, loose or packed.
fn read_ref(folder: &Path, name: &str) -> Option<String> {
    let is_id = |id: &str| id.len() == 40 && id.bytes().all(|b| b.is_ascii_hexdigit());
    if let Ok(loose) = fs::read_to_string(folder.join(name)) {
        return Some(loose.trim().to_owned()).filter(|id| is_id(id));
    }
    let packed = fs::read_to_string(folder.join("packed-refs")).ok()?;
    let line = packed.lines().find(|line| line.split_once(' ').is_some_and(|(_, of)| of == name))?;
    line.split_once(' ').map(|(id, _)| id.to_owned()).filter(|id| is_id(id))
}

fn write_object(folder: &Path, kind: &str, content: &[u8]) -> Result<[u8; 20], LedgerError> {
    let mut object = format!("{kind} {}\0", content.len()).into_bytes();
    object.extend_from_slice(content);
    let id: [u8; 20] = Sha1::digest(&object).into();
    let name = hex::encode(&id);
    let parent = folder.join("objects").join(&name[..2]);
    let path = parent.join(&name[2..]);
    fs::create_dir_all(&parent).map_err(|e| LedgerError::file("creating", &parent, e))?;
    let temporary = parent.join(format!("tmp_keep_{}_{}", std::process::id(), &name[2..10]));
    let written = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o444)
        .open(&temporary)
        .and_then(|mut file| file.write_all(&stored_zlib(&object)).and_then(|()| file.sync_all()))
        .and_then(|()| fs::hard_link(&temporary, &path));
    // It is a second name of the object by now, or an untidy rest.
    let _ = fs::remove_file(&temporary);
    match written {
        Err(error) if error.kind() != IoKind::AlreadyExists => {
            Err(LedgerError::file("writing the object", &path, error))
        }
        _ => Ok(id),
    }
}

/// A zlib stream that does not compress: notes are small, and this needs no compressor.
fn stored_zlib(bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![0x78, 0x01];
    let mut blocks = bytes.chunks(0xffff).peekable();
    while let Some(block) = blocks.next() {
        out.push(u8::from(blocks.peek().is_none()));
        // A chunk has at most 0xffff bytes.
        let length = block.len() as u16;
        out.extend_from_slice(&length.to_le_bytes());
        out.extend_from_slice(&(!length).to_le_bytes());
        out.extend_from_slice(block);
    }
    let (mut a, mut b) = (1u32, 0u32);
    for byte in bytes {
        a = (a + u32::from(*byte)) % 65_521;
        b = (b + a) % 65_521;
    }
    out.extend_from_slice(&(b << 16 | a).to_be_bytes());
    out
}
