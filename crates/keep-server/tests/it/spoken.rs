//! The protocol over two pipes, as a client speaks it by hand.

use keep_app::App;
use keep_server::{Quiet, Setting, speak};
use keep_types::Caller;
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, duplex};
use tokio::task::JoinHandle;

pub(crate) struct Spoken {
    to: DuplexStream,
    from: tokio::io::Lines<BufReader<DuplexStream>>,
}

impl Spoken {
    /// A client of this installation, and the server's task.
    pub(crate) fn with(app: App, caller: Caller) -> (Self, JoinHandle<Option<App>>) {
        let (to, input) = duplex(1 << 16);
        let (output, from) = duplex(1 << 16);
        let setting = Setting { app, log: Arc::new(Quiet) };
        let server = tokio::spawn(async move { speak(setting, caller, input, output).await.unwrap() });
        (Self { to, from: BufReader::new(from).lines() }, server)
    }

    pub(crate) async fn send(&mut self, message: Value) {
        self.to.write_all(format!("{message}\n").as_bytes()).await.unwrap();
    }

    /// The next line, which is a message and nothing else.
    pub(crate) async fn hear(&mut self) -> Value {
        let line = self.from.next_line().await.unwrap().expect("the other side ended");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"))
    }

    pub(crate) async fn ask(&mut self, id: u32, method: &str, params: Value) {
        self.send(json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })).await;
    }

    pub(crate) async fn call(&mut self, id: u32, method: &str, params: Value) -> Value {
        self.ask(id, method, params).await;
        let answer = self.hear().await;
        assert_eq!(answer["id"], id, "{answer}");
        answer["result"].clone()
    }

    /// Begins in the era of sessions.
    pub(crate) async fn hello(&mut self, capabilities: Value) -> Value {
        let hello = json!({ "protocolVersion": "2025-11-25", "capabilities": capabilities,
                            "clientInfo": { "name": "test", "version": "1" } });
        let said = self.call(0, "initialize", hello).await;
        self.send(json!({ "jsonrpc": "2.0", "method": "notifications/initialized" })).await;
        said
    }
}
