//! Where the tensors of a file lie, and what lies between them.

use crate::Dtype;
use serde::{Deserialize, Serialize};

/// Which format a file was read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Anything: one run of bytes.
    Opaque,
    /// A safetensors file.
    Safetensors,
    /// A PyTorch zip archive.
    Torch,
    /// One NumPy array.
    Npy,
    /// A NumPy archive.
    Npz,
    /// A GGUF file.
    Gguf,
}

/// What one region is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RegionKind {
    /// Headers, padding, anything that is not understood.
    Bytes,
    /// The elements of one tensor, little-endian, as they lie in the file.
    Tensor(TensorInfo),
}

/// What a file says of one tensor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TensorInfo {
    /// Its name in the file.
    pub name: String,
    /// The type of its elements.
    pub dtype: Dtype,
    /// Its extents, outermost first. Empty for a scalar.
    pub shape: Vec<u64>,
}

/// A run of a file's bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region {
    /// Where it starts.
    pub start: u64,
    /// How many bytes.
    pub len: u64,
    /// What it is.
    pub kind: RegionKind,
}

/// A file as regions that follow each other without gap or overlap, from zero to its length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// What the file was read as.
    pub format: Format,
    /// Why it was not read as what its name or first bytes promise, in words for a person.
    pub note: Option<String>,
    /// The regions, in order. None for an empty file; no region is empty.
    pub regions: Vec<Region>,
}
