//! One plain HTTP request to one host, and its answer. Each has a connection of its own: a second request
//! on it could name another host than the one that was checked.

use super::connection::{Shared, answer, read_head};
use super::framing::{BadChunks, Follow};
use super::http::Body;
use super::pump::{PIECE, Quiet};
use super::response::parse_answer;
use super::traffic::Tally;
use std::io;
use std::sync::atomic::Ordering;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};

/// What is to be sent, and how the answer is to be read.
pub(crate) struct Exchange {
    pub(crate) head: Vec<u8>,
    /// What the client had already sent behind its head.
    pub(crate) rest: Vec<u8>,
    pub(crate) body: Body,
    pub(crate) answer_is_bare: bool,
}

pub(crate) async fn forward<S>(
    shared: &Shared,
    client: &mut S,
    host: &mut TcpStream,
    tally: &Tally,
    exchange: Exchange,
) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let quiet = Quiet::new(shared.limits.idle);
    let ended = {
        let (mut from_client, mut to_client) = tokio::io::split(&mut *client);
        let (mut from_host, mut to_host) = host.split();
        let bare = exchange.answer_is_bare;
        let sending = send(&mut from_client, &mut to_host, &quiet, tally, &exchange);
        let answering = pass_answer(&mut from_host, &mut to_client, &quiet, tally, shared, bare);
        tokio::select! {
            // An answer may come before the body has been sent, and is then all that counts.
            ended = answering => ended?,
            Err(BadChunks) = sending => Ended::BadRequest,
        }
    };
    match ended {
        Ended::Whole => client.shutdown().await,
        Ended::BadRequest => answer(client, "400 Bad Request", &BadChunks.to_string()).await,
        Ended::BadAnswer => answer(client, "502 Bad Gateway", "the host's answer is no HTTP").await,
    }
}

enum Ended {
    Whole,
    BadRequest,
    BadAnswer,
}

/// Sends the request. A host that no longer listens may still answer, so that only ends this side.
async fn send(
    client: &mut (impl AsyncRead + Unpin),
    host: &mut WriteHalf<'_>,
    quiet: &Quiet,
    tally: &Tally,
    exchange: &Exchange,
) -> Result<(), BadChunks> {
    let mut follow = Follow::new(exchange.body);
    let mut piece = vec![0; PIECE];
    let first = follow.pass(&exchange.rest)?;
    let mut going = put(host, quiet, tally, &exchange.head).await && put(host, quiet, tally, &first).await;
    while going && !follow.is_complete() {
        let Ok(length @ 1..) = quiet.read(client, &mut piece).await else { break };
        let bytes = follow.pass(&piece[..length])?;
        going = put(host, quiet, tally, &bytes).await;
    }
    if !follow.is_complete() {
        // The host must not wait for what does not come. It may be gone, too, which the answer shows.
        let _ = host.shutdown().await;
    }
    // The answer decides when all is over.
    std::future::pending().await
}

async fn put(host: &mut WriteHalf<'_>, quiet: &Quiet, tally: &Tally, bytes: &[u8]) -> bool {
    tally.sent.fetch_add(bytes.len() as u64, Ordering::Relaxed);
    quiet.write(host, bytes).await.is_ok()
}

async fn pass_answer(
    host: &mut ReadHalf<'_>,
    client: &mut (impl AsyncWrite + Unpin),
    quiet: &Quiet,
    tally: &Tally,
    shared: &Shared,
    bare: bool,
) -> io::Result<Ended> {
    let mut begun = Vec::new();
    let mut said = false;
    let body = loop {
        let head =
            tokio::time::timeout(shared.limits.idle, read_head(host, &mut begun, shared.limits.head_bytes));
        let Some(end) = head.await?? else {
            return if said { Err(io::ErrorKind::InvalidData.into()) } else { Ok(Ended::BadAnswer) };
        };
        let Ok(read) = parse_answer(&begun[..end], bare) else {
            return if said { Err(io::ErrorKind::InvalidData.into()) } else { Ok(Ended::BadAnswer) };
        };
        tally.received.fetch_add(end as u64, Ordering::Relaxed);
        begun.drain(..end);
        quiet.write(client, &read.head).await?;
        said = true;
        if !read.interim {
            break read.body;
        }
    };
    pass_body(host, client, quiet, tally, begun, body).await
}

async fn pass_body(
    host: &mut ReadHalf<'_>,
    client: &mut (impl AsyncWrite + Unpin),
    quiet: &Quiet,
    tally: &Tally,
    mut begun: Vec<u8>,
    body: Body,
) -> io::Result<Ended> {
    let mut follow = Follow::new(body);
    let mut piece = vec![0; PIECE];
    loop {
        tally.received.fetch_add(begun.len() as u64, Ordering::Relaxed);
        let bytes = follow.pass(&begun).map_err(|fault| io::Error::new(io::ErrorKind::InvalidData, fault))?;
        quiet.write(client, &bytes).await?;
        if follow.is_complete() {
            return Ok(Ended::Whole);
        }
        let length = quiet.read(host, &mut piece).await?;
        if length == 0 {
            // Cut short, the client must not take it for whole: without a proper end it is not.
            return if body == Body::UntilClose {
                Ok(Ended::Whole)
            } else {
                Err(io::ErrorKind::UnexpectedEof.into())
            };
        }
        begun = piece[..length].to_vec();
    }
}
