//! Where artifacts are stored, and who asks there: from settings, the vault, the environment and AWS's
//! files.

use crate::app::App;
use crate::config::{SECRET_PREFIX, Surroundings};
use crate::error::AppError;
use keep_blob::{
    AccessKeys, AwsProfile, BlobError, BlobOptions, BlobStore, BlobUrl, Credentials, Endpoint, S3Options,
};
use keep_types::Caller;
use keep_vault::SecretName;
use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

/// AWS's files are a few lines; a larger one is something else.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// As whom the vault's records name whoever gets a store's keys: they go no further than this program.
const PROGRAM: &str = "keep's own store of artifacts";

/// Opens the installation's own store.
pub(crate) async fn open(app: &App, caller: &Caller) -> Result<BlobStore, AppError> {
    let url = match &app.effective.values.blobs_url {
        Some(url) => url.parse()?,
        None => BlobUrl::Folder(app.at.data.join("blobs")),
    };
    store(app, caller, &url).await
}

/// Opens another store, to push to and to pull from.
///
/// # Errors
/// When the address or the credentials make no sense, the gate does not let the caller use the store's
/// credentials, or the store cannot be used.
pub async fn open_other(app: &App, caller: &Caller, url: &str) -> Result<BlobStore, AppError> {
    let url = match url.parse() {
        // A path as it is typed is meant from here.
        Err(_) if !url.contains(':') => BlobUrl::Folder(app.settings.around.cwd.join(url)),
        parsed => parsed?,
    };
    store(app, caller, &url).await
}

async fn store(app: &App, caller: &Caller, url: &BlobUrl) -> Result<BlobStore, AppError> {
    let s3 = match url {
        BlobUrl::S3 { .. } => s3(app, caller).await?,
        _ => S3Options::default(),
    };
    Ok(BlobStore::open(url, BlobOptions { s3, ..BlobOptions::default() }).await?)
}

fn variable<'a>(around: &'a Surroundings, name: &str) -> Option<&'a String> {
    around.env.get(name).filter(|value| !value.is_empty())
}

/// What a bucket's address does not say. What the settings say comes first, since somebody wrote it for
/// this; then the environment; then AWS's files, as with every other program.
async fn s3(app: &App, caller: &Caller) -> Result<S3Options, AppError> {
    let (values, around) = (&app.effective.values, &app.settings.around);
    let var = |name: &str| variable(around, name);
    let file = |name: &str, usual: &str| -> Option<PathBuf> {
        let named = var(name).map(PathBuf::from);
        named.or_else(|| Some(Path::new(var("HOME")?).join(".aws").join(usual)))
    };
    let config = text(file("AWS_CONFIG_FILE", "config"))?;
    let shared = text(file("AWS_SHARED_CREDENTIALS_FILE", "credentials"))?;
    let aws = AwsProfile::parse(&config, &shared, var("AWS_PROFILE").map(String::as_str))?;
    let named = values.blobs_endpoint.as_ref().or_else(|| var("AWS_ENDPOINT_URL_S3"));
    let endpoint: Option<Endpoint> = named.map(|text| text.parse()).transpose()?;
    let credentials = match from_vault(app, caller).await? {
        Some(keys) => Credentials::Keys(keys),
        None => match (var("AWS_ACCESS_KEY_ID"), var("AWS_SECRET_ACCESS_KEY")) {
            (Some(id), Some(secret)) => {
                let session = var("AWS_SESSION_TOKEN").map(String::as_str);
                Credentials::Keys(AccessKeys::new(id, secret, session)?)
            }
            _ => aws.credentials()?,
        },
    };
    let region = values.blobs_region.clone().or_else(|| var("AWS_REGION").cloned()).or(aws.region);
    Ok(S3Options { endpoint: endpoint.or(aws.endpoint), region, credentials, ..S3Options::default() })
}

/// The keys that the settings name by secrets of the vault. Each time leaves its record there, and they are
/// held nowhere but in the store that is opened with them.
async fn from_vault(app: &App, caller: &Caller) -> Result<Option<AccessKeys>, AppError> {
    let values = &app.effective.values;
    let (id, secret) = match (&values.blobs_access_key, &values.blobs_secret_key) {
        (None, None) => return Ok(None),
        (Some(id), Some(secret)) => (secret_name(id)?, secret_name(secret)?),
        _ => {
            let why = "blobs.access_key and blobs.secret_key are set together or not at all".into();
            return Err(BlobError::Credentials { why }.into());
        }
    };
    // The settings say that it is the vault's; a variable that happens to have the name is not meant.
    let environment = BTreeMap::new();
    let names = [id, secret];
    let taken = app.vault.take(caller, &names, &app.usual_profile(), &environment, PROGRAM).await?;
    let text = |name: &SecretName| {
        let found = taken.iter().find(|taken| taken.key.name == *name);
        found
            .and_then(|taken| std::str::from_utf8(taken.value.reveal()).ok())
            .map(str::trim)
            .unwrap_or_default()
    };
    Ok(Some(AccessKeys::new(text(&names[0]), text(&names[1]), None)?))
}

fn secret_name(setting: &str) -> Result<SecretName, AppError> {
    let name = setting.strip_prefix(SECRET_PREFIX).and_then(|name| name.parse().ok());
    let why = || "a setting that should name a secret does not".to_owned();
    name.ok_or_else(|| BlobError::Credentials { why: why() }.into())
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
