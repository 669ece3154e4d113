//! Programs of other machines, which speak with encryption.

use crate::place::{Place, block};
use keep_server::{Abroad, AskDashboard, Certificate, Quiet, Server, ServerError, Setting};
use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// A client that believes this certificate and no other.
fn connector(certificate: &Certificate) -> TlsConnector {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(&certificate.path).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}

async fn ask(connector: &TlsConnector, address: SocketAddr, head: &str) -> std::io::Result<String> {
    let stream = TcpStream::connect(address).await?;
    let name = ServerName::from(address.ip());
    let mut stream = connector.connect(name, stream).await?;
    stream.write_all(format!("{head}Connection: close\r\n\r\n").as_bytes()).await?;
    let mut answer = Vec::new();
    // A server that has answered need not take leave.
    let _ = stream.read_to_end(&mut answer).await;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

#[test]
fn others_are_served_with_encryption_and_a_token_alone() {
    let place = Place::new();
    let token = place.token("agent:far", "demo");
    let certificate = |folder: &str| {
        Certificate::own(
            &place.folder.path().join(folder),
            "127.0.0.1".parse().unwrap(),
            &["keep.lan".into()],
        )
    };
    let (own, strange) = (certificate("tls").unwrap(), certificate("other").unwrap());
    block(async {
        // A loopback address stands for one that others reach; the test has no other of its own.
        let spare = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = spare.local_addr().unwrap();
        drop(spare);
        let abroad = Abroad { address, names: vec!["keep.lan".into()], certificate: own.clone() };
        let setting = Setting { app: place.open(Arc::new(AskDashboard)), log: Arc::new(Quiet) };
        let server = Server::bind_both(setting, "127.0.0.1:0".parse().unwrap(), Some(abroad)).await.unwrap();
        let near: SocketAddr = server.names().programs().trim_start_matches("http://").parse().unwrap();
        let dashboard = server.names().dashboard();
        let (end, ended) = tokio::sync::oneshot::channel::<()>();
        let serving = tokio::spawn(server.run(async { drop(ended.await) }));
        let client = connector(&own);
        let get = |host: String, more: &str| format!("GET /api/v1/status HTTP/1.1\r\nHost: {host}\r\n{more}");
        let bearer = format!("Authorization: Bearer {token}\r\n");
        for (host, more, status) in [
            (address.to_string(), bearer.as_str(), "200"),
            (format!("keep.lan:{}", address.port()), &bearer, "200"),
            (address.to_string(), "", "401"),
            (address.to_string(), "Cookie: keep_session=x\r\n", "401"),
            ("evil.example".into(), &bearer, "403"),
        ] {
            let answer = ask(&client, address, &get(host.clone(), more)).await.unwrap();
            assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{host} {more}: {answer}");
        }
        let dashboard = dashboard.trim_start_matches("http://").trim_end_matches('/').to_owned();
        let path = |path: &str, host: &str| format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n{bearer}");
        for (target, host, status) in [
            ("/", address.to_string(), "404"),
            ("/sign-in", address.to_string(), "404"),
            ("/assets/keep.css", address.to_string(), "404"),
            ("/tokens", address.to_string(), "404"),
            ("/health", address.to_string(), "200"),
            // Names of the other listener, the dashboard's among them.
            ("/api/v1/status", near.to_string(), "403"),
            ("/api/v1/status", dashboard.clone(), "403"),
            ("/sign-in", dashboard, "403"),
        ] {
            let answer = ask(&client, address, &path(target, &host)).await.unwrap();
            assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{target} {host}: {answer}");
        }
        for (host, status) in [(near.to_string(), "200"), (format!("keep.lan:{}", address.port()), "403")] {
            let mut plain = TcpStream::connect(near).await.unwrap();
            let head = format!("{}Connection: close\r\n\r\n", path("/api/v1/status", &host));
            plain.write_all(head.as_bytes()).await.unwrap();
            let mut answer = String::new();
            plain.read_to_string(&mut answer).await.unwrap();
            assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{host}: {answer}");
        }
        assert!(ask(&connector(&strange), address, "").await.is_err(), "another certificate was believed");
        let mut plain = TcpStream::connect(address).await.unwrap();
        plain.write_all(get(address.to_string(), &bearer).as_bytes()).await.unwrap();
        plain.write_all(b"\r\n").await.unwrap();
        let mut answer = Vec::new();
        let _ = plain.read_to_end(&mut answer).await;
        assert!(!String::from_utf8_lossy(&answer).contains("HTTP/1.1 200"), "it spoke without encryption");
        end.send(()).unwrap();
        serving.await.unwrap().expect("everything ended").close().unwrap();
    });
}

#[test]
fn an_address_that_others_reach_is_refused_without_encryption() {
    let place = Place::new();
    block(async {
        let setting = Setting { app: place.open(Arc::new(AskDashboard)), log: Arc::new(Quiet) };
        let refused = Server::bind(setting, "0.0.0.0:0".parse().unwrap()).await;
        assert!(matches!(refused, Err(ServerError::NotLoopback(_))));
    });
}
