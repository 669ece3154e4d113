//! Stores on a server that speaks S3.

mod aws_files;
mod credentials;
mod http;
mod roots;

pub use aws_files::AwsProfile;
pub use credentials::{AccessKeys, CredentialSource, Credentials};
pub use roots::Roots;

use crate::address::Endpoint;
use crate::error::BlobError;
use crate::objects::Objects;
use crate::refusal::told;
use http::Connector;
use object_store::aws::{AmazonS3Builder, S3ConditionalPut};
use object_store::path::Path as ObjectPath;
use object_store::{BackoffConfig, ClientOptions, RetryConfig};
use std::sync::Arc;
use std::time::Duration;

/// What a bucket's address does not say.
#[derive(Clone, Debug, Default)]
pub struct S3Options {
    /// The server; without one, AWS in the region.
    pub endpoint: Option<Endpoint>,
    /// The region; `us-east-1` without one, which servers other than AWS take.
    pub region: Option<String>,
    /// Where the bucket's name stands in a request.
    pub addressing: Addressing,
    /// Who asks.
    pub credentials: Credentials,
    /// Whose certificates are believed.
    pub roots: Roots,
    /// How long is waited and how often tried.
    pub patience: Patience,
}

/// Where the bucket's name stands in a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Addressing {
    /// In the host on AWS, in the path on any other server.
    #[default]
    Usual,
    /// `https://host/bucket/key`.
    Path,
    /// `https://bucket.host/key`.
    Host,
}

/// How long is waited for a server and how often it is asked again. Pauses between attempts grow and
/// are drawn at random, so that many clients do not come back at once.
#[derive(Clone, Debug)]
pub struct Patience {
    /// Until a connection stands.
    pub connect: Duration,
    /// From a request, its body included, to the head of the answer.
    pub answer: Duration,
    /// Between two pieces of an answer's body.
    pub silence: Duration,
    /// How often a request is repeated.
    pub retries: usize,
    /// After this no request is repeated any more.
    pub retry_for: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            answer: Duration::from_secs(60),
            silence: Duration::from_secs(30),
            retries: 6,
            retry_for: Duration::from_secs(90),
        }
    }
}

/// A store in a bucket.
pub(crate) fn open(
    bucket: &str,
    prefix: &str,
    options: &S3Options,
    parallel: usize,
) -> Result<Objects, BlobError> {
    let patience = &options.patience;
    let region = options.region.clone().unwrap_or_else(|| "us-east-1".into());
    if region.is_empty() || !region.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
        return Err(BlobError::refused_url("the region is no name such as eu-west-1", None));
    }
    let is_plain = options.endpoint.as_ref().is_some_and(Endpoint::is_plain);
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(bucket)
        .with_region(region)
        .with_conditional_put(S3ConditionalPut::ETagMatch)
        // Deleting one by one is what every server knows; deleting in bulk is not.
        .with_disable_bulk_delete(true)
        .with_client_options(ClientOptions::new().with_allow_http(is_plain))
        .with_http_connector(Connector::new(options.roots.clone(), patience.clone()))
        .with_retry(RetryConfig {
            backoff: BackoffConfig {
                init_backoff: Duration::from_millis(100),
                max_backoff: Duration::from_secs(5),
                base: 2.0,
            },
            max_retries: patience.retries,
            retry_timeout: patience.retry_for,
        });
    // A certificate for `*.host` does not cover a bucket whose name holds a dot.
    let in_host = match options.addressing {
        Addressing::Usual => options.endpoint.is_none() && !bucket.contains('.'),
        Addressing::Path => false,
        Addressing::Host => true,
    };
    builder = builder.with_virtual_hosted_style_request(in_host);
    if let Some(endpoint) = &options.endpoint {
        let address = if in_host { endpoint.with_bucket(bucket)? } else { endpoint.as_str().to_owned() };
        builder = builder.with_endpoint(address);
    }
    builder = options.credentials.give_to(builder)?;
    let store = builder.build().map_err(|e| told("opening", e))?;
    let prefix =
        ObjectPath::parse(prefix).map_err(|_| BlobError::refused_url("its prefix cannot be used", None))?;
    Ok(Objects::new(Arc::new(store), prefix, parallel))
}
