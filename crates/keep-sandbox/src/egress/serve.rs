//! The proxy as a whole: from a listening socket to its end.

use super::connection::{Shared, serve};
use super::list::HostList;
use super::outside::Outside;
use super::traffic::{Book, Traffic};
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::{JoinHandle, JoinSet};

/// After accepting failed, which is for want of file handles: it is tried again when some may be free.
const PAUSE: Duration = Duration::from_millis(50);

/// A socket that already listens; whoever made it decides who can reach it.
#[derive(Debug)]
pub enum Listener {
    /// A TCP port.
    Tcp(std::net::TcpListener),
    /// A Unix socket.
    Unix(std::os::unix::net::UnixListener),
}

/// How much a run may ask of its proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EgressLimits {
    /// Connections at one time; those beyond wait.
    pub connections: usize,
    /// Bytes of a request's or answer's head.
    pub head_bytes: usize,
    /// From a connection to its whole request.
    pub head: Duration,
    /// For resolving and connecting.
    pub connect: Duration,
    /// Silence in both directions that ends a connection.
    pub idle: Duration,
}

impl Default for EgressLimits {
    fn default() -> Self {
        Self {
            connections: 256,
            head_bytes: 64 << 10,
            head: Duration::from_secs(30),
            connect: Duration::from_secs(20),
            // A build that waits for a slow server, or a stream of events, is silent for minutes.
            idle: Duration::from_secs(600),
        }
    }
}

/// A running proxy. It ends, with every connection, when this is dropped.
pub struct Egress {
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
    /// Only where the caller has none.
    runtime: Option<Runtime>,
}

impl Egress {
    /// Starts on the runtime that the caller is in.
    ///
    /// # Errors
    /// Outside a runtime, or when the socket cannot be used.
    pub fn start(
        listener: Listener,
        list: HostList,
        outside: impl Outside,
        limits: EgressLimits,
    ) -> io::Result<Self> {
        let handle = Handle::try_current().map_err(io::Error::other)?;
        Self::begin(&handle, listener, list, outside, limits, None)
    }

    /// Starts on a thread of its own, for a caller that has no runtime.
    ///
    /// # Errors
    /// When there is no thread to be had, or the socket cannot be used.
    pub fn start_apart(
        listener: Listener,
        list: HostList,
        outside: impl Outside,
        limits: EgressLimits,
    ) -> io::Result<Self> {
        let runtime =
            Builder::new_multi_thread().worker_threads(1).thread_name("egress").enable_all().build()?;
        let handle = runtime.handle().clone();
        Self::begin(&handle, listener, list, outside, limits, Some(runtime))
    }

    fn begin(
        handle: &Handle,
        listener: Listener,
        list: HostList,
        outside: impl Outside,
        limits: EgressLimits,
        runtime: Option<Runtime>,
    ) -> io::Result<Self> {
        let shared = Arc::new(Shared { list, outside: Box::new(outside), limits, book: Book::default() });
        let _inside = handle.enter();
        let accepting = match listener {
            Listener::Tcp(listener) => {
                listener.set_nonblocking(true)?;
                let listener = tokio::net::TcpListener::from_std(listener)?;
                handle.spawn(accept_all(Arc::clone(&shared), listener))
            }
            Listener::Unix(listener) => {
                listener.set_nonblocking(true)?;
                let listener = tokio::net::UnixListener::from_std(listener)?;
                handle.spawn(accept_all(Arc::clone(&shared), listener))
            }
        };
        Ok(Self { shared, accepting, runtime })
    }

    /// What has been reached and refused so far.
    #[must_use]
    pub fn traffic(&self) -> Traffic {
        self.shared.book.traffic()
    }

    /// Ends it and every connection, and says what there was. On a runtime of the caller the sockets are
    /// closed when this returns.
    pub async fn stop(mut self) -> Traffic {
        self.accepting.abort();
        // It was aborted, so how it ended says nothing.
        let _ = (&mut self.accepting).await;
        self.shared.book.traffic()
    }
}

impl Drop for Egress {
    fn drop(&mut self) {
        // Its connections are held by the task and end with it.
        self.accepting.abort();
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl std::fmt::Debug for Egress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Egress").field("list", &self.shared.list).finish_non_exhaustive()
    }
}

/// What both kinds of sockets have in common.
trait Accept: Send + Sync + 'static {
    type Client: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static;

    fn accept(&self) -> impl Future<Output = io::Result<Self::Client>> + Send;
}

impl Accept for tokio::net::TcpListener {
    type Client = tokio::net::TcpStream;

    async fn accept(&self) -> io::Result<Self::Client> {
        Self::accept(self).await.map(|(client, _)| client)
    }
}

impl Accept for tokio::net::UnixListener {
    type Client = tokio::net::UnixStream;

    async fn accept(&self) -> io::Result<Self::Client> {
        Self::accept(self).await.map(|(client, _)| client)
    }
}

async fn accept_all<L: Accept>(shared: Arc<Shared>, listener: L) {
    let mut open = JoinSet::new();
    loop {
        while open.len() >= shared.limits.connections.max(1) {
            open.join_next().await;
        }
        tokio::select! {
            accepted = Accept::accept(&listener) => match accepted {
                Ok(client) => drop(open.spawn(serve(Arc::clone(&shared), client))),
                Err(_) => tokio::time::sleep(PAUSE).await,
            },
            Some(_) = open.join_next() => {}
        }
    }
}
