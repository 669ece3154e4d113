//! Names of hosts, in one form each.

use std::fmt;
use std::net::IpAddr;

/// What DNS allows.
const MAX_NAME: usize = 253;
const MAX_LABEL: usize = 63;
/// Longer than any spelling of a name of that length that people write.
const MAX_SPELLING: usize = 1024;

/// A host, in the one form in which it is compared, resolved and shown.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Host {
    /// A name: lower case, punycode, without the dot at its end.
    Name(String),
    /// An address, whatever way it was written; never a v4 address inside a v6 one.
    Address(IpAddr),
}

/// Why a text names no host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HostError {
    /// Nothing, or only a dot.
    #[error("it is empty")]
    Empty,
    /// Longer than a name can be.
    #[error("it is longer than a host's name can be")]
    Long,
    /// NUL, control characters, white space, or what belongs to other parts of a URL.
    #[error("it holds {0:?}, which no host's name has")]
    Character(char),
    /// Not a name, nor an address in any spelling.
    #[error("it is neither a host's name nor an address")]
    Neither,
    /// No port, or one that is not a number from 1 to 65535.
    #[error("its port is not a number from 1 to 65535")]
    Port,
}

impl Host {
    /// Reads a host in any spelling: any case, a dot at its end, international names, and addresses as
    /// `127.0.0.1`, `0x7f.1`, `017700000001`, `2130706433`, `[::1]` or `::ffff:127.0.0.1`.
    ///
    /// # Errors
    /// Whatever could be understood in two ways, v6 zones included.
    pub fn parse(text: &str) -> Result<Self, HostError> {
        if text.len() > MAX_SPELLING {
            return Err(HostError::Long);
        }
        // `%` begins what URLs decode, and a zone; neither may hide a name.
        let odd = |c: char| c.is_control() || c.is_whitespace() || "%/\\?#@<>^|\"'`*{},;".contains(c);
        if let Some(c) = text.chars().find(|c| odd(*c)) {
            return Err(HostError::Character(c));
        }
        if let Some(inner) = text.strip_prefix('[') {
            let inner = inner.strip_suffix(']').ok_or(HostError::Neither)?;
            return inner
                .parse()
                .map(|address| Self::address(IpAddr::V6(address)))
                .map_err(|_| HostError::Neither);
        }
        if text.contains(':') {
            return text
                .parse()
                .map(|address| Self::address(IpAddr::V6(address)))
                .map_err(|_| HostError::Neither);
        }
        if text.is_empty() || text == "." {
            return Err(HostError::Empty);
        }
        match url::Host::parse(text).map_err(|_| HostError::Neither)? {
            url::Host::Ipv4(address) => Ok(Self::Address(IpAddr::V4(address))),
            url::Host::Ipv6(address) => Ok(Self::address(IpAddr::V6(address))),
            url::Host::Domain(name) => Self::name(&name),
        }
    }

    /// A v4 address inside a v6 one is the v4 address.
    #[must_use]
    pub fn address(address: IpAddr) -> Self {
        Self::Address(address.to_canonical())
    }

    fn name(ascii: &str) -> Result<Self, HostError> {
        let name = ascii.strip_suffix('.').unwrap_or(ascii);
        if name.len() > MAX_NAME {
            return Err(HostError::Long);
        }
        // The form is checked again: what is compared must not rest on what another parser lets through.
        let fits = |label: &str| {
            let known = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
            !label.is_empty() && label.len() <= MAX_LABEL && label.bytes().all(known)
        };
        if !name.split('.').all(fits) {
            return Err(HostError::Neither);
        }
        Ok(Self::Name(name.to_owned()))
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.pad(name),
            Self::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
            Self::Address(IpAddr::V4(address)) => write!(f, "{address}"),
        }
    }
}

/// A host and a port there.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Target {
    /// The host.
    pub host: Host,
    /// The port; never 0.
    pub port: u16,
}

impl Target {
    /// Reads `host`, `host:port`, `[v6]` or `[v6]:port`; a v6 address without brackets has no port.
    ///
    /// # Errors
    /// As [`Host::parse`], and for a port that is none.
    pub fn parse(text: &str, default_port: Option<u16>) -> Result<Self, HostError> {
        let (host, port) = split_port(text)?;
        let port = port.or(default_port).ok_or(HostError::Port)?;
        Ok(Self { host: Host::parse(host)?, port })
    }

    /// The same from parts that were never one text.
    ///
    /// # Errors
    /// Port 0.
    pub fn new(host: Host, port: u16) -> Result<Self, HostError> {
        if port == 0 { Err(HostError::Port) } else { Ok(Self { host, port }) }
    }
}

/// A host's text and the port that stands behind it.
pub(crate) fn split_port(text: &str) -> Result<(&str, Option<u16>), HostError> {
    let colons = text.bytes().filter(|b| *b == b':').count();
    if let Some(end) = text.strip_prefix('[').and_then(|_| text.rfind(']')) {
        let (host, rest) = text.split_at(end + 1);
        return match rest.strip_prefix(':') {
            Some(port) => Ok((host, Some(parse_port(port)?))),
            None if rest.is_empty() => Ok((host, None)),
            None => Err(HostError::Neither),
        };
    }
    match text.rsplit_once(':') {
        Some((host, port)) if colons == 1 => Ok((host, Some(parse_port(port)?))),
        _ => Ok((text, None)),
    }
}

fn parse_port(text: &str) -> Result<u16, HostError> {
    // `parse` alone would take a sign.
    let digits = !text.is_empty() && text.len() <= 5 && text.bytes().all(|b| b.is_ascii_digit());
    let port = if digits { text.parse().unwrap_or(0) } else { 0 };
    if port == 0 { Err(HostError::Port) } else { Ok(port) }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(text: &str) -> Option<String> {
        Host::parse(text).ok().map(|host| host.to_string())
    }

    #[test]
    fn one_form_for_every_spelling() {
        for (text, wanted) in [
            ("example.com", "example.com"),
            ("EXAMPLE.com.", "example.com"),
            ("b\u{fc}cher.example", "xn--bcher-kva.example"),
            ("XN--bcher-kva.example", "xn--bcher-kva.example"),
            ("\u{ff45}xample\u{3002}com", "example.com"),
            ("_srv.example.com", "_srv.example.com"),
            ("127.0.0.1", "127.0.0.1"),
            ("127.1", "127.0.0.1"),
            ("0x7f.1", "127.0.0.1"),
            ("0177.0.0.01", "127.0.0.1"),
            ("017700000001", "127.0.0.1"),
            ("2130706433", "127.0.0.1"),
            ("0X7F000001", "127.0.0.1"),
            ("127.0.0.1.", "127.0.0.1"),
            ("\u{ff11}27.0.0.1", "127.0.0.1"),
            ("256", "0.0.1.0"),
            ("0x.0x", "0.0.0.0"),
            ("[::1]", "[::1]"),
            ("::1", "[::1]"),
            ("[::ffff:127.0.0.1]", "127.0.0.1"),
            ("::ffff:7f00:1", "127.0.0.1"),
            ("[0:0:0:0:0:0:0:1]", "[::1]"),
        ] {
            assert_eq!(form(text).as_deref(), Some(wanted), "{text:?}");
        }
    }

    #[test]
    fn what_could_mean_two_things_is_no_host() {
        for text in [
            "",
            ".",
            "..",
            "a..b",
            ".a",
            "a..",
            "a b",
            "a\tb",
            "a\0b",
            "evil\0.google.com",
            "a\nb",
            "a%00b",
            "%31%32%37.1",
            "fe80::1%eth0",
            "[fe80::1%25eth0]",
            "[::1",
            "::1]",
            "a@b",
            "a/b",
            "a\\b",
            "a#b",
            "a?b",
            "*.a",
            "999.1.1.1",
            "1.2.3.4.5",
            "a\u{7f}b",
            "a\u{200b}\u{0}b",
            "xn--a",
            "[127.0.0.1]",
            "[v1.x]",
            "4294967296",
            "a,b",
        ] {
            assert_eq!(form(text), None, "{text:?}");
        }
        assert_eq!(form(&format!("{}.com", "a".repeat(64))), None);
        assert_eq!(form(&"a.".repeat(200)), None);
        assert_eq!(form(&"a".repeat(100_000)), None);
    }

    #[test]
    fn ports() {
        for (text, wanted) in [
            ("a:80", Some("a:80")),
            ("a:080", Some("a:80")),
            ("[::1]:443", Some("[::1]:443")),
            ("a", None),
            ("a:", None),
            ("a:0", None),
            ("a:65536", None),
            ("a:+80", None),
            ("a: 80", None),
            ("a:80:90", None),
            ("[::1]80", None),
            ("::1", None),
        ] {
            let target = Target::parse(text, None).ok().map(|target| target.to_string());
            assert_eq!(target.as_deref(), wanted, "{text:?}");
        }
        assert_eq!(Target::parse("a", Some(80)).unwrap().to_string(), "a:80");
    }
}
