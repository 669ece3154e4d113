//! Connections: taken up to a limit, ended when they say nothing, and let end when the server does.

use crate::house::House;
use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_rustls::TlsAcceptor;

/// Connections at once. Streams of events stay open, so there are more than requests at a time.
const CONNECTIONS: usize = 4_096;
/// A client that has not said what it wants by then holds a place and nothing else.
const HEAD_PATIENCE: Duration = Duration::from_secs(10);
/// Bytes of a request's head; tokens, cookies and paths fit in many times over.
const HEAD_BYTES: usize = 32 << 10;
/// After a failed accept, as when there are no more file descriptors.
const BREATH: Duration = Duration::from_millis(50);

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
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let place = tokio::select! {
            () = house.ending.cancelled() => return,
            place = Arc::clone(&places).acquire_owned() => place,
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
                match acceptor.clone() {
                    None => house.tasks.spawn(serve(house.clone(), stream, router.clone(), place)),
                    Some(acceptor) => {
                        house.tasks.spawn(greet(house.clone(), stream, router.clone(), place, acceptor))
                    }
                };
            }
            Err(error) => {
                house.log.line(&format!("taking a connection: {error}"));
                tokio::time::sleep(BREATH).await;
            }
        }
    }
}

/// Agrees on keys first, which must not take longer than saying what is wanted.
async fn greet(
    house: House,
    stream: TcpStream,
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
