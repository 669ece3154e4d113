//! Whatever is asked for and whatever a name server says, nothing outside the list is reached.

use keep_sandbox::egress::{Host, HostList, Request, Target, parse_request, special};
use proptest::prelude::*;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

const LIST: [&str; 4] = ["example.com", "*.crates.example", "api.example.org:443", "10.0.0.7:8080"];

/// The rule, said a second time and in other words.
fn may(target: &Target) -> bool {
    match &target.host {
        Host::Address(address) => address.to_string() == "10.0.0.7" && target.port == 8080,
        Host::Name(name) => {
            let labels: Vec<&str> = name.split('.').rev().collect();
            match labels.as_slice() {
                ["com", "example"] => true,
                ["example", "crates", _, ..] => true,
                ["org", "example", "api"] => target.port == 443,
                _ => false,
            }
        }
    }
}

/// Names near those of the list, with what has fooled others strewn in.
fn spelling() -> impl Strategy<Value = String> {
    let part = prop::sample::select(vec![
        "example",
        "com",
        "crates",
        "api",
        "org",
        "evil",
        "EXAMPLE",
        ".",
        ".",
        ".",
        "\0",
        "%00",
        "@",
        ":",
        "443",
        "10",
        "0x0a",
        "10.0.0.7",
        "*",
        "-",
        " ",
        "\u{3002}",
        "\u{ad}",
        "xn--",
        "[",
        "]",
        "::ffff:",
        "example.com",
        ".crates.example",
        "api.example.org",
        "/",
        "\\",
        "#",
        "\u{ff45}",
    ]);
    prop::collection::vec(part, 1..7).prop_map(|parts| parts.concat())
}

fn address() -> impl Strategy<Value = IpAddr> {
    let v4 = prop_oneof![
        any::<u32>(),
        any::<u16>().prop_map(|low| 0x7f00_0000 | u32::from(low)),
        any::<u16>().prop_map(|low| 0xa9fe_0000 | u32::from(low)),
        Just(0x0a00_0007),
    ];
    let v4 = v4.prop_map(Ipv4Addr::from);
    prop_oneof![
        v4.clone().prop_map(IpAddr::V4),
        v4.clone().prop_map(|v4| IpAddr::V6(v4.to_ipv6_mapped())),
        v4.prop_map(|v4| IpAddr::V6(Ipv6Addr::from((0x64_ff9b_u128 << 96) | u128::from(u32::from(v4))))),
        any::<u128>().prop_map(|all| IpAddr::V6(Ipv6Addr::from(all))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn no_host_outside_the_list_is_accepted(text in spelling(), port in prop_oneof![Just(443), Just(8080), 1_u16..]) {
        let list = HostList::parse(&LIST).unwrap();
        if let Ok(host) = Host::parse(&text) {
            let target = Target::new(host, port).unwrap();
            prop_assert_eq!(list.covers(&target).is_ok(), may(&target), "{:?}", target);
            // The one form is a fixed point: what was compared is what is resolved.
            prop_assert_eq!(Host::parse(&target.host.to_string()), Ok(target.host));
        }
    }

    #[test]
    fn no_address_is_connected_to_that_was_not_checked(
        text in spelling(),
        port in prop_oneof![Just(443), Just(8080), 1_u16..],
        answers in prop::collection::vec(address(), 0..5),
    ) {
        let list = HostList::parse(&LIST).unwrap();
        let Ok(target) = Host::parse(&text).and_then(|host| Target::new(host, port)) else { return Ok(()) };
        let answers = HostList::without_resolving(&target).unwrap_or(answers);
        for reached in list.reachable(&target, &answers).unwrap_or_default() {
            prop_assert!(may(&target));
            prop_assert_eq!(reached.port(), target.port);
            prop_assert!(answers.iter().any(|answer| answer.to_canonical() == reached.ip()));
            let named = reached.to_string() == "10.0.0.7:8080";
            prop_assert!(special(reached.ip()).is_none() || named, "{}", reached);
        }
    }

    #[test]
    fn a_request_that_is_understood_says_one_thing(
        method in prop::sample::select(vec!["GET", "CONNECT", "POST", "OPTIONS", "connect"]),
        scheme in prop::sample::select(vec!["", "http://", "https://", "HTTP://"]),
        host in spelling(),
        path in prop::sample::select(vec!["", "/", "/a?b", "?x", "#", ":443", "/ x"]),
        headers in prop::collection::vec(prop::sample::select(vec![
            "Host: example.com\r\n", "Host: evil.example\r\n", "Content-Length: 3\r\n", "Content-Length: 4\r\n",
            "Transfer-Encoding: chunked\r\n", "Connection: host\r\n", "X: y\n", "\tfold\r\n", "X: a\rHost: b\r\n",
            "X-A: b\r\n", "Upgrade: h2c\r\n",
        ]), 0..4),
    ) {
        let text = format!("{method} {scheme}{host}{path} HTTP/1.1\r\n{}\r\n", headers.concat());
        if let Ok(Request::Forward { target, head, .. }) = parse_request(text.as_bytes()) {
            let head = String::from_utf8(head).unwrap();
            let hosts: Vec<&str> = head.lines().filter(|line| line.to_lowercase().starts_with("host:")).collect();
            let wanted = if target.port == 80 { target.host.to_string() } else { target.to_string() };
            prop_assert_eq!(hosts, [format!("Host: {wanted}")]);
            let lengths = head.matches("Content-Length").count() + head.matches("Transfer-Encoding").count();
            prop_assert!(lengths <= 1, "{}", head);
            prop_assert!(head.ends_with("Connection: close\r\n\r\n"));
        }
    }
}
