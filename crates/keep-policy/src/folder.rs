use crate::error::PolicyError;
use crate::source::{Layer, MAX_SOURCE_BYTES, MAX_SOURCES, Source};
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Write permission for the group and for everybody.
const OTHERS_WRITE: u32 = 0o022;

/// Reads every `*.toml` of a folder as sources of one layer, in the order of their names. A folder that
/// is not there holds no rules; anything else that cannot be read is an error. A project's rules may be
/// writable by others, as working copies are under many umasks: they only ever narrow.
///
/// # Errors
/// When the folder or a file cannot be read, is too large, or can be changed by others.
pub fn read_folder(folder: &Path, layer: Layer) -> Result<Vec<Source>, PolicyError> {
    let read = |path: &Path, source| PolicyError::Read { path: path.to_owned(), source };
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.map_err(|e| read(folder, e))?,
    };
    if layer != Layer::Project {
        refuse_writable(folder, &std::fs::metadata(folder).map_err(|e| read(folder, e))?)?;
    }
    let mut paths: Vec<PathBuf> = Vec::new();
    for entry in entries {
        let path = entry.map_err(|e| read(folder, e))?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            paths.push(path);
        }
        if paths.len() > MAX_SOURCES {
            return Err(PolicyError::TooMany {
                file: folder.display().to_string(),
                what: "rule files",
                count: paths.len(),
                limit: MAX_SOURCES,
            });
        }
    }
    paths.sort();
    paths.into_iter().map(|path| read_source(&path, layer)).collect()
}

fn read_source(path: &Path, layer: Layer) -> Result<Source, PolicyError> {
    let read = |source| PolicyError::Read { path: path.to_owned(), source };
    // Looked at before it is opened, since opening a pipe waits for its other end. A link in a person's
    // own folder is theirs; one in a repository could lead anywhere.
    let looked = match layer {
        Layer::Project => std::fs::symlink_metadata(path),
        Layer::Builtin | Layer::System | Layer::User => std::fs::metadata(path),
    };
    if !looked.map_err(read)?.is_file() {
        return Err(read(io::Error::other("it is no regular file")));
    }
    let file = File::open(path).map_err(read)?;
    let metadata = file.metadata().map_err(read)?;
    if layer != Layer::Project {
        refuse_writable(path, &metadata)?;
    }
    let mut text = String::new();
    let limit = MAX_SOURCE_BYTES as u64;
    file.take(limit + 1).read_to_string(&mut text).map_err(read)?;
    let name = path.display().to_string();
    if text.len() as u64 > limit {
        let size_bytes = metadata.len().max(text.len() as u64);
        return Err(PolicyError::TooLarge { file: name, size_bytes, limit_bytes: MAX_SOURCE_BYTES });
    }
    Ok(Source { layer, name, text })
}

fn refuse_writable(path: &Path, metadata: &std::fs::Metadata) -> Result<(), PolicyError> {
    let mode = metadata.permissions().mode() & 0o777;
    if mode & OTHERS_WRITE == 0 {
        return Ok(());
    }
    Err(PolicyError::Writable { path: path.to_owned(), mode })
}
