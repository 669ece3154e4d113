//! What memories promise, checked on a real installation.

use crate::engine::{Where, places};
use crate::index::{self, SpaceId};
use crate::offline::{open_a_socket, without_sockets};
use crate::store;
use keep_types::{
    Adversary, Audience, Caller, Channel, Installation, Namespace, Probe, Promise, Reach, Scopes, Twin,
    Verdict,
};
use rusqlite::{Connection, OpenFlags};

/// The memories' promises with their checks and the twins that break them.
#[must_use]
pub fn probes() -> Vec<Probe> {
    vec![
        Probe {
            promise: Promise {
                id: "MEMORY-1",
                claim: "Nothing of a forgotten memory stays in the tables: no version, tag, link, count, vector or word is without its memory",
                against: Adversary::OtherUser,
            },
            run: |at| on(at, leftovers),
            twin: Twin::Installation(|at| {
                breaks(
                    at,
                    "PRAGMA foreign_keys = OFF; DELETE FROM memory WHERE seq = (SELECT min(seq) FROM memory);",
                )
            }),
        },
        Probe {
            promise: Promise {
                id: "MEMORY-2",
                claim: "A byte of the memories' index that changed on the disk is noticed before anything is recalled through it",
                against: Adversary::Accident,
            },
            run: |at| on(at, damaged),
            twin: Twin::Installation(|at| {
                // What another program would write there, or a disk that turns a bit.
                breaks(at, "UPDATE memory_index_term SET postings = CAST(postings || x'00' AS BLOB);")
            }),
        },
        Probe {
            promise: Promise {
                id: "MEMORY-3",
                claim: "A program finds the memories of the namespaces that it was given, and of no other",
                against: Adversary::Confined,
            },
            run: |_| within_reach(places),
            twin: Twin::Program(|_| within_reach(|_, _| None)),
        },
        Probe {
            promise: Promise {
                id: "MEMORY-4",
                claim: "What has expired is shown to nobody, whether or not it is removed yet",
                against: Adversary::Confined,
            },
            run: |_| expired_is_hidden(|past| past),
            // A clock that stands still lets nothing expire.
            twin: Twin::Program(|_| expired_is_hidden(|_| 0)),
        },
        Probe {
            promise: Promise {
                id: "MEMORY-5",
                claim: "Remembering and recalling need no network: they work where the kernel makes no socket",
                against: Adversary::HostileInput,
            },
            run: |_| without_sockets(|| Ok(())),
            twin: Twin::Program(|_| without_sockets(open_a_socket)),
        },
    ]
}

fn on(at: &Installation, look: fn(&Connection) -> Result<Verdict, String>) -> Verdict {
    let open = Connection::open_with_flags(at.data.join("keep.db"), OpenFlags::SQLITE_OPEN_READ_ONLY);
    let looked = open.map_err(|error| error.to_string()).and_then(|sql| look(&sql));
    looked.unwrap_or_else(|error| Verdict::Fail(format!("the database cannot be read: {error}")))
}

fn breaks(at: &Installation, statements: &str) -> Result<(), String> {
    let sql = Connection::open(at.data.join("keep.db")).map_err(|e| e.to_string())?;
    sql.execute_batch(statements).map_err(|e| e.to_string())
}

/// Whether there is anything to look at.
fn is_empty(sql: &Connection) -> Result<bool, String> {
    let any = "SELECT NOT EXISTS (SELECT 1 FROM memory_space)";
    sql.query_row(any, [], |row| row.get(0)).map_err(|e| e.to_string())
}

fn none_yet() -> Verdict {
    Verdict::NotApplicable("nothing was ever remembered here".into())
}

fn leftovers(sql: &Connection) -> Result<Verdict, String> {
    if is_empty(sql)? {
        return Ok(none_yet());
    }
    let without = [
        ("versions", "SELECT count(*) FROM memory_version WHERE memory NOT IN (SELECT seq FROM memory)"),
        ("counts", "SELECT count(*) FROM memory_use WHERE memory NOT IN (SELECT seq FROM memory)"),
        (
            "links",
            "SELECT count(*) FROM memory_link WHERE source NOT IN (SELECT seq FROM memory)
                OR target NOT IN (SELECT seq FROM memory)",
        ),
        (
            "tags",
            "SELECT count(*) FROM memory_tag t WHERE NOT EXISTS
                (SELECT 1 FROM memory m WHERE m.space = t.space AND m.place = t.place)",
        ),
        (
            "vectors",
            "SELECT count(*) FROM memory_index_vector v WHERE NOT EXISTS
                (SELECT 1 FROM memory m WHERE m.space = v.key >> 32 AND m.place = (v.key & 4294967295))",
        ),
    ];
    for (what, query) in without {
        let count: i64 = sql.query_row(query, [], |row| row.get(0)).map_err(|e| e.to_string())?;
        if count > 0 {
            return Ok(Verdict::Fail(format!("{count} {what} have no memory any more")));
        }
    }
    let counted = "SELECT count(*) FROM memory_index_space i
        WHERE i.memories <> (SELECT count(*) FROM memory m WHERE m.space = i.space)";
    let count: i64 = sql.query_row(counted, [], |row| row.get(0)).map_err(|e| e.to_string())?;
    if count > 0 {
        return Ok(Verdict::Fail(format!("{count} namespaces have words of memories that are gone")));
    }
    Ok(Verdict::Pass)
}

fn damaged(sql: &Connection) -> Result<Verdict, String> {
    if is_empty(sql)? {
        return Ok(none_yet());
    }
    let spaces = store::all_spaces(sql).map_err(|e| e.to_string())?;
    for space in spaces {
        let parts = index::check(sql, SpaceId(space.id.0)).map_err(|e| e.to_string())?;
        if let Some(part) = parts.first() {
            return Ok(Verdict::Fail(format!("the index of {} is damaged at {part}", space.namespace)));
        }
    }
    Ok(Verdict::Pass)
}

type Places = fn(&Caller, &Where) -> Option<Vec<Namespace>>;

/// Asks for the places of a program in every way there is.
fn within_reach(places: Places) -> Verdict {
    let name = |text: &str| text.parse::<Namespace>().expect("a literal namespace parses");
    let (own, other) = (name("project:own"), name("project:other"));
    let caller = Caller {
        principal: keep_types::Principal::unknown_agent(),
        home: own.clone(),
        reach: Reach::Only(vec![own.clone()]),
        scopes: Scopes::all(),
        channel: Channel::Cli,
        audience: Audience::Nobody,
        lineage: Vec::new(),
        acting: Vec::new(),
    };
    for wanted in [Where::Here, Where::Everywhere, Where::Only(other.clone())] {
        match places(&caller, &wanted) {
            None => return Verdict::Fail(format!("{wanted:?} leads everywhere")),
            Some(found) if found.contains(&other) => {
                return Verdict::Fail(format!("{wanted:?} leads to {other}"));
            }
            Some(_) => {}
        }
    }
    Verdict::Pass
}

/// Looks for a memory that expired, in a database of its own.
fn expired_is_hidden(clock: fn(i64) -> i64) -> Verdict {
    match store::finds_expired(keep_types::Timestamp::from_ms(clock(1_000_000))) {
        Ok(false) => Verdict::Pass,
        Ok(true) => Verdict::Fail("a memory is found after its end".into()),
        Err(error) => Verdict::Fail(format!("it cannot be looked at: {error}")),
    }
}
