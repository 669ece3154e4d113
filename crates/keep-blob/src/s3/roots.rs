use crate::error::BlobError;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use std::path::Path;

/// Whose certificates are believed when a server shows one.
#[derive(Clone, Debug, Default)]
pub enum Roots {
    /// Those that the system believes.
    #[default]
    System,
    /// Only those in this PEM text: for a server with an authority of its own.
    Pem(Vec<u8>),
}

/// Where systems keep the certificates they believe, the common ones first. Named here rather than
/// found by a crate, since those look into the environment.
const BUNDLES: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
];

impl Roots {
    /// Reads the certificates. For a plain endpoint nobody asks for them.
    pub(super) fn load(&self) -> Result<RootCertStore, BlobError> {
        let unusable = |why: &str| BlobError::Credentials { why: why.to_owned() };
        let text = match self {
            Self::Pem(text) => text.clone(),
            Self::System => {
                let Some(path) = BUNDLES.iter().map(Path::new).find(|path| path.is_file()) else {
                    let why = "the system keeps no certificates where they are looked for, so no https server can be believed";
                    return Err(unusable(why));
                };
                std::fs::read(path).map_err(|e| BlobError::file("reading the certificates", path, e))?
            }
        };
        let mut store = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(&text) {
            let certificate = certificate.map_err(|_| unusable("the certificates are not PEM"))?;
            match store.add(certificate) {
                Ok(()) => {}
                // The system's bundle may hold one that is out of use; one that was named must do.
                Err(_) if matches!(self, Self::System) => {}
                Err(_) => return Err(unusable("a certificate that was named cannot be used")),
            }
        }
        if store.is_empty() {
            return Err(unusable("there is no certificate to believe"));
        }
        Ok(store)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificates_that_are_none_are_refused() {
        for text in [
            "",
            "hello",
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            "-----BEGIN CERTIFICATE-----\n",
        ] {
            let error = Roots::Pem(text.into()).load().unwrap_err();
            assert!(matches!(error, BlobError::Credentials { .. }), "{text}: {error:?}");
        }
    }
}
