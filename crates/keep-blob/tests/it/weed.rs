//! A real S3 server for tests: SeaweedFS, on this machine alone, gone with whoever started it.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};
use tempfile::TempDir;

pub(crate) const KEY_ID: &str = "KEEPTESTKEY";
pub(crate) const SECRET: &str = "keep-test-secret-hunter2";

/// Far beyond what a start takes on a busy machine.
const START_LIMIT: Duration = Duration::from_secs(90);

/// Runs the server and kills it when its own input ends: at the latest when the process that started it
/// is gone, however it went. What it stored goes with it, unless it is told that the server comes back.
const KEEPER: &str = r#"dir=$1; shift; "$@" >"$dir/log" 2>&1 & word=; read -r word; kill -9 $!; wait
[ "$word" = stay ] || rm -rf "$dir""#;

/// What each port of [`Weed`] is for, in their order.
const PORTS: [&str; 8] = [
    "s3.port",
    "s3.port.grpc",
    "master.port",
    "master.port.grpc",
    "volume.port",
    "volume.port.grpc",
    "filer.port",
    "filer.port.grpc",
];

pub(crate) struct Weed {
    child: Child,
    /// Where it keeps what it stores, below `data`.
    pub(crate) folder: PathBuf,
    ports: [u16; 8],
}

/// The server that the tests of one process share.
pub(crate) fn shared() -> &'static Weed {
    static SHARED: OnceLock<Weed> = OnceLock::new();
    SHARED.get_or_init(Weed::start)
}

fn program() -> PathBuf {
    match std::env::var_os("KEEP_TEST_WEED") {
        Some(path) => path.into(),
        None => panic!(
            "the tests of S3 need SeaweedFS: run `cargo xtask test`, or set KEEP_TEST_WEED to what \
             `cargo xtask tool weed` prints"
        ),
    }
}

/// Ports that nobody listens on, all different because all are held until the last is known.
fn free_ports<const N: usize>() -> [u16; N] {
    let held = [(); N].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    held.map(|listener| listener.local_addr().unwrap().port())
}

impl Weed {
    /// Starts a server. Between finding a port free and listening on it another may take it, so a
    /// server that ends at once is started again on other ports.
    pub(crate) fn start() -> Self {
        for _ in 0..5 {
            if let Some(weed) = Self::try_start() {
                return weed;
            }
        }
        panic!("SeaweedFS does not start");
    }

    fn try_start() -> Option<Self> {
        let folder = TempDir::new().unwrap().keep();
        let identities = format!(
            r#"{{"identities":[{{"name":"test","credentials":[{{"accessKey":"{KEY_ID}","secretKey":"{SECRET}"}}],
                "actions":["Admin","Read","List","Tagging","Write"]}}]}}"#
        );
        std::fs::write(folder.join("s3.json"), identities).unwrap();
        std::fs::create_dir(folder.join("data")).unwrap();
        let ports = free_ports();
        let mut weed = Self { child: run(&folder, ports), folder, ports };
        if weed.becomes_ready() {
            return Some(weed);
        }
        weed.end("");
        None
    }

    fn becomes_ready(&self) -> bool {
        let began = Instant::now();
        while began.elapsed() < START_LIMIT {
            if self.is_ready() {
                return true;
            }
            let log = std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
            if log.contains("address already in use") {
                return false;
            }
            assert!(!log.contains("not found"), "{log}");
            std::thread::sleep(Duration::from_millis(100));
        }
        false
    }

    /// Whether it takes files, which it does some time after it listens.
    fn is_ready(&self) -> bool {
        let s3 = ask(self.ports[0], "GET", "/healthz", b"").is_some_and(|(status, _)| status == 200);
        s3 && self.filer("PUT", "ready", b"x").is_some_and(|(status, _)| status == 201)
    }

    fn filer(&self, method: &str, path: &str, bytes: &[u8]) -> Option<(u16, Vec<u8>)> {
        ask(self.ports[6], method, &format!("/buckets/keep-test/{path}"), bytes)
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.ports[0])
    }

    /// Writes behind the S3 server's back, as a failing disk or a careless hand would.
    pub(crate) fn tamper(&self, path: &str, bytes: &[u8]) {
        assert_eq!(self.filer("PUT", path, bytes).map(|(status, _)| status), Some(201));
    }

    /// What is stored under this path of the bucket; none when nothing is.
    pub(crate) fn peek(&self, path: &str) -> Option<Vec<u8>> {
        self.filer("GET", path, b"").filter(|(status, _)| *status == 200).map(|(_, bytes)| bytes)
    }

    /// Ends it at once, without a goodbye. What it stored stays for [`Weed::start_again`].
    pub(crate) fn kill(&mut self) {
        self.end("stay\n");
    }

    /// Starts it again after a kill, with what it had stored and where it was.
    pub(crate) fn start_again(&mut self) {
        self.child = run(&self.folder, self.ports);
        assert!(self.becomes_ready(), "SeaweedFS does not start again");
    }

    fn end(&mut self, word: &str) {
        if let Some(mut stdin) = self.child.stdin.take() {
            // A keeper that is gone already needs no word.
            let _ = stdin.write_all(word.as_bytes());
        }
        let _ = self.child.wait();
    }
}

impl Drop for Weed {
    fn drop(&mut self) {
        self.end("");
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn run(folder: &Path, ports: [u16; 8]) -> Child {
    let mut command = Command::new("sh");
    command.args(["-c", KEEPER, "keeper"]).arg(folder).arg(program());
    // It would otherwise report statistics to its makers.
    command.args(["server", "-master.telemetry=false"]);
    command.args(["-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-volume.max=20", "-master.volumeSizeLimitMB=256"]);
    command.arg(format!("-dir={}", folder.join("data").display()));
    command.args(["-s3", "-s3.port.iceberg=0", "-s3.port.lance=0"]);
    command.arg(format!("-s3.config={}", folder.join("s3.json").display()));
    for (flag, port) in PORTS.iter().zip(ports) {
        command.arg(format!("-{flag}={port}"));
    }
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// One request; the status and the body when there was an answer. In the oldest of protocols, so that the
/// body is what follows the head and nothing else.
fn ask(port: u16, method: &str, path: &str, body: &[u8]) -> Option<(u16, Vec<u8>)> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(20))).ok()?;
    let head = format!(
        "{method} {path} HTTP/1.0\r\nHost: 127.0.0.1\r\nAccept: application/json\r\nContent-Type: application/octet-stream\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).ok()?;
    stream.write_all(body).ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok()?;
    let status = std::str::from_utf8(answer.get(9..12)?).ok()?.parse().ok()?;
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n")?;
    Some((status, answer.split_off(end + 4)))
}
