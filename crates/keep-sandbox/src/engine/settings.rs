//! Which engine runs containers, and what these are made of.

use std::path::{Path, PathBuf};

/// Which engine runs containers, and what these are made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Engine {
    /// Where its socket may be; the first that is there counts.
    pub sockets: Vec<PathBuf>,
    /// What the files of a container are.
    pub root: Root,
}

/// What the files of a container are, apart from what a profile grants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Root {
    /// This machine's, as far as a profile lets them be read. Nothing has to be fetched for that.
    Machine,
    /// An image that the engine has already, named by what it holds: `NAME@sha256:…`, or `sha256:…`.
    Image(String),
}

impl Default for Engine {
    fn default() -> Self {
        let own = rustix::process::geteuid().as_raw();
        let sockets = [
            format!("/run/user/{own}/podman/podman.sock"),
            "/run/podman/podman.sock".into(),
            "/var/run/docker.sock".into(),
        ];
        Self { sockets: sockets.map(PathBuf::from).into(), root: Root::Machine }
    }
}

impl Engine {
    /// Where an engine is looked for, given `DOCKER_HOST` and `XDG_RUNTIME_DIR` where the caller has them: the
    /// former alone if it is set, else the usual places.
    ///
    /// # Errors
    /// For a `DOCKER_HOST` that is no Unix socket of this machine.
    pub fn usual(docker_host: Option<&str>, runtime: Option<&Path>) -> Result<Self, String> {
        let mut engine = Self::default();
        if let Some(host) = docker_host.filter(|host| !host.is_empty()) {
            let path = host.strip_prefix("unix://").filter(|path| path.starts_with('/'));
            let path = path.ok_or_else(|| {
                format!("DOCKER_HOST is `{host}`; only an engine of this machine, `unix:///PATH`, is used")
            })?;
            engine.sockets = vec![path.into()];
        } else if let Some(runtime) = runtime {
            engine.sockets[0] = runtime.join("podman/podman.sock");
        }
        Ok(engine)
    }
}

/// Why an image is not named by what it holds.
pub(crate) fn unpinned(image: &str) -> Option<String> {
    let digest = match image.split_once('@') {
        Some((name, digest)) if !name.is_empty() => digest,
        Some(_) => "",
        None => image,
    };
    let pinned = digest
        .strip_prefix("sha256:")
        .is_some_and(|hex| hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()));
    (!pinned).then(|| {
        format!("the image `{image}` may be another one tomorrow; name it with its digest, `NAME@sha256:…`")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_an_engine_is_looked_for() {
        let at = |host, runtime: Option<&str>| Engine::usual(host, runtime.map(Path::new));
        assert_eq!(at(Some("unix:///a/b"), Some("/r")).unwrap().sockets, [Path::new("/a/b")]);
        assert_eq!(at(Some(""), Some("/r")).unwrap().sockets[0], Path::new("/r/podman/podman.sock"));
        assert_eq!(at(None, None).unwrap().sockets.len(), 3);
        for host in ["tcp://1.2.3.4:2375", "ssh://host", "unix://relative", "/a/b"] {
            assert!(at(Some(host), None).unwrap_err().contains("only an engine of this machine"), "{host}");
        }
    }

    #[test]
    fn images_are_named_by_what_they_hold() {
        let digest = format!("sha256:{}", "0a".repeat(32));
        for good in [digest.clone(), format!("debian@{digest}"), format!("host:5000/a/b:tag@{digest}")] {
            assert_eq!(unpinned(&good), None);
        }
        for bad in ["debian", "debian:latest", "debian@sha256:00", &format!("@{digest}"), &digest[..70]] {
            assert!(unpinned(bad).is_some(), "{bad}");
        }
    }
}
