//! A real S3 server for tests: SeaweedFS, on this machine alone, gone with whoever started it.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};
use tempfile::TempDir;

pub(crate) const KEY_ID: &str = "KEEPTESTKEY";
pub(crate) const SECRET: &str = "keep-test-secret-hunter2";

/// Far beyond what a start takes on a busy machine.
const START_LIMIT: Duration = Duration::from_secs(90);

/// Runs the server and kills it when its own input ends: at the latest when the process that started it
/// is gone, however it went.
const KEEPER: &str = r#"dir=$1; shift; "$@" >"$dir/log" 2>&1 & read -r _; kill -9 $!; wait; rm -rf "$dir""#;

pub(crate) struct Weed {
    child: Child,
    pub(crate) s3_port: u16,
    filer_port: u16,
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
        let [s3, s3_grpc, master, master_grpc, volume, volume_grpc, filer, filer_grpc] = free_ports();
        let identities = format!(
            r#"{{"identities":[{{"name":"test","credentials":[{{"accessKey":"{KEY_ID}","secretKey":"{SECRET}"}}],
                "actions":["Admin","Read","List","Tagging","Write"]}}]}}"#
        );
        std::fs::write(folder.join("s3.json"), identities).unwrap();
        std::fs::create_dir(folder.join("data")).unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", KEEPER, "keeper"]).arg(&folder).arg(program());
        // It would otherwise report statistics to its makers.
        command.args(["server", "-master.telemetry=false"]);
        command.args([
            "-ip=127.0.0.1",
            "-ip.bind=127.0.0.1",
            "-volume.max=20",
            "-master.volumeSizeLimitMB=256",
        ]);
        command.arg(format!("-dir={}", folder.join("data").display()));
        command.args(["-s3", "-s3.port.iceberg=0", "-s3.port.lance=0"]);
        command.arg(format!("-s3.config={}", folder.join("s3.json").display()));
        for (flag, port) in [
            ("s3.port", s3),
            ("s3.port.grpc", s3_grpc),
            ("master.port", master),
            ("master.port.grpc", master_grpc),
            ("volume.port", volume),
            ("volume.port.grpc", volume_grpc),
            ("filer.port", filer),
            ("filer.port.grpc", filer_grpc),
        ] {
            command.arg(format!("-{flag}={port}"));
        }
        let child =
            command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let mut weed = Self { child, s3_port: s3, filer_port: filer };
        let began = Instant::now();
        while began.elapsed() < START_LIMIT {
            if weed.is_ready() {
                return Some(weed);
            }
            let log = std::fs::read_to_string(folder.join("log")).unwrap_or_default();
            if log.contains("address already in use") {
                break;
            }
            assert!(!log.contains("not found"), "{log}");
            std::thread::sleep(Duration::from_millis(100));
        }
        weed.kill();
        None
    }

    /// Whether it takes files, which it does some time after it listens.
    fn is_ready(&self) -> bool {
        let s3 = http(self.s3_port, "GET", "/healthz", b"").is_some_and(|status| status == 200);
        s3 && http(self.filer_port, "PUT", "/buckets/keep-test/ready", b"x")
            .is_some_and(|status| status == 201)
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.s3_port)
    }

    /// Writes behind the S3 server's back, as a failing disk or a careless hand would.
    pub(crate) fn tamper(&self, path: &str, bytes: &[u8]) {
        assert_eq!(http(self.filer_port, "PUT", &format!("/buckets/keep-test/{path}"), bytes), Some(201));
    }

    /// Ends it at once, without a goodbye.
    pub(crate) fn kill(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

impl Drop for Weed {
    fn drop(&mut self) {
        self.kill();
    }
}

/// One request; its status when there was an answer.
fn http(port: u16, method: &str, path: &str, body: &[u8]) -> Option<u16> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(20))).ok()?;
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Type: application/octet-stream\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).ok()?;
    stream.write_all(body).ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok()?;
    std::str::from_utf8(answer.get(9..12)?).ok()?.parse().ok()
}
