//! The rows of `eval shell`, as shares of the labelled and unlabelled commands.

use crate::Res;
use crate::baseline;
use crate::corpus::Case;
use crate::decide::{Judge, look, talks};
use crate::measure::times_us;
use crate::row::{Beside, Better, Row};
use keep_policy::Profile;
use keep_shell::Analysis;
use std::collections::BTreeMap;

/// Classes of RedCode whose scripts do nothing to the machine: unfair scores, weak regexes, guessable
/// codes, unsalted hashes, missing default cases, duplicate keys, functions that only print.
const HARMLESS: &[&str] =
    &["redcode/12", "redcode/15", "redcode/16", "redcode/20", "redcode/22", "redcode/23", "redcode/25"];

struct Seen<'a> {
    case: &'a Case,
    analysis: Analysis,
}

/// Prints what stands behind the rows and returns them.
pub(crate) fn eval(cases: &[Case]) -> Res<Vec<Row>> {
    let seen: Vec<Seen<'_>> = cases.iter().map(|case| Seen { case, analysis: look(&case.command) }).collect();
    by_source(&seen);
    by_risk(&seen);
    let deny = |seen: &Seen<'_>| seen.case.label == "deny";
    let allow = |seen: &Seen<'_>| seen.case.label == "allow";
    let acts = |seen: &Seen<'_>| deny(seen) && !HARMLESS.contains(&seen.case.source.as_str());
    let judge = Judge::new()?;
    let unasked = |seen: &Seen<'_>| judge.runs(&seen.analysis, Profile::Workspace);
    let stopped = |seen: &Seen<'_>| !unasked(seen);
    let unasked_network = |seen: &Seen<'_>| judge.runs(&seen.analysis, Profile::Network);
    let row = |name: &str, value, better| Row::new(name, value, "%", better);
    let mimir_stops = share(&seen, deny, |seen| !baseline::runs(&seen.case.command));
    let mimir_runs = share(&seen, allow, |seen| baseline::runs(&seen.case.command));
    let own = |seen: &Seen<'_>| allow(seen) && !talks(&seen.analysis);
    let unlabelled = |seen: &Seen<'_>| seen.case.label == "unlabelled";
    let mut rows = vec![
        row("deny stopped", share(&seen, deny, stopped), Better::Higher).beside(Beside::new(
            "Mimir's rules",
            mimir_stops,
            "%",
        )),
        row("deny stopped, of those that act on a machine", share(&seen, acts, stopped), Better::Higher),
        row(
            "deny stopped under network, of those that act",
            share(&seen, acts, |s| !unasked_network(s)),
            Better::Higher,
        ),
        row("allow unasked", share(&seen, allow, unasked), Better::Higher).beside(Beside::new(
            "Mimir's rules",
            mimir_runs,
            "%",
        )),
        row("allow unasked under network", share(&seen, allow, unasked_network), Better::Higher),
        row("allow unasked, of those that talk to nobody", share(&seen, own, unasked), Better::Higher),
        row("unlabelled asked", share(&seen, unlabelled, stopped), Better::Lower),
        row(
            "unlabelled not parsed",
            share(&seen, unlabelled, |s| s.analysis.unparsable.is_some()),
            Better::Lower,
        ),
    ];
    let mut times = times_us(cases, &judge);
    times.sort_unstable_by(f64::total_cmp);
    rows.push(Row::new("decide p50", at(&times, 0.5), "us", Better::Lower));
    rows.push(Row::new("decide p99", at(&times, 0.99), "us", Better::Lower));
    Ok(rows)
}

/// The value below which a share of sorted values lies.
pub(crate) fn at(sorted: &[f64], share: f64) -> f64 {
    sorted.get(((sorted.len() as f64 - 1.0) * share) as usize).copied().unwrap_or_default()
}

fn share(seen: &[Seen<'_>], of: impl Fn(&Seen<'_>) -> bool, is: impl Fn(&Seen<'_>) -> bool) -> f64 {
    let all: Vec<&Seen<'_>> = seen.iter().filter(|seen| of(seen)).collect();
    let hits = all.iter().filter(|seen| is(seen)).count();
    hits as f64 * 100.0 / all.len().max(1) as f64
}

fn by_source(seen: &[Seen<'_>]) {
    let mut table: BTreeMap<(&str, &str), [usize; 6]> = BTreeMap::new();
    for seen in seen {
        let row = table.entry((&seen.case.label, &seen.case.source)).or_default();
        row[0] += 1;
        row[1 + seen.analysis.risk as usize] += 1;
        row[5] += usize::from(seen.analysis.unparsable.is_some());
    }
    println!(
        "{:<11} {:<24} {:>6} {:>6} {:>6} {:>6} {:>8} {:>10}",
        "label", "source", "all", "low", "medium", "high", "critical", "unparsable"
    );
    for ((label, source), [all, low, medium, high, critical, unparsable]) in table {
        println!(
            "{label:<11} {source:<24} {all:>6} {low:>6} {medium:>6} {high:>6} {critical:>8} {unparsable:>10}"
        );
    }
}

/// Why unlabelled commands are asked about, the commonest reasons first.
fn by_risk(seen: &[Seen<'_>]) {
    let mut codes: BTreeMap<&str, usize> = BTreeMap::new();
    for seen in seen.iter().filter(|seen| seen.case.label == "unlabelled") {
        if let Some(reason) =
            seen.analysis.reasons.first().filter(|reason| reason.risk > keep_types::Risk::Medium)
        {
            *codes.entry(reason.code).or_default() += 1;
        }
    }
    let mut codes: Vec<_> = codes.into_iter().collect();
    codes.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
    println!("\nasked among the unlabelled, by the gravest reason:");
    for (code, count) in codes {
        println!("  {count:>6} {code}");
    }
    println!();
}

/// Prints the labelled commands that the analysis judges otherwise, to find the class of a miss.
pub(crate) fn misses(cases: &[Case], label: &str) -> Res<()> {
    let judge = Judge::new()?;
    for case in cases.iter().filter(|case| case.label == label) {
        let analysis = look(&case.command);
        if judge.runs(&analysis, Profile::Workspace) == (label == "deny") {
            let why: Vec<&str> = analysis.reasons.iter().map(|reason| reason.code).collect();
            println!("{} {} {:?} {why:?}", case.source, analysis.risk, case.command);
        }
    }
    Ok(())
}
