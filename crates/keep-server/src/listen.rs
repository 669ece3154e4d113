//! Connections: taken up to a limit, ended when they say nothing, and let end when the server does.

use crate::house::House;
use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Sleep;
use tokio_rustls::TlsAcceptor;

/// Connections at once. Streams of events stay open, so there are more than requests at a time.
const CONNECTIONS: usize = 4_096;
/// A client that takes nothing of its answer for so long gets no more of it.
const WRITE_PATIENCE: Duration = Duration::from_secs(20);
/// How often it is said that no connection can be taken, which goes on as long as its cause.
const SAID_EVERY: Duration = Duration::from_secs(60);
/// A client that has not said what it wants by then holds a place and nothing else.
const HEAD_PATIENCE: Duration = Duration::from_secs(10);
/// Bytes of a request's head; tokens, cookies and paths fit in many times over.
const HEAD_BYTES: usize = 32 << 10;
/// After a failed accept, as when there are no more file descriptors.
const BREATH: Duration = Duration::from_millis(50);

/// What all listeners of a server share.
pub(crate) struct Room {
    places: Arc<Semaphore>,
    patience: Duration,
}

impl Default for Room {
    fn default() -> Self {
        Self::of(CONNECTIONS.min(descriptors() / 2), WRITE_PATIENCE)
    }
}

impl Room {
    pub(crate) fn of(most: usize, patience: Duration) -> Self {
        Self { places: Arc::new(Semaphore::new(most.max(1))), patience }
    }

    /// How many places are free.
    #[cfg(test)]
    pub(crate) fn free(&self) -> usize {
        self.places.available_permits()
    }
}

/// How many files the process may have open. Half of them are for what the house itself opens: runs, artifacts, the
/// database.
fn descriptors() -> usize {
    let most = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    most.map_or(usize::MAX, |most| usize::try_from(most).unwrap_or(usize::MAX))
}

/// Takes connections until the server is to end.
pub(crate) async fn listen(house: &House, listener: TcpListener, router: Router) {
    accept(house, listener, router, None).await;
}

/// The same with encryption.
pub(crate) async fn listen_encrypted(
    house: &House,
    listener: TcpListener,
    router: Router,
    acceptor: TlsAcceptor,
) {
    accept(house, listener, router, Some(acceptor)).await;
}

async fn accept(house: &House, listener: TcpListener, router: Router, acceptor: Option<TlsAcceptor>) {
    let mut said: Option<Instant> = None;
    loop {
        let place = tokio::select! {
            () = house.ending.cancelled() => return,
            place = Arc::clone(&house.room.places).acquire_owned() => place,
        };
        let Ok(place) = place else { return };
        let taken = tokio::select! {
            () = house.ending.cancelled() => return,
            taken = listener.accept() => taken,
        };
        match taken {
            Ok((stream, _)) => {
                // Answers are small and whole; waiting for more of them to fill a packet only delays them.
                let _ = stream.set_nodelay(true);
                let stream = Patient::of(stream, house.room.patience);
                match acceptor.clone() {
                    None => house.tasks.spawn(serve(house.clone(), stream, router.clone(), place)),
                    Some(acceptor) => {
                        house.tasks.spawn(greet(house.clone(), stream, router.clone(), place, acceptor))
                    }
                };
            }
            Err(error) => {
                if said.is_none_or(|said| said.elapsed() >= SAID_EVERY) {
                    house.log.line(&format!("taking a connection: {error}"));
                    said = Some(Instant::now());
                }
                tokio::time::sleep(BREATH).await;
            }
        }
    }
}

/// Agrees on keys first, which must not take longer than saying what is wanted.
async fn greet(
    house: House,
    stream: Patient<TcpStream>,
    router: Router,
    place: OwnedSemaphorePermit,
    acceptor: TlsAcceptor,
) {
    let greeted = tokio::select! {
        () = house.ending.cancelled() => return,
        greeted = tokio::time::timeout(HEAD_PATIENCE, acceptor.accept(stream)) => greeted,
    };
    // Who does not agree is no client of ours; that concerns nobody else.
    if let Ok(Ok(stream)) = greeted {
        serve(house, stream, router, place).await;
    }
}

async fn serve<S>(house: House, stream: S, router: Router, place: OwnedSemaphorePermit)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = TowerToHyperService::new(router);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_PATIENCE)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    // A connection that breaks concerns its client alone.
    let _ = tokio::select! {
        ended = connection.as_mut() => ended,
        () = house.ending.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    drop(place);
}

/// A connection that breaks when nothing of what is written can go on for too long: its client does not read, and
/// would hold its place and what was answered for ever.
struct Patient<S> {
    stream: S,
    patience: Duration,
    /// Set while something waits to be written.
    waiting: Option<Pin<Box<Sleep>>>,
}

impl<S> Patient<S> {
    fn of(stream: S, patience: Duration) -> Self {
        Self { stream, patience, waiting: None }
    }

    /// An answer to writing, or an error when it was waited for too long.
    fn within<T>(&mut self, cx: &mut Context<'_>, answer: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if answer.is_ready() {
            self.waiting = None;
            return answer;
        }
        let patience = self.patience;
        let waiting = self.waiting.get_or_insert_with(|| Box::pin(tokio::time::sleep(patience)));
        ready!(waiting.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        to: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, to)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let answer = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.within(cx, answer)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let answer = Pin::new(&mut self.stream).poll_write_vectored(cx, bytes);
        self.within(cx, answer)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let answer = Pin::new(&mut self.stream).poll_flush(cx);
        self.within(cx, answer)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let answer = Pin::new(&mut self.stream).poll_shutdown(cx);
        self.within(cx, answer)
    }
}
