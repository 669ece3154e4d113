//! The hosts that a run may reach.

use super::address::special;
use super::host::{Host, HostError, Target, split_port};
use super::refusal::Refusal;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// More than anybody reads, and a check of each connection stays cheap.
const MAX_ENTRIES: usize = 1000;
/// A refusal shows so many, and says how many there are beyond.
const MAX_SHOWN: usize = 20;

/// Why a list is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ListError {
    /// An entry that names no host.
    #[error("{entry:?} is no host that a list can name")]
    Entry {
        /// The entry as it was given.
        entry: String,
        /// Why.
        source: HostError,
    },
    /// `*`, `*.com`: half of the world.
    #[error("{0:?} covers more than one owner's hosts; a run that may reach everything says so itself")]
    Wide(String),
    /// This machine without a port.
    #[error("{0:?} would open every service of this machine; it needs a port, as in `localhost:8080`")]
    NeedsPort(String),
    /// An address that is never one host.
    #[error("{0:?} is no address of a single host")]
    NoHost(String),
    /// Too many entries.
    #[error("a list of hosts has at most {MAX_ENTRIES} entries, and this one has {0}")]
    Long(usize),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Pattern {
    Exactly(Host),
    /// Every name below this one, but not the name itself.
    Below(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    pattern: Pattern,
    port: Option<u16>,
}

/// The hosts that a run may reach. An empty list is nothing.
///
/// An entry is a name (`example.com`), all names below one (`*.example.com`) or an address, each with a port
/// (`example.com:443`) or with any. Addresses that are special (see [`special`]) are reached only by an entry
/// that names them; `localhost:PORT` stands for this machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostList {
    entries: Vec<Entry>,
}

impl HostList {
    /// Reads a list.
    ///
    /// # Errors
    /// For the first entry that is not clear. One bad entry spoils the list: a list with a hole is not what
    /// was meant.
    pub fn parse<T: AsRef<str>>(texts: &[T]) -> Result<Self, ListError> {
        if texts.len() > MAX_ENTRIES {
            return Err(ListError::Long(texts.len()));
        }
        let entries = texts.iter().map(|text| parse_entry(text.as_ref())).collect::<Result<_, _>>()?;
        Ok(Self { entries })
    }

    /// Whether nothing can be reached.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whether an entry leads to this machine itself.
    #[must_use]
    pub fn names_this_machine(&self) -> bool {
        self.entries.iter().any(|entry| match &entry.pattern {
            Pattern::Exactly(Host::Name(name)) => name == "localhost",
            Pattern::Exactly(Host::Address(address)) => address.to_canonical().is_loopback(),
            Pattern::Below(_) => false,
        })
    }

    /// Whether an entry covers what was asked for, before anything is resolved.
    ///
    /// # Errors
    /// The refusal, which names the host and the list.
    pub fn covers(&self, target: &Target) -> Result<(), Refusal> {
        if self.entries.iter().any(|entry| entry.covers(target)) {
            return Ok(());
        }
        Err(Refusal::NotListed { target: target.clone(), list: self.to_string() })
    }

    /// The addresses among a name's that may be connected to, in their order.
    ///
    /// # Errors
    /// When not one is left: the refusal names the last special address.
    pub fn reachable(&self, target: &Target, addresses: &[IpAddr]) -> Result<Vec<SocketAddr>, Refusal> {
        self.covers(target)?;
        let mut kept = Vec::new();
        let mut refused = None;
        for address in addresses.iter().map(IpAddr::to_canonical) {
            match special(address) {
                Some(kind) if !self.names_address(target, address) => refused = Some((address, kind)),
                _ => kept.push(SocketAddr::new(address, target.port)),
            }
        }
        match (kept.is_empty(), refused) {
            (true, Some((address, kind))) => Err(Refusal::Special { target: target.clone(), address, kind }),
            (true, None) => Err(Refusal::NoAddress { target: target.clone() }),
            (false, _) => Ok(kept),
        }
    }

    /// Where a target leads without asking a name server: an address, or this machine by its name.
    #[must_use]
    pub fn without_resolving(target: &Target) -> Option<Vec<IpAddr>> {
        match &target.host {
            Host::Address(address) => Some(vec![*address]),
            Host::Name(name) if name == "localhost" => {
                Some(vec![IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)])
            }
            Host::Name(_) => None,
        }
    }

    fn names_address(&self, target: &Target, address: IpAddr) -> bool {
        // `localhost` itself never leads elsewhere, so an entry for it is one for the loopback addresses;
        // any other name that leads here is not what the entry meant.
        let here = target.host == Host::Name("localhost".into()) && address.is_loopback();
        let itself = Target { host: Host::Address(address), port: target.port };
        here || self.entries.iter().any(|entry| entry.covers(&itself))
    }
}

impl Entry {
    fn covers(&self, target: &Target) -> bool {
        let host = match (&self.pattern, &target.host) {
            (Pattern::Exactly(wanted), host) => wanted == host,
            (Pattern::Below(suffix), Host::Name(name)) => {
                // Whole labels: `*.example.com` is not `evilexample.com`.
                name.strip_suffix(suffix.as_str()).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
            }
            (Pattern::Below(_), Host::Address(_)) => false,
        };
        host && self.port.is_none_or(|port| port == target.port)
    }
}

fn parse_entry(text: &str) -> Result<Entry, ListError> {
    let fault = |source| ListError::Entry { entry: text.to_owned(), source };
    let (host, port) = split_port(text).map_err(fault)?;
    if host == "*" {
        return Err(ListError::Wide(text.to_owned()));
    }
    if let Some(suffix) = host.strip_prefix("*.") {
        let Host::Name(suffix) = Host::parse(suffix).map_err(fault)? else {
            return Err(fault(HostError::Neither));
        };
        if !suffix.contains('.') {
            return Err(ListError::Wide(text.to_owned()));
        }
        return Ok(Entry { pattern: Pattern::Below(suffix), port });
    }
    let host = Host::parse(host).map_err(fault)?;
    let here = match &host {
        Host::Name(name) => name == "localhost",
        Host::Address(address) => {
            if special(*address).is_some_and(|kind| !kind.may_be_listed()) {
                return Err(ListError::NoHost(text.to_owned()));
            }
            address.is_loopback()
        }
    };
    if here && port.is_none() {
        return Err(ListError::NeedsPort(text.to_owned()));
    }
    Ok(Entry { pattern: Pattern::Exactly(host), port })
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.pattern {
            Pattern::Exactly(host) => write!(f, "{host}")?,
            Pattern::Below(suffix) => write!(f, "*.{suffix}")?,
        }
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

impl fmt::Display for HostList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.entries.is_empty() {
            return f.write_str("(empty: nothing may be reached)");
        }
        for (at, entry) in self.entries.iter().take(MAX_SHOWN).enumerate() {
            write!(f, "{}{entry}", if at == 0 { "" } else { ", " })?;
        }
        match self.entries.len().saturating_sub(MAX_SHOWN) {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(texts: &[&str]) -> HostList {
        HostList::parse(texts).unwrap()
    }

    fn covers(texts: &[&str], target: &str) -> bool {
        Target::parse(target, Some(443)).is_ok_and(|target| list(texts).covers(&target).is_ok())
    }

    #[test]
    fn an_empty_list_lets_nothing_through() {
        assert!(!covers(&[], "example.com"));
        assert!(list(&[]).to_string().contains("nothing"));
    }

    #[test]
    fn whole_names_and_whole_labels() {
        for (entry, target, wanted) in [
            ("example.com", "example.com", true),
            ("example.com", "EXAMPLE.COM.", true),
            ("Example.COM.", "example.com", true),
            ("example.com", "a.example.com", false),
            ("example.com", "evilexample.com", false),
            ("example.com", "example.com.evil.org", false),
            ("example.com", "example.co", false),
            ("*.example.com", "a.example.com", true),
            ("*.example.com", "a.b.example.com", true),
            ("*.example.com", "example.com", false),
            ("*.example.com", "evilexample.com", false),
            ("*.example.com", "a.example.com.evil.org", false),
            ("example.com:443", "example.com:443", true),
            ("example.com:443", "example.com:80", false),
            ("b\u{fc}cher.example", "xn--bcher-kva.example", true),
            ("*.1.1.1", "1.1.1.1", false),
            ("1.1.1.1", "0x01010101", true),
            ("[2606:4700::1]:53", "[2606:4700:0::1]:53", true),
            ("127.0.0.1:80", "[::ffff:127.0.0.1]:80", true),
            ("localhost:80", "localhost:81", false),
        ] {
            let read = HostList::parse(&[entry]);
            let covered = read.is_ok() && covers(&[entry], target);
            assert_eq!(covered, wanted, "{entry} {target}");
        }
    }

    #[test]
    fn an_unclear_entry_spoils_the_list() {
        for entry in [
            "",
            "*",
            "*:443",
            "*.com",
            "*.",
            "a*.com",
            "*.*.com",
            "https://example.com",
            "example.com/",
            "a b",
            " example.com",
            "localhost",
            "LOCALHOST.",
            "127.0.0.1",
            "127.1",
            "[::1]",
            "0.0.0.0:80",
            "224.0.0.1",
            "evil\0.google.com",
            "example.com:0",
            "example.com:http",
            "fe80::1%eth0",
            "*.127.0.0.1",
        ] {
            assert!(HostList::parse(&["example.com", entry]).is_err(), "{entry:?}");
        }
    }

    #[test]
    fn special_addresses_need_their_own_entry() {
        let name = Target::parse("intranet.example:443", None).unwrap();
        let private: IpAddr = "10.0.0.5".parse().unwrap();
        let public: IpAddr = "93.184.216.34".parse().unwrap();
        let refused = list(&["intranet.example"]).reachable(&name, &[private]).unwrap_err();
        assert!(
            refused.to_string().contains("10.0.0.5") && refused.to_string().contains("private"),
            "{refused}"
        );
        let kept = list(&["intranet.example"]).reachable(&name, &[private, public]).unwrap();
        assert_eq!(kept, [SocketAddr::new(public, 443)]);
        let both = list(&["intranet.example", "10.0.0.5:443"]);
        assert_eq!(both.reachable(&name, &[private]).unwrap(), [SocketAddr::new(private, 443)]);
        let other_port = list(&["intranet.example", "10.0.0.5:80"]);
        assert!(other_port.reachable(&name, &[private]).is_err());
        assert!(list(&["intranet.example"]).reachable(&name, &[]).is_err());
    }

    #[test]
    fn localhost_is_no_licence_for_names_that_lead_here() {
        let rebound = Target::parse("evil.example:8080", None).unwrap();
        let here: IpAddr = "127.0.0.1".parse().unwrap();
        assert!(list(&["evil.example", "localhost:8080"]).reachable(&rebound, &[here]).is_err());
        let local = Target::parse("localhost:8080", None).unwrap();
        let addresses = HostList::without_resolving(&local).unwrap();
        assert_eq!(list(&["localhost:8080"]).reachable(&local, &addresses).unwrap().len(), 2);
        assert!(list(&["localhost:8080"]).reachable(&local, &["10.0.0.1".parse().unwrap()]).is_err());
    }
}
