use keep_types::{ErrorKind, Explain};
use std::net::SocketAddr;
use std::path::PathBuf;

/// Why the server could not start or go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServerError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}")]
    Bind {
        /// Which.
        address: SocketAddr,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// An address that others reach.
    #[error("{0} is reached by other machines, and this server speaks without encryption")]
    NotLoopback(SocketAddr),
    /// A file of a certificate cannot be used.
    #[error("{doing} {}", path.display())]
    File {
        /// The verb.
        doing: &'static str,
        /// Which file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A file holds no certificate or key that a server can use.
    #[error("{} makes no server with encryption: {why}", path.display())]
    Certificate {
        /// Which file.
        path: PathBuf,
        /// Why not.
        why: String,
    },
    /// The certificate that was made is for other names.
    #[error("the certificate in {} is for {held}", folder.display())]
    OtherNames {
        /// Where it lies.
        folder: PathBuf,
        /// What it is for.
        held: String,
    },
    /// Random bytes cannot be had.
    #[error("drawing random bytes from the system")]
    Random,
    /// The house cannot be used.
    #[error(transparent)]
    App(#[from] keep_app::AppError),
    /// The protocol's other side went wrong before a first answer.
    #[error("beginning to speak the Model Context Protocol: {0}")]
    Protocol(String),
}

impl Explain for ServerError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Bind { .. } | Self::File { .. } => ErrorKind::Unavailable,
            Self::NotLoopback(_) | Self::Certificate { .. } => ErrorKind::Usage,
            Self::OtherNames { .. } => ErrorKind::Conflict,
            Self::Random => ErrorKind::Internal,
            Self::App(error) => error.kind(),
            Self::Protocol(_) => ErrorKind::Usage,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Bind { .. } => Some("name another port with --port, or 0 for any that is free".into()),
            Self::NotLoopback(_) => Some("`--listen` serves other machines, with encryption".into()),
            Self::OtherNames { folder, .. } => {
                let folder = folder.display();
                Some(format!(
                    "name those, or remove {folder} to make another, which clients must then pin anew"
                ))
            }
            Self::Certificate { .. } => {
                Some("both files are PEM: the certificate first, then its issuers; the key by itself".into())
            }
            Self::File { .. } => None,
            Self::App(error) => error.hint(),
            Self::Random | Self::Protocol(_) => None,
        }
    }
}
