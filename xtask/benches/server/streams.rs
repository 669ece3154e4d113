//! Streams of events: a thousand clients of which ten do not read, and a day of heartbeats.

use crate::Res;
use crate::client::Client;
use crate::house::{House, block, open};
use crate::idle::resident_mib;
use crate::row::{Beside, Better, Row};
use keep_server::{Log, Server, Setting};
use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::sleep;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const CLIENTS: usize = 1_000;
const NOT_READING: usize = 10;
/// Records that each client is sent.
const RECORDS: usize = 3_000;
/// Clients of a day, and how many heartbeats it has for each: one in fifteen seconds.
const DAY_CLIENTS: usize = 50;
const DAY_BEATS: u64 = 86_400 / 15;
/// Heartbeats come this soon instead, so that the day is over in half a minute.
const SOONER: Duration = Duration::from_millis(5);

pub(crate) fn rows(house: &House) -> Res<Vec<Row>> {
    let serving = house.serve()?;
    let mut writer = Client::open(serving.address, &house.tokens[0])?;
    let mut write = |n: usize| -> Res<()> {
        match writer.post("/api/v1/memories", &format!(r#"{{"text":"event {n}"}}"#))? {
            200 => Ok(()),
            status => Err(format!("a write was answered with {status}").into()),
        }
    };
    write(0)?;
    let before = resident_mib(&serving)?;
    let mut streams = Vec::new();
    for _ in 0..CLIENTS {
        streams.push(Client::open(serving.address, &house.tokens[0])?.events()?);
    }
    let silent: Vec<_> = streams.drain(..NOT_READING).collect();
    let opened = resident_mib(&serving)?;
    let (over, read) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let reader = read_all(streams, Arc::clone(&over), Arc::clone(&read))?;
    let mut half = opened;
    for n in 1..=RECORDS {
        write(n)?;
        if n == RECORDS / 2 {
            half = resident_mib(&serving)?;
        }
    }
    sleep(Duration::from_secs(2));
    let end = resident_mib(&serving)?;
    over.store(true, Ordering::Relaxed);
    reader.join().map_err(|_| "the reader broke")?;
    drop(silent);
    let delivered = read.load(Ordering::Relaxed) as f64 / (1 << 20) as f64;
    Ok(vec![
        Row::new(
            "memory of a stream of events",
            (opened - before) * 1024.0 / CLIENTS as f64,
            "KiB",
            Better::Lower,
        ),
        Row::new(
            "growth by 1,500 records to 1,000 clients, 10 not reading",
            end - half,
            "MiB",
            Better::Lower,
        )
        .beside(Beside::new("sent", delivered, "MiB"))
        .beside(Beside::new("resident at the end", end, "MiB")),
    ])
}

/// One thread that reads what comes on all of them.
fn read_all(
    streams: Vec<std::net::TcpStream>,
    over: Arc<AtomicBool>,
    read: Arc<AtomicU64>,
) -> Res<std::thread::JoinHandle<()>> {
    for stream in &streams {
        stream.set_nonblocking(true)?;
    }
    Ok(std::thread::spawn(move || {
        let mut piece = vec![0; 64 << 10];
        while !over.load(Ordering::Relaxed) {
            for mut stream in &streams {
                while let Ok(count @ 1..) = stream.read(&mut piece) {
                    read.fetch_add(count as u64, Ordering::Relaxed);
                }
            }
            sleep(Duration::from_millis(5));
        }
    }))
}

struct Quiet;

impl Log for Quiet {
    fn line(&self, _: &str) {}
}

/// The heartbeats of a day, one soon after the other.
pub(crate) fn a_day(house: &House) -> Res<Vec<Row>> {
    let app = open(&house.folder, &house.folder.join("day"))?;
    block(async {
        let setting = Setting { app, log: Arc::new(Quiet) };
        let server = Server::bind(setting, "127.0.0.1:0".parse()?).await?.with_heartbeat(SOONER);
        let address = server.names().programs().trim_start_matches("http://").to_owned();
        let host = server.names().dashboard().trim_start_matches("http://").trim_end_matches('/').to_owned();
        let code = server.sign_in_code(&"user:bench".parse()?)?.ok_or("no code")?;
        let (end, ended) = tokio::sync::oneshot::channel::<()>();
        let serving = tokio::spawn(server.run(async { drop(ended.await) }));
        let cookie = sign_in(&address, &host, &code).await?;
        let beats = Arc::new(AtomicU64::new(0));
        let mut readers = Vec::new();
        for _ in 0..DAY_CLIENTS {
            readers
                .push(tokio::spawn(read_beats(stream(&address, &host, &cookie).await?, Arc::clone(&beats))));
        }
        let metrics = tokio::runtime::Handle::current().metrics();
        let wanted = DAY_CLIENTS as u64 * DAY_BEATS;
        let after = async |share: u64| {
            while beats.load(Ordering::Relaxed) < wanted / share {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>((
                metrics.num_alive_tasks(),
                own_resident_kib()?,
            ))
        };
        let (tasks, resident) = after(24).await?;
        let (tasks_after, resident_after) = after(1).await?;
        readers.iter().for_each(tokio::task::JoinHandle::abort);
        // Nobody waits for it if it has ended.
        let _ = end.send(());
        drop(serving.await?);
        let name = "growth from 1 h to 24 h of heartbeats to 50 clients";
        Ok(vec![
            Row::new(name, (resident_after - resident) / 1024.0, "MiB", Better::Lower).beside(Beside::new(
                "resident",
                resident_after / 1024.0,
                "MiB",
            )),
            Row::new(
                "tasks more after 24 h of heartbeats than after 1 h",
                tasks_after as f64 - tasks as f64,
                "",
                Better::Lower,
            )
            .beside(Beside::new("tasks", tasks_after as f64, "")),
        ])
    })
}

async fn sign_in(address: &str, host: &str, code: &str) -> Res<String> {
    let mut stream = tokio::net::TcpStream::connect(address).await?;
    let body = format!("code={code}");
    let request = format!(
        "POST /sign-in HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nConnection: close\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let cookie = answer.lines().find_map(|line| line.strip_prefix("set-cookie: ")?.split(';').next());
    Ok(cookie.ok_or_else(|| format!("no session: {answer}"))?.to_owned())
}

async fn stream(address: &str, host: &str, cookie: &str) -> Res<tokio::net::TcpStream> {
    let mut stream = tokio::net::TcpStream::connect(address).await?;
    let request = format!("GET /api/v1/events?from=now HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut piece = [0; 1024];
    let count = stream.read(&mut piece).await?;
    match piece[..count].starts_with(b"HTTP/1.1 200") {
        true => Ok(stream),
        false => Err(String::from_utf8_lossy(&piece[..count]).into()),
    }
}

async fn read_beats(mut stream: tokio::net::TcpStream, beats: Arc<AtomicU64>) {
    let mut piece = [0; 1024];
    while let Ok(count @ 1..) = stream.read(&mut piece).await {
        // A heartbeat is a comment of its own.
        let found = piece[..count].windows(2).filter(|pair| pair == b"\n:" || pair == b"\r:").count();
        beats.fetch_add(found.max(1) as u64, Ordering::Relaxed);
    }
}

fn own_resident_kib() -> Res<f64> {
    let text = std::fs::read_to_string("/proc/self/status")?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}
