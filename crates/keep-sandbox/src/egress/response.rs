//! The head of a host's answer over plain HTTP.

use super::http::{BadRequest, Body, line, passes, stated_length};

const MAX_HEADERS: usize = 256;

/// An answer's head as the client gets it, and how long its body is.
pub(crate) struct Answer {
    pub(crate) head: Vec<u8>,
    pub(crate) body: Body,
    /// Another head follows this one.
    pub(crate) interim: bool,
}

/// Reads a whole head, up to and with its empty line.
pub(crate) fn parse_answer(head: &[u8], bare: bool) -> Result<Answer, BadRequest> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut answer = httparse::Response::new(&mut headers);
    match answer.parse(head) {
        Ok(httparse::Status::Complete(length)) if length == head.len() => {}
        _ => return Err(BadRequest::Syntax),
    }
    let (Some(version), Some(code)) = (answer.version, answer.code) else { return Err(BadRequest::Syntax) };
    // No upgrade was passed on, so none can be agreed to.
    if code == 101 {
        return Err(BadRequest::Syntax);
    }
    let interim = (100..200).contains(&code);
    let stated = stated_length(answer.headers, version)?;
    let body = match stated {
        _ if bare || interim || code == 204 || code == 304 => Body::Length(0),
        None => Body::UntilClose,
        Some(body) => body,
    };
    let mut out = format!("HTTP/1.{version} {code} {}\r\n", answer.reason.unwrap_or_default()).into_bytes();
    for header in answer.headers.iter().filter(|header| passes(header, answer.headers)) {
        line(&mut out, header.name, header.value);
    }
    match stated {
        Some(Body::Length(length)) => line(&mut out, "Content-Length", length.to_string().as_bytes()),
        Some(Body::Chunked) => line(&mut out, "Transfer-Encoding", b"chunked"),
        Some(Body::UntilClose) | None => {}
    }
    if !interim {
        line(&mut out, "Connection", b"close");
    }
    out.extend_from_slice(b"\r\n");
    Ok(Answer { head: out, body, interim })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, bare: bool) -> Option<(String, Body, bool)> {
        let answer = parse_answer(text.as_bytes(), bare).ok()?;
        Some((String::from_utf8(answer.head).unwrap(), answer.body, answer.interim))
    }

    #[test]
    fn an_answer_closes_its_connection() {
        let (head, body, interim) = read(
            "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nKeep-Alive: 5\r\nX: y\r\nConnection: keep-alive\r\n\r\n",
            false,
        )
        .unwrap();
        assert_eq!(head, "HTTP/1.1 200 OK\r\nX: y\r\nContent-Length: 3\r\nConnection: close\r\n\r\n");
        assert_eq!((body, interim), (Body::Length(3), false));
        assert_eq!(read("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", true).unwrap().1, Body::Length(0));
        assert_eq!(read("HTTP/1.1 200 OK\r\n\r\n", false).unwrap().1, Body::UntilClose);
        assert_eq!(read("HTTP/1.1 304 Not\r\n\r\n", false).unwrap().1, Body::Length(0));
        assert!(read("HTTP/1.1 100 Continue\r\n\r\n", false).unwrap().2);
        assert!(read("HTTP/1.1 101 Switching\r\n\r\n", false).is_none());
        assert!(
            read("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", false)
                .is_none()
        );
        assert!(read("SSH-2.0-x\r\n\r\n", false).is_none());
    }
}
