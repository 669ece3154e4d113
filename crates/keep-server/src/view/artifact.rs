use keep_artifact::Difference;
use schemars::JsonSchema;
use serde::Serialize;

/// A version of an artifact.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct VersionView {
    /// The artifact's name.
    pub(crate) name: String,
    /// Where it belongs.
    pub(crate) namespace: String,
    /// Its number.
    pub(crate) version: u64,
    /// Marks on it.
    pub(crate) tags: Vec<String>,
    /// When it was put.
    pub(crate) made: String,
    /// By whom.
    pub(crate) by: String,
    /// Files in it.
    pub(crate) files: u64,
    /// Bytes of all files.
    pub(crate) raw_bytes: u64,
    /// Bytes that were stored for it and were not there before.
    pub(crate) stored_bytes: u64,
}

impl From<keep_artifact::VersionView> for VersionView {
    fn from(view: keep_artifact::VersionView) -> Self {
        Self {
            name: view.key.name.to_string(),
            namespace: view.key.namespace.to_string(),
            version: view.version,
            tags: view.tags.iter().map(|tag| tag.as_str().to_owned()).collect(),
            made: view.made.to_string(),
            by: view.by,
            files: view.sums.files,
            raw_bytes: view.sums.raw_bytes,
            stored_bytes: view.sums.stored_bytes,
        }
    }
}

impl From<keep_artifact::Put> for VersionView {
    fn from(put: keep_artifact::Put) -> Self {
        Self {
            name: put.key.name.to_string(),
            namespace: put.key.namespace.to_string(),
            version: put.version,
            tags: put.tags.iter().map(|tag| tag.as_str().to_owned()).collect(),
            made: put.made.to_string(),
            by: put.by,
            files: put.sums.files,
            raw_bytes: put.sums.raw_bytes,
            stored_bytes: put.sums.stored_bytes,
        }
    }
}

/// A version that was restored.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct GotView {
    /// The artifact's name.
    pub(crate) name: String,
    /// Where it belongs.
    pub(crate) namespace: String,
    /// Which version.
    pub(crate) version: u64,
    /// Where it lies now.
    pub(crate) path: String,
    /// How many files.
    pub(crate) files: u64,
    /// Their bytes.
    pub(crate) bytes: u64,
}

impl From<keep_artifact::Got> for GotView {
    fn from(got: keep_artifact::Got) -> Self {
        Self {
            name: got.key.name.to_string(),
            namespace: got.key.namespace.to_string(),
            version: got.version,
            path: got.path.display().to_string(),
            files: got.files,
            bytes: got.bytes,
        }
    }
}

/// What differs between two versions in one tensor or run of bytes.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct DifferenceView {
    /// The file.
    pub(crate) path: String,
    /// The tensor in it, or `bytes` and a number.
    pub(crate) part: String,
    /// added, removed, changed or reshaped.
    pub(crate) change: String,
    /// Its bytes.
    pub(crate) bytes: u64,
    /// The type of its elements.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) dtype: Option<String>,
    /// How many elements differ, where both have it in one size and type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) changed_elements: Option<u64>,
    /// How many elements there are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) elements: Option<u64>,
    /// The largest difference of two numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) largest: Option<f64>,
    /// What the second stores for it that the first does not.
    pub(crate) cost_bytes: u64,
}

impl From<Difference> for DifferenceView {
    fn from(difference: Difference) -> Self {
        let moved = difference.moved;
        Self {
            path: difference.path,
            part: difference.part,
            change: format!("{:?}", difference.change).to_lowercase(),
            bytes: difference.bytes,
            dtype: difference.dtype.map(|dtype| format!("{dtype:?}").to_lowercase()),
            changed_elements: moved.as_ref().map(|moved| moved.changed),
            elements: moved.as_ref().map(|moved| moved.elements),
            largest: moved.as_ref().and_then(|moved| moved.largest),
            cost_bytes: difference.cost_bytes,
        }
    }
}
