//! Who used which secret when, as the ledger tells it. The vault is never rewritten for it.

use crate::contents::Key;
use crate::error::VaultError;
use keep_ledger::{Entry, Filter, Ledger, Phase};
use keep_types::{Principal, Timestamp};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Records read at a time.
const PAGE: usize = 5_000;
/// Uses looked at, newest first; older ones no longer tell what is usual.
const MOST_USES: usize = 100_000;
/// The acts in which a value leaves the vault.
const USES: [&str; 3] = ["secret.get", "secret.use", "secret.export"];

/// One use of one secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Use {
    pub(crate) key: Key,
    pub(crate) at: Timestamp,
    pub(crate) by: Principal,
    pub(crate) program: String,
    pub(crate) seq: u64,
}

/// How often and when a secret was used, as far as the ledger still has the details.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Usage {
    /// How often.
    pub count: u64,
    /// When last.
    pub last: Timestamp,
    /// By whom last.
    pub last_by: Principal,
    /// For which program last.
    pub last_program: String,
}

/// Reads the uses in the ledger, oldest first. Records whose details were erased no longer say which
/// secret they were about.
pub(crate) async fn uses(ledger: &Ledger) -> Result<Vec<Use>, VaultError> {
    let mut found = Vec::new();
    for action in USES {
        let mut before_seq = None;
        loop {
            let filter = Filter {
                action: Some(action.into()),
                before_seq,
                limit: Some(PAGE),
                newest_first: true,
                ..Filter::default()
            };
            let entries = ledger.query(filter).await?;
            before_seq = entries.last().map(|entry| entry.seq.into());
            found.extend(entries.iter().filter(|entry| entry.phase == Phase::Done).flat_map(uses_in));
            if entries.len() < PAGE || found.len() >= MOST_USES {
                break;
            }
        }
    }
    found.sort_by_key(|one| one.seq);
    Ok(found)
}

fn uses_in(entry: &Entry) -> Vec<Use> {
    let Some(act) = entry.detail.as_ref().and_then(|detail| detail.get("act")) else { return Vec::new() };
    let keys: Vec<Key> =
        act.get("secrets").and_then(|keys| serde_json::from_value(keys.clone()).ok()).unwrap_or_default();
    let program = act.get("program").and_then(|program| program.as_str()).unwrap_or("unknown");
    keys.into_iter()
        .map(|key| Use {
            key,
            at: entry.at,
            by: entry.principal.clone(),
            program: program.to_owned(),
            seq: entry.seq.into(),
        })
        .collect()
}

/// The uses of each secret, summed up.
pub(crate) fn summed(uses: &[Use]) -> BTreeMap<Key, Usage> {
    let mut all: BTreeMap<Key, Usage> = BTreeMap::new();
    for one in uses {
        let usage = all.entry(one.key.clone()).or_insert_with(|| Usage {
            count: 0,
            last: one.at,
            last_by: one.by.clone(),
            last_program: one.program.clone(),
        });
        usage.count += 1;
        (usage.last, usage.last_by) = (one.at, one.by.clone());
        usage.last_program.clone_from(&one.program);
    }
    all
}

/// A use that is not like those before it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Anomaly {
    /// Which secret.
    pub secret: Key,
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: Principal,
    /// For which program.
    pub program: String,
    /// The record.
    pub seq: u64,
    /// What is unusual.
    pub what: Unusual,
}

/// What is unusual about a use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unusual {
    /// Nobody of that name used it before.
    NewPrincipal,
    /// It was never handed to that program before.
    NewProgram,
    /// Many uses in one minute.
    Burst,
    /// An hour of the day at which it was never used before.
    Hour,
}

/// Uses in a minute that are a burst whatever was usual, and how many times the usual most.
const BURST: usize = 10;
const BURST_TIMES: usize = 3;
/// Hours of the day tell something once there were so many uses on so many days.
const USES_FOR_HOURS: usize = 20;
const DAYS_FOR_HOURS: usize = 7;
const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;

/// What the uses of one secret so far have in common.
#[derive(Default)]
struct Habits<'a> {
    principals: BTreeSet<&'a Principal>,
    programs: BTreeSet<&'a str>,
    hours: BTreeSet<i64>,
    days: BTreeSet<i64>,
    count: usize,
    minute: i64,
    in_minute: usize,
    most_in_a_minute: usize,
}

/// Uses that are not like those before them, from a moment on. The first use of a secret has none
/// before it, and is no anomaly. Hours are UTC's: only whether they were usual counts.
pub(crate) fn anomalies(uses: &[Use], since: Timestamp) -> Vec<Anomaly> {
    let mut all: BTreeMap<&Key, Habits<'_>> = BTreeMap::new();
    let mut found = Vec::new();
    for one in uses {
        let habits = all.entry(&one.key).or_default();
        for what in habits.unusual(one) {
            if one.at >= since {
                found.push(Anomaly {
                    secret: one.key.clone(),
                    at: one.at,
                    by: one.by.clone(),
                    program: one.program.clone(),
                    seq: one.seq,
                    what,
                });
            }
        }
        habits.learn(one);
    }
    found
}

impl<'a> Habits<'a> {
    fn unusual(&self, one: &Use) -> Vec<Unusual> {
        let mut found = Vec::new();
        if self.count == 0 {
            return found;
        }
        if !self.principals.contains(&one.by) {
            found.push(Unusual::NewPrincipal);
        }
        if !self.programs.contains(one.program.as_str()) {
            found.push(Unusual::NewProgram);
        }
        let now_in_minute = if one.at.ms() / MINUTE_MS == self.minute { self.in_minute + 1 } else { 1 };
        // Told once, when the limit is crossed.
        if now_in_minute == BURST.max(self.most_in_a_minute * BURST_TIMES + 1) {
            found.push(Unusual::Burst);
        }
        let knows_hours = self.count >= USES_FOR_HOURS && self.days.len() >= DAYS_FOR_HOURS;
        if knows_hours && !self.hours.contains(&(one.at.ms() % DAY_MS / HOUR_MS)) {
            found.push(Unusual::Hour);
        }
        found
    }

    fn learn(&mut self, one: &'a Use) {
        self.principals.insert(&one.by);
        self.programs.insert(&one.program);
        self.hours.insert(one.at.ms() % DAY_MS / HOUR_MS);
        self.days.insert(one.at.ms() / DAY_MS);
        self.count += 1;
        let minute = one.at.ms() / MINUTE_MS;
        if minute == self.minute {
            self.in_minute += 1;
        } else {
            // A minute that is over becomes part of what is usual.
            self.most_in_a_minute = self.most_in_a_minute.max(self.in_minute);
            (self.minute, self.in_minute) = (minute, 1);
        }
    }
}
