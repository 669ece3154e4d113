//! Sixty-four clients at once, over HTTP and in process, and beside clients that are slow or send too much.

use crate::Res;
use crate::client::Client;
use crate::house::{AGENTS, House, agent, question};
use crate::row::{Beside, Better, Row};
use keep_app::App;
use keep_memory::model::Draft;
use keep_memory::{Asked, Where};
use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const CONNECTIONS: usize = 64;
const RECALLS: usize = 6_400;
const WRITES: usize = 3_200;
/// Threads that answer, as in the program.
const THREADS: usize = 2;
/// Clients that begin a request and never end it.
const SLOW: usize = 500;
/// Clients that send bodies of many megabytes, again and again.
const GREEDY: usize = 8;

/// What came of many requests.
struct Took {
    each_ms: Vec<f64>,
    all: Duration,
}

impl Took {
    fn new(mut each_ms: Vec<f64>, all: Duration) -> Self {
        each_ms.sort_unstable_by(f64::total_cmp);
        Self { each_ms, all }
    }

    fn share(&self, share: f64) -> f64 {
        let at = (self.each_ms.len() as f64 * share) as usize;
        self.each_ms[at.min(self.each_ms.len() - 1)]
    }

    fn per_second(&self) -> f64 {
        self.each_ms.len() as f64 / self.all.as_secs_f64()
    }
}

pub(crate) fn rows(house: &House) -> Res<Vec<Row>> {
    let (recall_inside, write_inside) = in_process(house)?;
    let serving = house.serve()?;
    let recall = |n: usize| ("/api/v1/recall", format!(r#"{{"question":"{}"}}"#, question(n)));
    let write = |n: usize| ("/api/v1/memories", format!(r#"{{"text":"written over HTTP, number {n}"}}"#));
    // The first finds nothing in memory, which says more of the disk.
    over_http(house, serving.address, 640, recall)?;
    let recalls = over_http(house, serving.address, RECALLS, recall)?;
    let writes = over_http(house, serving.address, WRITES, write)?;
    let beside = beside_others(house, serving.address, recall)?;
    let row = |name: &str, value: f64, unit: &str, better| Row::new(name, value, unit, better);
    Ok(vec![
        row("recall over HTTP p99 at 64 connections", recalls.share(0.99), "ms", Better::Lower)
            .beside(Beside::new("in process", recall_inside.share(0.99), "ms"))
            .beside(Beside::new("over HTTP p50", recalls.share(0.5), "ms")),
        row("recall over HTTP at 64 connections", recalls.per_second(), "/s", Better::Higher)
            .beside(Beside::new("in process", recall_inside.per_second(), "/s")),
        row(
            "recall over HTTP over in-process p50",
            recalls.share(0.5) / recall_inside.share(0.5),
            "x",
            Better::Lower,
        ),
        row("ledgered write over HTTP p99 at 64 connections", writes.share(0.99), "ms", Better::Lower)
            .beside(Beside::new("in process", write_inside.share(0.99), "ms"))
            .beside(Beside::new("over HTTP p50", writes.share(0.5), "ms")),
        row("ledgered write over HTTP at 64 connections", writes.per_second(), "/s", Better::Higher)
            .beside(Beside::new("in process", write_inside.per_second(), "/s")),
        row(
            "recall p99 beside 500 slow clients and 8 of oversized bodies",
            beside.share(0.99),
            "ms",
            Better::Lower,
        )
        .beside(Beside::new("alone", recalls.share(0.99), "ms")),
    ])
}

/// The engine without a server: as many at a time, on as many threads.
fn in_process(house: &House) -> Res<(Took, Took)> {
    let app = Arc::new(house.open()?);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(THREADS).enable_all().build()?;
    let (recalls, writes) = runtime.block_on(async {
        many(&app, 640, recall).await?;
        let recalls = many(&app, RECALLS, recall).await?;
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>((recalls, many(&app, WRITES, remember).await?))
    })?;
    drop(runtime);
    Arc::into_inner(app).ok_or("the installation is still in use")?.close()?;
    Ok((recalls, writes))
}

async fn recall(app: Arc<App>, n: usize) -> Res<()> {
    let asked = Asked { question: question(n), place: Where::Here, most: 8, ..Asked::default() };
    app.memories()?.recall(&agent()?, asked).await?;
    Ok(())
}

async fn remember(app: Arc<App>, n: usize) -> Res<()> {
    let draft = Draft { text: format!("written in process, number {n}"), ..Draft::default() };
    app.memories()?.remember(&agent()?, None, draft).await?;
    Ok(())
}

async fn many<F>(app: &Arc<App>, count: usize, what: fn(Arc<App>, usize) -> F) -> Res<Took>
where
    F: Future<Output = Res<()>> + Send + 'static,
{
    let begun = Instant::now();
    let lanes: Vec<_> = (0..CONNECTIONS)
        .map(|lane| {
            let app = Arc::clone(app);
            tokio::spawn(async move {
                let mut took = Vec::new();
                for n in (lane..count).step_by(CONNECTIONS) {
                    let begun = Instant::now();
                    what(Arc::clone(&app), n).await?;
                    took.push(begun.elapsed().as_secs_f64() * 1e3);
                }
                Ok::<_, Box<dyn std::error::Error + Send + Sync>>(took)
            })
        })
        .collect();
    let mut all = Vec::new();
    for lane in lanes {
        all.extend(lane.await??);
    }
    Ok(Took::new(all, begun.elapsed()))
}

fn over_http(
    house: &House,
    address: SocketAddr,
    count: usize,
    request: impl Fn(usize) -> (&'static str, String) + Sync,
) -> Res<Took> {
    let begun = Instant::now();
    let lanes: Vec<Res<Vec<f64>>> = std::thread::scope(|scope| {
        let lanes: Vec<_> = (0..CONNECTIONS)
            .map(|lane| {
                let request = &request;
                scope.spawn(move || {
                    let mut client = Client::open(address, &house.tokens[lane % (AGENTS - 1)])?;
                    let mut took = Vec::new();
                    for n in (lane..count).step_by(CONNECTIONS) {
                        let (path, body) = request(n);
                        let begun = Instant::now();
                        let status = client.post(path, &body)?;
                        took.push(begun.elapsed().as_secs_f64() * 1e3);
                        if status != 200 {
                            return Err(format!("{path} was answered with {status}").into());
                        }
                    }
                    Ok(took)
                })
            })
            .collect();
        lanes.into_iter().map(|lane| lane.join().unwrap_or_else(|_| Err("a client broke".into()))).collect()
    });
    let all = begun.elapsed();
    Ok(Took::new(lanes.into_iter().collect::<Res<Vec<_>>>()?.concat(), all))
}

/// The same beside clients that hold connections and send too much.
fn beside_others(
    house: &House,
    address: SocketAddr,
    request: impl Fn(usize) -> (&'static str, String) + Sync,
) -> Res<Took> {
    let mut slow = Vec::new();
    for _ in 0..SLOW {
        let mut stream = TcpStream::connect(address)?;
        stream.write_all(b"GET /health HTTP/1.1\r\nHost: ")?;
        slow.push(stream);
    }
    let over = AtomicBool::new(false);
    let took = std::thread::scope(|scope| {
        for _ in 0..GREEDY {
            scope.spawn(|| {
                let piece = vec![b'x'; 1 << 20];
                while !over.load(Ordering::Relaxed) {
                    let Ok(mut stream) = TcpStream::connect(address) else { continue };
                    let head = format!(
                        "POST /api/v1/memories HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\n\
                         Content-Type: application/json\r\nKeep-Request: 1\r\nContent-Length: {}\r\n\r\n",
                        house.tokens[AGENTS - 1],
                        64 << 20
                    );
                    // It is refused while it sends.
                    std::thread::sleep(Duration::from_millis(20));
                    let _ = stream
                        .write_all(head.as_bytes())
                        .and_then(|()| stream.write_all(&piece).and_then(|()| stream.write_all(&piece)));
                }
            });
        }
        let took = over_http(house, address, RECALLS, request);
        over.store(true, Ordering::Relaxed);
        took
    })?;
    drop(slow);
    Ok(took)
}
