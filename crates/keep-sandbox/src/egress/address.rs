//! Which addresses belong to somebody else than the public internet.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Why an address is not reached just because a name leads to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Special {
    /// This machine.
    Loopback,
    /// A private network.
    Private,
    /// The neighbours on the wire.
    LinkLocal,
    /// Between a provider and its customers.
    SharedByProvider,
    /// Where a cloud tells a machine its secrets.
    Metadata,
    /// No host at all: unspecified, multicast, broadcast.
    NoHost,
    /// Set aside for protocols, tests, documentation, or for later.
    Reserved,
}

impl Special {
    /// Whether an entry of the list that names the address may allow it.
    #[must_use]
    pub fn may_be_listed(self) -> bool {
        self != Self::NoHost
    }
}

impl fmt::Display for Special {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Loopback => "this machine itself",
            Self::Private => "a private network",
            Self::LinkLocal => "the local link",
            Self::SharedByProvider => "a provider's shared network",
            Self::Metadata => "a cloud's metadata service",
            Self::NoHost => "no single host",
            Self::Reserved => "a reserved range",
        })
    }
}

/// Metadata services that say so by their address alone. Azure's lies in a public range.
const METADATA_V4: [Ipv4Addr; 5] = [
    Ipv4Addr::new(169, 254, 169, 254),
    Ipv4Addr::new(169, 254, 170, 2),
    Ipv4Addr::new(100, 100, 100, 200),
    Ipv4Addr::new(192, 0, 0, 192),
    Ipv4Addr::new(168, 63, 129, 16),
];
const METADATA_V6: [Ipv6Addr; 4] = [
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254),
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23),
    Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254),
    Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0xa9fe, 0xa9fe),
];

/// What is special about an address; `None` for one of the public internet.
#[must_use]
pub fn special(address: IpAddr) -> Option<Special> {
    match address.to_canonical() {
        IpAddr::V4(address) => special_v4(address),
        IpAddr::V6(address) => special_v6(address),
    }
}

fn special_v4(address: Ipv4Addr) -> Option<Special> {
    if METADATA_V4.contains(&address) {
        return Some(Special::Metadata);
    }
    match address.octets() {
        [0, ..] | [224..=239, ..] | [255, 255, 255, 255] => Some(Special::NoHost),
        [127, ..] => Some(Special::Loopback),
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => Some(Special::Private),
        [169, 254, ..] => Some(Special::LinkLocal),
        [100, 64..=127, ..] => Some(Special::SharedByProvider),
        // Protocols, documentation, the old 6to4 relay, benchmarks, documentation twice, and the future.
        [192, 0, 0 | 2, _] | [192, 88, 99, _] | [198, 18 | 19, ..] | [198, 51, 100, _] => {
            Some(Special::Reserved)
        }
        [203, 0, 113, _] | [240..=255, ..] => Some(Special::Reserved),
        _ => None,
    }
}

fn special_v6(address: Ipv6Addr) -> Option<Special> {
    if METADATA_V6.contains(&address) {
        return Some(Special::Metadata);
    }
    let s = address.segments();
    let wrapped = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        special_v4(Ipv4Addr::new(a, b, c, d))
    };
    match s {
        [0, 0, 0, 0, 0, 0, 0, 0] => return Some(Special::NoHost),
        [0, 0, 0, 0, 0, 0, 0, 1] => return Some(Special::Loopback),
        // NAT64 by its well-known prefix, and 6to4: whoever unwraps them reaches what is inside.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => return wrapped(high, low),
        [0xfc00..=0xfdff, ..] => return Some(Special::Private),
        // What once was site-local still is nobody's public address.
        [0xfe80..=0xfeff, ..] => return Some(Special::LinkLocal),
        [0xff00..=0xffff, ..] => return Some(Special::NoHost),
        // Protocols (Teredo among them), and documentation twice.
        [0x2001, 0..=0x1ff, ..] | [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => {
            return Some(Special::Reserved);
        }
        _ => {}
    }
    // Tunnels that carry the v4 address in the lower half (ISATAP) reach what is inside, too.
    if let [_, _, _, _, 0 | 0x200, 0x5efe, high, low] = s
        && let Some(inner) = wrapped(high, low)
    {
        return Some(inner);
    }
    // Everything that is given out lies in one eighth of all.
    if s[0] & 0xe000 == 0x2000 { None } else { Some(Special::Reserved) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ranges() {
        use Special::*;
        for (text, wanted) in [
            ("93.184.216.34", None),
            ("1.1.1.1", None),
            ("100.63.255.255", None),
            ("100.128.0.0", None),
            ("172.15.0.1", None),
            ("172.32.0.1", None),
            ("192.0.1.1", None),
            ("223.255.255.255", None),
            ("2606:4700::1111", None),
            ("2001:200::1", None),
            ("64:ff9b::1.1.1.1", None),
            ("2002:101:101::1", None),
            ("::ffff:1.1.1.1", None),
            ("0.0.0.0", Some(NoHost)),
            ("0.1.2.3", Some(NoHost)),
            ("127.255.0.1", Some(Loopback)),
            ("10.0.0.1", Some(Private)),
            ("172.16.0.1", Some(Private)),
            ("172.31.255.255", Some(Private)),
            ("192.168.1.1", Some(Private)),
            ("169.254.1.1", Some(LinkLocal)),
            ("169.254.169.254", Some(Metadata)),
            ("169.254.170.2", Some(Metadata)),
            ("100.100.100.200", Some(Metadata)),
            ("168.63.129.16", Some(Metadata)),
            ("100.64.0.1", Some(SharedByProvider)),
            ("192.0.0.8", Some(Reserved)),
            ("192.0.2.1", Some(Reserved)),
            ("198.18.0.1", Some(Reserved)),
            ("198.51.100.1", Some(Reserved)),
            ("203.0.113.1", Some(Reserved)),
            ("224.0.0.1", Some(NoHost)),
            ("240.0.0.1", Some(Reserved)),
            ("255.255.255.255", Some(NoHost)),
            ("::", Some(NoHost)),
            ("::1", Some(Loopback)),
            ("::127.0.0.1", Some(Reserved)),
            ("::ffff:127.0.0.1", Some(Loopback)),
            ("::ffff:169.254.169.254", Some(Metadata)),
            ("::ffff:0:127.0.0.1", Some(Reserved)),
            ("64:ff9b::127.0.0.1", Some(Loopback)),
            ("64:ff9b::169.254.169.254", Some(Metadata)),
            ("64:ff9b:1::1.1.1.1", Some(Reserved)),
            ("2002:7f00:1::1", Some(Loopback)),
            ("2002:a9fe:a9fe::", Some(Metadata)),
            ("2002:c0a8:101::1", Some(Private)),
            ("2001:0:53aa:64c:0:0:0:1", Some(Reserved)),
            ("2001:db8::1", Some(Reserved)),
            ("3fff::1", Some(Reserved)),
            ("2606:4700::5efe:10.0.0.1", Some(Private)),
            ("2606:4700::200:5efe:127.0.0.1", Some(Loopback)),
            ("fc00::1", Some(Private)),
            ("fd00:ec2::254", Some(Metadata)),
            ("fd20:ce::254", Some(Metadata)),
            ("fe80::1", Some(LinkLocal)),
            ("fe80::a9fe:a9fe", Some(Metadata)),
            ("fec0::1", Some(LinkLocal)),
            ("ff02::1", Some(NoHost)),
            ("100::1", Some(Reserved)),
            ("5f00::1", Some(Reserved)),
            ("4000::1", Some(Reserved)),
        ] {
            assert_eq!(special(text.parse().unwrap()), wanted, "{text}");
        }
    }
}
