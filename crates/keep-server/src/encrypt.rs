//! Speaking with encryption, which an address that others reach must. The certificate is one's own, or one that is
//! made at first use and stays: whoever connects pins it.

use crate::error::ServerError;
use keep_types::Digest;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::fs;
use std::io::{ErrorKind, Write};
use std::net::IpAddr;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;

/// A certificate with its key, ready to be spoken with.
#[derive(Clone)]
pub struct Certificate {
    acceptor: TlsAcceptor,
    /// The digest of the certificate, for whoever pins it.
    pub fingerprint: Digest,
    /// Where it lies: clients that check certificates are given this file.
    pub path: PathBuf,
}

impl Certificate {
    /// The certificates and the key of these files.
    ///
    /// # Errors
    /// When one of them cannot be read, or they make no server.
    pub fn read(path: &Path, key: &Path) -> Result<Self, ServerError> {
        let read = |path: &Path| fs::read(path).map_err(|source| file("reading", path, source));
        let unfit = |why: String| ServerError::Certificate { path: path.to_owned(), why };
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&read(path)?)
            .collect::<Result<_, _>>()
            .map_err(|error| unfit(error.to_string()))?;
        let first = chain.first().ok_or_else(|| unfit("there is no certificate in it".into()))?;
        let fingerprint = Digest::of(first);
        let key = PrivateKeyDer::from_pem_slice(&read(key)?).map_err(|error| unfit(error.to_string()))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map(rustls::ConfigBuilder::<ServerConfig, _>::with_no_client_auth)
            .and_then(|builder| builder.with_single_cert(chain, key))
            .map_err(|error| unfit(error.to_string()))?;
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)), fingerprint, path: path.to_owned() })
    }

    /// The certificate of this machine's own for an address and names, in this folder; made there when there is none.
    /// It stays, so that a client which pinned it notices another.
    ///
    /// # Errors
    /// When it cannot be made, written or read.
    pub fn own(folder: &Path, address: IpAddr, names: &[String]) -> Result<Self, ServerError> {
        let (path, key) = (folder.join("certificate.pem"), folder.join("key.pem"));
        let holds = folder.join("holds");
        // Nobody comes to "every address of this machine": that is no name.
        let address = Some(address).filter(|address| !address.is_unspecified());
        let all: Vec<String> = address.iter().map(IpAddr::to_string).chain(names.iter().cloned()).collect();
        let wanted = format!("{}\n", all.join("\n"));
        let there = match fs::read_to_string(&holds) {
            Ok(there) => Some(there),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(file("reading", &holds, error)),
        };
        match there {
            Some(there) if there == wanted => {}
            Some(there) => {
                let held = there.trim().replace('\n', ", ");
                return Err(ServerError::OtherNames { folder: folder.to_owned(), held });
            }
            None => {
                let made = rcgen::generate_simple_self_signed(all);
                let made = made.map_err(|error| ServerError::Certificate {
                    path: path.clone(),
                    why: error.to_string(),
                })?;
                let made_folder = fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
                made_folder.map_err(|source| file("making", folder, source))?;
                write(&key, &made.signing_key.serialize_pem())?;
                write(&path, &made.cert.pem())?;
                // Last: with it, the others are there.
                write(&holds, &wanted)?;
            }
        }
        Self::read(&path, &key)
    }

    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        self.acceptor.clone()
    }
}

/// Writes a file that its owner alone can read, and has it on the disk before it is relied on.
fn write(path: &Path, text: &str) -> Result<(), ServerError> {
    let written = || {
        let mut file =
            fs::OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(path)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()
    };
    written().map_err(|source| file("writing", path, source))
}

fn file(doing: &'static str, path: &Path, source: std::io::Error) -> ServerError {
    ServerError::File { doing, path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_certificate_is_made_once_and_stays() {
        let folder = tempfile::tempdir().unwrap();
        let own = folder.path().join("tls");
        let names = ["keep.lan".to_owned()];
        let address: IpAddr = "192.0.2.1".parse().unwrap();
        let made = Certificate::own(&own, address, &names).unwrap();
        assert_eq!(Certificate::own(&own, address, &names).unwrap().fingerprint, made.fingerprint);
        for name in ["key.pem", "certificate.pem"] {
            let mode = fs::metadata(own.join(name)).unwrap().permissions().mode();
            assert_eq!(mode & 0o077, 0, "{name}");
        }
        let other = Certificate::own(&own, address, &[]);
        assert!(
            matches!(other, Err(ServerError::OtherNames { .. })),
            "a pinned certificate was replaced unasked"
        );
    }

    #[test]
    fn files_that_are_no_certificate_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (path, key) = (folder.path().join("a.pem"), folder.path().join("b.pem"));
        assert!(matches!(Certificate::read(&path, &key), Err(ServerError::File { .. })));
        fs::write(&path, "no certificate").unwrap();
        fs::write(&key, "no key").unwrap();
        assert!(matches!(Certificate::read(&path, &key), Err(ServerError::Certificate { .. })));
    }
}
