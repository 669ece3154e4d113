//! What the engine promises, checked on a real installation.

use crate::confine::{Confinement, Ground, Limits, PASSED, confinement};
use crate::error::ExecError;
use crate::settings::changes;
use keep_policy::Profile;
use keep_shell::{Context, analyse};
use keep_types::{Adversary, Duration, Installation, Principal, Probe, Promise, Twin, Verdict};
use rusqlite::{Connection, OpenFlags};
use std::path::Path;

/// The engine's promises with their checks and the twins that break them.
#[must_use]
pub fn probes() -> Vec<Probe> {
    vec![
        Probe {
            promise: Promise {
                id: "EXEC-1",
                claim: "Nothing ran without a record: every run on the list has its intent in the ledger, and every intent to run its run",
                against: Adversary::Confined,
            },
            run: |at| on(at, recorded),
            twin: Twin::Installation(|at| {
                breaks(
                    at,
                    "INSERT INTO exec_run (id, seq, namespace, principal, command, exact, folder, workspace, risk,
                         analysis, decision, rule, profile, tier, secrets, state, owner, started_ms, ended_ms)
                     VALUES ('run_twin', 9000000, 'global', 'agent:twin', 'true', zeroblob(32), '/', '/', 'low',
                         '{}', 'allow', 'twin', 'workspace', 'none', '[]', 'ended', '', 0, 0)",
                )
            }),
        },
        Probe {
            promise: Promise {
                id: "EXEC-2",
                claim: "A folder does not become writable because a program named it, nor does one that holds more than a project",
                against: Adversary::Confined,
            },
            run: |_| narrow(widest, confinement),
            twin: Twin::Program(|_| narrow(|_, wanted| wanted, confinement)),
        },
        Probe {
            promise: Promise {
                id: "EXEC-3",
                claim: "A run gets no variable of its caller's that names a program to be run, or that holds a secret",
                against: Adversary::HostileInput,
            },
            run: |_| passes(&PASSED),
            twin: Twin::Program(|_| passes(&["PATH", "HOME", "*"])),
        },
        Probe {
            promise: Promise {
                id: "EXEC-4",
                claim: "Nothing that a run wrote into a repository's settings is taken over if it could make git run a program, read other settings, or send to another place",
                against: Adversary::Confined,
            },
            run: |_| takes_over(changes),
            twin: Twin::Program(|_| takes_over(|_, _| Ok(Vec::new()))),
        },
    ]
}

fn on(at: &Installation, look: fn(&Connection) -> Result<Verdict, rusqlite::Error>) -> Verdict {
    let open = Connection::open_with_flags(at.data.join("keep.db"), OpenFlags::SQLITE_OPEN_READ_ONLY);
    open.and_then(|sql| look(&sql))
        .unwrap_or_else(|error| Verdict::Fail(format!("the database cannot be read: {error}")))
}

fn breaks(at: &Installation, statements: &str) -> Result<(), String> {
    let sql = Connection::open(at.data.join("keep.db")).map_err(|e| e.to_string())?;
    sql.execute_batch(statements).map_err(|e| e.to_string())
}

fn recorded(sql: &Connection) -> Result<Verdict, rusqlite::Error> {
    // Runs that still run, and those whose process died, have no number in their row.
    let without = "SELECT count(*) FROM exec_run r WHERE r.seq IS NOT NULL AND NOT EXISTS
        (SELECT 1 FROM ledger_record l WHERE l.seq = r.seq AND l.action = 'exec.run' AND l.phase = 'intent'
             AND l.principal = r.principal AND l.exact = r.exact)";
    let count: i64 = sql.query_row(without, [], |row| row.get(0))?;
    if count > 0 {
        return Ok(Verdict::Fail(format!("{count} runs have no intent in the ledger")));
    }
    // An intent whose outcome says how the run ended has a run, as long as runs are kept.
    let unlisted = "SELECT count(*) FROM ledger_record o JOIN ledger_record i ON i.seq = o.refers_to
        WHERE o.action = 'exec.run' AND o.phase = 'outcome'
            AND i.utc_ms > (SELECT coalesce(min(started_ms), i.utc_ms) FROM exec_run)
            AND NOT EXISTS (SELECT 1 FROM exec_run r WHERE r.seq = i.seq)";
    let count: i64 = sql.query_row(unlisted, [], |row| row.get(0))?;
    Ok(match count {
        0 => Verdict::Pass,
        count => Verdict::Fail(format!("{count} runs that the ledger knows are not on the list")),
    })
}

type Widest = for<'a, 'b> fn(&'a Ground<'b>, Profile) -> Profile;
fn widest(ground: &Ground<'_>, wanted: Profile) -> Profile {
    ground.widest(wanted)
}

type Confine = fn(
    Profile,
    &keep_shell::Analysis,
    Option<&[String]>,
    &Ground<'_>,
    Limits,
) -> Result<Confinement, ExecError>;

/// Asks for folders that must not be writable, for programs and people.
fn narrow(widest: Widest, confine: Confine) -> Verdict {
    let home = Path::new("/home/ann");
    let cases = [
        ("agent:a", "/srv/data", false),
        ("service:s", "/opt/tool", false),
        ("agent:a", "/", true),
        ("agent:a", "/etc", true),
        ("agent:a", "/home/ann", true),
        ("user:ann", "/home", true),
        ("user:ann", "/tmp", true),
    ];
    let limits = Limits {
        timeout: Duration::from_ms(1),
        memory_bytes: None,
        file_bytes: 1 << 20,
        processes: None,
        output_bytes: 1,
    };
    for (who, workspace, project) in cases {
        let principal: Principal = match who.parse() {
            Ok(principal) => principal,
            Err(error) => return Verdict::Fail(format!("{who}: {error}")),
        };
        let ground = Ground { workspace: Path::new(workspace), project, home, principal: &principal };
        let analysis = analyse("touch file", &Context::new(workspace, "/home/ann"));
        for profile in [Profile::ReadOnly, Profile::Workspace, Profile::Network] {
            let found = confine(widest(&ground, profile), &analysis, None, &ground, limits);
            if found.is_ok_and(|found| !found.writes.is_empty()) {
                return Verdict::Fail(format!("{workspace} is writable for {who} under {profile}"));
            }
        }
    }
    Verdict::Pass
}

type JudgeSettings = fn(&[u8], &[u8]) -> Result<Vec<String>, String>;

/// Offers settings that must not be taken over.
fn takes_over(judge: JudgeSettings) -> Verdict {
    const BEFORE: &str = "[core]\n\tbare = false\n[remote \"origin\"]\n\turl = https://example.org/x\n";
    const NEVER: [&str; 9] = [
        "[core]\n\tfsmonitor = ./watch\n",
        "[core]\n\thooksPath = hooks\n",
        "[core]\n\tsshCommand = ./x\n",
        "[alias]\n\tst = !./x\n",
        "[include]\n\tpath = ../other\n",
        "[credential]\n\thelper = ./x\n",
        "[remote \"new\"]\n\turl = ext::./x\n",
        "[remote \"origin\"]\n\turl = https://elsewhere.example/x\n",
        "[remote \"new\"]\n\turl = x\\\n[core]\n\tfsmonitor = ./watch\n",
    ];
    for more in NEVER {
        if judge(BEFORE.as_bytes(), format!("{BEFORE}{more}").as_bytes()).is_ok() {
            return Verdict::Fail(format!("taken over: {}", more.escape_debug()));
        }
    }
    Verdict::Pass
}

/// Variables that steer what programs run, and some that hold secrets.
const NEVER: [&str; 16] = [
    "PAGER",
    "GIT_PAGER",
    "EDITOR",
    "VISUAL",
    "GIT_SSH_COMMAND",
    "GIT_EXTERNAL_DIFF",
    "LESSOPEN",
    "LD_PRELOAD",
    "BASH_ENV",
    "ENV",
    "PYTHONSTARTUP",
    "NODE_OPTIONS",
    "RUSTC_WRAPPER",
    "AWS_SECRET_ACCESS_KEY",
    "GITHUB_TOKEN",
    "SSH_AUTH_SOCK",
];

fn passes(passed: &[&str]) -> Verdict {
    let named = |name: &str| {
        passed.iter().any(|pattern| match pattern.strip_suffix('*') {
            Some(start) => name.starts_with(start),
            None => name == *pattern,
        })
    };
    match NEVER.iter().find(|name| named(name)) {
        None => Verdict::Pass,
        Some(name) => Verdict::Fail(format!("{name} is handed on")),
    }
}
