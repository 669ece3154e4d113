//! A client that keeps its connection and reads exactly its answers.

use crate::Res;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

pub(crate) struct Client {
    stream: TcpStream,
    head: String,
    read: Vec<u8>,
}

impl Client {
    pub(crate) fn open(address: SocketAddr, token: &str) -> Res<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        let head = format!("Host: {address}\r\nAuthorization: Bearer {token}\r\n");
        Ok(Self { stream, head, read: Vec::with_capacity(64 << 10) })
    }

    /// The status of the answer to this request.
    pub(crate) fn post(&mut self, path: &str, body: &str) -> Res<u16> {
        let request = format!(
            "POST {path} HTTP/1.1\r\n{}Content-Type: application/json\r\nKeep-Request: 1\r\nContent-Length: {}\r\n\r\n{body}",
            self.head,
            body.len()
        );
        self.send(&request)
    }

    pub(crate) fn get(&mut self, path: &str) -> Res<u16> {
        self.send(&format!("GET {path} HTTP/1.1\r\n{}\r\n", self.head))
    }

    fn send(&mut self, request: &str) -> Res<u16> {
        self.stream.write_all(request.as_bytes())?;
        self.read.clear();
        let mut piece = [0; 16 << 10];
        loop {
            let count = self.stream.read(&mut piece)?;
            if count == 0 {
                return Err("the server closed the connection".into());
            }
            self.read.extend_from_slice(&piece[..count]);
            let Some(end) = self.read.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
            let head = String::from_utf8_lossy(&self.read[..end]).to_ascii_lowercase();
            let length =
                head.lines().find_map(|line| line.strip_prefix("content-length: ")?.trim().parse().ok());
            let length: usize = length.ok_or("an answer without a length")?;
            if self.read.len() >= end + 4 + length {
                return Ok(head.split(' ').nth(1).and_then(|word| word.parse().ok()).unwrap_or(0));
            }
        }
    }

    /// Opens a stream of events; what comes is left to the caller.
    pub(crate) fn events(mut self) -> Res<TcpStream> {
        let request = format!("GET /api/v1/events?from=now HTTP/1.1\r\n{}\r\n", self.head);
        self.stream.write_all(request.as_bytes())?;
        let mut piece = [0; 1024];
        let count = self.stream.read(&mut piece)?;
        if !piece[..count].starts_with(b"HTTP/1.1 200") {
            return Err(String::from_utf8_lossy(&piece[..count]).into());
        }
        Ok(self.stream)
    }
}
