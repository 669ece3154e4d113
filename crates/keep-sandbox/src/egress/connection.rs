//! One connection of a run, from its first byte on.

use super::forward::forward;
use super::http::{BadRequest, Request, parse_request};
use super::list::HostList;
use super::outside::Outside;
use super::pump::{PIECE, Quiet, copy};
use super::refusal::Refusal;
use super::serve::EgressLimits;
use super::socks::{self, Code, Greeting, SocksRequest, parse_greeting, parse_socks_request};
use super::traffic::{Book, Tally};
use super::{Host, Target};
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// A refused client may still be sending; so much is read over, so that it gets to see the answer.
const LINGER_BYTES: usize = 256 << 10;
const LINGER: Duration = Duration::from_secs(1);

/// What all connections of a proxy share.
pub(crate) struct Shared {
    pub(crate) list: HostList,
    pub(crate) outside: Box<dyn Outside>,
    pub(crate) limits: EgressLimits,
    pub(crate) book: Book,
}

/// Why there is no connection to a target.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoWay {
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error("{target} could not be reached: {source}")]
    Failed { target: Target, source: io::Error },
}

impl Shared {
    /// Checks a target, resolves it once, and connects to an address that was checked.
    pub(crate) async fn dial(&self, target: &Target) -> Result<(TcpStream, Arc<Tally>), NoWay> {
        let tally = self.book.tally(target);
        let way = timeout(self.limits.connect, self.connect(target)).await;
        let way = way.unwrap_or_else(|_| {
            Err(NoWay::Failed { target: target.clone(), source: io::ErrorKind::TimedOut.into() })
        });
        match &way {
            Ok(_) => tally.connected(),
            Err(NoWay::Refused(_)) => tally.refused(),
            Err(NoWay::Failed { .. }) => tally.failed(),
        }
        way.map(|stream| (stream, tally))
    }

    async fn connect(&self, target: &Target) -> Result<TcpStream, NoWay> {
        // Before resolving: what a run asks for must not reach a name server unless it is listed.
        self.list.covers(target)?;
        let failed = |source| NoWay::Failed { target: target.clone(), source };
        let addresses = match (HostList::without_resolving(target), &target.host) {
            (Some(addresses), _) => addresses,
            (None, Host::Name(name)) => self.outside.resolve(name).await.map_err(failed)?,
            (None, Host::Address(address)) => vec![*address],
        };
        let reachable = self.list.reachable(target, &addresses)?;
        // One that swallows everything leaves time for the others.
        let share = self.limits.connect / u32::try_from(reachable.len().max(1)).unwrap_or(u32::MAX);
        let mut last = io::Error::from(io::ErrorKind::HostUnreachable);
        for address in reachable {
            match timeout(share, self.outside.connect(address)).await {
                Ok(Ok(stream)) => {
                    // Small pieces of a dialogue must not wait for each other; failing that it is slower.
                    let _ = stream.set_nodelay(true);
                    return Ok(stream);
                }
                Ok(Err(error)) => last = error,
                Err(_) => last = io::ErrorKind::TimedOut.into(),
            }
        }
        Err(failed(last))
    }
}

/// Serves one connection to its end. Faults have been told to the client where it still listens; there is
/// nobody else to tell, and the book counts them.
pub(crate) async fn serve<S>(shared: Arc<Shared>, mut client: S)
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let mut begun = Vec::new();
    let first = timeout(shared.limits.head, read_more(&mut client, &mut begun)).await;
    let Ok(Ok(1..)) = first else { return };
    let served = match begun[0] {
        socks::VERSION => serve_socks(&shared, &mut client, begun).await,
        _ => serve_http(&shared, &mut client, begun).await,
    };
    // The client or the host went away in the middle, which each of them may.
    drop(served);
}

async fn read_more(from: &mut (impl AsyncRead + Unpin), into: &mut Vec<u8>) -> io::Result<usize> {
    let mut piece = [0; 4 << 10];
    let length = from.read(&mut piece).await?;
    into.extend_from_slice(&piece[..length]);
    Ok(length)
}

/// Reads until there is a whole head; gives its length.
pub(crate) async fn read_head(
    from: &mut (impl AsyncRead + Unpin),
    into: &mut Vec<u8>,
    limit: usize,
) -> io::Result<Option<usize>> {
    let mut searched = 0;
    loop {
        let from_here = searched.max(3) - 3;
        if let Some(at) = into[from_here..].windows(4).position(|four| four == b"\r\n\r\n") {
            let end = from_here + at + 4;
            return Ok((end <= limit).then_some(end));
        }
        searched = into.len();
        if into.len() > limit || read_more(from, into).await? == 0 {
            return Ok(None);
        }
    }
}

async fn serve_http<S>(shared: &Shared, client: &mut S, mut begun: Vec<u8>) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let limit = shared.limits.head_bytes;
    let Ok(end) = timeout(shared.limits.head, read_head(client, &mut begun, limit)).await else {
        return answer(client, "408 Request Timeout", "the request did not come to an end in time").await;
    };
    let Some(end) = end? else {
        shared.book.malformed();
        return answer(client, "431 Request Header Fields Too Large", "the request's head has no end").await;
    };
    let rest = begun.split_off(end);
    let request = match parse_request(&begun) {
        Ok(request) => request,
        Err(fault) => {
            shared.book.malformed();
            return answer(client, bad_status(fault), &fault.to_string()).await;
        }
    };
    let (Request::Connect { target } | Request::Forward { target, .. }) = &request;
    let (mut host, tally) = match shared.dial(target).await {
        Ok(way) => way,
        Err(no @ NoWay::Refused(_)) => {
            return answer(client, "403 Not Allowed By Keep", &no.to_string()).await;
        }
        Err(no @ NoWay::Failed { .. }) => return answer(client, "502 Bad Gateway", &no.to_string()).await,
    };
    match request {
        Request::Connect { .. } => {
            client.write_all(b"HTTP/1.1 200 Connection Established\r\n\r\n").await?;
            tunnel(shared, client, &mut host, &tally, &rest).await
        }
        Request::Forward { head, body, answer_is_bare, .. } => {
            forward(
                shared,
                client,
                &mut host,
                &tally,
                super::forward::Exchange { head, rest, body, answer_is_bare },
            )
            .await
        }
    }
}

fn bad_status(fault: BadRequest) -> &'static str {
    match fault {
        // A name in a strange form is refused as one that is not on the list.
        BadRequest::Host(_) | BadRequest::HostHeader => "403 Not Allowed By Keep",
        _ => "400 Bad Request",
    }
}

async fn serve_socks<S>(shared: &Shared, client: &mut S, mut begun: Vec<u8>) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let Ok(request) = timeout(shared.limits.head, socks_request(client, &mut begun)).await else {
        return Ok(());
    };
    let target = match request? {
        Some(Ok(target)) => target,
        Some(Err(fault)) => {
            shared.book.malformed();
            client.write_all(&socks::reply(fault.code())).await?;
            return linger(client).await;
        }
        None => {
            shared.book.malformed();
            return linger(client).await;
        }
    };
    match shared.dial(&target).await {
        Ok((mut host, tally)) => {
            client.write_all(&socks::reply(Code::Done)).await?;
            tunnel(shared, client, &mut host, &tally, &begun).await
        }
        Err(no) => {
            let code = match no {
                NoWay::Refused(_) => Code::NotAllowed,
                NoWay::Failed { source, .. } if source.kind() == io::ErrorKind::ConnectionRefused => {
                    Code::Refused
                }
                NoWay::Failed { .. } => Code::Unreachable,
            };
            client.write_all(&socks::reply(code)).await?;
            linger(client).await
        }
    }
}

/// Greets, and reads the request; leaves what came behind it. `None` where there is no SOCKS5 to be had.
async fn socks_request<S>(
    client: &mut S,
    begun: &mut Vec<u8>,
) -> io::Result<Option<Result<Target, socks::BadSocks>>>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    loop {
        match parse_greeting(begun) {
            Ok(Greeting::Partial) => {}
            Ok(Greeting::Open(length)) => {
                begun.drain(..length);
                client.write_all(&[socks::VERSION, 0]).await?;
                break;
            }
            Ok(Greeting::NoMethod) => {
                client.write_all(&[socks::VERSION, 0xff]).await?;
                return Ok(None);
            }
            Err(_) => return Ok(None),
        }
        if read_more(client, begun).await? == 0 {
            return Ok(None);
        }
    }
    loop {
        match parse_socks_request(begun) {
            Ok(SocksRequest::Connect(target, length)) => {
                begun.drain(..length);
                return Ok(Some(Ok(target)));
            }
            Ok(SocksRequest::Partial) if begun.len() > socks::MAX_REQUEST => return Ok(None),
            Ok(SocksRequest::Partial) => {}
            Err(fault) => return Ok(Some(Err(fault))),
        }
        if read_more(client, begun).await? == 0 {
            return Ok(None);
        }
    }
}

async fn tunnel<S>(
    shared: &Shared,
    client: &mut S,
    host: &mut TcpStream,
    tally: &Tally,
    begun: &[u8],
) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let quiet = Quiet::new(shared.limits.idle);
    quiet.write(host, begun).await?;
    tally.sent.fetch_add(begun.len() as u64, Ordering::Relaxed);
    let (mut from_client, mut to_client) = tokio::io::split(client);
    let (mut from_host, mut to_host) = host.split();
    let there = copy(&mut from_client, &mut to_host, &quiet, &tally.sent);
    let back = copy(&mut from_host, &mut to_client, &quiet, &tally.received);
    tokio::try_join!(there, back).map(drop)
}

/// Tells a client over HTTP what went wrong, and ends.
pub(crate) async fn answer<S>(client: &mut S, status: &str, text: &str) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let body = format!("keep: {text}\n");
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    client.write_all(head.as_bytes()).await?;
    client.write_all(body.as_bytes()).await?;
    linger(client).await
}

/// Ends the answer, and reads over what the client still sends: a socket closed with unread bytes takes its
/// answer back.
async fn linger<S>(client: &mut S) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    client.shutdown().await?;
    let mut piece = vec![0; PIECE];
    let mut over = 0;
    let read_over = async {
        while over < LINGER_BYTES {
            match client.read(&mut piece).await? {
                0 => break,
                length => over += length,
            }
        }
        Ok(())
    };
    timeout(LINGER, read_over).await.unwrap_or(Ok(()))
}
