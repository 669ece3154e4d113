//! All places at which any form stands in a text.

use crate::filter::Filter;
use crate::forms::{Forms, Wrap};
use crate::window::{Duty, Window, choose};
use crate::wrapped;
use zeroize::Zeroize;

/// So many forms are compared one by one without a thought.
const FEW: usize = 8;

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
            let place = |window: &Window| (window.key, window.offset, window.duty);
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
            let is_same = |one: &Window, next: &Window| (one.offset, one.duty) == (next.offset, next.duty);
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
        if lead.duty != Duty::Whole {
            self.wrapped(group, text, at, found);
        }
    }

    fn wrapped(&self, group: &[Window], text: &[u8], at: usize, found: &mut impl FnMut(Match)) {
        // Comparing thousands of forms that share a window would be slow, and where no line break is near,
        // none of them is wrapped.
        let breaks = (group.len() > FEW).then(|| {
            let longest = group.iter().map(|window| self.forms.get(window.form).len()).max();
            wrapped::Breaks::around(text, at, longest.unwrap_or(0))
        });
        for window in group {
            let form = self.forms.get(window.form);
            if breaks.as_ref().is_some_and(|breaks| !breaks.may_stand_in(form.len(), window.offset)) {
                continue;
            }
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
        if let [only] = group {
            return text.starts_with(bytes(only)).then_some(only);
        }
        let mut text = text;
        let mut group = group;
        loop {
            let before = group.partition_point(|window| bytes(window) <= text);
            let last = bytes(group.get(before.checked_sub(1)?)?);
            if text.starts_with(last) {
                // Equal forms of several values: the first that was handed in.
                let first = group[..before].partition_point(|window| bytes(window) < last);
                return group.get(first);
            }
            text = &text[..common_len(last, text)];
            group = &group[..before];
        }
    }
}

/// How many bytes two texts that differ start with in common.
fn common_len(one: &[u8], other: &[u8]) -> usize {
    const STRETCH: usize = 64;
    let stretches = one.chunks(STRETCH).zip(other.chunks(STRETCH));
    let same = STRETCH * stretches.take_while(|(one, other)| one == other).count();
    let (one, other) = (one.get(same..).unwrap_or_default(), other.get(same..).unwrap_or_default());
    same + one.iter().zip(other).take_while(|(one, other)| one == other).count()
}

impl Drop for Search {
    fn drop(&mut self) {
        for window in &mut self.windows {
            window.key.zeroize();
        }
    }
}
