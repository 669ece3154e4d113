//! One measured number. Shared by the chore and the programs in `benches/`.

use serde::{Deserialize, Serialize};

/// Which way is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Better {
    Lower,
    Higher,
}

/// What was measured beside a row, in the same run on the same machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Beside {
    pub(crate) name: String,
    pub(crate) value: f64,
    pub(crate) unit: String,
}

/// One row of a benchmark.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) value: f64,
    pub(crate) unit: String,
    pub(crate) better: Better,
    pub(crate) beside: Vec<Beside>,
}

impl Beside {
    pub(crate) fn new(name: &str, value: f64, unit: &str) -> Self {
        Self { name: name.to_owned(), value, unit: unit.to_owned() }
    }
}

impl Row {
    pub(crate) fn new(name: &str, value: f64, unit: &str, better: Better) -> Self {
        Self { name: name.to_owned(), value, unit: unit.to_owned(), better, beside: Vec::new() }
    }

    /// The row with one peer more.
    pub(crate) fn beside(mut self, peer: Beside) -> Self {
        self.beside.push(peer);
        self
    }
}

/// The middle value; 0 of nothing.
pub(crate) fn median(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
