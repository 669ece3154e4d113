use crate::id::BlobId;
use crate::name::{NAME_ENDING, ObjectName};
use object_store::path::Path as ObjectPath;

/// The folder of blobs, the same on every kind of store.
pub(crate) const BLOBS: &str = "blobs";
/// The folder of named objects.
pub(crate) const NAMED: &str = "named";
/// The folder of what is being written.
pub(crate) const TEMPORARY: &str = "tmp";

/// Where something lies in the store: folders, then a name, each of them safe as a file's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) folders: Vec<String>,
    pub(crate) leaf: String,
}

impl Key {
    /// `blobs/ab/cdef…`: 256 folders keep each small until there are many millions of blobs.
    pub(crate) fn blob(id: &BlobId) -> Self {
        let text = id.to_string();
        let (shard, leaf) = text.split_at(2);
        Self { folders: vec![BLOBS.into(), shard.into()], leaf: leaf.into() }
    }

    pub(crate) fn named(name: &ObjectName) -> Self {
        let mut folders: Vec<String> = std::iter::once(NAMED).chain(name.parts()).map(Into::into).collect();
        let leaf = folders.pop().unwrap_or_default() + NAME_ENDING;
        Self { folders, leaf }
    }

    pub(crate) fn temporary(leaf: String) -> Self {
        Self { folders: vec![TEMPORARY.into()], leaf }
    }

    /// The key of an object below a prefix.
    pub(crate) fn path(&self, prefix: &ObjectPath) -> ObjectPath {
        let path = self.folders.iter().fold(prefix.clone(), |path, part| path.join(part.as_str()));
        path.join(self.leaf.as_str())
    }
}

/// The blob whose path below the store's root this is, if it is one.
pub(crate) fn blob_at(path: &str) -> Option<BlobId> {
    let (shard, leaf) = path.strip_prefix(BLOBS)?.strip_prefix('/')?.split_once('/')?;
    (shard.len() == 2).then(|| format!("{shard}{leaf}").parse().ok())?
}

/// The name whose path below the store's root this is, if it is one.
pub(crate) fn name_at(path: &str) -> Option<ObjectName> {
    path.strip_prefix(NAMED)?.strip_prefix('/')?.strip_suffix(NAME_ENDING)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_back() {
        let id = BlobId::of(b"x");
        let key = Key::blob(&id).path(&ObjectPath::from("p/q"));
        let text = id.to_string();
        assert_eq!(key.as_ref(), format!("p/q/blobs/{}/{}", &text[..2], &text[2..]));
        assert_eq!(blob_at(&key.as_ref()[4..]), Some(id));
        for bad in ["blobs/ab", "blobs/ab/x", &format!("blobs/{text}"), &format!("blobs/{}", &text[1..])] {
            assert_eq!(blob_at(bad), None, "{bad}");
        }

        let name: ObjectName = "refs/main".parse().unwrap();
        let key = Key::named(&name).path(&ObjectPath::default());
        assert_eq!(key.as_ref(), "named/refs/main.obj");
        assert_eq!(name_at(key.as_ref()), Some(name));
        assert_eq!(name_at("named/refs/main"), None);
    }
}
