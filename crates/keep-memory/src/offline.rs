//! That memories need no network, tried where the kernel gives none.

use crate::index::{self, Cache, Entry, Filters, Keep, Prepared, Query, SpaceId, Standing};
use crate::model::{Kind, Validity};
use crate::rank::{Question, Weights};
use keep_embed::Table;
use keep_types::{Timestamp, Trust, Verdict};
use rusqlite::Connection;
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, TargetArch};
use std::collections::BTreeMap;
use std::net::UdpSocket;

/// The numbers of the calls that make a socket and connect one.
#[cfg(target_arch = "x86_64")]
const CALLS: [i64; 2] = [41, 42];
#[cfg(target_arch = "aarch64")]
const CALLS: [i64; 2] = [198, 203];

/// Remembers and recalls in a thread for which the kernel makes no sockets, and does this as well. A thread
/// that is kept so stays so, and ends here.
pub(crate) fn without_sockets(and: fn() -> Result<(), String>) -> Verdict {
    let worked = std::thread::spawn(move || {
        if let Err(why) = forbid_sockets() {
            return Verdict::NotApplicable(format!("this kernel takes no such filter: {why}"));
        }
        if UdpSocket::bind(("127.0.0.1", 0)).is_ok() {
            return Verdict::Fail("a socket can be made all the same, so this says nothing".into());
        }
        match remember_and_recall().and_then(|()| and()) {
            Ok(()) => Verdict::Pass,
            Err(why) => Verdict::Fail(format!("without a socket it does not work: {why}")),
        }
    });
    worked.join().unwrap_or_else(|_| Verdict::Fail("the thread that tried it ended early".into()))
}

/// What anything that speaks to a network begins with.
pub(crate) fn open_a_socket() -> Result<(), String> {
    UdpSocket::bind(("127.0.0.1", 0)).map(drop).map_err(|e| e.to_string())
}

fn forbid_sockets() -> Result<(), String> {
    let arch = TargetArch::try_from(std::env::consts::ARCH).map_err(|e| e.to_string())?;
    let rules: BTreeMap<i64, Vec<_>> = CALLS.iter().map(|call| (*call, Vec::new())).collect();
    let refused = SeccompAction::Errno(1);
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, refused, arch).map_err(|e| e.to_string())?;
    let program: BpfProgram = filter.try_into().map_err(|e: seccompiler::BackendError| e.to_string())?;
    seccompiler::apply_filter(&program).map_err(|e| e.to_string())
}

/// The whole way of a memory, in a database of its own: into the tables of the index, and found there by its
/// words and its meaning.
fn remember_and_recall() -> Result<(), String> {
    let said = |error: &dyn std::error::Error| keep_types::chain(error).join(": ");
    let sql = Connection::open_in_memory().map_err(|e| said(&e))?;
    for step in crate::SCHEMA.steps {
        sql.execute_batch(step).map_err(|e| said(&e))?;
    }
    sql.execute_batch("INSERT INTO memory_space (namespace, next_place, memories) VALUES ('global', 1, 1);")
        .map_err(|e| said(&e))?;
    let table = Table::built_in().map_err(|e| said(&e))?;
    let now = Timestamp::from_ms(1_000);
    let standing = Standing {
        kind: Kind::default(),
        trust: Trust::User,
        importance: 5,
        held: false,
        pinned: false,
        recorded_at: now,
        retired_at: None,
        valid: Validity::default(),
        expires_at: None,
    };
    let text = "the ledger is one file";
    let entry =
        Entry { text, title: None, tags: &[], conversation: None, speaker: None, said_at: None, standing };
    let prepared = Prepared::of(&table, &entry).map_err(|e| said(&e))?;
    index::add(&sql, SpaceId(1), 0, &[prepared]).map_err(|e| said(&e))?;
    let query = Query {
        question: Question::new("which file holds the ledger"),
        filters: Filters::default(),
        weights: Weights::default(),
        most: 1,
        now,
    };
    let cache = Cache::new(Keep::Nothing);
    let answer = index::search(&sql, &cache, &[&table], &[SpaceId(1)], &query).map_err(|e| said(&e))?;
    match answer.found.as_slice() {
        [found] if found.legs.words > 0.0 && found.legs.meaning > 0.0 => Ok(()),
        other => Err(format!("it is not recalled: {other:?}")),
    }
}
