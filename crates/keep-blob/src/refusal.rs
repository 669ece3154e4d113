//! What a store that `object_store` speaks to says, in our words.
//!
//! Its own texts are never passed on. A server that refuses a request quotes it, headers and session
//! token included; only the code of the answer is taken, and only if it is a plain word.

use crate::error::BlobError;
use object_store::Error;
use object_store::client::{HttpError, HttpErrorKind};
use std::error::Error as _;

/// What can be told of a failure without repeating what a server said.
#[derive(Debug, Default, PartialEq, Eq)]
struct Answer {
    /// The status of the HTTP answer.
    status: Option<u16>,
    /// The code of S3's XML answer, such as `SignatureDoesNotMatch`.
    code: Option<String>,
}

impl Answer {
    fn read(text: &str) -> Self {
        let status = text.split_once("status code: ").and_then(|(_, rest)| rest.get(..3)?.parse().ok());
        let code = text.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>"));
        let is_word = |word: &str| {
            (1..=64).contains(&word.len())
                && word.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'.')
        };
        let code = code.map(|(code, _)| code).filter(|code| is_word(code)).map(Into::into);
        Self { status, code }
    }

    fn code(&self) -> &str {
        self.code.as_deref().unwrap_or_default()
    }

    fn words(&self) -> String {
        match (self.status, &self.code) {
            (Some(status), Some(code)) => format!("it answered {status} {code}"),
            (Some(status), None) => format!("it answered {status}"),
            (None, Some(code)) => format!("it answered {code}"),
            (None, None) => "its answer makes no sense".to_owned(),
        }
    }
}

/// Whether the object is missing, and not the whole bucket.
pub(crate) fn is_missing(error: &Error) -> bool {
    matches!(error, Error::NotFound { .. }) && Answer::read(&error.to_string()).code() != "NoSuchBucket"
}

/// An error in our words.
pub(crate) fn told(doing: &'static str, error: Error) -> BlobError {
    let answer = Answer::read(&error.to_string());
    let reason = answer.words();
    match (&error, answer.status, answer.code()) {
        (_, _, "NoSuchBucket") => BlobError::Store { doing, reason: "there is no such bucket".into() },
        (_, Some(507), _) | (_, _, "StorageFull" | "XMinioStorageFull" | "QuotaExceeded") => {
            BlobError::Full { doing }
        }
        (Error::PermissionDenied { .. } | Error::Unauthenticated { .. }, _, _)
        | (_, Some(401 | 403), _)
        | (_, _, "ExpiredToken" | "InvalidToken" | "TokenRefreshRequired" | "InvalidAccessKeyId") => {
            BlobError::Denied { doing, reason }
        }
        (_, Some(429 | 500..), _) | (_, _, "SlowDown") => BlobError::Unreachable { doing, reason },
        (_, Some(_), _) | (_, _, "InternalError") => BlobError::Store { doing, reason },
        _ => without_answer(doing, error),
    }
}

/// A failure that came before any answer.
fn without_answer(doing: &'static str, error: Error) -> BlobError {
    if let Error::Generic { store: "credentials" | "tls", source } = error {
        // Ours, handed through.
        return match source.downcast::<BlobError>() {
            Ok(ours) => *ours,
            Err(_) => BlobError::Store { doing, reason: "no secure connection can be set up".into() },
        };
    }
    let mut reason = None;
    let mut next = error.source();
    while let Some(inner) = next {
        if let Some(http) = inner.downcast_ref::<HttpError>() {
            reason = Some(match http.kind() {
                HttpErrorKind::Connect => "no connection".to_owned(),
                HttpErrorKind::Timeout => "no answer in time".to_owned(),
                HttpErrorKind::Request | HttpErrorKind::Interrupted => "the connection broke".to_owned(),
                _ => return BlobError::Store { doing, reason: "its answer makes no sense".into() },
            });
        }
        // The innermost says most, such as `connection refused`; its own text may quote anything.
        match inner.downcast_ref::<std::io::Error>().map(innermost) {
            Some(Innermost::Tls(error)) => {
                reason = Some(format!("no secure connection: {}", tls_words(error)));
            }
            Some(Innermost::System(kind)) => reason = Some(kind.to_string()),
            Some(Innermost::Other) | None => {}
        }
        next = inner.source();
    }
    match reason {
        Some(reason) => BlobError::Unreachable { doing, reason },
        None => BlobError::Store { doing, reason: "its answer makes no sense".into() },
    }
}

enum Innermost<'a> {
    Tls(&'a rustls::Error),
    System(std::io::ErrorKind),
    Other,
}

/// What an I/O error is about. One made of another error is not that one's `source`, so the chain of
/// sources passes it by.
fn innermost(error: &std::io::Error) -> Innermost<'_> {
    if error.raw_os_error().is_some() {
        return Innermost::System(error.kind());
    }
    let Some(inner) = error.get_ref() else { return Innermost::Other };
    match (inner.downcast_ref::<rustls::Error>(), inner.downcast_ref::<std::io::Error>()) {
        (Some(tls), _) => Innermost::Tls(tls),
        (None, Some(inner)) => innermost(inner),
        (None, None) => Innermost::Other,
    }
}

fn tls_words(error: &rustls::Error) -> &'static str {
    match error {
        rustls::Error::InvalidCertificate(rustls::CertificateError::Expired) => "its certificate has expired",
        rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer) => {
            "its certificate comes from an authority that is not believed"
        }
        rustls::Error::InvalidCertificate(_) => "its certificate is not for this host or is malformed",
        _ => "the two sides do not agree",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_an_answer_only_status_and_code_are_taken() {
        let text = "Error performing PUT https://h/b in 3ms - Server returned non-2xx status code: 403 Forbidden: \
                    <Error><Code>SignatureDoesNotMatch</Code><CanonicalRequest>x-amz-security-token:hunter2\
                    </CanonicalRequest></Error>";
        let answer = Answer::read(text);
        assert_eq!(answer.words(), "it answered 403 SignatureDoesNotMatch");
        let cases = [
            ("", None, None),
            ("status code: 50", None, None),
            ("status code: 503", Some(503), None),
            ("status code: é", None, None),
            ("<Code>hunter 2</Code>", None, None),
            ("<Code>", None, None),
            ("<Code></Code>", None, None),
            ("<Code>SlowDown</Code>", None, Some("SlowDown")),
        ];
        for (text, status, code) in cases {
            assert_eq!(Answer::read(text), Answer { status, code: code.map(Into::into) }, "{text}");
        }
    }

    #[test]
    fn a_refusal_is_told_by_what_can_be_done() {
        let generic = |text: &str| Error::Generic { store: "S3", source: text.to_owned().into() };
        let cases = [
            (generic("status code: 400: <Code>ExpiredToken</Code>"), "refused"),
            (generic("status code: 400: <Code>Else</Code>"), "answered 400 Else"),
            (generic("status code: 507"), "full"),
            (generic("status code: 503: <Code>SlowDown</Code>"), "cannot be reached"),
            (
                Error::NotFound { path: "p".into(), source: "<Code>NoSuchBucket</Code>".into() },
                "no such bucket",
            ),
            (Error::PermissionDenied { path: "p".into(), source: "x".into() }, "refused"),
            (generic("anything hunter2"), "makes no sense"),
        ];
        for (error, expected) in cases {
            let told = told("storing", error);
            assert!(told.to_string().contains(expected), "{told}");
            assert!(!format!("{told:?}").contains("hunter2"));
        }
    }
}
