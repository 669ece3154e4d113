//! The earlier files that a pack holds differences to.

use super::error::PackingError;
use super::paths;
use super::shared::Shared;
use keep_tensor::format::{self, Limits};
use keep_tensor::pack::{PackBase, PackReader};
use keep_tensor::{Base, FileBase, Hash, TensorError};
use std::collections::HashMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// A pack against a pack against a pack: restoring the last reads all of them, so that a chain this long
/// is slower than it is small.
const MAX_CHAIN: usize = 16;

/// The first bytes of a pack, by which a pack and a plain file are told apart.
const PACK: &[u8] = b"\x8bKeepP\r\n";

/// Bases that were given, in any order but for the first.
#[derive(Default)]
pub(crate) struct Bases {
    given: Vec<Given>,
}

struct Given {
    path: PathBuf,
    source: Shared,
    root: Hash,
    kind: Kind,
}

enum Kind {
    File,
    /// With the paths in it that hold files, without what names the whole.
    Pack {
        base: Option<Hash>,
        files: HashMap<String, String>,
    },
}

impl Bases {
    /// Opens them. A plain file is read whole: its hash is its name.
    pub(crate) fn open(paths: &[PathBuf]) -> Result<Self, PackingError> {
        let given = paths.iter().map(|path| open(path)).collect::<Result<_, _>>()?;
        Ok(Self { given })
    }

    /// The root of the first, which differences are made against.
    pub(crate) fn root(&self) -> Option<Hash> {
        self.given.first().map(|given| given.root)
    }

    /// Refuses a plain file as the base of a folder, in which nothing would have a counterpart.
    pub(crate) fn check_for_folder(&self) -> Result<(), PackingError> {
        match self.given.first() {
            Some(Given { kind: Kind::File, path, .. }) => Err(PackingError::BaseIsFile(path.clone())),
            _ => Ok(()),
        }
    }

    /// What a file, named by its path below the top, has in the base with this root; none when that base
    /// was not given or has no such file. Of a plain file as the base, `starts` are where the counterparts
    /// of its regions begin, as a pack that is read has them; one that is written looks for them.
    pub(crate) fn counterpart(
        &self,
        root: Hash,
        below: &str,
        starts: Option<Vec<(u64, u64)>>,
    ) -> Result<Option<Box<dyn Base + Send>>, PackingError> {
        self.find(root, below, starts, MAX_CHAIN)
    }

    fn find(
        &self,
        root: Hash,
        below: &str,
        starts: Option<Vec<(u64, u64)>>,
        left: usize,
    ) -> Result<Option<Box<dyn Base + Send>>, PackingError> {
        let Some(given) = self.given.iter().find(|given| given.root == root) else { return Ok(None) };
        let failed = |error| PackingError::tensor("reading the base", &given.path, error);
        match &given.kind {
            Kind::File if below.is_empty() => Ok(Some(Box::new(match starts {
                Some(starts) => FileBase::told(given.source.clone(), starts, given.root),
                None => plain(given)?,
            }))),
            Kind::File => Ok(None),
            Kind::Pack { base, files } => {
                let Some(path) = files.get(below) else { return Ok(None) };
                let pack = PackReader::open(given.source.clone()).map_err(failed)?;
                let starts = pack.file(path).map_err(failed)?.base_starts();
                let beneath = match base {
                    Some(_) if left == 0 => {
                        let limit = MAX_CHAIN as u64;
                        return Err(failed(TensorError::Limit { what: "the chain", size: limit + 1, limit }));
                    }
                    Some(base) => self.find(*base, below, starts, left - 1)?,
                    None => None,
                };
                Ok(Some(Box::new(PackBase::new(pack, path, beneath).map_err(failed)?)))
            }
        }
    }
}

fn open(path: &Path) -> Result<Given, PackingError> {
    let failed = |error| PackingError::file("opening the base", path, error);
    let mut source = Shared::new(File::open(path).map_err(failed)?);
    let mut head = Vec::new();
    source.by_ref().take(PACK.len() as u64).read_to_end(&mut head).map_err(failed)?;
    if head != PACK {
        let root = digest(&mut source).map_err(|e| PackingError::file("reading the base", path, e))?;
        return Ok(Given { path: path.to_owned(), source, root, kind: Kind::File });
    }
    let pack =
        PackReader::open(source.clone()).map_err(|e| PackingError::tensor("reading the base", path, e))?;
    let (root, base) = (pack.root(), pack.base_root());
    let files = paths::files(pack.entries()).collect();
    Ok(Given { path: path.to_owned(), source, root, kind: Kind::Pack { base, files } })
}

fn digest(source: &mut Shared) -> std::io::Result<Hash> {
    source.seek(SeekFrom::Start(0))?;
    let mut hasher = blake3::Hasher::new();
    // Large enough that the hash runs at its full width.
    let mut piece = vec![0; 1 << 20];
    loop {
        match source.read(&mut piece)? {
            0 => return Ok(Hash::from_bytes(*hasher.finalize().as_bytes())),
            count => hasher.update(&piece[..count]),
        };
    }
}

fn plain(given: &Given) -> Result<FileBase<Shared>, PackingError> {
    let failed = |error| PackingError::file("reading the base", &given.path, error);
    let len = given.source.len().map_err(failed)?;
    let name = given.path.file_name().unwrap_or_default().to_string_lossy();
    let mut source = given.source.clone();
    let layout = format::layout(&mut source, len, &name, &Limits::default())
        .map_err(|e| failed(std::io::Error::other(e)))?;
    Ok(FileBase::new(source, layout, given.root))
}
