//! How long a decision takes.

use crate::Res;
use crate::corpus::Case;
use crate::decide::{Judge, look};
use crate::row::{Better, Row, median};
use crate::rows::at;
use keep_policy::Profile;
use std::hint::black_box;
use std::time::Instant;

/// Microseconds per command, each the best of three so that the machine's other work counts little.
pub(crate) fn times_us(cases: &[Case], judge: &Judge) -> Vec<f64> {
    // The table is read once, at the first command.
    look("true");
    let time = |case: &Case| {
        let start = Instant::now();
        black_box(judge.decide(&look(black_box(&case.command)), Profile::Workspace));
        start.elapsed().as_secs_f64() * 1e6
    };
    cases.iter().map(|case| (0..3).map(|_| time(case)).fold(f64::INFINITY, f64::min)).collect()
}

/// The rows of `bench shell`.
pub(crate) fn bench(cases: &[Case]) -> Res<Vec<Row>> {
    let judge = Judge::new()?;
    let start = Instant::now();
    look("true");
    let first_us = start.elapsed().as_secs_f64() * 1e6;
    let mut times = times_us(cases, &judge);
    // It sorts them, too.
    let middle = median(&mut times);
    Ok(vec![
        Row::new("decide p50", middle, "us", Better::Lower),
        Row::new("decide p99", at(&times, 0.99), "us", Better::Lower),
        Row::new("decide slowest", at(&times, 1.0), "us", Better::Lower),
        Row::new("first decision, reading the table", first_us, "us", Better::Lower),
    ])
}
