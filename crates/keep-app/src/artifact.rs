//! Where artifacts are stored, and who asks there: from settings, the environment and AWS's files.

use crate::app::App;
use crate::config::{Surroundings, Values};
use crate::error::AppError;
use keep_blob::{AccessKeys, AwsProfile, BlobOptions, BlobStore, BlobUrl, Credentials, Endpoint, S3Options};
use keep_types::Installation;
use std::io::Read;
use std::path::{Path, PathBuf};

/// AWS's files are a few lines; a larger one is something else.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// Opens the installation's own store.
pub(crate) async fn open(
    at: &Installation,
    values: &Values,
    around: &Surroundings,
) -> Result<BlobStore, AppError> {
    let url = match &values.blobs_url {
        Some(url) => url.parse()?,
        None => BlobUrl::Folder(at.data.join("blobs")),
    };
    store(&url, values, around).await
}

/// Opens another store, to push to and to pull from.
///
/// # Errors
/// When the address or the credentials make no sense, or the store cannot be used.
pub async fn open_other(app: &App, url: &str) -> Result<BlobStore, AppError> {
    let around = &app.settings.around;
    let url = match url.parse() {
        // A path as it is typed is meant from here.
        Err(_) if !url.contains(':') => BlobUrl::Folder(around.cwd.join(url)),
        parsed => parsed?,
    };
    store(&url, &app.effective.values, around).await
}

async fn store(url: &BlobUrl, values: &Values, around: &Surroundings) -> Result<BlobStore, AppError> {
    let s3 = match url {
        BlobUrl::S3 { .. } => s3(values, around)?,
        _ => S3Options::default(),
    };
    Ok(BlobStore::open(url, BlobOptions { s3, ..BlobOptions::default() }).await?)
}

/// What a bucket's address does not say. The environment's keys come before those of AWS's files, as with
/// every other program; what the settings say of the server comes before both.
fn s3(values: &Values, around: &Surroundings) -> Result<S3Options, AppError> {
    let var = |name: &str| around.env.get(name).filter(|value| !value.is_empty());
    let profile = var("AWS_PROFILE").map_or("default", String::as_str);
    let file = |variable: &str, usual: &str| -> Option<PathBuf> {
        let named = var(variable).map(PathBuf::from);
        named.or_else(|| Some(Path::new(var("HOME")?).join(".aws").join(usual)))
    };
    let config = text(file("AWS_CONFIG_FILE", "config"))?;
    let shared = text(file("AWS_SHARED_CREDENTIALS_FILE", "credentials"))?;
    let aws = AwsProfile::parse(&config, &shared, profile)?;
    let credentials = match (var("AWS_ACCESS_KEY_ID"), var("AWS_SECRET_ACCESS_KEY")) {
        (Some(id), Some(secret)) => {
            let session = var("AWS_SESSION_TOKEN").map(String::as_str);
            Credentials::Keys(AccessKeys::new(id, secret, session)?)
        }
        _ => aws.keys.map_or(Credentials::Missing, Credentials::Keys),
    };
    let named = values.blobs_endpoint.as_ref().or_else(|| var("AWS_ENDPOINT_URL_S3"));
    let endpoint: Option<Endpoint> = named.map(|text| text.parse()).transpose()?;
    let region = values.blobs_region.clone().or_else(|| var("AWS_REGION").cloned()).or(aws.region);
    Ok(S3Options { endpoint: endpoint.or(aws.endpoint), region, credentials, ..S3Options::default() })
}

/// A file's text; none where there is no file.
fn text(path: Option<PathBuf>) -> Result<String, AppError> {
    let Some(path) = path else { return Ok(String::new()) };
    let mut text = String::new();
    let read =
        std::fs::File::open(&path).and_then(|file| file.take(MAX_FILE_BYTES).read_to_string(&mut text));
    match read {
        Ok(_) => Ok(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(AppError::file("reading", &path, error)),
    }
}
