//! A request to the proxy, read strictly: what two programs could read in two ways is refused.
//!
//! What goes on to the host is written anew from what was understood, so that no byte of the request line or
//! its headers reaches the host as it came.

use super::host::{Host, HostError, Target};
use httparse::Header;

/// More headers than any client sends.
const MAX_HEADERS: usize = 128;
/// So many digits fit into a `u64` and are more bytes than there are.
const MAX_LENGTH_DIGITS: usize = 18;

/// A request that the proxy understands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// A tunnel.
    Connect {
        /// Where to.
        target: Target,
    },
    /// One request to one host, over plain HTTP.
    Forward {
        /// Where to.
        target: Target,
        /// The request line and headers as the host gets them.
        head: Vec<u8>,
        /// What follows them.
        body: Body,
        /// The answer has no body whatever its headers say.
        answer_is_bare: bool,
    },
}

/// How long a body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// So many bytes.
    Length(u64),
    /// In chunks, up to an empty one.
    Chunked,
    /// Up to the end of the connection; of answers only.
    UntilClose,
}

/// Why a request is not understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadRequest {
    /// Not HTTP.
    #[error("this is no HTTP request")]
    Syntax,
    /// `GET /path`, as to a server.
    #[error("this is a proxy: a request names its host, as in `GET http://example.com/`")]
    NotForAProxy,
    /// `https://` and others without a tunnel.
    #[error("this proxy forwards http:// only; anything else goes through CONNECT")]
    Scheme,
    /// The host is none.
    #[error("the request's host is none: {0}")]
    Host(#[from] HostError),
    /// The request line and the `Host` header disagree, or there are two of them, or none.
    #[error("the request line and the Host header do not agree")]
    HostHeader,
    /// A length that can be read in two ways.
    #[error("the request's length can be read in more than one way")]
    Length,
}

/// Reads a whole head, up to and with its empty line.
///
/// # Errors
/// Whatever is not plain HTTP/1.0 or 1.1 for a proxy.
pub fn parse_request(head: &[u8]) -> Result<Request, BadRequest> {
    check_lines(head)?;
    // Empty lines before a request are read over by some and end the head for others.
    if head.starts_with(b"\r") {
        return Err(BadRequest::Syntax);
    }
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    match request.parse(head) {
        Ok(httparse::Status::Complete(length)) if length == head.len() => {}
        _ => return Err(BadRequest::Syntax),
    }
    let (Some(method), Some(path), Some(version)) = (request.method, request.path, request.version) else {
        return Err(BadRequest::Syntax);
    };
    let headers: &[Header<'_>] = request.headers;
    if method.eq_ignore_ascii_case("CONNECT") {
        // Methods tell case apart; one that only looks like this one would be forwarded otherwise.
        if method != "CONNECT" {
            return Err(BadRequest::Syntax);
        }
        let target = Target::parse(path, None)?;
        check_host(headers, &target, 443, Presence::Optional)?;
        if request_body(headers, version)? != Body::Length(0) {
            return Err(BadRequest::Length);
        }
        return Ok(Request::Connect { target });
    }
    let (target, rest) = absolute(path)?;
    let presence = if version == 0 { Presence::Optional } else { Presence::Required };
    check_host(headers, &target, 80, presence)?;
    let body = request_body(headers, version)?;
    let head = rewrite(method, &origin_form(method, rest), version, &target, headers, body);
    Ok(Request::Forward { target, head, body, answer_is_bare: method == "HEAD" })
}

/// Lines end in CR LF and nothing else: a parser that also takes LF alone sees other lines.
pub(crate) fn check_lines(head: &[u8]) -> Result<(), BadRequest> {
    for (at, byte) in head.iter().enumerate() {
        let fits = match byte {
            b'\n' => at > 0 && head[at - 1] == b'\r',
            b'\r' => head.get(at + 1) == Some(&b'\n'),
            b'\t' => true,
            byte => !byte.is_ascii_control(),
        };
        if !fits {
            return Err(BadRequest::Syntax);
        }
    }
    Ok(())
}

/// Splits `http://host:port/rest`.
fn absolute(uri: &str) -> Result<(Target, &str), BadRequest> {
    if !uri.bytes().all(|b| b.is_ascii_graphic()) || uri.contains('#') {
        return Err(BadRequest::Syntax);
    }
    let Some((scheme, after)) = uri.split_once("://") else { return Err(BadRequest::NotForAProxy) };
    if uri.starts_with('/') {
        return Err(BadRequest::NotForAProxy);
    }
    if !scheme.eq_ignore_ascii_case("http") {
        return Err(BadRequest::Scheme);
    }
    let end = after.find(['/', '?']).unwrap_or(after.len());
    let (authority, rest) = after.split_at(end);
    // A name before an `@` would be a user, who has no place here: `http://listed@other/`.
    Ok((Target::parse(authority, Some(80))?, rest))
}

fn origin_form(method: &str, rest: &str) -> String {
    match rest.bytes().next() {
        None if method == "OPTIONS" => "*".into(),
        None => "/".into(),
        Some(b'?') => format!("/{rest}"),
        Some(_) => rest.into(),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Presence {
    Required,
    Optional,
}

fn check_host(
    headers: &[Header<'_>],
    target: &Target,
    default: u16,
    presence: Presence,
) -> Result<(), BadRequest> {
    let mut named = values(headers, "host");
    let Some(value) = named.next() else {
        return if presence == Presence::Required { Err(BadRequest::HostHeader) } else { Ok(()) };
    };
    let text = std::str::from_utf8(value).map_err(|_| BadRequest::HostHeader)?;
    // A client that leaves out the port means the one of the scheme, or the one it has just named.
    let said = Target::parse(text, Some(default)).map_err(|_| BadRequest::HostHeader)?;
    let bare = Host::parse(text).ok();
    let agrees = said == *target || (presence == Presence::Optional && bare.as_ref() == Some(&target.host));
    if agrees && named.next().is_none() { Ok(()) } else { Err(BadRequest::HostHeader) }
}

/// The values of all headers of a name.
pub(crate) fn values<'a>(headers: &'a [Header<'a>], name: &'a str) -> impl Iterator<Item = &'a [u8]> {
    headers.iter().filter(move |header| header.name.eq_ignore_ascii_case(name)).map(|header| header.value)
}

/// The one length that the headers give, or none; two ways to read it are a fault.
pub(crate) fn stated_length(headers: &[Header<'_>], version: u8) -> Result<Option<Body>, BadRequest> {
    let mut codings = values(headers, "transfer-encoding");
    let mut lengths = values(headers, "content-length");
    match (codings.next(), lengths.next()) {
        (None, None) => Ok(None),
        (Some(coding), None) => {
            let chunked = coding.eq_ignore_ascii_case(b"chunked") && codings.next().is_none() && version == 1;
            if chunked { Ok(Some(Body::Chunked)) } else { Err(BadRequest::Length) }
        }
        (None, Some(length)) if lengths.next().is_none() => {
            let digits =
                (1..=MAX_LENGTH_DIGITS).contains(&length.len()) && length.iter().all(u8::is_ascii_digit);
            let number = std::str::from_utf8(length).ok().and_then(|text| text.parse().ok());
            number.filter(|_| digits).map(|length| Some(Body::Length(length))).ok_or(BadRequest::Length)
        }
        _ => Err(BadRequest::Length),
    }
}

fn request_body(headers: &[Header<'_>], version: u8) -> Result<Body, BadRequest> {
    Ok(stated_length(headers, version)?.unwrap_or(Body::Length(0)))
}

/// Headers that are about this one connection, and those that are written anew.
const NOT_PASSED_ON: [&str; 13] = [
    "connection",
    "content-length",
    "host",
    "http2-settings",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "proxy-authentication-info",
];

/// Whether a header goes on to the other side.
pub(crate) fn passes(header: &Header<'_>, headers: &[Header<'_>]) -> bool {
    let listed = NOT_PASSED_ON.iter().any(|name| header.name.eq_ignore_ascii_case(name));
    let named = values(headers, "connection").any(|value| {
        let mut words = value.split(|b| *b == b',');
        words.any(|word| word.trim_ascii().eq_ignore_ascii_case(header.name.as_bytes()))
    });
    !listed && !named
}

/// Appends one header line.
pub(crate) fn line(head: &mut Vec<u8>, name: &str, value: &[u8]) {
    head.extend_from_slice(name.as_bytes());
    head.extend_from_slice(b": ");
    head.extend_from_slice(value);
    head.extend_from_slice(b"\r\n");
}

fn rewrite(
    method: &str,
    path: &str,
    version: u8,
    target: &Target,
    headers: &[Header<'_>],
    body: Body,
) -> Vec<u8> {
    let mut head = format!("{method} {path} HTTP/1.{version}\r\n").into_bytes();
    let host = if target.port == 80 { target.host.to_string() } else { target.to_string() };
    line(&mut head, "Host", host.as_bytes());
    for header in headers.iter().filter(|header| passes(header, headers)) {
        line(&mut head, header.name, header.value);
    }
    match body {
        Body::Chunked => line(&mut head, "Transfer-Encoding", b"chunked"),
        // A request without a body says nothing of its length, unless the client did.
        Body::Length(0) if values(headers, "content-length").next().is_none() => {}
        Body::Length(length) => line(&mut head, "Content-Length", length.to_string().as_bytes()),
        Body::UntilClose => {}
    }
    line(&mut head, "Connection", b"close");
    head.extend_from_slice(b"\r\n");
    head
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forwarded(text: &str) -> Option<(String, Body)> {
        match parse_request(text.as_bytes()).ok()? {
            Request::Forward { head, body, .. } => Some((String::from_utf8(head).unwrap(), body)),
            Request::Connect { .. } => None,
        }
    }

    fn refused(text: &str) -> bool {
        parse_request(text.as_bytes()).is_err()
    }

    #[test]
    fn a_tunnel() {
        let target = Target::parse("example.com:443", None).unwrap();
        for text in [
            "CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n",
            "CONNECT EXAMPLE.com.:443 HTTP/1.1\r\nHost: example.com\r\n\r\n",
            "CONNECT example.com:443 HTTP/1.0\r\n\r\n",
        ] {
            assert_eq!(
                parse_request(text.as_bytes()),
                Ok(Request::Connect { target: target.clone() }),
                "{text}"
            );
        }
        for text in [
            "CONNECT example.com HTTP/1.1\r\n\r\n",
            "CONNECT example.com:443 HTTP/1.1\r\nHost: evil.example\r\n\r\n",
            "CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:22\r\n\r\n",
            "CONNECT user@example.com:443 HTTP/1.1\r\n\r\n",
            "CONNECT http://example.com:443 HTTP/1.1\r\n\r\n",
            "connect example.com:443 HTTP/1.1\r\n\r\n",
            "CONNECT evil.example\0.example.com:443 HTTP/1.1\r\n\r\n",
            "CONNECT example.com:443 HTTP/1.1\r\nContent-Length: 5\r\n\r\n",
            "CONNECT example.com:443 HTTP/2.0\r\n\r\n",
        ] {
            assert!(refused(text), "{text}");
        }
    }

    #[test]
    fn what_the_host_gets_is_written_anew() {
        let (head, body) = forwarded(concat!(
            "POST http://EXAMPLE.com:80/a?b=c HTTP/1.1\r\nhost: example.com\r\nAccept: */*\r\n",
            "Connection: close, X-Hop\r\nX-Hop: 1\r\nProxy-Authorization: Basic eDp5\r\nTE: trailers\r\n",
            "Upgrade: h2c\r\nKeep-Alive: 5\r\nContent-Length: 003\r\n\r\n",
        ))
        .unwrap();
        assert_eq!(
            head,
            "POST /a?b=c HTTP/1.1\r\nHost: example.com\r\nAccept: */*\r\nContent-Length: 3\r\nConnection: close\r\n\r\n"
        );
        assert_eq!(body, Body::Length(3));
        let (head, body) = forwarded("GET HTTP://example.com:8080?x HTTP/1.0\r\n\r\n").unwrap();
        assert_eq!(head, "GET /?x HTTP/1.0\r\nHost: example.com:8080\r\nConnection: close\r\n\r\n");
        assert_eq!(body, Body::Length(0));
    }

    #[test]
    fn a_request_that_two_programs_read_differently_is_refused() {
        let with =
            |headers: &str| format!("POST http://a.example/ HTTP/1.1\r\nHost: a.example\r\n{headers}\r\n");
        assert!(!refused(&with("")));
        assert!(!refused(&with("Transfer-Encoding: Chunked\r\n")));
        for headers in [
            "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
            "Content-Length: 5\r\nContent-Length: 5\r\n",
            "Content-Length: 5, 5\r\n",
            "Content-Length: +5\r\n",
            "Content-Length: 0x5\r\n",
            "Content-Length: \r\n",
            "Content-Length: 99999999999999999999\r\n",
            "Content-Length : 5\r\n",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
            "Transfer-Encoding: chunked, chunked\r\n",
            "Transfer-Encoding: gzip, chunked\r\n",
            "Transfer-Encoding: xchunked\r\n",
            "Transfer-Encoding: \x0bchunked\r\n",
            "Transfer-Encoding:\r\n chunked\r\n",
            "X: a\nContent-Length: 5\r\n",
            "X: a\rY: b\r\n",
            "X: a\0b\r\n",
            "Host: b.example\r\n",
            "Host: a.example\r\n",
            " X: folded\r\n",
            "X Y: 1\r\n",
        ] {
            assert!(refused(&with(headers)), "{headers:?}");
        }
        for text in [
            "POST http://a.example/ HTTP/1.0\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n",
            "GET http://a.example/ HTTP/1.1\r\n\r\n",
            "GET http://a.example/ HTTP/1.1\r\nHost: b.example\r\n\r\n",
            "GET http://a.example/ HTTP/1.1\r\nHost: a.example:81\r\n\r\n",
            "GET http://a.example@b.example/ HTTP/1.1\r\nHost: b.example\r\n\r\n",
            "GET http://a.example\\@b.example/ HTTP/1.1\r\nHost: b.example\r\n\r\n",
            "GET http://a.example#b HTTP/1.1\r\nHost: a.example\r\n\r\n",
            "GET https://a.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n",
            "GET ftp://a.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n",
            "GET /x://a.example HTTP/1.1\r\nHost: a.example\r\n\r\n",
            "GET http://a.example/ HTTP/1.1\nHost: a.example\n\n",
            "GET  http://a.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n",
            "PRI * HTTP/2.0\r\n\r\n",
            "\r\n\r\nGET http://a.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n",
            "",
        ] {
            assert!(refused(text), "{text:?}");
        }
    }
}
