//! Single blobs and names in a store.

use crate::error::ArtifactError;
use crate::name::{Key, Tag};
use bytes::Bytes;
use keep_blob::{BlobError, BlobId, BlobStore, ObjectName, Precondition};
use keep_gate::Started;
use keep_types::{Act, Name, Namespace, Timestamp};
use serde::{Deserialize, Serialize};

/// What stands under a version's name in a store. Names are not hashed, so the manifest says the same and
/// is believed over it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct NameEntry {
    pub(crate) format: u32,
    pub(crate) manifest: String,
    pub(crate) tags: Vec<Tag>,
}

/// Stores bytes under their hash.
pub(crate) async fn put_blob<A: Act>(
    _: &Started<A>,
    store: &BlobStore,
    bytes: Bytes,
) -> Result<BlobId, ArtifactError> {
    Ok(store.put(bytes).await?.0)
}

/// Stores bytes under their hash in the place of others that should have been these.
pub(crate) async fn put_again<A: Act>(
    _: &Started<A>,
    store: &BlobStore,
    bytes: Bytes,
) -> Result<BlobId, ArtifactError> {
    Ok(store.put_again(bytes).await?)
}

/// Deletes a blob; that there is none is fine.
pub(crate) async fn delete_blob<A: Act>(
    _: &Started<A>,
    store: &BlobStore,
    id: &BlobId,
) -> Result<(), ArtifactError> {
    Ok(store.delete(id).await?)
}

/// Removes what writers that died left half written.
pub(crate) async fn sweep_temporary<A: Act>(
    _: &Started<A>,
    store: &BlobStore,
    before: Timestamp,
) -> Result<u64, ArtifactError> {
    Ok(store.sweep_temporary(before).await?)
}

/// Writes a version's name into a store, so that the store alone is enough to find it.
pub(crate) async fn name_version<A: Act>(
    _: &Started<A>,
    store: &BlobStore,
    (key, number): (&Key, u64),
    manifest: BlobId,
    tags: &[Tag],
) -> Result<(), ArtifactError> {
    let entry = NameEntry { format: 1, manifest: manifest.to_string(), tags: tags.to_vec() };
    let bytes = serde_json::to_vec(&entry).map_err(|_| ArtifactError::Manifest("its name"))?;
    store.put_named(&object_name(key, number)?, bytes.into(), Precondition::Any).await?;
    Ok(())
}

/// Takes a version's name out of a store.
pub(crate) async fn unname_version<A: Act>(
    _: &Started<A>,
    store: &BlobStore,
    key: &Key,
    number: u64,
) -> Result<(), ArtifactError> {
    Ok(store.delete_named(&object_name(key, number)?).await?)
}

/// What stands under a version's name, if anything does.
pub(crate) async fn named(
    store: &BlobStore,
    key: &Key,
    number: u64,
) -> Result<Option<NameEntry>, ArtifactError> {
    entry(store, &object_name(key, number)?).await
}

async fn entry(store: &BlobStore, name: &ObjectName) -> Result<Option<NameEntry>, ArtifactError> {
    match store.get_named(name).await {
        Ok(named) => {
            let wrong = |_| ArtifactError::Misnamed { name: name.to_string() };
            serde_json::from_slice(&named.bytes).map(Some).map_err(wrong)
        }
        Err(BlobError::NotFound(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The names and numbers of all versions of a namespace in a store. What does not parse is not ours.
pub(crate) async fn names_in(
    store: &BlobStore,
    namespace: &Namespace,
) -> Result<Vec<(Name, u64)>, ArtifactError> {
    let folder = space_name(namespace).parse()?;
    let mut pages = store.list_named(Some(&folder));
    let mut found = Vec::new();
    while let Some(page) = pages.next().await? {
        for entry in page {
            let below =
                entry.name.as_str().strip_prefix(folder.as_str()).and_then(|rest| rest.strip_prefix('/'));
            let Some((name, number)) = below.and_then(|below| below.split_once('/')) else { continue };
            if let (Ok(name), Ok(number)) = (name.parse(), number.parse()) {
                found.push((name, number));
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Every version's name in a store, of whichever namespace, with what it leads to.
pub(crate) async fn all_names(store: &BlobStore) -> Result<Vec<(String, NameEntry)>, ArtifactError> {
    let mut found = Vec::new();
    for space in SPACES {
        let mut pages = store.list_named(Some(&space.parse()?));
        while let Some(page) = pages.next().await? {
            for listed in page {
                // One that went since it was listed leads nowhere.
                if let Some(read) = entry(store, &listed.name).await? {
                    found.push((listed.name.to_string(), read));
                }
            }
        }
    }
    Ok(found)
}

/// Below which names those of all versions stand.
const SPACES: [&str; 3] = ["artifact/global", "artifact/project", "artifact/session"];

/// Below which name the artifacts of a namespace stand.
fn space_name(namespace: &Namespace) -> String {
    match namespace {
        Namespace::Global => "artifact/global".to_owned(),
        Namespace::Project(project) => format!("artifact/project/{project}"),
        Namespace::Session { project, id } => format!("artifact/session/{project}/{id}"),
    }
}

/// The name of a version in a store.
pub(crate) fn object_text(key: &Key, number: u64) -> String {
    format!("{}/{}/{number}", space_name(&key.namespace), key.name)
}

fn object_name(key: &Key, number: u64) -> Result<ObjectName, ArtifactError> {
    Ok(object_text(key, number).parse()?)
}
