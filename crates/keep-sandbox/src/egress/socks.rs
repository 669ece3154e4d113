//! SOCKS5 as far as a run needs it: `CONNECT`, without a password.

use super::host::{Host, HostError, Target};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

pub(crate) const VERSION: u8 = 5;
/// The longest request: a name of 255 bytes.
pub(crate) const MAX_REQUEST: usize = 4 + 1 + 255 + 2;

/// What a client begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Greeting {
    /// More bytes are needed.
    Partial,
    /// It can do without a password, and its greeting has so many bytes.
    Open(usize),
    /// It wants a password or something else that is not there.
    NoMethod,
}

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SocksRequest {
    /// More bytes are needed.
    Partial,
    /// To connect there; the request has so many bytes.
    Connect(Target, usize),
}

/// Why a request is refused before it is looked at further.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSocks {
    /// Not SOCKS5.
    #[error("this is no SOCKS5")]
    Version,
    /// `BIND`, `UDP ASSOCIATE` and others.
    #[error("this proxy only connects")]
    Command,
    /// Neither a name nor an address.
    #[error("this kind of address is unknown")]
    AddressKind,
    /// A name that is none, or port 0.
    #[error("the request's host is none: {0}")]
    Host(#[from] HostError),
}

/// What the proxy answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Code {
    Done = 0,
    Failed = 1,
    NotAllowed = 2,
    Unreachable = 4,
    Refused = 5,
    Command = 7,
    AddressKind = 8,
}

impl BadSocks {
    pub(crate) fn code(self) -> Code {
        match self {
            Self::Version => Code::Failed,
            Self::Command => Code::Command,
            Self::AddressKind => Code::AddressKind,
            // A name in a strange form is refused as one that is not on the list.
            Self::Host(_) => Code::NotAllowed,
        }
    }
}

/// Reads what a client begins with.
///
/// # Errors
/// Anything that is not version 5.
pub fn parse_greeting(bytes: &[u8]) -> Result<Greeting, BadSocks> {
    match bytes {
        [] => Ok(Greeting::Partial),
        [VERSION] => Ok(Greeting::Partial),
        [VERSION, count, rest @ ..] => {
            let count = usize::from(*count);
            match rest.get(..count) {
                None => Ok(Greeting::Partial),
                Some(methods) if methods.contains(&0) => Ok(Greeting::Open(2 + count)),
                Some(_) => Ok(Greeting::NoMethod),
            }
        }
        _ => Err(BadSocks::Version),
    }
}

/// Reads a request.
///
/// # Errors
/// Commands but `CONNECT`, and whatever names no host.
pub fn parse_socks_request(bytes: &[u8]) -> Result<SocksRequest, BadSocks> {
    let [version, command, reserved, kind, rest @ ..] = bytes else {
        return if bytes.first().is_none_or(|b| *b == VERSION) {
            Ok(SocksRequest::Partial)
        } else {
            Err(BadSocks::Version)
        };
    };
    if *version != VERSION || *reserved != 0 {
        return Err(BadSocks::Version);
    }
    if *command != 1 {
        return Err(BadSocks::Command);
    }
    let (length, skip) = match kind {
        1 => (4, 0),
        4 => (16, 0),
        3 => match rest.first() {
            None => return Ok(SocksRequest::Partial),
            Some(length) => (usize::from(*length), 1),
        },
        _ => return Err(BadSocks::AddressKind),
    };
    let (Some(host), Some(&[high, low])) =
        (rest.get(skip..skip + length), rest.get(skip + length..skip + length + 2))
    else {
        return Ok(SocksRequest::Partial);
    };
    let target = Target::new(read_host(*kind, host)?, u16::from_be_bytes([high, low]))?;
    Ok(SocksRequest::Connect(target, 4 + skip + length + 2))
}

fn read_host(kind: u8, bytes: &[u8]) -> Result<Host, HostError> {
    if let (1, Ok(octets)) = (kind, <[u8; 4]>::try_from(bytes)) {
        return Ok(Host::Address(IpAddr::V4(Ipv4Addr::from(octets))));
    }
    if let (4, Ok(octets)) = (kind, <[u8; 16]>::try_from(bytes)) {
        return Ok(Host::address(IpAddr::V6(Ipv6Addr::from(octets))));
    }
    Host::parse(std::str::from_utf8(bytes).map_err(|_| HostError::Neither)?)
}

/// The answer to a request. The address that was connected from is nobody's business, so it is zero.
pub(crate) fn reply(code: Code) -> [u8; 10] {
    [VERSION, code as u8, 0, 1, 0, 0, 0, 0, 0, 0]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &[u8], port: u16) -> Vec<u8> {
        let mut bytes = vec![5, 1, 0, 3, u8::try_from(name.len()).unwrap()];
        bytes.extend_from_slice(name);
        bytes.extend_from_slice(&port.to_be_bytes());
        bytes
    }

    fn target(bytes: &[u8]) -> Option<String> {
        match parse_socks_request(bytes).ok()? {
            SocksRequest::Connect(target, length) => {
                assert_eq!(length, bytes.len());
                Some(target.to_string())
            }
            SocksRequest::Partial => None,
        }
    }

    #[test]
    fn requests() {
        assert_eq!(target(&named(b"EXAMPLE.com.", 443)).as_deref(), Some("example.com:443"));
        assert_eq!(target(&named(b"0x7f.1", 80)).as_deref(), Some("127.0.0.1:80"));
        assert_eq!(target(&[5, 1, 0, 1, 10, 0, 0, 1, 0, 80]).as_deref(), Some("10.0.0.1:80"));
        let mut mapped = vec![5, 1, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 127, 0, 0, 1];
        mapped.extend_from_slice(&[0, 80]);
        assert_eq!(target(&mapped).as_deref(), Some("127.0.0.1:80"));
        for name in [b"evil\0.google.com".as_slice(), b"", b"\xff\xfe", b"a b", b"evil\r\n.google.com", b"*"]
        {
            assert!(parse_socks_request(&named(name, 443)).is_err(), "{name:?}");
        }
        assert!(parse_socks_request(&named(b"example.com", 0)).is_err());
        assert_eq!(parse_socks_request(&[5, 2, 0, 1]), Err(BadSocks::Command));
        assert_eq!(parse_socks_request(&[5, 3, 0, 1]), Err(BadSocks::Command));
        assert_eq!(parse_socks_request(&[5, 1, 0, 2]), Err(BadSocks::AddressKind));
        assert_eq!(parse_socks_request(&[4, 1, 0, 80]), Err(BadSocks::Version));
        let whole = named(b"example.com", 443);
        for end in 0..whole.len() {
            assert_eq!(parse_socks_request(&whole[..end]), Ok(SocksRequest::Partial), "{end}");
        }
    }

    #[test]
    fn greetings() {
        assert_eq!(parse_greeting(&[5]), Ok(Greeting::Partial));
        assert_eq!(parse_greeting(&[5, 2, 0]), Ok(Greeting::Partial));
        assert_eq!(parse_greeting(&[5, 2, 2, 0]), Ok(Greeting::Open(4)));
        assert_eq!(parse_greeting(&[5, 1, 2]), Ok(Greeting::NoMethod));
        assert_eq!(parse_greeting(&[5, 0]), Ok(Greeting::NoMethod));
        assert_eq!(parse_greeting(&[4, 1]), Err(BadSocks::Version));
    }
}
