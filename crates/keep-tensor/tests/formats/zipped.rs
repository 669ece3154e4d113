//! Writes archives, honest ones and others.

/// An archive in the making.
#[derive(Default)]
pub(crate) struct Zip {
    bytes: Vec<u8>,
    directory: Vec<u8>,
    entries: u16,
}

/// What the directory says of a member, for a test to change.
pub(crate) struct Entry {
    pub(crate) flags: u16,
    pub(crate) method: u16,
    pub(crate) packed: u32,
    pub(crate) plain: u32,
    pub(crate) header: u32,
    pub(crate) extra: Vec<u8>,
}

/// What the end of a large archive says.
pub(crate) struct Wide {
    pub(crate) entries: u64,
    pub(crate) len: u64,
    pub(crate) start: u64,
    /// Where the locator says that the end lies.
    pub(crate) place: u64,
}

impl Zip {
    pub(crate) fn with(mut self, name: &str, data: &[u8]) -> Self {
        self.add(name, data, |_| {});
        self
    }

    pub(crate) fn with_lie(mut self, name: &str, data: &[u8], lie: impl FnOnce(&mut Entry)) -> Self {
        self.add(name, data, lie);
        self
    }

    fn add(&mut self, name: &str, data: &[u8], lie: impl FnOnce(&mut Entry)) {
        let len = data.len() as u32;
        let header = self.bytes.len() as u32;
        let mut entry = Entry { flags: 0, method: 0, packed: len, plain: len, header, extra: Vec::new() };
        self.bytes.extend(b"PK\x03\x04\x14\0\0\0\0\0");
        self.bytes.extend([0; 16]);
        self.bytes.extend((name.len() as u16).to_le_bytes());
        self.bytes.extend([0; 2]);
        self.bytes.extend(name.as_bytes());
        self.bytes.extend(data);
        lie(&mut entry);
        self.directory.extend(b"PK\x01\x02\x14\0\x14\0");
        self.directory.extend(entry.flags.to_le_bytes());
        self.directory.extend(entry.method.to_le_bytes());
        self.directory.extend([0; 8]);
        self.directory.extend(entry.packed.to_le_bytes());
        self.directory.extend(entry.plain.to_le_bytes());
        self.directory.extend((name.len() as u16).to_le_bytes());
        self.directory.extend((entry.extra.len() as u16).to_le_bytes());
        self.directory.extend([0; 10]);
        self.directory.extend(entry.header.to_le_bytes());
        self.directory.extend(name.as_bytes());
        self.directory.extend(entry.extra);
        self.entries += 1;
    }

    pub(crate) fn done(self) -> Vec<u8> {
        self.done_as(b"")
    }

    pub(crate) fn done_as(self, comment: &[u8]) -> Vec<u8> {
        let (start, len) = (self.bytes.len() as u32, self.directory.len() as u32);
        self.end([self.entries; 2], len, start, comment)
    }

    fn end(&self, entries: [u16; 2], len: u32, start: u32, comment: &[u8]) -> Vec<u8> {
        let mut bytes = [&self.bytes[..], &self.directory, b"PK\x05\x06\0\0\0\0"].concat();
        bytes.extend(entries.iter().flat_map(|entries| entries.to_le_bytes()));
        bytes.extend(len.to_le_bytes());
        bytes.extend(start.to_le_bytes());
        bytes.extend((comment.len() as u16).to_le_bytes());
        bytes.extend(comment);
        bytes
    }

    /// With the numbers of the end in 64 bits.
    pub(crate) fn done_wide(mut self, lie: impl FnOnce(&mut Wide)) -> Vec<u8> {
        let (start, len) = (self.bytes.len() as u64, self.directory.len() as u64);
        let mut wide = Wide { entries: self.entries.into(), len, start, place: start + len };
        lie(&mut wide);
        self.directory.extend(b"PK\x06\x06\x2c\0\0\0\0\0\0\0\x2d\0\x2d\0\0\0\0\0\0\0\0\0");
        for number in [wide.entries, wide.entries, wide.len, wide.start] {
            self.directory.extend(number.to_le_bytes());
        }
        self.directory.extend(b"PK\x06\x07\0\0\0\0");
        self.directory.extend(wide.place.to_le_bytes());
        self.directory.extend(1_u32.to_le_bytes());
        self.end([u16::MAX; 2], u32::MAX, u32::MAX, b"")
    }
}
