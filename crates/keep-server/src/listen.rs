//! Connections: taken up to a limit, ended when they say nothing, and let end when the server does.

use crate::house::House;
use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

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
                house.tasks.spawn(serve(house.clone(), stream, router.clone(), place));
            }
            Err(error) => {
                house.log.line(&format!("taking a connection: {error}"));
                tokio::time::sleep(BREATH).await;
            }
        }
    }
}

async fn serve(house: House, stream: TcpStream, router: Router, place: OwnedSemaphorePermit) {
    // Answers are small and whole; waiting for more of them to fill a packet only delays them.
    let _ = stream.set_nodelay(true);
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
