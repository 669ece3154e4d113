use keep_types::{ErrorKind, Explain};
use std::net::SocketAddr;

/// Why the server could not start or go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServerError {
    /// The address cannot be listened on.
    #[error("listening on {address}")]
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
            Self::Bind { .. } => ErrorKind::Unavailable,
            Self::NotLoopback(_) => ErrorKind::Usage,
            Self::Random => ErrorKind::Internal,
            Self::App(error) => error.kind(),
            Self::Protocol(_) => ErrorKind::Usage,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Bind { .. } => Some("name another port with --port, or 0 for any that is free".into()),
            Self::NotLoopback(_) => Some("use 127.0.0.1 or ::1".into()),
            Self::App(error) => error.hint(),
            Self::Random | Self::Protocol(_) => None,
        }
    }
}
