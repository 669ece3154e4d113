//! How much of a file's own word is taken.

/// Bounds on what reading one file may cost. A file beyond one is carried as bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a header, a pickle or an archive's directory. It bounds memory: a header becomes at most
    /// some ten times its size.
    pub header_bytes: u64,
    /// Tensors of one file.
    pub tensors: u64,
    /// Extents of one tensor.
    pub rank: usize,
    /// Bytes of a tensor's name that is put together from the keys on the way to it. In a pickle one long
    /// key may stand in many names; all of them together stay within `header_bytes`.
    pub name_bytes: usize,
    /// Instructions of one pickle. It bounds time.
    pub opcodes: u64,
    /// Values that a pickle may hold on its stack, in its containers, or for later use. A tensor takes some
    /// twenty. It bounds memory: a value becomes at most 120 bytes.
    pub values: usize,
    /// Members of an archive.
    pub zip_entries: u64,
    /// How deep containers may lie in each other where names are looked for.
    pub nesting: usize,
}

impl Default for Limits {
    /// Above what the largest published models need. 100 MB is the bound on headers that safetensors sets
    /// itself; the largest real ones are a few megabytes.
    fn default() -> Self {
        Self {
            header_bytes: 100_000_000,
            tensors: 1 << 20,
            rank: 64,
            name_bytes: 4096,
            opcodes: 20_000_000,
            values: 2_000_000,
            zip_entries: 1 << 20,
            nesting: 64,
        }
    }
}
