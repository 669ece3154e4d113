//! A client that sends exactly what it is told, good or bad.

use serde_json::Value;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// No answer takes this long; without an end a broken server would hang the tests.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Clone)]
pub(crate) struct Client {
    address: SocketAddr,
    headers: Vec<(String, String)>,
}

/// An answer as it came.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Client {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self { address, headers: vec![("Host".into(), address.to_string())] }
    }

    pub(crate) fn bearer(self, token: &str) -> Self {
        self.with("Authorization", &format!("Bearer {token}"))
    }

    /// The same with one header more.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// The same with another value of a header, or none of it.
    pub(crate) fn instead(mut self, name: &str, value: Option<&str>) -> Self {
        self.headers.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
        if let Some(value) = value {
            self.headers.push((name.into(), value.into()));
        }
        self
    }

    /// What its browser keeps.
    pub(crate) fn cookie(&self) -> &str {
        self.header("Cookie").and_then(|pair| pair.split_once('=')).unwrap().1
    }

    /// What it says under this name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn get(&self, path: &str) -> Said {
        self.send("GET", path, None)
    }

    /// Sends JSON as a program does.
    pub(crate) fn post(&self, path: &str, body: &Value) -> Said {
        self.json("POST", path, body)
    }

    pub(crate) fn json(&self, method: &str, path: &str, body: &Value) -> Said {
        let client = self.clone().with("Content-Type", "application/json").with("Keep-Request", "1");
        client.send(method, path, Some(body.to_string()))
    }

    pub(crate) fn form(&self, path: &str, body: &str) -> Said {
        let client = self.clone().with("Content-Type", "application/x-www-form-urlencoded");
        client.send("POST", path, Some(body.into()))
    }

    pub(crate) fn send(&self, method: &str, path: &str, body: Option<String>) -> Said {
        let mut stream =
            self.begin(method, path, body.as_deref().map_or(0, str::len), "Connection: close\r\n");
        if let Some(body) = body {
            // Who is refused early may find the connection closed.
            let _ = stream.write_all(body.as_bytes());
        }
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        Said::parse(&bytes)
    }

    /// Sends a request's head, and leaves the rest to the caller.
    pub(crate) fn begin(&self, method: &str, path: &str, length: usize, more: &str) -> TcpStream {
        let mut stream = self.connect();
        let mut head = format!("{method} {path} HTTP/1.1\r\n{more}");
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if method != "GET" {
            head.push_str(&format!("Content-Length: {length}\r\n"));
        }
        head.push_str("\r\n");
        let _ = stream.write_all(head.as_bytes());
        stream
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }
}

impl Said {
    pub(crate) fn parse(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).unwrap_or(0);
        let headers: Vec<_> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
            .collect();
        let mut said = Self { status, headers, body: body.to_owned() };
        if said.header("transfer-encoding") == Some("chunked") {
            said.body = unchunked(body);
        }
        said
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// The body of an answer that was good.
    pub(crate) fn ok(&self) -> Value {
        assert_eq!(self.status, 200, "{self:?}");
        self.value()
    }

    pub(crate) fn value(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

fn unchunked(mut body: &str) -> String {
    let mut whole = String::new();
    while let Some((size, rest)) = body.split_once("\r\n") {
        let size = usize::from_str_radix(size.trim(), 16).unwrap_or(0);
        if size == 0 || rest.len() < size {
            break;
        }
        whole.push_str(&rest[..size]);
        body = rest[size..].trim_start_matches("\r\n");
    }
    whole
}
