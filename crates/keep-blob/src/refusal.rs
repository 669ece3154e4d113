//! What a store that `object_store` speaks to says, in our words.
//!
//! Its own texts are never passed on. A server that refuses a request quotes it, headers and session
//! token included; only the code of the answer is taken, and only if it is a plain word.

use crate::error::BlobError;
use object_store::Error;
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
        | (_, _, "ExpiredToken" | "InvalidToken" | "TokenRefreshRequired" | "InvalidAccessKeyId") => {
            BlobError::Denied { doing, reason }
        }
        (_, Some(429 | 500..), _) | (_, _, "SlowDown") => BlobError::Unreachable { doing, reason },
        (_, Some(_), _) | (_, _, "InternalError") => BlobError::Store { doing, reason },
        _ => without_answer(doing, &error),
    }
}

/// A failure that came before any answer.
fn without_answer(doing: &'static str, error: &Error) -> BlobError {
    let mut source = error.source();
    while let Some(inner) = source {
        if let Some(system) = inner.downcast_ref::<std::io::Error>()
            && system.get_ref().is_none()
        {
            return BlobError::Unreachable { doing, reason: system.kind().to_string() };
        }
        source = inner.source();
    }
    BlobError::Store { doing, reason: "its answer makes no sense".into() }
}
