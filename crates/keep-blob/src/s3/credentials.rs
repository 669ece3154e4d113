use crate::address::Endpoint;
use crate::error::BlobError;
use async_trait::async_trait;
use object_store::aws::{AmazonS3Builder, AwsCredential};
use object_store::{CredentialProvider, StaticCredentialProvider};
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use zeroize::Zeroizing;

/// Who asks a server.
#[derive(Clone, Debug, Default)]
pub enum Credentials {
    /// Nobody was named; opening a bucket says so.
    #[default]
    Missing,
    /// Requests are not signed: for buckets that anybody may read.
    Anonymous,
    /// A key that stays the same.
    Keys(AccessKeys),
    /// The role of the machine, asked of its metadata service and renewed before it ends.
    InstanceRole {
        /// Where the service is, when not at its usual address on this machine's network.
        metadata: Option<Endpoint>,
    },
    /// Keys that another part of the program provides and renews.
    Source(Arc<dyn CredentialSource>),
}

/// Provides keys that change. It is asked before every request, so it should remember its answer.
pub trait CredentialSource: fmt::Debug + Send + Sync + 'static {
    /// The keys to sign with now.
    fn keys(&self) -> Pin<Box<dyn Future<Output = Result<AccessKeys, BlobError>> + Send + '_>>;
}

/// An access key; shown nowhere and wiped when it is dropped. The copy that signs requests lives as long
/// as the store and is out of our hands.
#[derive(Clone)]
pub struct AccessKeys {
    id: Zeroizing<String>,
    secret: Zeroizing<String>,
    session: Option<Zeroizing<String>>,
}

impl AccessKeys {
    /// A key: its id, its secret, and the session token of one that expires.
    ///
    /// # Errors
    /// When one of them is empty or could not stand in a request.
    pub fn new(id: &str, secret: &str, session: Option<&str>) -> Result<Self, BlobError> {
        let parts = [("id", Some(id)), ("secret", Some(secret)), ("session token", session)];
        for (what, text) in parts {
            let Some(text) = text else { continue };
            if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
                let why =
                    format!("the key's {what} is empty or holds a blank or a character that no key has");
                return Err(BlobError::Credentials { why });
            }
        }
        let hold = |text: &str| Zeroizing::new(text.to_owned());
        Ok(Self { id: hold(id), secret: hold(secret), session: session.map(hold) })
    }

    pub(super) fn for_signing(&self) -> AwsCredential {
        AwsCredential {
            key_id: self.id.to_string(),
            secret_key: self.secret.to_string(),
            token: self.session.as_ref().map(|token| token.to_string()),
        }
    }
}

impl fmt::Debug for AccessKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessKeys(…)")
    }
}

impl Credentials {
    pub(super) fn give_to(&self, builder: AmazonS3Builder) -> Result<AmazonS3Builder, BlobError> {
        match self {
            Self::Missing => Err(BlobError::Credentials {
                why: "none were given for the bucket; name keys, or say that it is open to anybody".into(),
            }),
            Self::Anonymous => Ok(builder.with_skip_signature(true)),
            Self::Keys(keys) => {
                Ok(builder.with_credentials(Arc::new(StaticCredentialProvider::new(keys.for_signing()))))
            }
            // Without keys of its own `object_store` asks the metadata service, and reads nothing else.
            Self::InstanceRole { metadata: None } => Ok(builder),
            Self::InstanceRole { metadata: Some(endpoint) } => {
                Ok(builder.with_metadata_endpoint(endpoint.as_str()))
            }
            Self::Source(source) => Ok(builder.with_credentials(Arc::new(Asked(Arc::clone(source))))),
        }
    }
}

#[derive(Debug)]
struct Asked(Arc<dyn CredentialSource>);

#[async_trait]
impl CredentialProvider for Asked {
    type Credential = AwsCredential;

    async fn get_credential(&self) -> object_store::Result<Arc<AwsCredential>> {
        match self.0.keys().await {
            Ok(keys) => Ok(Arc::new(keys.for_signing())),
            Err(error) => Err(object_store::Error::Generic { store: "credentials", source: Box::new(error) }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_shown_nowhere() {
        let keys = AccessKeys::new("AKIDHUNTER2", "hunter2", Some("hunter2")).unwrap();
        let options = crate::S3Options { credentials: Credentials::Keys(keys), ..Default::default() };
        assert!(!format!("{options:?}").to_lowercase().contains("hunter2"));
    }

    #[test]
    fn keys_that_cannot_be_keys_are_refused_without_being_said() {
        for (id, secret, session) in [
            ("", "s", None),
            ("i", "", None),
            ("i", "hunter2\n", None),
            ("i", "s", Some("")),
            ("hun ter2", "s", None),
        ] {
            let error = AccessKeys::new(id, secret, session).unwrap_err();
            assert!(matches!(error, BlobError::Credentials { .. }));
            assert!(!format!("{error:?}{error}").contains("ter2"));
        }
    }
}
