use keep_gate::GateError;
use keep_tensor::{Hash, TensorError};
use keep_types::{ErrorKind, Explain};
use std::io;
use std::path::{Path, PathBuf};

/// Why something could not be packed or unpacked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PackingError {
    /// The gate stayed shut, or failed.
    #[error(transparent)]
    Gate(#[from] GateError),
    /// A file operation.
    #[error("{doing} {}", path.display())]
    File {
        /// The verb.
        doing: &'static str,
        /// Which file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A file could not be encoded or decoded.
    #[error("{doing} {}", path.display())]
    Tensor {
        /// The verb.
        doing: &'static str,
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        #[source]
        source: TensorError,
    },
    /// Something that a pack cannot hold.
    #[error("{} cannot be packed: it {problem}", path.display())]
    Unfit {
        /// What.
        path: PathBuf,
        /// Why.
        problem: &'static str,
    },
    /// A link that leads out of the folder it lies in.
    #[error("the link {} points to {target}, out of its folder", path.display())]
    LinkOut {
        /// The link.
        path: PathBuf,
        /// Where it points.
        target: String,
    },
    /// The file changed while it was read.
    #[error("{} changed while it was packed", .0.display())]
    Changed(PathBuf),
    /// What is to be written is there already.
    #[error("{} exists already", .0.display())]
    Exists(PathBuf),
    /// What was replaced could not be put back after unpacking failed.
    #[error("{} was replaced, could not be put back, and now lies in {}", path.display(), kept.display())]
    NotPutBack {
        /// Where it was.
        path: PathBuf,
        /// Where it is.
        kept: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The folder to unpack into holds something.
    #[error("{} is not empty", .0.display())]
    NotEmpty(PathBuf),
    /// Something of another kind stands where a file or folder is to go.
    #[error("{} is in the way: it {problem}", path.display())]
    InTheWay {
        /// What is in the way.
        path: PathBuf,
        /// What it is.
        problem: &'static str,
    },
    /// The pack would be written into the folder that it is made of.
    #[error("the pack {} would lie in the folder that it is made of", .0.display())]
    OutInside(PathBuf),
    /// A path without a last part.
    #[error("{} has no name of its own", .0.display())]
    Nameless(PathBuf),
    /// A folder was to be packed against a plain file.
    #[error("{} is a plain file, which cannot be the base of a folder", .0.display())]
    BaseIsFile(PathBuf),
    /// The base that a pack needs was not given, or another was.
    #[error("{} needs the base {needed}, {}", pack.display(), match given { Some(given) => format!("not {given}"), None => "and none was given".into() })]
    Base {
        /// The pack.
        pack: PathBuf,
        /// The root of the base that it needs.
        needed: Hash,
        /// The root of the one that was given.
        given: Option<Hash>,
    },
    /// Another key than the one asked for signed the pack, or none.
    #[error("{} is signed by {}, not by {wanted}", pack.display(), given.as_deref().unwrap_or("nobody"))]
    Signer {
        /// The pack.
        pack: PathBuf,
        /// The key that has to have signed it.
        wanted: String,
        /// The key that has.
        given: Option<String>,
    },
    /// Text that is no public key.
    #[error("{0:?} is no signer; one is `ed25519:` and 64 hex digits")]
    NoSigner(String),
    /// A file that should hold a key.
    #[error("the key file {} {problem}", path.display())]
    KeyFile {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// Several files have a tensor of the name.
    #[error("{} files of the pack have a tensor {tensor:?}", files.len())]
    Ambiguous {
        /// The tensor.
        tensor: String,
        /// The files.
        files: Vec<String>,
    },
    /// No file has a tensor of the name.
    #[error("{} holds no tensor {tensor:?}", pack.display())]
    NoTensor {
        /// The pack.
        pack: PathBuf,
        /// The tensor.
        tensor: String,
    },
    /// The kernel gave no random bytes.
    #[error("the kernel gave no random bytes")]
    NoRandom,
    /// It was told to stop.
    #[error("interrupted; nothing was left behind")]
    Interrupted,
    /// A worker thread ended without an answer.
    #[error("a worker ended without an answer")]
    Worker,
}

impl PackingError {
    pub(crate) fn file(doing: &'static str, path: &Path, source: impl Into<io::Error>) -> Self {
        Self::File { doing, path: path.to_owned(), source: source.into() }
    }

    pub(crate) fn tensor(doing: &'static str, path: &Path, source: TensorError) -> Self {
        match source {
            TensorError::WrongBase { needed, given } => Self::Base { pack: path.to_owned(), needed, given },
            source => Self::Tensor { doing, path: path.to_owned(), source },
        }
    }
}

impl Explain for PackingError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Gate(error) => error.kind(),
            Self::File { source, .. } if source.kind() == io::ErrorKind::NotFound => ErrorKind::NotFound,
            Self::File { .. } => ErrorKind::Unavailable,
            Self::Tensor { source, .. } => tensor_kind(source),
            Self::Unfit { .. } | Self::LinkOut { .. } | Self::OutInside(_) | Self::Nameless(_) => {
                ErrorKind::Usage
            }
            Self::BaseIsFile(_) | Self::NoSigner(_) | Self::KeyFile { .. } | Self::Ambiguous { .. } => {
                ErrorKind::Usage
            }
            Self::NotPutBack { .. }
            | Self::Changed(_)
            | Self::Exists(_)
            | Self::NotEmpty(_)
            | Self::InTheWay { .. } => ErrorKind::Conflict,
            Self::Base { given: None, .. } | Self::NoTensor { .. } => ErrorKind::NotFound,
            Self::Base { .. } => ErrorKind::Conflict,
            Self::Signer { .. } => ErrorKind::Denied,
            Self::Interrupted => ErrorKind::Interrupted,
            Self::NoRandom | Self::Worker => ErrorKind::Internal,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Gate(error) => error.hint(),
            Self::Exists(_) => Some("name another with -o, or replace it with --force".into()),
            Self::NotEmpty(_) => Some("name a new or empty folder with -o, or add to it with --force".into()),
            Self::LinkOut { .. } => {
                Some("pack the folder that holds the link and what it points to, or remove the link".into())
            }
            Self::Changed(_) => Some("pack it again once nobody writes to it".into()),
            Self::OutInside(_) => Some("name a file elsewhere with -o".into()),
            Self::BaseIsFile(_) => Some("give the pack of the earlier folder as --base".into()),
            Self::Base { .. } => Some(
                "give it with --base: the pack whose root it is (`keep pack ls` shows it), or the plain \
                 file with this BLAKE3"
                    .into(),
            ),
            Self::Signer { .. } => Some("get it again from whom you trust; `keep pack ls` says more".into()),
            Self::KeyFile { .. } => Some("`keep pack key FILE` makes one; it is kept at mode 0600".into()),
            Self::Ambiguous { files, .. } => Some(format!("name one with --file: {}", files.join(", "))),
            Self::NoTensor { .. } => Some("`keep pack ls --tensors` lists them".into()),
            Self::Tensor { source: TensorError::BaseDiffers | TensorError::BaseNeeded, .. } => {
                Some("the base is not as it was when this was packed".into())
            }
            _ => None,
        }
    }
}

fn tensor_kind(error: &TensorError) -> ErrorKind {
    match error {
        TensorError::Source(_)
        | TensorError::Sink(_)
        | TensorError::Output(_)
        | TensorError::Stored(_)
        | TensorError::Base(_) => ErrorKind::Unavailable,
        TensorError::SourceLength | TensorError::BaseNeeded | TensorError::BaseDiffers => ErrorKind::Conflict,
        TensorError::WrongBase { .. } => ErrorKind::Conflict,
        TensorError::Version(_) => ErrorKind::Usage,
        TensorError::Signer => ErrorKind::Denied,
        TensorError::NotFound { .. } => ErrorKind::NotFound,
        TensorError::Worker | TensorError::Layout | TensorError::Compressor(_) => ErrorKind::Internal,
        // A pack that is not what was written.
        _ => ErrorKind::Tampered,
    }
}
