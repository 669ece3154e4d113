//! What a run gets through its proxy.

use crate::proxy::{Proxy, echo, rest, socks_request, web};
use keep_sandbox::egress::{Egress, EgressLimits, HostList, Listener, System, Target};
use std::io::{Read, Write};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const PUBLIC: &str = "93.184.216.34";

#[tokio::test]
async fn a_tunnel_carries_bytes_both_ways() {
    let proxy = Proxy::new(&["example.com:443"], Some(echo().await)).await;
    proxy.script.name("example.com", &[PUBLIC]);
    let mut client = proxy.client().await;
    // The first bytes of the tunnel come in one piece with the request.
    client
        .write_all(b"CONNECT Example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\nhello")
        .await
        .unwrap();
    client.write_all(b" there").await.unwrap();
    client.shutdown().await.unwrap();
    let said = rest(&mut client).await;
    assert!(said.starts_with("HTTP/1.1 200 ") && said.ends_with("\r\n\r\nhello there"), "{said}");
    assert_eq!(proxy.script.reached(), ["93.184.216.34:443"]);
    let traffic = proxy.egress.unwrap().stop().await;
    let counts = traffic.hosts[&Target::parse("example.com:443", None).unwrap()];
    assert_eq!((counts.connections, counts.sent_bytes, counts.received_bytes), (1, 11, 11));
}

#[tokio::test]
async fn socks_on_the_same_socket() {
    let proxy = Proxy::new(&["example.com", "10.0.0.7:22"], Some(echo().await)).await;
    proxy.script.name("example.com", &[PUBLIC]);
    let mut client = proxy.client().await;
    for byte in socks_request(b"example.com", 22) {
        client.write_all(&[byte]).await.unwrap();
    }
    client.write_all(b"hello").await.unwrap();
    client.shutdown().await.unwrap();
    let mut all = Vec::new();
    client.read_to_end(&mut all).await.unwrap();
    assert_eq!(all, b"\x05\x00\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00hello");
    assert_eq!(proxy.socks(b"10.0.0.7", 22).await, 0);
    assert_eq!(proxy.socks(b"10.0.0.7", 23).await, 2);
    assert_eq!(proxy.socks(b"other.example", 22).await, 2);
    assert_eq!(proxy.script.reached(), ["93.184.216.34:22", "10.0.0.7:22"]);
}

#[tokio::test]
async fn plain_http_is_forwarded_as_one_request() {
    let (server, seen) =
        web("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nok").await;
    let proxy = Proxy::new(&["example.com"], Some(server)).await;
    proxy.script.name("example.com", &[PUBLIC]);
    let said = proxy
        .say("GET http://example.com/a HTTP/1.1\r\nHost: example.com\r\nProxy-Connection: keep-alive\r\n\r\n")
        .await;
    assert_eq!(said, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
    assert_eq!(proxy.script.reached(), ["93.184.216.34:80"]);
    proxy.egress.unwrap().stop().await;
    tokio::task::yield_now().await;
    let seen = wait_for(&seen).await;
    assert_eq!(seen, "GET /a HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n\r\n");
}

async fn wait_for(seen: &std::sync::Mutex<Vec<String>>) -> String {
    loop {
        if let Some(text) = seen.lock().unwrap().first() {
            return text.clone();
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn a_chunked_body_arrives_whole_and_without_what_it_carried() {
    let (server, seen) = web("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nok\r\n0\r\nT: t\r\n\r\n").await;
    let proxy = Proxy::new(&["example.com"], Some(server)).await;
    proxy.script.name("example.com", &[PUBLIC]);
    let said = proxy
        .say(concat!(
            "POST http://example.com/ HTTP/1.1\r\nHost: example.com\r\nTransfer-Encoding: chunked\r\n\r\n",
            "5;secret=1\r\nhello\r\n3\r\nend\r\n0\r\nX: trailer\r\n\r\n",
        ))
        .await;
    assert!(said.starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"), "{said}");
    assert!(said.ends_with("\r\n\r\n2\r\nok\r\n0\r\n\r\n"), "{said}");
    let seen = wait_for(&seen).await;
    assert!(seen.ends_with("\r\n\r\n5\r\nhello\r\n3\r\nend\r\n0\r\n\r\n"), "{seen}");
}

#[tokio::test]
async fn a_body_that_stops_short_ends_for_the_host_too() {
    let (server, seen) = web("HTTP/1.1 400 Short\r\nContent-Length: 0\r\n\r\n").await;
    let proxy = Proxy::new(&["example.com"], Some(server)).await;
    proxy.script.name("example.com", &[PUBLIC]);
    let mut client = proxy.client().await;
    let request = b"POST http://example.com/ HTTP/1.1\r\nHost: example.com\r\nContent-Length: 9\r\n\r\nab";
    client.write_all(request).await.unwrap();
    client.shutdown().await.unwrap();
    assert!(rest(&mut client).await.starts_with("HTTP/1.1 400 Short\r\n"));
    assert!(wait_for(&seen).await.ends_with("\r\n\r\nab"));
}

#[tokio::test]
async fn a_refusal_names_the_host_and_the_list() {
    let proxy = Proxy::new(&["example.com", "*.crates.example:443"], None).await;
    let said = proxy.say("CONNECT evil.example:443 HTTP/1.1\r\n\r\n").await;
    assert!(said.starts_with("HTTP/1.1 403 "), "{said}");
    assert!(
        said.contains("evil.example:443") && said.contains("example.com, *.crates.example:443"),
        "{said}"
    );
    // What is not listed is not even asked for: a question to a name server is a way out, too.
    assert!(proxy.script.asked.lock().unwrap().is_empty());
    let traffic = proxy.egress.unwrap().stop().await;
    assert_eq!(traffic.hosts[&Target::parse("evil.example:443", None).unwrap()].refused, 1);
}

#[tokio::test]
async fn a_host_that_is_down_is_told_from_one_that_is_refused() {
    let proxy = Proxy::new(&["example.com", "nowhere.example"], None).await;
    proxy.script.name("example.com", &[PUBLIC, "2606:4700::1"]);
    let said = proxy.say("CONNECT example.com:443 HTTP/1.1\r\n\r\n").await;
    assert!(said.starts_with("HTTP/1.1 502 "), "{said}");
    assert_eq!(proxy.socks(b"example.com", 443).await, 5);
    assert_eq!(proxy.socks(b"nowhere.example", 443).await, 4);
    assert_eq!(proxy.script.reached()[..2], ["93.184.216.34:443", "[2606:4700::1]:443"]);
}

#[tokio::test]
async fn an_endless_head_ends() {
    let proxy = Proxy::new(&["example.com"], None).await;
    let said = proxy.say(format!("GET http://example.com/{} HTTP/1.1\r\n", "a".repeat(100 << 10))).await;
    assert!(said.starts_with("HTTP/1.1 431 "), "{said}");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_says_nothing_and_a_silent_tunnel_are_ended() {
    let limits = EgressLimits { idle: Duration::from_secs(60), ..EgressLimits::default() };
    let proxy = Proxy::limited(&["example.com"], Some(echo().await), limits).await;
    proxy.script.name("example.com", &[PUBLIC]);
    assert_eq!(rest(&mut proxy.client().await).await, "");
    let said = proxy.say("GET http://exam").await;
    assert!(said.is_empty() || said.starts_with("HTTP/1.1 408 "), "{said}");
    let mut client = proxy.client().await;
    client.write_all(&socks_request(b"example.com", 1)).await.unwrap();
    assert!(rest(&mut client).await.len() == 12);
}

#[tokio::test]
async fn connections_beyond_the_limit_wait() {
    let limits = EgressLimits { connections: 1, ..EgressLimits::default() };
    let proxy = Proxy::limited(&["example.com"], Some(echo().await), limits).await;
    proxy.script.name("example.com", &[PUBLIC]);
    let mut first = proxy.client().await;
    first.write_all(&socks_request(b"example.com", 1)).await.unwrap();
    let mut answer = [0; 12];
    first.read_exact(&mut answer).await.unwrap();
    let mut second = proxy.client().await;
    second.write_all(&socks_request(b"example.com", 2)).await.unwrap();
    // The first one still works while the second one has not been looked at.
    first.write_all(b"x").await.unwrap();
    first.read_exact(&mut answer[..1]).await.unwrap();
    assert_eq!(proxy.script.reached().len(), 1);
    drop(first);
    second.read_exact(&mut answer).await.unwrap();
    assert_eq!(proxy.script.reached().len(), 2);
}

#[tokio::test]
async fn it_ends_with_its_connections_when_it_is_stopped() {
    let mut proxy = Proxy::new(&["example.com"], Some(echo().await)).await;
    proxy.script.name("example.com", &[PUBLIC]);
    let mut client = proxy.client().await;
    client.write_all(&socks_request(b"example.com", 1)).await.unwrap();
    client.read_exact(&mut [0; 12]).await.unwrap();
    proxy.egress.take().unwrap().stop().await;
    assert_eq!(rest(&mut client).await, "");
    assert!(tokio::net::TcpStream::connect(proxy.at).await.is_err());
}

/// Without a runtime, on a Unix socket, to a real server of this machine that the list names.
#[test]
fn apart_and_over_a_unix_socket() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("way-out");
    let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = server.local_addr().unwrap().port();
    let list = HostList::parse(&[format!("localhost:{port}")]).unwrap();
    let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let egress =
        Egress::start_apart(Listener::Unix(listener), list, System, EgressLimits::default()).unwrap();
    let mut client = std::os::unix::net::UnixStream::connect(&path).unwrap();
    client.write_all(&socks_request(b"localhost", port)).unwrap();
    let mut answer = [0; 12];
    client.read_exact(&mut answer).unwrap();
    assert_eq!(answer[3], 0);
    let (mut at_host, _) = server.accept().unwrap();
    at_host.write_all(b"hello").unwrap();
    client.read_exact(&mut answer[..5]).unwrap();
    assert_eq!(&answer[..5], b"hello");
    let refused = egress.traffic();
    assert_eq!(refused.hosts.len(), 1);
    drop(egress);
    assert_eq!(client.read(&mut answer).unwrap_or(0), 0);
}
