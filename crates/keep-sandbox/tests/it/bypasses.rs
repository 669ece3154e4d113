//! Ways around the lists of others, each as it was found.

use crate::proxy::{Proxy, echo, web};

const PUBLIC: &str = "93.184.216.34";
const METADATA: &str = "169.254.169.254";

async fn refused(proxy: &Proxy, host: &str, port: u16) {
    let said = proxy.say(format!("CONNECT {host}:{port} HTTP/1.1\r\n\r\n")).await;
    assert!(said.starts_with("HTTP/1.1 403 ") || said.starts_with("HTTP/1.1 400 "), "{host}: {said}");
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    for name in [host, bare] {
        let code = proxy.socks(name.as_bytes(), port).await;
        assert_eq!(code, 2, "{name}");
    }
    assert_eq!(proxy.script.reached(), Vec::<String>::new(), "{host}");
}

#[tokio::test]
async fn an_empty_list_is_not_everything() {
    let proxy = Proxy::new(&[], Some(echo().await)).await;
    for host in ["example.com", PUBLIC, "localhost", "127.0.0.1", "[::1]"] {
        proxy.script.name(host, &[PUBLIC]);
        refused(&proxy, host, 443).await;
    }
}

#[tokio::test]
async fn a_nul_in_a_socks_name_cuts_nothing_off() {
    let proxy = Proxy::new(&["*.google.com", "google.com"], Some(echo().await)).await;
    proxy.script.name("evil", &[PUBLIC]);
    proxy.script.name("evil\0.google.com", &[PUBLIC]);
    assert_eq!(proxy.socks(b"evil\0.google.com", 443).await, 2);
    assert_eq!(proxy.socks(b"evil.example\0.google.com", 443).await, 2);
    assert_eq!(proxy.socks(b"evil.example%00.google.com", 443).await, 2);
    let said = proxy.say(b"CONNECT evil\0.google.com:443 HTTP/1.1\r\n\r\n").await;
    assert!(said.starts_with("HTTP/1.1 400 "), "{said}");
    assert_eq!(proxy.script.reached(), Vec::<String>::new());
    assert!(proxy.script.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn the_end_of_a_name_is_not_its_owner() {
    let proxy = Proxy::new(&["*.example.com", "example.com"], Some(echo().await)).await;
    for host in ["evilexample.com", "evil-example.com", "xexample.com."] {
        refused(&proxy, host, 443).await;
    }
}

#[tokio::test]
async fn the_beginning_of_a_name_is_not_its_owner() {
    let proxy = Proxy::new(&["example.com"], Some(echo().await)).await;
    for host in ["example.com.evil.org", "example.comx", "example.com-evil.org"] {
        refused(&proxy, host, 443).await;
    }
}

#[tokio::test]
async fn a_user_before_the_host_is_no_host() {
    let (server, _) = web("HTTP/1.1 200 OK\r\n\r\n").await;
    let proxy = Proxy::new(&["example.com"], Some(server)).await;
    for url in
        ["http://example.com@evil.org/", "http://example.com:80@evil.org/", "http://example.com\\@evil.org/"]
    {
        let said = proxy.say(format!("GET {url} HTTP/1.1\r\nHost: example.com\r\n\r\n")).await;
        assert!(said.starts_with("HTTP/1.1 403 "), "{url}: {said}");
    }
    assert_eq!(proxy.script.reached(), Vec::<String>::new());
}

#[tokio::test]
async fn a_rebound_name_leads_nowhere_else() {
    let proxy = Proxy::new(&["example.com"], Some(echo().await)).await;
    proxy.script.name("example.com", &[PUBLIC]);
    proxy.script.name("example.com", &["127.0.0.1"]);
    // The first answer was checked and is connected to; it is asked for once.
    assert_eq!(proxy.socks(b"example.com", 443).await, 0);
    assert_eq!(proxy.script.asked.lock().unwrap().len(), 1);
    assert_eq!(proxy.script.reached(), ["93.184.216.34:443"]);
    // The next connection is a new question, and its answer is checked anew.
    assert_eq!(proxy.socks(b"example.com", 443).await, 2);
    assert_eq!(proxy.script.reached().len(), 1);
}

#[tokio::test]
async fn a_listed_name_does_not_open_what_it_leads_to() {
    let proxy = Proxy::new(&["example.com"], Some(echo().await)).await;
    for address in [
        "127.0.0.1",
        "10.1.2.3",
        "192.168.0.1",
        "172.16.0.1",
        METADATA,
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "::1",
        "::",
        "fe80::1",
        "fd00:ec2::254",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "2002:a9fe:a9fe::1",
        "168.63.129.16",
        "100.100.100.200",
    ] {
        proxy.script.names.lock().unwrap().clear();
        proxy.script.name("example.com", &[address]);
        refused(&proxy, "example.com", 80).await;
    }
    // A good answer among bad ones is the only one that is tried.
    proxy.script.names.lock().unwrap().clear();
    proxy.script.name("example.com", &[METADATA, PUBLIC, "::1"]);
    assert_eq!(proxy.socks(b"example.com", 80).await, 0);
    assert_eq!(proxy.script.reached(), ["93.184.216.34:80"]);
}

#[tokio::test]
async fn the_metadata_service_in_any_spelling() {
    let proxy = Proxy::new(&["*.example.com", "1.1.1.1", "localhost:8080"], Some(echo().await)).await;
    for host in [
        METADATA,
        "169.254.169.254.",
        "0xa9fea9fe",
        "2852039166",
        "0251.0376.0251.0376",
        "169.254.43518",
        "[::ffff:169.254.169.254]",
        "[::ffff:a9fe:a9fe]",
        "[64:ff9b::a9fe:a9fe]",
        "[fd00:ec2::254]",
        "\u{ff11}\u{ff16}\u{ff19}.254.169.254",
        "169\u{3002}254\u{3002}169\u{3002}254",
    ] {
        refused(&proxy, host, 80).await;
    }
}

#[tokio::test]
async fn this_machine_in_any_spelling() {
    let proxy = Proxy::new(&["example.com", "localhost:8080"], Some(echo().await)).await;
    for host in [
        "localhost",
        "LOCALHOST.",
        "127.0.0.1",
        "127.1",
        "0x7f000001",
        "2130706433",
        "017700000001",
        "[::1]",
        "0",
    ] {
        refused(&proxy, host, 631).await;
    }
}

#[tokio::test]
async fn a_second_request_on_the_connection_is_not_sent() {
    let (server, seen) = web("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await;
    let proxy = Proxy::new(&["example.com"], Some(server)).await;
    proxy.script.name("example.com", &[PUBLIC]);
    let said = proxy
        .say(concat!(
            "POST http://example.com/ HTTP/1.1\r\nHost: example.com\r\nContent-Length: 3\r\n\r\nend",
            "GET http://evil.example/ HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        ))
        .await;
    assert!(said.ends_with("ok"), "{said}");
    proxy.egress.unwrap().stop().await;
    let seen = loop {
        if let Some(text) = seen.lock().unwrap().first() {
            break text.clone();
        }
        tokio::task::yield_now().await;
    };
    assert!(seen.ends_with("\r\n\r\nend") && !seen.contains("evil"), "{seen}");
}

#[tokio::test]
async fn the_host_header_is_no_way_to_another_host() {
    let (server, _) = web("HTTP/1.1 200 OK\r\n\r\n").await;
    let proxy = Proxy::new(&["example.com"], Some(server)).await;
    proxy.script.name("example.com", &[PUBLIC]);
    for headers in [
        "Host: evil.example",
        "Host: example.com\r\nHost: evil.example",
        "Host: example.com\r\nHost : evil.example",
    ] {
        let said = proxy.say(format!("GET http://example.com/ HTTP/1.1\r\n{headers}\r\n\r\n")).await;
        assert!(said.starts_with("HTTP/1.1 40"), "{headers}: {said}");
    }
    assert_eq!(proxy.script.reached(), Vec::<String>::new());
}

#[tokio::test]
async fn socks_does_nothing_but_connect() {
    let proxy = Proxy::new(&["example.com"], Some(echo().await)).await;
    for command in [2_u8, 3, 0xff] {
        let said = proxy.say([5, 1, 0, 5, command, 0, 1, 93, 184, 216, 34, 1, 187]).await;
        assert_eq!(said.as_bytes().get(3), Some(&7), "{command}");
    }
    assert_eq!(proxy.script.reached(), Vec::<String>::new());
}
