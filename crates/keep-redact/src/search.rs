//! All places at which any form stands in a text.

use crate::filter::Filter;
use crate::forms::{Forms, Wrap};
use crate::window::{Duty, Window, choose};
use crate::wrapped;
use zeroize::Zeroize;

/// A form in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Match {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) label: u32,
}

/// The forms of all values, ready to be searched for.
#[derive(Default)]
pub(crate) struct Search {
    forms: Forms,
    /// Sorted by key, offset, duty and the form's bytes: see `longest_at`.
    windows: Vec<Window>,
    filter: Filter,
    max_span: usize,
}

impl Search {
    pub(crate) fn new(forms: Forms) -> Self {
        let mut windows = choose(&forms);
        windows.sort_unstable_by(|one, other| {
            let place = |window: &Window| (window.key, window.offset, window.duty == Duty::Wrapped);
            let bytes = |window: &Window| forms.bytes(forms.get(window.form));
            place(one)
                .cmp(&place(other))
                .then_with(|| bytes(one).cmp(bytes(other)))
                .then_with(|| one.form.cmp(&other.form))
        });
        let filter = Filter::new(&windows);
        let spans = forms.all().iter().map(|form| match form.wrap {
            Wrap::Never => form.len(),
            Wrap::Lines => wrapped::max_span(form.len()),
        });
        Self { max_span: spans.max().unwrap_or(0), windows, filter, forms }
    }

    pub(crate) fn forms(&self) -> &Forms {
        &self.forms
    }

    /// No match is longer.
    pub(crate) fn max_span(&self) -> usize {
        self.max_span
    }

    /// Calls `found` with every match whose window starts from `from` to before `to`, in no particular
    /// order; of several that start at one place only those that the longest does not cover matter, and
    /// only such are promised.
    pub(crate) fn matches(&self, text: &[u8], from: usize, to: usize, mut found: impl FnMut(Match)) {
        self.filter.scan(text, from, to, |at, first, end| {
            let here = &self.windows[first..end];
            let is_same = |one: &Window, next: &Window| {
                one.offset == next.offset && (one.duty == Duty::Wrapped) == (next.duty == Duty::Wrapped)
            };
            for group in here.chunk_by(is_same) {
                self.group(group, text, at, &mut found);
            }
        });
    }

    fn group(&self, group: &[Window], text: &[u8], at: usize, found: &mut impl FnMut(Match)) {
        let lead = group[0];
        if lead.duty != Duty::Wrapped
            && let Some(start) = at.checked_sub(lead.offset)
            && let Some(window) = self.longest_at(group, &text[start..])
        {
            let form = self.forms.get(window.form);
            found(Match { start, end: start + form.len(), label: form.label });
        }
        for window in group.iter().filter(|window| window.duty != Duty::Whole) {
            let form = self.forms.get(window.form);
            if let Some((start, end)) = wrapped::find(self.forms.bytes(form), window.offset, text, at) {
                found(Match { start, end, label: form.label });
            }
        }
    }

    /// The longest form of a sorted group that the text starts with.
    ///
    /// Forms that start the text sort before it, and the longest last. So the last form that sorts before
    /// the text is the one, or it departs from the text somewhere, and then the text up to there is tried
    /// the same way. A group of thousands costs a few comparisons, not thousands.
    fn longest_at<'w>(&self, group: &'w [Window], text: &[u8]) -> Option<&'w Window> {
        let bytes = |window: &Window| self.forms.bytes(self.forms.get(window.form));
        let mut text = text;
        let mut group = group;
        loop {
            let before = group.partition_point(|window| bytes(window) <= text);
            let last = bytes(group.get(before.checked_sub(1)?)?);
            let common = last.iter().zip(text).take_while(|(one, other)| one == other).count();
            if common == last.len() {
                // Equal forms of several values: the first that was handed in.
                let first = group[..before].partition_point(|window| bytes(window) < last);
                return group.get(first);
            }
            text = &text[..common];
            group = &group[..before];
        }
    }
}

impl Drop for Search {
    fn drop(&mut self) {
        for window in &mut self.windows {
            window.key.zeroize();
        }
    }
}
