//! Starting and ending.

use crate::api;
use crate::door::{Door, Gateway, router};
use crate::encrypt::Certificate;
use crate::error::ServerError;
use crate::growth;
use crate::guard;
use crate::house::{House, Setting};
use crate::listen::{listen, listen_encrypted};
use crate::mcp;
use crate::names::{Names, Side};
use crate::notices;
use crate::pages;
use crate::problem::Problem;
use crate::rules;
use crate::watch;
use axum::Router;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use keep_app::App;
use keep_types::{ErrorKind, Principal, PrincipalKind};
use rmcp::ServerHandler;
use std::net::SocketAddr;
use std::sync::PoisonError;
use std::time::Duration;
use tokio::net::TcpListener;

/// What was begun may take this long to end; what is not done by then is on record as begun.
const LAST_WORDS: Duration = Duration::from_secs(10);

/// A server that listens. Nobody is answered before [`Server::run`].
pub struct Server {
    house: House,
    listener: TcpListener,
    abroad: Option<(TcpListener, Certificate)>,
    /// What speaks the protocol.
    speaker: Speaker,
}

/// Makes the protocol's way in.
type Speaker = Box<dyn Fn(&House) -> Door + Send>;

/// Where programs of other machines come in.
#[derive(Clone)]
pub struct Abroad {
    /// The address.
    pub address: SocketAddr,
    /// The names that it is reached by beside its address.
    pub names: Vec<String>,
    /// What it shows of itself.
    pub certificate: Certificate,
}

/// Every way in.
pub(crate) fn doors(house: &House) -> Vec<Door> {
    doors_with(house, &mcp::door)
}

/// The same with somebody's side of the protocol.
fn doors_with(house: &House, speaker: &dyn Fn(&House) -> Door) -> Vec<Door> {
    let mut doors = api::doors();
    doors.push(speaker(house));
    doors.extend(pages::doors());
    doors
}

impl Server {
    /// Listens on an address of this machine; port 0 is any that is free.
    ///
    /// # Errors
    /// When the address is another one, or cannot be listened on.
    pub async fn bind(setting: Setting, address: SocketAddr) -> Result<Self, ServerError> {
        Self::bind_both(setting, address, None).await
    }

    /// The same, and another address for programs of other machines, with encryption. They show tokens as ever; the
    /// dashboard stays on this machine.
    ///
    /// # Errors
    /// Those of [`Server::bind`].
    pub async fn bind_both(
        setting: Setting,
        address: SocketAddr,
        abroad: Option<Abroad>,
    ) -> Result<Self, ServerError> {
        if !may_listen(address, Speaks::Plainly) {
            return Err(ServerError::NotLoopback(address));
        }
        let failed = |source| ServerError::Bind { address, source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let mut names = Names::of(listener.local_addr().map_err(failed)?)?;
        let abroad = match abroad {
            None => None,
            Some(Abroad { address, names: others, certificate }) => {
                let failed = |source| ServerError::Bind { address, source };
                let listener = TcpListener::bind(address).await.map_err(failed)?;
                names = names.and_abroad(listener.local_addr().map_err(failed)?, &others);
                Some((listener, certificate))
            }
        };
        let house = House::new(setting, names);
        Ok(Self { house, listener, abroad, speaker: Box::new(mcp::door) })
    }

    /// The same doors with another's side of the protocol behind `/mcp`. The protocol's own suite of tests calls
    /// tools that no server should have, so whoever runs it brings them.
    #[must_use]
    pub fn speaking<S: ServerHandler + Clone>(self, another: S) -> Self {
        Self { speaker: Box::new(move |house| mcp::another(house, another.clone())), ..self }
    }

    /// The same with another time between the heartbeats of its streams, to see a day of them in less.
    #[must_use]
    pub fn with_heartbeat(self, every: Duration) -> Self {
        *self.house.heartbeat.write().unwrap_or_else(PoisonError::into_inner) = every;
        self
    }

    /// Under which names it is reached.
    #[must_use]
    pub fn names(&self) -> &Names {
        &self.house.names
    }

    /// A code that signs this person in to the dashboard, once and soon; none for whoever is no person.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub fn sign_in_code(&self, who: &Principal) -> Result<Option<String>, ServerError> {
        if who.kind() != PrincipalKind::User {
            return Ok(None);
        }
        self.house.sessions.new_code(who.clone(), self.house.app.now()).map(Some)
    }

    /// Every way in, for whoever lists them.
    #[must_use]
    pub fn gateways(&self) -> Vec<Gateway> {
        doors_with(&self.house, &*self.speaker).into_iter().map(|door| door.gateway).collect()
    }

    /// Serves until `ended` comes about; then streams end, runs are stopped, whatever else was begun is finished, and
    /// the installation is given back for closing.
    pub async fn run(self, ended: impl Future<Output = ()>) -> Option<App> {
        let Self { house, listener, abroad, speaker } = self;
        let router = whole(&house, doors_with(&house, &*speaker));
        let far = doors_with(&house, &*speaker).into_iter().filter(Door::is_open_abroad).collect();
        let far = abroad.map(|taken| (taken, whole_from(&house, Side::Abroad, far)));
        // It may hold the house.
        drop(speaker);
        if let Some(((listener, certificate), router)) = far {
            let (house, acceptor) = (house.clone(), certificate.acceptor());
            let tasks = house.tasks.clone();
            tasks.spawn(async move { listen_encrypted(&house, listener, router, acceptor).await });
        }
        house.tasks.spawn(growth::watch(house.clone()));
        house.tasks.spawn(watch::watch(house.clone()));
        house.tasks.spawn(rules::watch(house.clone()));
        house.tasks.spawn(notices::watch(house.clone()));
        tokio::select! {
            () = listen(&house, listener, router) => {}
            () = ended => house.ending.cancel(),
        }
        house.tasks.close();
        if tokio::time::timeout(LAST_WORDS, house.tasks.wait()).await.is_err() {
            house.log.line("some requests were still open at the end");
        }
        house.log.line(&match house.counts.ended_runs() {
            0 => "ended".to_owned(),
            1 => "ended; 1 run was stopped".to_owned(),
            many => format!("ended; {many} runs were stopped"),
        });
        house.into_app().await
    }
}

/// How a server speaks at an address.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Speaks {
    Plainly,
    Encrypted,
}

/// Whether a server may listen there: others reach it with encryption alone.
pub(crate) fn may_listen(address: SocketAddr, how: Speaks) -> bool {
    address.ip().is_loopback() || how == Speaks::Encrypted
}

/// The doors behind everything that each request of this machine passes.
pub(crate) fn whole(house: &House, doors: Vec<Door>) -> Router {
    whole_from(house, Side::Here, doors)
}

fn whole_from(house: &House, side: Side, doors: Vec<Door>) -> Router {
    behind(house, inner(house, doors).layer(from_fn_with_state((house.clone(), side), guard::gatekeeper)))
}

/// What the server would be if it did not look at names and origins; for the twins of its promises alone.
pub(crate) fn whole_without_gatekeeper(house: &House, doors: Vec<Door>) -> Router {
    behind(house, inner(house, doors))
}

fn inner(house: &House, doors: Vec<Door>) -> Router<House> {
    let nothing = || async { Problem::new(StatusCode::NOT_FOUND, ErrorKind::NotFound, "nothing is here") };
    router(house, doors).fallback(nothing)
}

fn behind(house: &House, router: Router<House>) -> Router {
    router.layer(from_fn_with_state(house.clone(), guard::outer)).with_state(house.clone())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::door::Access;
    use crate::guard::Limits;
    use crate::listen::Room;
    use crate::log::Quiet;
    use axum::http::Method;
    use axum::routing::get;
    use std::sync::Arc;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    pub(crate) fn house(folder: &std::path::Path, names: Names) -> House {
        House::new(setting(folder), names)
    }

    fn setting(folder: &std::path::Path) -> Setting {
        let app = crate::scratch::open(folder).unwrap();
        Setting { app, log: Arc::new(Quiet) }
    }

    /// Nobody knows who it is: what it asks for is for everybody.
    #[tokio::test]
    async fn who_does_not_read_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let room = Room::of(8, Duration::from_millis(200));
        let names = Names::of(address).unwrap();
        let house = House::with_limits(setting(folder.path()), names, Limits::default(), room);
        let router = whole(&house, doors(&house));
        let serving = house.clone();
        tokio::spawn(async move { listen(&serving, listener, router).await });
        let requests = format!("GET /assets/htmx.min.js HTTP/1.1\r\nHost: {address}\r\n\r\n").repeat(3_000);
        let mut deaf = Vec::new();
        for _ in 0..3 {
            let mut stream = TcpStream::connect(address).await.unwrap();
            // As many as the connection takes before its answers fill it.
            let sending = stream.write_all(requests.as_bytes());
            let _ = tokio::time::timeout(Duration::from_secs(1), sending).await;
            deaf.push(stream);
        }
        // The listener itself holds the place of the next.
        while house.room.free() < 7 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert!(ask(address, "/health").await.starts_with("HTTP/1.1 200"));
        drop(deaf);
        house.ending.cancel();
    }

    async fn ask(address: SocketAddr, path: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn a_panic_is_a_500_and_the_server_lives() {
        async fn panics() -> &'static str {
            panic!("something that only the log may hear of")
        }
        let folder = tempfile::tempdir().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let house = house(folder.path(), Names::of(address).unwrap());
        let mut doors = doors(&house);
        doors.push(Door::new(Method::GET, "/panics", Access::Public, get(panics)));
        let router = whole(&house, doors);
        let serving = house.clone();
        tokio::spawn(async move { listen(&serving, listener, router).await });
        for _ in 0..3 {
            let answer = ask(address, "/panics").await;
            assert!(answer.starts_with("HTTP/1.1 500"), "{answer}");
            assert!(
                answer.contains("application/problem+json") && !answer.contains("only the log"),
                "{answer}"
            );
        }
        assert!(ask(address, "/health").await.starts_with("HTTP/1.1 200"));
        house.ending.cancel();
    }
}
