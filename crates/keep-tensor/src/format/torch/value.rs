//! What a pickle builds, kept in flat lists. Values name each other by number, so that one nested a
//! million deep, or within itself, costs no more than any other and is let go without recursion.

use super::global::Global;
use crate::Dtype;

/// One value. Text is borrowed from the pickle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Value<'a> {
    /// What says nothing about tensors.
    Opaque,
    Int(i64),
    Text(&'a [u8]),
    Global(Global),
    /// Anything with parts: a tuple, list, dictionary or object.
    Node(usize),
    Storage(usize),
    Tensor(usize),
}

/// A part of a node: its key, or its index in a list. An opaque key adds nothing to a name, as with an
/// object's state.
pub(super) type Part<'a> = (Value<'a>, Value<'a>);

/// A storage that the pickle refers to.
#[derive(Clone, Debug)]
pub(super) struct Storage<'a> {
    /// Its member's name below `data/`.
    pub(super) key: &'a [u8],
    pub(super) dtype: Option<Dtype>,
    /// Elements, or bytes where there is no type.
    pub(super) count: u64,
}

/// A tensor, which is a view of a storage.
#[derive(Clone, Copy, Debug)]
pub(super) struct View<'a> {
    pub(super) storage: usize,
    /// Where the storage itself has no type.
    pub(super) dtype: Option<Dtype>,
    pub(super) offset: u64,
    /// Its extents and strides, left where they are: a small pickle can name the same ones a million times.
    pub(super) shape: Value<'a>,
    pub(super) strides: Value<'a>,
}

/// Everything that a pickle built, and what it is in the end.
#[derive(Debug)]
pub(super) struct Pickled<'a> {
    pub(super) root: Value<'a>,
    pub(super) nodes: Vec<Vec<Part<'a>>>,
    pub(super) storages: Vec<Storage<'a>>,
    pub(super) views: Vec<View<'a>>,
}

impl<'a> Pickled<'a> {
    /// The parts of a value; none where it has none.
    pub(super) fn parts(&self, value: Value<'a>) -> &[Part<'a>] {
        match value {
            Value::Node(node) => &self.nodes[node],
            _ => &[],
        }
    }

    fn counts(&self, value: Value<'a>) -> impl DoubleEndedIterator<Item = u64> + ExactSizeIterator {
        let count = |part: &Part<'a>| match part.1 {
            // A list may have changed since the tensor was made of it. No extent is as large as this.
            Value::Int(count) => u64::try_from(count).unwrap_or(u64::MAX),
            _ => u64::MAX,
        };
        self.parts(value).iter().map(count)
    }

    /// The extents of a view that takes each element of a storage of `count` elements once and in order.
    pub(super) fn whole(&self, view: View<'a>, count: u64) -> Option<Vec<u64>> {
        let mut step = 1_u64;
        for (extent, stride) in self.counts(view.shape).zip(self.counts(view.strides)).rev() {
            // The stride along an extent of one is never used.
            if extent != 1 && stride != step {
                return None;
            }
            step = step.checked_mul(extent)?;
        }
        (view.offset == 0 && step == count).then(|| self.counts(view.shape).collect())
    }
}
