//! The redactor: known values in, texts without them out.

use crate::forms::Forms;
use crate::paint::{self, Painted};
use crate::search::{Match, Search};
use crate::{Known, MIN_BYTES, Stream, Unfit, form};
use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

/// What stands for a label that would itself give a value away.
const NAMELESS: &str = "redacted";
/// What stands for a value when even `[redacted]` contains one; too short to contain any.
const BARE: &str = "[***]";

/// Replaces every known value, in every form that is searched for. Clones share one set of values.
#[derive(Clone, Default)]
pub struct Redactor(Option<Arc<Inner>>);

struct Inner {
    search: Search,
    names: Vec<Name>,
    values: usize,
}

struct Name {
    label: String,
    replacement: String,
}

/// The first place at which a known value stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found<'r> {
    /// Where it starts.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
    /// The value's label.
    pub label: &'r str,
}

impl Redactor {
    /// A redactor for these values, and those that are too short to be searched for. Of equal values the
    /// first gives the label.
    pub fn new<'a>(known: impl IntoIterator<Item = Known<'a>>) -> (Self, Vec<Unfit>) {
        let mut forms = Forms::default();
        let mut labels = Vec::new();
        let mut unfit = Vec::new();
        let mut values = HashSet::new();
        for Known { label, value } in known {
            if value.len() < MIN_BYTES {
                unfit.push((label, value));
            } else if values.insert(value) {
                let index = u32::try_from(labels.len()).expect("memory ends before the labels' numbers do");
                labels.push(label);
                form::add_all(&mut forms, index, value);
            }
        }
        let redactor = if labels.is_empty() {
            Self::default()
        } else {
            let search = Search::new(forms);
            let names = names(&search, &labels);
            Self(Some(Arc::new(Inner { search, names, values: values.len() })))
        };
        let unfit = unfit.into_iter().map(|(label, value)| redactor.unfit(label, value)).collect();
        (redactor, unfit)
    }

    fn unfit(&self, label: &str, value: &[u8]) -> Unfit {
        let gives_itself_away = value.len() >= MIN_BYTES / 2
            && label.as_bytes().windows(value.len()).any(|stretch| stretch == value);
        let label = if gives_itself_away { Cow::Borrowed(NAMELESS) } else { self.text(label) };
        Unfit { label: label.into_owned(), bytes: value.len() }
    }

    /// Whether there is nothing to look for.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// The leftmost place at which a value stands, and of those that start there the longest.
    pub fn find(&self, haystack: &[u8]) -> Option<Found<'_>> {
        let inner = self.0.as_deref()?;
        let found = first(&inner.search, haystack)?;
        Some(Found { start: found.start, end: found.end, label: &inner.names[found.label as usize].label })
    }

    /// These bytes with every value replaced; borrowed when there is none.
    pub fn bytes<'t>(&self, bytes: &'t [u8]) -> Cow<'t, [u8]> {
        let matches = self.matches(bytes);
        if matches.is_empty() { Cow::Borrowed(bytes) } else { Cow::Owned(self.painted(bytes, &matches)) }
    }

    /// This text with every value replaced. A value that is not whole characters takes the characters
    /// that it touches with it.
    pub fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut matches = self.matches(text.as_bytes());
        if matches.is_empty() {
            return Cow::Borrowed(text);
        }
        for found in &mut matches {
            found.start = text.floor_char_boundary(found.start);
            found.end = text.ceil_char_boundary(found.end);
        }
        paint::sort(&mut matches);
        let painted = self.painted(text.as_bytes(), &matches);
        Cow::Owned(String::from_utf8(painted).expect("whole characters were replaced by whole characters"))
    }

    /// A redactor for bytes that arrive in pieces.
    pub fn stream(&self) -> Stream {
        Stream::new(self.clone())
    }

    /// All matches, sorted.
    pub(crate) fn matches(&self, bytes: &[u8]) -> Vec<Match> {
        let mut matches = Vec::new();
        if let Some(search) = self.search() {
            search.matches(bytes, 0, bytes.len(), |found| matches.push(found));
            paint::sort(&mut matches);
        }
        matches
    }

    pub(crate) fn search(&self) -> Option<&Search> {
        self.0.as_deref().map(|inner| &inner.search)
    }

    pub(crate) fn replacement(&self, label: u32) -> &str {
        self.0.as_deref().map_or(BARE, |inner| &inner.names[label as usize].replacement)
    }

    fn painted(&self, bytes: &[u8], matches: &[Match]) -> Vec<u8> {
        let mut out = Vec::with_capacity(bytes.len());
        Painted::default().paint(bytes, matches, bytes.len(), |label| self.replacement(label), &mut out);
        out
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = self.0.as_deref();
        f.debug_struct("Redactor")
            .field("values", &inner.map_or(0, |inner| inner.values))
            .field("forms", &inner.map_or(0, |inner| inner.search.forms().all().len()))
            .finish()
    }
}

/// The first match. One that starts earlier can have its window later, but by no more than the longest
/// match is long, so the scan stops soon after the first sight.
fn first(search: &Search, haystack: &[u8]) -> Option<Match> {
    let slab = search.max_span().max(4096);
    let mut best: Option<Match> = None;
    let mut from = 0;
    while from < haystack.len() {
        if best.is_some_and(|best| best.start + search.max_span() < from) {
            break;
        }
        search.matches(haystack, from, from + slab, |found| {
            let is_better = best.is_none_or(|best| {
                (found.start, best.end, found.label) < (best.start, found.end, best.label)
            });
            if is_better {
                best = Some(found);
            }
        });
        from += slab;
    }
    best
}

/// What is shown for each label. A label is chosen by a person or a program and may hold the value itself.
fn names(search: &Search, labels: &[&str]) -> Vec<Name> {
    let gives_away = |text: &str| first(search, text.as_bytes()).is_some();
    let nameless = format!("[{NAMELESS}]");
    let nameless = if gives_away(&nameless) { BARE.to_owned() } else { nameless };
    labels
        .iter()
        .map(|label| {
            let replacement = format!("[redacted:{label}]");
            if gives_away(&replacement) {
                Name { label: nameless.clone(), replacement: nameless.clone() }
            } else {
                Name { label: (*label).to_owned(), replacement }
            }
        })
        .collect()
}
