use crate::{Namespace, Principal, Scopes};
use serde::{Deserialize, Serialize};

/// By which way a request came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// A person's own terminal.
    Terminal,
    /// The command line without a terminal, or with an agent above it.
    Cli,
    /// An MCP client.
    Mcp,
    /// The HTTP interface or dashboard.
    Http,
    /// Keep itself: schedules, maintenance.
    Internal,
}

impl Channel {
    /// The channel as a word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Terminal => "terminal",
            Self::Cli => "cli",
            Self::Mcp => "mcp",
            Self::Http => "http",
            Self::Internal => "internal",
        }
    }
}

/// Who can be asked when policy says ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Audience {
    /// Nobody: ask means deny.
    Nobody,
    /// The person at this very terminal, at a prompt.
    Terminal,
    /// Somebody who looks into the inbox from another process.
    Inbox,
}

/// One process, told from every other one that ever had its number.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ProcessId {
    /// The kernel's id of this boot.
    pub boot: String,
    /// The process number.
    pub pid: u32,
    /// When it started, in clock ticks since boot.
    pub started_ticks: u64,
}

/// Which namespaces a caller may name at all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reach {
    /// Every one: a person at their own terminal.
    Everything,
    /// These, and for reading what they see.
    Only(Vec<Namespace>),
}

/// Who asks, from where, and who could answer. A surface builds one; nothing below changes it.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Who acts.
    pub principal: Principal,
    /// Where its acts land when it names no place.
    pub home: Namespace,
    /// Which namespaces it may name.
    pub reach: Reach,
    /// What it may do at all.
    pub scopes: Scopes,
    /// How the request came in.
    pub channel: Channel,
    /// Who can be asked.
    pub audience: Audience,
    /// The calling process and its ancestors, nearest first.
    pub lineage: Vec<ProcessId>,
    /// The part of the lineage that is the requester itself: this process up to the agent that drives
    /// it. No descendant of these may answer what this caller asks.
    pub acting: Vec<ProcessId>,
}

impl Caller {
    /// Whether this caller may write in the namespace.
    #[must_use]
    pub fn may_write(&self, namespace: &Namespace) -> bool {
        match &self.reach {
            Reach::Everything => true,
            Reach::Only(allowed) => allowed.contains(namespace),
        }
    }

    /// The namespaces that this caller may read in; none where that is every one.
    #[must_use]
    pub fn readable(&self) -> Option<Vec<Namespace>> {
        match &self.reach {
            Reach::Everything => None,
            Reach::Only(allowed) => {
                let mut all: Vec<Namespace> = allowed.iter().flat_map(Namespace::visible).collect();
                all.sort_by_cached_key(ToString::to_string);
                all.dedup();
                Some(all)
            }
        }
    }

    /// Whether this caller may read in the namespace.
    #[must_use]
    pub fn may_read(&self, namespace: &Namespace) -> bool {
        match &self.reach {
            Reach::Everything => true,
            Reach::Only(allowed) => allowed.iter().any(|own| own.sees(namespace)),
        }
    }
}
