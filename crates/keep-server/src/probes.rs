//! The promises of the server, checked from outside over real sockets. Nothing in an installation can break them, so
//! the server is started on one that holds nothing of anybody's, and each twin is the same server put together
//! without the part that keeps the promise.

use crate::door::{Access, Door, Gateway};
use crate::guard::{Limits, SESSION};
use crate::house::{House, Setting};
use crate::listen::{Room, listen};
use crate::log::Quiet;
use crate::names::{Host, Names};
use crate::scratch;
use crate::serve::{Speaks, doors, may_listen, whole, whole_without_gatekeeper};
use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use keep_app::App;
use keep_types::{Adversary, Principal, Probe, Promise, Twin, Verdict};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;

/// A server that does not answer by then answers nobody.
const PATIENCE: Duration = Duration::from_secs(20);
/// Streams that one principal may have in a probe: the limit is the same at any number.
const STREAMS: u32 = 3;
/// Ways in that tell nothing of what is kept. SECURITY.md has them in words.
const PUBLIC: [&str; 4] = ["/health", "/ready", "/sign-in", "/assets/"];

/// The probes of the server.
#[must_use]
pub fn probes() -> Vec<Probe> {
    let probe = |id, claim, run, twin| Probe {
        promise: Promise { id, claim, against: Adversary::HostileInput },
        run,
        twin: Twin::Program(twin),
    };
    vec![
        probe(
            "SERVER-1",
            "The server listens to this machine alone, unless it speaks with encryption",
            |_| alone(may_listen),
            |_| alone(|_, _| true),
        ),
        probe(
            "SERVER-2",
            "A request by another name than the server's, or from another site's page, is refused",
            |_| stand(Part::Whole, strangers),
            |_| stand(Part::Gatekeeper, strangers),
        ),
        probe(
            "SERVER-3",
            "Every way in answers 401 to whoever shows no good token, but for those that tell nothing",
            |_| stand(Part::Whole, nobody),
            |_| stand(Part::Tokens, nobody),
        ),
        probe(
            "SERVER-4",
            "A session of the dashboard counts under the dashboard's own name alone, so no other port can ride on it",
            |_| stand(Part::Whole, another_port),
            |_| stand(Part::OwnName, another_port),
        ),
        probe(
            "SERVER-5",
            "Nobody holds more streams than one may, and a body that is too large is refused unread",
            |_| stand(Part::Whole, too_much),
            |_| stand(Part::Limits, too_much),
        ),
    ]
}

/// What a stand-in is put together without.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// It lacks nothing.
    Whole,
    Gatekeeper,
    Tokens,
    OwnName,
    Limits,
}

/// A server to be looked at.
struct Stand {
    address: SocketAddr,
    names: Names,
    gateways: Vec<Gateway>,
    /// What a browser shows whose person is signed in.
    cookie: String,
}

fn fail(why: impl Into<String>) -> Verdict {
    Verdict::Fail(why.into())
}

/// Starts a server, looks at it, and ends it.
fn stand(lacks: Part, look: fn(&Stand) -> Result<(), String>) -> Verdict {
    let served = || -> Result<Verdict, String> {
        let folder = tempfile::Builder::new().prefix("keep-probe-").tempdir().map_err(|e| e.to_string())?;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.map_err(|e| e.to_string())?;
        let app = scratch::open(folder.path()).map_err(|error| keep_types::chain(&error).join(": "))?;
        let (house, stand) = runtime.block_on(begin(app, lacks))?;
        let verdict = match look(&stand) {
            Ok(()) => Verdict::Pass,
            Err(why) => fail(why),
        };
        house.ending.cancel();
        runtime.block_on(async {
            house.tasks.close();
            // What it still does concerns an installation that goes now.
            let _ = tokio::time::timeout(PATIENCE, house.tasks.wait()).await;
        });
        Ok(verdict)
    };
    served()
        .unwrap_or_else(|why| Verdict::NotApplicable(format!("no server could be started to look at: {why}")))
}

async fn begin(app: App, lacks: Part) -> Result<(House, Stand), String> {
    let listener = TcpListener::bind("127.0.0.1:0").await.map_err(|e| e.to_string())?;
    let address = listener.local_addr().map_err(|e| e.to_string())?;
    let names = Names::of(address).map_err(|e| e.to_string())?;
    let streams = if lacks == Part::Limits { u32::MAX } else { STREAMS };
    let setting = Setting { app, log: Arc::new(Quiet) };
    let house = House::with_limits(setting, names.clone(), Limits::of_streams(streams), Room::default());
    let person: Principal = "user:probe".parse().map_err(|_| "a literal is no principal".to_owned())?;
    let opened = house.sessions.begin(person, house.app.now()).map_err(|e| e.to_string())?;
    let gateways = doors(&house).into_iter().map(|door| door.gateway).collect();
    let router = put_together(&house, lacks);
    let serving = house.clone();
    house.tasks.spawn(async move { listen(&serving, listener, router).await });
    house.tasks.spawn(crate::growth::watch(house.clone()));
    let cookie = format!("{SESSION}={}", opened.key);
    Ok((house, Stand { address, names, gateways, cookie }))
}

fn put_together(house: &House, lacks: Part) -> Router {
    match lacks {
        Part::Whole => whole(house, doors(house)),
        Part::Limits => whole(house, doors(house)),
        Part::Gatekeeper => whole_without_gatekeeper(house, doors(house)),
        Part::Tokens => whole(house, doors(house).into_iter().map(Door::open_to_all).collect()),
        Part::OwnName => {
            let any = from_fn(|mut request: Request, next: Next| {
                request.extensions_mut().insert(Host::Dashboard);
                next.run(request)
            });
            whole_without_gatekeeper(house, doors(house)).layer(any)
        }
    }
}

/// Whether addresses that others reach are refused to a server without encryption.
fn alone(may_listen: fn(SocketAddr, Speaks) -> bool) -> Verdict {
    let ports = ["0.0.0.0:0", "[::]:0", "192.0.2.1:80", "10.0.0.1:8717", "[2001:db8::1]:1"];
    let others = ports.iter().filter_map(|text| text.parse::<SocketAddr>().ok());
    for address in others {
        if may_listen(address, Speaks::Plainly) {
            return fail(format!("it would listen at {address} without encryption"));
        }
    }
    match ["127.0.0.1:0", "[::1]:0"]
        .iter()
        .all(|own| own.parse().is_ok_and(|own| may_listen(own, Speaks::Plainly)))
    {
        true => Verdict::Pass,
        false => fail("it would not listen to this machine"),
    }
}

impl Stand {
    /// Sends a request as it is; the answer's status and what has come of it by then.
    fn ask(&self, request: &str) -> Result<(u16, String, TcpStream), String> {
        let connect = || -> std::io::Result<(String, TcpStream)> {
            let mut stream = TcpStream::connect(self.address)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            stream.set_write_timeout(Some(PATIENCE))?;
            // Who is refused early may find the connection closed.
            let _ = stream.write_all(request.as_bytes());
            let mut head = Vec::new();
            let mut piece = [0; 1024];
            while !head.windows(4).any(|window| window == b"\r\n\r\n") {
                match stream.read(&mut piece)? {
                    0 => break,
                    count => head.extend_from_slice(&piece[..count]),
                }
            }
            Ok((String::from_utf8_lossy(&head).into_owned(), stream))
        };
        let (head, stream) = connect().map_err(|error| format!("asking the server: {error}"))?;
        let status = head.split(' ').nth(1).and_then(|word| word.parse().ok()).unwrap_or(0);
        Ok((status, head, stream))
    }

    fn get(&self, path: &str, host: &str, more: &str) -> Result<u16, String> {
        let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{more}\r\n");
        Ok(self.ask(&request)?.0)
    }

    fn dashboard(&self) -> String {
        self.names.dashboard().trim_start_matches("http://").trim_end_matches('/').to_owned()
    }
}

/// Hosts and origins that are not the server's.
fn strangers(stand: &Stand) -> Result<(), String> {
    let (own, port) = (stand.address.to_string(), stand.address.port());
    if stand.get("/health", &own, "")? != 200 {
        return Err("it does not answer by its own name".into());
    }
    for host in [
        "evil.example".to_owned(),
        format!("localhost6:{port}"),
        format!("127.0.0.1.evil.example:{port}"),
        format!("localhost:{}", port.wrapping_add(1)),
        format!("other.localhost:{port}"),
    ] {
        if stand.get("/health", &host, "")? != 403 {
            return Err(format!("it answers by the name {host}"));
        }
    }
    for header in [
        "Origin: null".to_owned(),
        "Origin: https://evil.example".into(),
        format!("Origin: http://{own}.evil.example"),
        format!("Origin: http://localhost:{}", port.wrapping_add(1)),
        "Sec-Fetch-Site: cross-site".into(),
        format!("Host: {own}"),
    ] {
        if stand.get("/health", &own, &format!("{header}\r\n"))? != 403 {
            return Err(format!("it answers a request with `{header}`"));
        }
    }
    Ok(())
}

/// Every way in, by nobody and with what is no token.
fn nobody(stand: &Stand) -> Result<(), String> {
    let hosts = [stand.address.to_string(), stand.dashboard()];
    for gateway in &stand.gateways {
        let public = PUBLIC
            .iter()
            .any(|known| gateway.path == *known || (known.ends_with('/') && gateway.path.starts_with(known)));
        if public {
            continue;
        }
        if gateway.access == Access::Public {
            return Err(format!("{} is open to everybody, and is not on the list", gateway.path));
        }
        let path = gateway.path.replace("{seq}", "0").replace("{id}", "x").replace("{name}", "x");
        for host in &hosts {
            for more in ["", "Authorization: Bearer keep_0_0\r\n", "Cookie: keep_session=x\r\n"] {
                let request = format!(
                    "{} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nKeep-Request: 1\r\n\
                     Content-Type: application/json\r\nContent-Length: 2\r\n{more}\r\n{{}}",
                    gateway.method
                );
                let (status, _, _) = stand.ask(&request)?;
                if status != 401 {
                    return Err(format!("{} {path} answers {status} to nobody", gateway.method));
                }
            }
        }
    }
    Ok(())
}

/// The cookie under the dashboard's name, and under those that other ports share.
fn another_port(stand: &Stand) -> Result<(), String> {
    let port = stand.address.port();
    let cookie = format!("Cookie: {}\r\n", stand.cookie);
    if stand.get("/api/v1/approvals", &stand.dashboard(), &cookie)? != 200 {
        return Err("a session does not count under the dashboard's own name".into());
    }
    let label = stand.dashboard();
    let label = label.split('.').next().unwrap_or_default();
    if label.len() < 26 || !stand.dashboard().ends_with(&format!(".localhost:{port}")) {
        return Err("the dashboard's name could be guessed".into());
    }
    for host in [stand.address.to_string(), format!("localhost:{port}")] {
        let status = stand.get("/api/v1/approvals", &host, &cookie)?;
        if status != 401 {
            return Err(format!("a session counts under {host}, whose cookies every port gets ({status})"));
        }
    }
    Ok(())
}

/// One stream too many, and a body that is too large.
fn too_much(stand: &Stand) -> Result<(), String> {
    let host = stand.dashboard();
    let request =
        format!("GET /api/v1/events?from=now HTTP/1.1\r\nHost: {host}\r\nCookie: {}\r\n\r\n", stand.cookie);
    let mut open = Vec::new();
    for _ in 0..STREAMS {
        let (status, _, stream) = stand.ask(&request)?;
        if status != 200 {
            return Err(format!("a stream within the limit is answered with {status}"));
        }
        open.push(stream);
    }
    let (status, _, _stream) = stand.ask(&request)?;
    if status != 429 {
        return Err(format!("a stream over the limit is answered with {status}"));
    }
    drop(open);
    let length = 64 << 20;
    let large = format!(
        "POST /api/v1/recall HTTP/1.1\r\nHost: {host}\r\nCookie: {}\r\nKeep-Request: 1\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{}",
        stand.cookie,
        "x".repeat(2 << 20)
    );
    match stand.ask(&large)?.0 {
        // It closed the connection before all of it was sent: that is a refusal, too.
        0 | 413 => Ok(()),
        status => Err(format!("a body that is too large is answered with {status}")),
    }
}

#[cfg(test)]
mod tests {
    use super::probes;
    use keep_types::{Installation, Verdict};

    /// Each on the server as it is, and on the one that lacks what is promised.
    #[test]
    fn each_probe_tells_its_twin_apart() {
        let nowhere = std::path::PathBuf::from("/nonexistent");
        let at = Installation { data: nowhere.clone(), config: nowhere.clone(), state: nowhere };
        for probe in probes() {
            let id = probe.promise.id;
            assert_eq!((probe.run)(&at), Verdict::Pass, "{id}");
            let broken = probe.run_broken(&at).unwrap();
            assert!(matches!(broken, Verdict::Fail(_)), "{id}: {broken:?}");
        }
    }
}
