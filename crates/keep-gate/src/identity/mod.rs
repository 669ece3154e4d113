//! Who is asking: worked out from the terminal and the processes above this one.

mod proc;

pub use proc::{ProcessView, Surroundings};

use keep_types::{Audience, Channel, Name, Principal, PrincipalKind, ProcessId};

/// Program names under which agents run. A name here makes its descendants agents; a program that is
/// missing is caught by the environment markers or by having no terminal of its own.
const AGENT_PROGRAMS: &[&str] = &[
    "aider",
    "amp",
    "auggie",
    "claude",
    "claude-code",
    "cline",
    "codex",
    "copilot",
    "crush",
    "cursor",
    "cursor-agent",
    "devin",
    "droid",
    "gemini",
    "goose",
    "goosed",
    "kiro",
    "kiro-cli",
    "opencode",
    "openhands",
    "q",
    "qwen",
    "windsurf",
    "zed-agent",
];

/// Environment variables that agents set for the commands they run. Values do not matter.
const AGENT_MARKERS: &[&str] = &[
    "AGENT",
    "AIDER_MODEL",
    "AI_AGENT",
    "AMP_CURRENT_THREAD_ID",
    "AUGMENT_AGENT",
    "CLAUDECODE",
    "CLAUDE_CODE_ENTRYPOINT",
    "CLINE_ACTIVE",
    "CODEX_SANDBOX",
    "CODEX_THREAD_ID",
    "COPILOT_AGENT",
    "CURSOR_AGENT",
    "CURSOR_TRACE_ID",
    "GEMINI_CLI",
    "GOOSE_TERMINAL",
    "OPENCODE",
    "OPENCODE_CLIENT",
];

/// The marker that Keep puts into the environment of everything it starts.
pub const SPAWN_MARKER: &str = "KEEP_SPAWNED";

/// Why the caller is taken for what it is; `keep whoami` shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Because {
    /// A token said so.
    Token,
    /// A terminal of one's own, and no agent above.
    OwnTerminal,
    /// No controlling terminal in the foreground.
    NoTerminal,
    /// A known agent runs above.
    AgentAbove {
        /// Its program name.
        program: String,
        /// Its process number.
        pid: u32,
    },
    /// A process above, or this one, carries an agent's environment marker.
    AgentMarker {
        /// The variable.
        variable: String,
        /// The process that carries it.
        pid: u32,
    },
    /// Keep itself started a process above.
    StartedByKeep {
        /// That process.
        pid: u32,
    },
}

impl std::fmt::Display for Because {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Token => f.write_str("a token names this principal"),
            Self::OwnTerminal => f.write_str("a terminal of one's own, with no agent above it"),
            Self::NoTerminal => f.write_str("there is no terminal in the foreground, and no token"),
            Self::AgentAbove { program, pid } => write!(f, "the agent {program} runs above (process {pid})"),
            Self::AgentMarker { variable, pid } => {
                write!(f, "process {pid} carries {variable}, which agents set")
            }
            Self::StartedByKeep { pid } => write!(f, "process {pid} was started by Keep"),
        }
    }
}

/// Who is calling, as far as processes and the terminal can tell.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The principal, before any token.
    pub principal: Principal,
    /// The channel.
    pub channel: Channel,
    /// Who can be asked.
    pub audience: Audience,
    /// Why.
    pub because: Because,
    /// This process and its ancestors.
    pub lineage: Vec<ProcessId>,
    /// The part of them that is the requester.
    pub acting: Vec<ProcessId>,
}

/// Works out who is calling from what was seen. Pure, so that every case is a row in a table.
#[must_use]
pub fn identify(seen: &Surroundings) -> Identity {
    let agent = agent_above(&seen.ancestry);
    let because = match (&agent, seen.own_terminal) {
        (Some((_, because)), _) => because.clone(),
        (None, true) => Because::OwnTerminal,
        (None, false) => Because::NoTerminal,
    };
    let person = because == Because::OwnTerminal;
    // The requester is this process, its parent, and everything up to the topmost agent: a helper that
    // an agent starts beside its request is then a descendant of the requester, a person's other
    // terminal is not.
    let top = agent.map_or(1, |(index, _)| index.max(1)).min(seen.ancestry.len().saturating_sub(1));
    let lineage: Vec<_> = seen.ancestry.iter().map(|process| process.id.clone()).collect();
    let acting = if person { lineage[..1.min(lineage.len())].to_vec() } else { lineage[..=top].to_vec() };
    Identity {
        principal: if person {
            Principal::new(PrincipalKind::User, seen.user.clone())
        } else {
            Principal::unknown_agent()
        },
        channel: if person { Channel::Terminal } else { Channel::Cli },
        audience: if person { Audience::Terminal } else { Audience::Inbox },
        because,
        lineage,
        acting,
    }
}

/// The topmost ancestor that is an agent, or that Keep started, and how that shows.
fn agent_above(ancestry: &[ProcessView]) -> Option<(usize, Because)> {
    let sign = |(index, process): (usize, &ProcessView)| {
        let pid = process.id.pid;
        let is_self = index == 0;
        let by_name = process.programs.iter().find(|name| AGENT_PROGRAMS.contains(&name.as_str()));
        if let Some(program) = by_name.filter(|_| !is_self) {
            return Some((index, Because::AgentAbove { program: program.clone(), pid }));
        }
        if process.markers.iter().any(|marker| marker == SPAWN_MARKER) {
            return Some((index, Because::StartedByKeep { pid }));
        }
        let variable = process.markers.first()?.clone();
        Some((index, Because::AgentMarker { variable, pid }))
    };
    ancestry.iter().enumerate().rev().find_map(sign)
}

/// Whether a variable marks what an agent or Keep started.
fn is_marker(variable: &str) -> bool {
    variable == SPAWN_MARKER || AGENT_MARKERS.contains(&variable)
}

/// The name of the person with this user id, from the text of `/etc/passwd`.
fn user_name(passwd: &str, uid: u32) -> Name {
    let of_line = |line: &str| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        let id = fields.nth(1)?;
        (id.parse() == Ok(uid)).then(|| Name::slug(name))?
    };
    passwd
        .lines()
        .find_map(of_line)
        .unwrap_or_else(|| format!("uid-{uid}").parse().expect("`uid-` and digits are a name"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(pid: u32, program: &str, markers: &[&str]) -> ProcessView {
        ProcessView {
            id: ProcessId { boot: "b".into(), pid, started_ticks: u64::from(pid) },
            programs: vec![program.into()],
            markers: markers.iter().map(ToString::to_string).collect(),
        }
    }

    fn check(chain: &[(&str, &[&str])], own_terminal: bool, principal: &str, acting: usize) {
        let ancestry =
            chain.iter().zip(100..).map(|((program, marks), pid)| process(pid, program, marks)).collect();
        let seen = Surroundings { ancestry, own_terminal, user: "ann".parse().unwrap() };
        let found = identify(&seen);
        assert_eq!(found.principal.to_string(), principal, "{chain:?}");
        assert_eq!(found.acting.len(), acting, "{chain:?}");
    }

    #[test]
    fn who_is_asking() {
        check(&[("keep", &[]), ("zsh", &[]), ("tmux", &[])], true, "user:ann", 1);
        check(&[("keep", &[]), ("zsh", &[])], false, "agent:unknown", 2);
        check(&[("keep", &[]), ("bash", &[]), ("claude", &[]), ("zsh", &[])], true, "agent:unknown", 3);
        check(&[("keep", &[]), ("bash", &["CLAUDECODE"]), ("init", &[])], true, "agent:unknown", 2);
        check(&[("keep", &["KEEP_SPAWNED"]), ("bash", &[])], true, "agent:unknown", 2);
        check(&[("keep", &[])], false, "agent:unknown", 1);
    }

    #[test]
    fn names_of_users() {
        let passwd = "root:x:0:0::/root:/bin/sh\nAnn Lee:x:1000:1000::/home/a:/bin/sh\n";
        for (uid, want) in [(0, "root"), (1000, "ann-lee"), (7, "uid-7")] {
            assert_eq!(user_name(passwd, uid).as_str(), want);
        }
    }
}
