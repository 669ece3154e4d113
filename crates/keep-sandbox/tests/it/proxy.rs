//! A proxy with a scripted outside: names and addresses are made up, and every connection goes to a server
//! of the test, which notes for which address it was.

use keep_sandbox::egress::{Egress, EgressLimits, HostList, Listener, Outside, Reply};
use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What the test's outside answers and what it was asked.
#[derive(Clone, Default)]
pub(crate) struct Script {
    /// A name's addresses; every further question gets the next answer, and the last one again and again.
    pub(crate) names: Arc<Mutex<HashMap<String, Vec<Vec<IpAddr>>>>>,
    pub(crate) asked: Arc<Mutex<Vec<String>>>,
    pub(crate) reached: Arc<Mutex<Vec<SocketAddr>>>,
    server: Option<SocketAddr>,
}

impl Script {
    pub(crate) fn name(&self, name: &str, addresses: &[&str]) {
        let addresses = addresses.iter().map(|text| text.parse().unwrap()).collect();
        self.names.lock().unwrap().entry(name.into()).or_default().push(addresses);
    }

    pub(crate) fn reached(&self) -> Vec<String> {
        self.reached.lock().unwrap().iter().map(ToString::to_string).collect()
    }
}

impl Outside for Script {
    fn resolve<'a>(&'a self, name: &'a str) -> Reply<'a, Vec<IpAddr>> {
        Box::pin(async move {
            self.asked.lock().unwrap().push(name.into());
            let mut names = self.names.lock().unwrap();
            let answers = names.get_mut(name).ok_or(io::ErrorKind::NotFound)?;
            Ok(if answers.len() > 1 { answers.remove(0) } else { answers[0].clone() })
        })
    }

    fn connect(&self, address: SocketAddr) -> Reply<'_, TcpStream> {
        Box::pin(async move {
            self.reached.lock().unwrap().push(address);
            TcpStream::connect(self.server.ok_or(io::ErrorKind::ConnectionRefused)?).await
        })
    }
}

/// A running proxy.
pub(crate) struct Proxy {
    pub(crate) egress: Option<Egress>,
    pub(crate) at: SocketAddr,
    pub(crate) script: Script,
}

impl Proxy {
    pub(crate) async fn new(list: &[&str], server: Option<SocketAddr>) -> Self {
        Self::limited(list, server, EgressLimits::default()).await
    }

    pub(crate) async fn limited(list: &[&str], server: Option<SocketAddr>, limits: EgressLimits) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let at = listener.local_addr().unwrap();
        let script = Script { server, ..Script::default() };
        let list = HostList::parse(list).unwrap();
        let egress = Egress::start(Listener::Tcp(listener), list, script.clone(), limits).unwrap();
        Self { egress: Some(egress), at, script }
    }

    pub(crate) async fn client(&self) -> TcpStream {
        TcpStream::connect(self.at).await.unwrap()
    }

    /// Sends, and reads to the end.
    pub(crate) async fn say(&self, bytes: impl AsRef<[u8]>) -> String {
        let mut client = self.client().await;
        client.write_all(bytes.as_ref()).await.unwrap();
        rest(&mut client).await
    }

    /// Asks for a host by SOCKS5 and gives the code of the answer; 255 when there was none.
    pub(crate) async fn socks(&self, host: &[u8], port: u16) -> u8 {
        let mut client = self.client().await;
        client.write_all(&socks_request(host, port)).await.unwrap();
        let mut answer = Vec::new();
        let _ = client.take(12).read_to_end(&mut answer).await;
        answer.get(3).copied().unwrap_or(255)
    }
}

pub(crate) fn socks_request(host: &[u8], port: u16) -> Vec<u8> {
    let mut bytes = vec![5, 1, 0, 5, 1, 0, 3, u8::try_from(host.len()).unwrap()];
    bytes.extend_from_slice(host);
    bytes.extend_from_slice(&port.to_be_bytes());
    bytes
}

/// What comes up to the end; a connection that is cut counts as its end.
pub(crate) async fn rest(client: &mut TcpStream) -> String {
    let mut all = Vec::new();
    let mut piece = [0; 4096];
    while let Ok(length @ 1..) = client.read(&mut piece).await {
        all.extend_from_slice(&piece[..length]);
    }
    String::from_utf8_lossy(&all).into_owned()
}

/// A server that sends back what it gets.
pub(crate) async fn echo() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut from, mut to) = stream.split();
                let _ = tokio::io::copy(&mut from, &mut to).await;
                let _ = to.shutdown().await;
            });
        }
    });
    at
}

/// A web server that answers each connection once, and keeps what it was sent until the client's end.
pub(crate) async fn web(answer: &'static str) -> (SocketAddr, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let notes = Arc::clone(&seen);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let notes = Arc::clone(&notes);
            tokio::spawn(async move {
                let mut all = Vec::new();
                let mut piece = [0; 4096];
                // A test ends its body with the word `end`, or has none.
                loop {
                    let text = String::from_utf8_lossy(&all);
                    let head = text.find("\r\n\r\n");
                    let bodied = text.contains("chunked") || text.contains("Content-Length");
                    if head.is_some() && (!bodied || text.contains("end")) {
                        break;
                    }
                    match stream.read(&mut piece).await {
                        Ok(length @ 1..) => all.extend_from_slice(&piece[..length]),
                        _ => break,
                    }
                }
                stream.write_all(answer.as_bytes()).await.unwrap();
                stream.shutdown().await.unwrap();
                while let Ok(length @ 1..) = stream.read(&mut piece).await {
                    all.extend_from_slice(&piece[..length]);
                }
                notes.lock().unwrap().push(String::from_utf8_lossy(&all).into_owned());
            });
        }
    });
    (at, seen)
}
