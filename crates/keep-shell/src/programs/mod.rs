//! The program table, read once: what programs, their sub-commands and their flags do.
//!
//! The knowledge is data, in `programs.txt`, which explains its own words.

mod index;
mod load;

use crate::effect::{Effect, Kind, Origin, Traffic};
use index::Index;
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

/// What happens to a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    /// Nothing that counts: a number, a pattern, a message.
    Nothing,
    Probe,
    Look,
    Read,
    Write,
    WriteAll,
    Delete,
    DeleteAll,
    /// Moved away: read and deleted.
    Move,
    /// A text that a shell runs.
    Shell,
    /// A file that is run.
    Run,
    /// Code in the program's own language.
    Code,
    /// A module of a scripting language.
    Module,
    /// A host or a URL that is asked for something.
    Url,
    /// A host or a URL that is given something.
    UrlSend,
    /// The user's own name for a host, or a host of its own.
    Service,
    /// Code of the workspace, or `name@version` of a registry.
    Target,
    /// A local path, or `host:path`.
    Remote,
    /// `@file` is read and sent; anything else is sent as it stands.
    Data,
    /// An HTTP method.
    Method,
    /// `name=value` of a git setting.
    Setting,
    /// What a container gets to see of this machine.
    Mount,
    /// A process or a job.
    Process,
    /// A package: from a registry, or a path or URL.
    Package,
}

/// What a flag or a row adds besides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Add {
    Effect(Effect),
    /// Nothing happens: help, version, a dry run.
    Dry,
    /// Operands are used like this instead.
    Operands(Use),
    /// Deeds reach everything below.
    All,
    /// The first operand is like the others.
    NoFirst,
    /// The working folder is used like this, where no operand is given.
    Folder(Use),
}

/// One flag of a row.
#[derive(Clone, Debug)]
pub(crate) struct Flag {
    pub(crate) name: &'static str,
    pub(crate) takes: Takes,
    pub(crate) value: Use,
    pub(crate) adds: Vec<Add>,
}

/// Whether a flag takes a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Takes {
    Nothing,
    Value,
    /// Only one that hangs on it.
    Attached,
}

/// One row.
#[derive(Clone, Debug, Default)]
pub(crate) struct Row {
    /// The names, for people.
    pub(crate) title: String,
    pub(crate) operands: Option<Use>,
    pub(crate) first: Vec<(usize, Use)>,
    pub(crate) last: Option<Use>,
    pub(crate) folder: Option<Use>,
    pub(crate) effects: Vec<Effect>,
    pub(crate) flags: Vec<Flag>,
    /// After so many operands the rest is a command of its own.
    pub(crate) wrap: Option<usize>,
    /// Flags end at the first operand.
    pub(crate) stop: bool,
    pub(crate) hand: Option<Hand>,
    /// Its output is names without a slash.
    pub(crate) plain: bool,
    /// Its output is some of the lines that it reads.
    pub(crate) filter: bool,
    /// Sub-commands are verbs on things that a host keeps.
    pub(crate) verbs: bool,
    /// An unknown sub-command does no more than this row says.
    pub(crate) tame: bool,
    pub(crate) subs: HashMap<&'static str, Row>,
}

/// Programs whose words need more than a row can say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hand {
    Shell,
    Interpreter,
    Find,
    Xargs,
    Sed,
    Awk,
    Tar,
    Env,
    Ssh,
    Container,
    Echo,
    Printf,
    Cat,
    Pwd,
    Decode,
    GitConfig,
    GitContent,
    GitRestore,
    Command,
    Chmod,
    Dirname,
    Fetched,
    Version,
}

static TABLE: LazyLock<Index> = LazyLock::new(|| Index::of(include_str!("programs.txt")));

/// The row of a program.
pub(crate) fn find(name: &str) -> Option<&'static Row> {
    let row = TABLE.row(name).or_else(|| {
        // `python3.11`, `gcc-12`
        let stem = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.').trim_end_matches('-');
        if stem.len() < name.len() { TABLE.row(stem) } else { None }
    })?;
    // A row that does not read is no row, and a program without one is at least medium; a test reads
    // them all.
    row.ok()
}

/// How many programs the table knows by name.
#[must_use]
pub fn known_programs() -> usize {
    TABLE.names().collect::<HashSet<_>>().len()
}

fn effect_of(word: &str) -> Option<Effect> {
    let act = |kind| Effect::Act { kind };
    let code = |origin| Effect::Code { origin };
    let network = |traffic| Effect::Network { traffic, host: None };
    Some(match word {
        "process" => act(Kind::Process),
        "privilege" => act(Kind::Privilege),
        "install" => act(Kind::Install),
        "history" => act(Kind::History),
        "discard" => act(Kind::Discard),
        "repository" => act(Kind::Repository),
        "credential" => act(Kind::Credential),
        "system" => act(Kind::System),
        "destroy" => act(Kind::Destroy),
        "build" => act(Kind::Build),
        "container" => act(Kind::Container),
        "wipe" => act(Kind::Wipe),
        "escape" => act(Kind::Escape),
        "later" => act(Kind::Later),
        "shell-out" => act(Kind::ShellOut),
        "query" => network(Traffic::Query),
        "fetch" => network(Traffic::Fetch),
        "send" => network(Traffic::Send),
        "change" => network(Traffic::Change),
        "listen" => network(Traffic::Listen),
        "registry" => code(Origin::Registry),
        "workspace-code" => code(Origin::Workspace),
        "outside-code" => code(Origin::Outside),
        "unseen" => code(Origin::Unseen),
        "unknown" => Effect::UnknownProgram,
        "undecided" => Effect::Undecided { what: "the commands or places in its words".to_owned() },
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_loads_and_is_large_enough() {
        for name in TABLE.names() {
            let row = TABLE.row(name).expect("each name is found again");
            assert!(row.is_ok(), "{name}: {:?}", row.err());
        }
        assert!(known_programs() >= 300, "{}", known_programs());
    }

    #[test]
    fn versions_of_a_program_are_the_program() {
        assert!(find("python3.11").is_some());
        assert!(find("gcc-12").is_some());
        assert!(find("no-such-program").is_none());
    }
}
