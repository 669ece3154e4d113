use crate::error::BlobError;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use url::{Host, Url};

/// Where a store lies, parsed once: `/folder`, `file:///folder`, `s3://bucket/prefix` or `memory:`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BlobUrl {
    /// A folder of this machine, named from the root.
    Folder(PathBuf),
    /// A bucket, and what every key in it begins with.
    S3 {
        /// The bucket.
        bucket: String,
        /// Parts between slashes, without one at either end; empty for none.
        prefix: String,
    },
    /// Kept in memory and lost with the handle; for tests and trials.
    Memory,
}

/// The address of an S3 server: `https://…`, or `http://…` when it is this very machine.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint(String);

const UNVERIFIED: &str = "Google Cloud Storage and Azure are unverified and not built in";

impl FromStr for BlobUrl {
    type Err = BlobError;

    fn from_str(text: &str) -> Result<Self, BlobError> {
        if text.starts_with('/') {
            return folder(Path::new(text));
        }
        let Some((scheme, rest)) = text.split_once(':') else {
            let hint = "name a folder from the root (`/srv/blobs`), or `s3://bucket/prefix`";
            return Err(BlobError::refused_url("it is neither a whole path nor a URL", Some(hint)));
        };
        match scheme {
            "memory" if rest.is_empty() || rest == "//" => Ok(Self::Memory),
            "file" => file(text),
            "s3" => s3(rest),
            "gs" | "gcs" | "az" | "azure" | "abfs" | "abfss" => {
                Err(BlobError::refused_url(UNVERIFIED, Some("use a folder or an S3 bucket")))
            }
            "http" | "https" => Err(BlobError::refused_url(
                "it names a server and no bucket",
                Some("write `s3://bucket/prefix` and give the server as the endpoint"),
            )),
            _ => Err(BlobError::refused_url(
                "its scheme is not known",
                Some("stores are folders, `s3://bucket/prefix` and `memory:`"),
            )),
        }
    }
}

fn folder(path: &Path) -> Result<BlobUrl, BlobError> {
    use std::path::Component;
    // With `..` in it the folder that is opened would depend on links along the way.
    if path.components().any(|part| part == Component::ParentDir) {
        return Err(BlobError::refused_url("its path holds `..`", Some("write the path out")));
    }
    if path.as_os_str().as_encoded_bytes().contains(&0) {
        return Err(BlobError::refused_url("its path holds a zero byte", None));
    }
    if path.parent().is_none() {
        return Err(BlobError::refused_url("it is the root folder", Some("name a folder of its own")));
    }
    Ok(BlobUrl::Folder(path.components().collect()))
}

fn file(text: &str) -> Result<BlobUrl, BlobError> {
    let malformed = || BlobError::refused_url("it is no file URL", Some("write `file:///folder`"));
    // A URL library resolves `..` quietly; a path that holds one is refused in either spelling.
    if text.split('/').any(|part| part == "..") {
        return Err(BlobError::refused_url("its path holds `..`", Some("write the path out")));
    }
    let url = Url::parse(text).map_err(|_| malformed())?;
    if url.query().is_some() || url.fragment().is_some() {
        return Err(malformed());
    }
    folder(&url.to_file_path().map_err(|()| malformed())?)
}

fn s3(rest: &str) -> Result<BlobUrl, BlobError> {
    let refuse = |why: &str| BlobError::refused_url(why, Some("write `s3://bucket/prefix`"));
    let rest = rest.strip_prefix("//").ok_or_else(|| refuse("it is no S3 address"))?;
    if rest.contains('@') {
        let hint = "credentials are handed in apart from the address";
        return Err(BlobError::refused_url("it holds credentials or an `@`", Some(hint)));
    }
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    let in_bucket =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'-');
    let is_end = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric());
    let is_name = (3..=63).contains(&bucket.len())
        && bucket.bytes().all(in_bucket)
        && is_end(bucket.bytes().next())
        && is_end(bucket.bytes().next_back())
        && !bucket.contains("..");
    if !is_name {
        return Err(refuse("a bucket's name has 3 to 63 characters of a-z, 0-9, `.` and `-`"));
    }
    let prefix = prefix.strip_suffix('/').unwrap_or(prefix);
    let in_prefix = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    let good_part = |part: &str| !part.is_empty() && !part.starts_with('.') && part.bytes().all(in_prefix);
    if prefix.len() > 400 || !(prefix.is_empty() || prefix.split('/').all(good_part)) {
        return Err(refuse(
            "its prefix may hold A-Z, a-z, 0-9, `.`, `_`, `-` between single slashes, and no part begins with a dot",
        ));
    }
    Ok(BlobUrl::S3 { bucket: bucket.to_owned(), prefix: prefix.to_owned() })
}

impl fmt::Display for BlobUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(path) => write!(f, "{}", path.display()),
            Self::S3 { bucket, prefix } if prefix.is_empty() => write!(f, "s3://{bucket}"),
            Self::S3 { bucket, prefix } => write!(f, "s3://{bucket}/{prefix}"),
            Self::Memory => f.write_str("memory:"),
        }
    }
}

impl Endpoint {
    /// The address as text, without a slash at its end.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether requests go out unencrypted, which is so only on this machine itself.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.0.starts_with("http:")
    }
}

impl Endpoint {
    /// The endpoint with the bucket as the first part of its host.
    pub(crate) fn with_bucket(&self, bucket: &str) -> Result<String, BlobError> {
        let refuse = || {
            let hint = "put the bucket into the path instead";
            BlobError::refused_url("the endpoint's host cannot carry the bucket's name", Some(hint))
        };
        let mut url = Url::parse(&self.0).map_err(|_| refuse())?;
        let Some(Host::Domain(host)) = url.host() else { return Err(refuse()) };
        let host = format!("{bucket}.{host}");
        url.set_host(Some(&host)).map_err(|_| refuse())?;
        Ok(url.as_str().trim_end_matches('/').to_owned())
    }
}

/// Whether the host is this machine by its very name, without asking a resolver.
fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

impl FromStr for Endpoint {
    type Err = BlobError;

    fn from_str(text: &str) -> Result<Self, BlobError> {
        let refuse = |why: &str, hint| Err(BlobError::refused_url(why, hint));
        let Ok(url) = Url::parse(text) else {
            return refuse("the endpoint is no URL", Some("write `https://host:port`"));
        };
        if !url.username().is_empty() || url.password().is_some() || text.contains('@') {
            let hint = "credentials are handed in apart from the endpoint";
            return refuse("the endpoint holds credentials", Some(hint));
        }
        if url.query().is_some() || url.fragment().is_some() || url.host().is_none() {
            return refuse(
                "the endpoint is more than a host, a port and a path",
                Some("write `https://host:port`"),
            );
        }
        match url.scheme() {
            "https" => {}
            "http" if is_loopback(&url) => {}
            "http" => {
                return refuse(
                    "the endpoint is plain http and not this machine, so anybody on the way could read and change what is stored",
                    Some("use https, or reach the server through a tunnel that ends on 127.0.0.1"),
                );
            }
            _ => return refuse("the endpoint is neither https nor http", Some("write `https://host:port`")),
        }
        Ok(Self(url.as_str().trim_end_matches('/').to_owned()))
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Endpoint({})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_are_used() {
        let s3 = |bucket: &str, prefix: &str| BlobUrl::S3 { bucket: bucket.into(), prefix: prefix.into() };
        let cases = [
            ("/srv/blobs", BlobUrl::Folder("/srv/blobs".into())),
            ("/srv//blobs/", BlobUrl::Folder("/srv/blobs".into())),
            ("file:///srv/a%20b", BlobUrl::Folder("/srv/a b".into())),
            ("s3://bucket", s3("bucket", "")),
            ("s3://my.bucket-1/a/b/", s3("my.bucket-1", "a/b")),
            ("memory:", BlobUrl::Memory),
        ];
        for (text, expected) in cases {
            assert_eq!(text.parse::<BlobUrl>().unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn addresses_that_are_refused() {
        let cases = [
            ("", "neither"),
            ("blobs", "neither"),
            ("/", "root folder"),
            ("/srv/../etc", "`..`"),
            ("file:///srv/../etc", "`..`"),
            ("file://host/srv", "no file URL"),
            ("file:///srv?x", "no file URL"),
            ("gs://bucket", "unverified"),
            ("az://container", "unverified"),
            ("https://host/bucket", "no bucket"),
            ("ftp://host", "not known"),
            ("memory://x", "not known"),
            ("s3:bucket", "no S3 address"),
            ("s3://", "a bucket's name"),
            ("s3://ab", "a bucket's name"),
            ("s3://-ab", "a bucket's name"),
            ("s3://Bucket", "a bucket's name"),
            ("s3://bücket", "a bucket's name"),
            ("s3://a..b", "a bucket's name"),
            ("s3://key:hunter2@bucket/x", "credentials"),
            ("s3://bucket/a//b", "prefix"),
            ("s3://bucket/../b", "prefix"),
            ("s3://bucket/a?b", "prefix"),
        ];
        for (text, expected) in cases {
            let error = text.parse::<BlobUrl>().unwrap_err();
            assert!(matches!(error, BlobError::RefusedUrl { .. }), "{text}: {error:?}");
            assert!(error.to_string().contains(expected), "{text}: {error}");
            assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
        }
    }

    #[test]
    fn plain_http_is_for_this_machine_only() {
        for good in [
            "https://s3.example.org",
            "https://10.0.0.1:9000/",
            "http://127.0.0.1:8333",
            "http://127.9.9.9",
            "http://[::1]:1",
            "http://LOCALHOST:1",
        ] {
            good.parse::<Endpoint>().unwrap();
        }
        let bad = [
            "http://s3.example.org",
            "http://10.0.0.1:9000",
            "http://127.0.0.1.example.org",
            "http://localhost.example.org",
            "http://0.0.0.0:1",
            "http://[::ffff:10.0.0.1]:1",
            "http://2130706434.example.org",
            "ftp://localhost",
            "localhost:8333",
            "",
            "https://",
            "https://key:hunter2@host",
            "https://hunter2@host",
            "http://hunter2@127.0.0.1",
            "https://host/?hunter2",
            "https://host/#x",
        ];
        for text in bad {
            let error = text.parse::<Endpoint>().unwrap_err();
            assert!(matches!(error, BlobError::RefusedUrl { .. }), "{text}: {error:?}");
            assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
        }
    }
}
