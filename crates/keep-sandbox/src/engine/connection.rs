//! One engine, asked through its socket.

use crate::error::SandboxError;
use bollard::errors::Error;
use bollard::{API_DEFAULT_VERSION, ClientVersion, Docker};
use std::io;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

/// Seconds for any one request. Making a container on a busy machine takes a while.
const TIMEOUT: u64 = 120;

/// An engine that answers, and what it said of itself.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    socket: PathBuf,
    version: (usize, usize),
    /// What it calls itself.
    pub(crate) name: String,
    pub(crate) limits_memory: bool,
    pub(crate) limits_processes: bool,
}

impl Connection {
    /// Looks for an engine at these places.
    ///
    /// # Errors
    /// Why there is none that could be used.
    pub(crate) fn find(sockets: &[PathBuf]) -> Result<Self, String> {
        let is_socket = |path: &&PathBuf| path.metadata().is_ok_and(|found| found.file_type().is_socket());
        let Some(socket) = sockets.iter().find(is_socket) else {
            let places: Vec<String> = sockets.iter().map(|path| path.display().to_string()).collect();
            return Err(format!(
                "no container engine listens at {}; start one, as with `systemctl --user start podman.socket`, \
                 or set DOCKER_HOST",
                places.join(" or ")
            ));
        };
        Self::at(socket).map_err(|why| match std::error::Error::source(&why) {
            Some(source) => format!("{why}: {source}"),
            None => why.to_string(),
        })?
    }

    fn at(socket: &Path) -> Result<Result<Self, String>, SandboxError> {
        let mut found = Self {
            socket: socket.to_owned(),
            version: (API_DEFAULT_VERSION.major_version, API_DEFAULT_VERSION.minor_version),
            name: String::new(),
            limits_memory: false,
            limits_processes: false,
        };
        let doing = format!("ask the container engine at {}", socket.display());
        let (version, info) = found.ask(&doing, async |docker| {
            let docker = docker.negotiate_version().await?;
            Ok((docker.client_version(), docker.info().await?))
        })?;
        found.version = (version.major_version, version.minor_version);
        let security = info.security_options.unwrap_or_default();
        if security.iter().any(|option| option.split(',').any(|part| part == "name=rootless")) {
            return Ok(Err(
                "this engine runs without root, and gives a command another user than its caller, \
                           who may not write what the caller may; the namespaces tier needs no engine"
                    .to_owned(),
            ));
        }
        if info.os_type.as_deref().is_some_and(|kind| kind != "linux") {
            return Ok(Err("this engine runs no Linux containers".to_owned()));
        }
        found.name =
            [info.operating_system, info.server_version].into_iter().flatten().collect::<Vec<_>>().join(" ");
        found.limits_memory = info.memory_limit == Some(true);
        found.limits_processes = info.pids_limit == Some(true);
        Ok(Ok(found))
    }

    /// One that is known to be here, to tidy up after a run of it.
    pub(super) fn known(socket: PathBuf, version: (usize, usize)) -> Self {
        Self { socket, version, name: String::new(), limits_memory: false, limits_processes: false }
    }

    pub(super) fn socket(&self) -> &Path {
        &self.socket
    }

    pub(super) fn version(&self) -> (usize, usize) {
        self.version
    }

    /// Asks it. On a thread of its own, because the caller's may belong to a runtime already, which then could
    /// not be waited in.
    pub(super) fn ask<T: Send>(
        &self,
        doing: &str,
        job: impl AsyncFnOnce(Docker) -> Result<T, Error> + Send,
    ) -> Result<T, SandboxError> {
        let failed = |source| SandboxError::Prepare { doing: doing.to_owned(), source };
        let (major_version, minor_version) = self.version;
        let version = ClientVersion { major_version, minor_version };
        let socket = self.socket.to_str().ok_or_else(|| failed(io::ErrorKind::InvalidFilename.into()))?;
        let work = || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                let docker =
                    Docker::connect_with_unix(socket, TIMEOUT, &version).map_err(io::Error::other)?;
                job(docker).await.map_err(io::Error::other)
            })
        };
        let asked = std::thread::scope(|scope| scope.spawn(work).join());
        asked.unwrap_or_else(|_| Err(io::Error::other("asking it failed"))).map_err(failed)
    }
}
