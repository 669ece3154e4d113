//! Every form of every value, in one wiped stretch of memory.

use crate::MIN_BYTES;
use zeroize::Zeroizing;

/// Whether line breaks may stand inside a form.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wrap {
    Never,
    Lines,
}

/// One text to search for.
#[derive(Clone, Copy)]
pub(crate) struct Form {
    start: usize,
    len: usize,
    pub(crate) label: u32,
    pub(crate) wrap: Wrap,
}

impl Form {
    pub(crate) fn len(&self) -> usize {
        self.len
    }
}

#[derive(Default)]
pub(crate) struct Forms {
    bytes: Zeroizing<Vec<u8>>,
    forms: Vec<Form>,
    first_of_value: usize,
}

impl Forms {
    pub(crate) fn all(&self) -> &[Form] {
        &self.forms
    }

    pub(crate) fn get(&self, index: u32) -> &Form {
        &self.forms[index as usize]
    }

    pub(crate) fn bytes(&self, form: &Form) -> &[u8] {
        &self.bytes[form.start..form.start + form.len]
    }

    /// Forms added from here on belong to the next value; equal ones are kept once per value.
    pub(crate) fn next_value(&mut self) {
        self.first_of_value = self.forms.len();
    }

    /// Adds what `write` writes, at most `max_len` bytes, unless it is too short or there already.
    pub(crate) fn add(&mut self, label: u32, wrap: Wrap, max_len: usize, write: impl FnOnce(&mut Vec<u8>)) {
        self.reserve(max_len);
        let (start, capacity) = (self.bytes.len(), self.bytes.capacity());
        write(&mut self.bytes);
        debug_assert_eq!(capacity, self.bytes.capacity(), "a form outgrew its bound and left a copy behind");
        let len = self.bytes.len() - start;
        let form = Form { start, len, label, wrap };
        if len < MIN_BYTES || self.is_there(&form) {
            self.bytes.truncate(start);
        } else {
            self.forms.push(form);
        }
    }

    fn is_there(&self, form: &Form) -> bool {
        self.forms[self.first_of_value..]
            .iter()
            .any(|other| other.len == form.len && self.bytes(other) == self.bytes(form))
    }

    /// Grows by moving into new memory and wiping the old, which `Vec` alone would not do.
    fn reserve(&mut self, more: usize) {
        let needed = self.bytes.len() + more;
        if needed > self.bytes.capacity() {
            let mut grown = Zeroizing::new(Vec::with_capacity(needed.max(2 * self.bytes.capacity())));
            grown.extend_from_slice(&self.bytes);
            self.bytes = grown;
        }
    }
}
