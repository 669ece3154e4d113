//! Under which names the server is reached, exactly.

use crate::error::ServerError;
use crate::random;
use std::net::SocketAddr;

/// So many letters are 130 bits: nobody guesses the dashboard's name.
const NAME_LETTERS: usize = 26;

/// The names that requests may come in by. Anything else is another site that leads here, as with a name
/// that was pointed at this machine after a page had been loaded from it.
#[derive(Clone, Debug)]
pub struct Names {
    /// Host headers that programs of this machine use.
    programs: Vec<String>,
    /// The host header of the dashboard.
    dashboard: Option<String>,
    origins: Vec<String>,
    /// Host headers that programs of other machines use.
    abroad: Vec<String>,
    origins_abroad: Vec<String>,
}

/// From where a request came: each side has its own names, and no other counts there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// From this machine.
    Here,
    /// By the address for other machines.
    Abroad,
}

impl Names {
    /// The names of a server at this address. The dashboard has one of its own, new with every start:
    /// cookies ignore ports, so a page on another port of `localhost` would get, and could send, those of a
    /// dashboard there.
    pub(crate) fn of(address: SocketAddr) -> Result<Self, ServerError> {
        let port = address.port();
        let dashboard = format!("{}.localhost:{port}", random::word(NAME_LETTERS)?);
        let programs = vec![address.to_string(), format!("localhost:{port}")];
        let origins =
            programs.iter().chain([&dashboard]).map(|host: &String| format!("http://{host}")).collect();
        let (abroad, origins_abroad) = (Vec::new(), Vec::new());
        Ok(Self { programs, dashboard: Some(dashboard), origins, abroad, origins_abroad })
    }

    /// The same with names for programs of other machines, which count for these alone. No cookie counts under them: a
    /// dashboard needs a name of its own, which another machine would not find.
    pub(crate) fn and_abroad(mut self, address: SocketAddr, names: &[String]) -> Self {
        let port = address.port();
        let mut hosts: Vec<String> = names.iter().map(|name| format!("{name}:{port}")).collect();
        if !address.ip().is_unspecified() {
            hosts.push(address.to_string());
        }
        self.origins_abroad.extend(hosts.iter().map(|host| format!("https://{host}")));
        self.abroad.extend(hosts);
        self
    }

    /// The names of what is reached in another way.
    pub(crate) fn none() -> Self {
        Self {
            programs: Vec::new(),
            dashboard: None,
            origins: Vec::new(),
            abroad: Vec::new(),
            origins_abroad: Vec::new(),
        }
    }

    /// Whether a request may come in by this host from this side.
    pub(crate) fn host(&self, side: Side, host: &str) -> Option<Host> {
        let dashboard = self.dashboard.as_ref().filter(|_| side == Side::Here);
        if dashboard.is_some_and(|own| host.eq_ignore_ascii_case(own)) {
            return Some(Host::Dashboard);
        }
        let names = match side {
            Side::Here => &self.programs,
            Side::Abroad => &self.abroad,
        };
        names.iter().any(|name| host.eq_ignore_ascii_case(name)).then_some(Host::Programs)
    }

    /// Whether a page of this origin may send requests from this side: one that came from there. The comparison is
    /// exact.
    pub(crate) fn origin(&self, side: Side, origin: &str) -> bool {
        let origins = match side {
            Side::Here => &self.origins,
            Side::Abroad => &self.origins_abroad,
        };
        origins.iter().any(|own| own == origin)
    }

    /// Where the dashboard is.
    #[must_use]
    pub fn dashboard(&self) -> String {
        self.dashboard.as_ref().map(|host| format!("http://{host}/")).unwrap_or_default()
    }

    /// Where programs go.
    #[must_use]
    pub fn programs(&self) -> String {
        self.programs.first().map(|host| format!("http://{host}")).unwrap_or_default()
    }

    /// The hosts, for the protocol's own check behind ours.
    pub(crate) fn hosts(&self) -> Vec<String> {
        self.programs.iter().chain(&self.dashboard).chain(&self.abroad).cloned().collect()
    }

    /// The origins, for the protocol's own check behind ours.
    pub(crate) fn origins(&self) -> impl Iterator<Item = &String> {
        self.origins.iter().chain(&self.origins_abroad)
    }
}

/// By which of its names a server was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Host {
    /// One that programs use. No cookie counts here.
    Programs,
    /// The dashboard's own.
    Dashboard,
}

#[cfg(test)]
mod tests {
    use super::{Host, Names, Side};

    #[test]
    fn each_side_has_its_own_names() {
        let names = Names::of("127.0.0.1:8123".parse().unwrap()).unwrap();
        let names = names.and_abroad("192.0.2.2:8124".parse().unwrap(), &["keep.lan".into()]);
        let dashboard = names.dashboard.clone().unwrap();
        for (host, here, abroad) in [
            ("127.0.0.1:8123", Some(Host::Programs), None),
            (dashboard.as_str(), Some(Host::Dashboard), None),
            ("192.0.2.2:8124", None, Some(Host::Programs)),
            ("keep.lan:8124", None, Some(Host::Programs)),
            ("keep.lan:8123", None, None),
        ] {
            assert_eq!(names.host(Side::Here, host), here, "{host}");
            assert_eq!(names.host(Side::Abroad, host), abroad, "{host}");
        }
        assert!(names.origin(Side::Abroad, "https://keep.lan:8124"));
        assert!(!names.origin(Side::Here, "https://keep.lan:8124"));
        assert!(!names.origin(Side::Abroad, "http://127.0.0.1:8123"));
    }

    #[test]
    fn hosts_are_compared_exactly() {
        let names = Names::of("127.0.0.1:8123".parse().unwrap()).unwrap();
        let own = names.dashboard();
        let own = own.trim_start_matches("http://").trim_end_matches('/');
        for (host, want) in [
            ("127.0.0.1:8123", Some(Host::Programs)),
            ("localhost:8123", Some(Host::Programs)),
            ("LOCALHOST:8123", Some(Host::Programs)),
            (own, Some(Host::Dashboard)),
            ("localhost", None),
            ("localhost:8124", None),
            ("localhost6:8123", None),
            ("localhost.:8123", None),
            ("127.0.0.1.evil.com:8123", None),
            ("localhost.evil.com:8123", None),
            ("other.localhost:8123", None),
            ("evil.com", None),
            ("[::1]:8123", None),
            ("2130706433:8123", None),
            ("", None),
        ] {
            assert_eq!(names.host(Side::Here, host), want, "{host}");
        }
    }

    #[test]
    fn origins_are_compared_exactly() {
        let names = Names::of("127.0.0.1:8123".parse().unwrap()).unwrap();
        for (origin, want) in [
            ("http://127.0.0.1:8123", true),
            ("http://localhost:8123", true),
            ("https://localhost:8123", false),
            ("http://localhost:8123.evil.com", false),
            ("http://localhost:3000", false),
            ("null", false),
            ("", false),
            ("http://evil.com", false),
        ] {
            assert_eq!(names.origin(Side::Here, origin), want, "{origin}");
        }
    }
}
