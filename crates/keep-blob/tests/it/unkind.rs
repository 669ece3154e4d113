//! Servers that answer badly, late or not at all. They are a few lines each, so that every fault is
//! exactly the one that is meant.

use crate::place::{bytes, name, run, s3_options};
use bytes::Bytes;
use keep_blob::{
    BlobError, BlobId, BlobOptions, BlobStore, Credentials, PartDigest, Precondition, Put, Roots,
};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

type Asked = Arc<Mutex<Vec<String>>>;

/// A server that answers each request with what a function says, or with silence.
struct Fake {
    port: u16,
    asked: Asked,
}

/// What it does with a request: the head that came, and how many came before.
type Answer = fn(head: &str, before: usize) -> Option<String>;

impl Fake {
    fn new(answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Asked::default();
        let noted = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let noted = Arc::clone(&noted);
                std::thread::spawn(move || serve(stream.unwrap(), &noted, answer));
            }
        });
        Self { port, asked }
    }

    fn options(&self) -> BlobOptions {
        let mut options = s3_options(&format!("http://127.0.0.1:{}", self.port));
        let patience = &mut options.s3.patience;
        patience.retries = 2;
        (patience.answer, patience.silence) = (Duration::from_millis(300), Duration::from_millis(300));
        options
    }

    async fn store(&self) -> BlobStore {
        BlobStore::open(&"s3://bucket".parse().unwrap(), self.options()).await.unwrap()
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn serve(mut stream: TcpStream, asked: &Asked, answer: Answer) {
    let Some(head) = read_request(&mut stream) else { return };
    let before = {
        let mut asked = asked.lock().unwrap();
        asked.push(head.clone());
        asked.len() - 1
    };
    match answer(&head, before) {
        Some(text) => {
            let _ = stream.write_all(text.as_bytes());
        }
        // Held open, saying nothing, until the other side gives up.
        None => drop(stream.read(&mut [0])),
    }
}

fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut read = Vec::new();
    let mut chunk = [0; 65536];
    loop {
        if let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&read[..end]).to_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
            if read.len() >= end + 4 + length.unwrap_or(0) {
                return Some(head);
            }
        }
        match stream.read(&mut chunk).ok()? {
            0 => return None,
            more => read.extend_from_slice(&chunk[..more]),
        }
    }
}

fn reply(status: &str, more: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {}\r\n{more}\r\n{body}", body.len())
}

fn object(length: u64, body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {length}\r\nETag: \"t\"\r\n\
         Last-Modified: Sat, 21 Nov 2026 10:00:00 GMT\r\n\r\n{body}"
    )
}

fn error(code: &str) -> String {
    format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>hunter2</Message></Error>")
}

#[test]
fn a_server_that_is_busy_for_a_moment_is_asked_again() {
    run(async {
        let fake = Fake::new(|_, before| match before {
            0 | 1 => Some(reply("503 Slow Down", "", &error("SlowDown"))),
            _ => Some(reply("200 OK", "ETag: \"t\"\r\n", "")),
        });
        let put = fake.store().await.put(Bytes::from_static(b"x")).await.unwrap();
        assert_eq!(put, (BlobId::of(b"x"), Put::Stored));
        let asked = fake.asked();
        assert_eq!(asked.len(), 3);
        assert!(asked.iter().all(|head| head.contains("if-none-match: *")), "{asked:?}");
    });
}

#[test]
fn a_server_that_stays_busy_is_given_up() {
    run(async {
        let fake = Fake::new(|_, _| Some(reply("503 Slow Down", "", &error("SlowDown"))));
        let error = fake.store().await.has(&BlobId::of(b"x")).await.unwrap_err();
        assert!(matches!(error, BlobError::Unreachable { .. }), "{error:?}");
        assert_eq!(fake.asked().len(), 3);
    });
}

#[test]
fn a_refusal_is_not_repeated_and_not_quoted() {
    run(async {
        let fake = Fake::new(|_, _| Some(reply("403 Forbidden", "", &error("SignatureDoesNotMatch"))));
        let store = fake.store().await;
        let error = store.get(&BlobId::of(b"x")).await.unwrap_err();
        assert!(matches!(error, BlobError::Denied { .. }), "{error:?}");
        assert!(error.to_string().contains("403 SignatureDoesNotMatch"), "{error}");
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
        assert_eq!(fake.asked().len(), 1);
    });
}

#[test]
fn silence_is_not_waited_out() {
    run(async {
        let silent = Fake::new(|_, _| None);
        let store = silent.store().await;
        for error in [
            store.get(&BlobId::of(b"x")).await.unwrap_err(),
            store.put(Bytes::from_static(b"x")).await.unwrap_err(),
            store.list().next().await.unwrap_err(),
        ] {
            assert!(matches!(error, BlobError::Unreachable { .. }), "{error:?}");
        }
    });
}

#[test]
fn an_answer_that_breaks_off_is_no_answer() {
    run(async {
        let id = BlobId::of(b"0123456789");
        let broken = Fake::new(|_, _| Some(object(10, "01234")));
        let error = broken.store().await.get(&id).await.unwrap_err();
        assert!(matches!(error, BlobError::Unreachable { .. } | BlobError::Store { .. }), "{error:?}");
        let mut reader = broken.store().await.read(&id).await.unwrap();
        let error = loop {
            match reader.next().await {
                Ok(Some(_)) => {}
                Ok(None) => panic!("half an answer passed for a blob"),
                Err(error) => break error,
            }
        };
        assert!(matches!(error, BlobError::Unreachable { .. } | BlobError::Store { .. }), "{error:?}");
    });
}

#[test]
fn a_redirection_is_not_followed() {
    static ELSEWHERE: Mutex<u16> = Mutex::new(0);
    run(async {
        let elsewhere = Fake::new(|_, _| Some(object(1, "x")));
        *ELSEWHERE.lock().unwrap() = elsewhere.port;
        let fake = Fake::new(|_, _| {
            let location = format!("Location: http://127.0.0.1:{}/bucket/x\r\n", ELSEWHERE.lock().unwrap());
            Some(reply("307 Temporary Redirect", &location, &error("TemporaryRedirect")))
        });
        let error = fake.store().await.get(&BlobId::of(b"x")).await.unwrap_err();
        assert!(matches!(error, BlobError::Store { .. }), "{error:?}");
        assert_eq!(elsewhere.asked(), [""; 0]);
    });
}

#[test]
fn a_size_is_held_against_the_limit_before_anything_is_read() {
    run(async {
        let fake = Fake::new(|_, _| Some(object(1 << 60, "x")));
        let store = fake.store().await;
        let too_large = |error: BlobError| {
            assert!(matches!(error, BlobError::TooLarge { size, .. } if size == 1 << 60), "{error:?}");
        };
        too_large(store.get(&BlobId::of(b"x")).await.unwrap_err());
        too_large(store.get_named(&name("x")).await.unwrap_err());
    });
}

#[test]
fn a_server_that_ignores_the_range_is_not_believed() {
    run(async {
        let fake = Fake::new(|_, _| Some(object(10, "0123456789")));
        let error = fake
            .store()
            .await
            .part(&BlobId::of(b"0123456789"), 0..2, &PartDigest::of(b"01"))
            .await
            .unwrap_err();
        assert!(matches!(error, BlobError::Store { .. }), "{error:?}");
    });
}

#[test]
fn answers_that_make_no_sense_are_errors() {
    run(async {
        let answers: [Answer; 5] = [
            |_, _| Some("hello".into()),
            |_, _| Some(reply("200 OK", "", "<not xml")),
            |_, _| Some(reply("200 OK", "", "")),
            |_, _| Some(reply("418 I'm a teapot", "", "hunter2")),
            |_, _| Some(String::new()),
        ];
        for answer in answers {
            let fake = Fake::new(answer);
            let store = fake.store().await;
            for error in [
                store.list().next().await.unwrap_err(),
                store.get(&BlobId::of(b"x")).await.unwrap_err(),
                store.put(bytes(1, 20 << 20)).await.unwrap_err(),
            ] {
                let known = matches!(
                    error,
                    BlobError::Store { .. } | BlobError::Unreachable { .. } | BlobError::Damaged { .. }
                );
                assert!(known, "{error:?}");
                assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
            }
        }
    });
}

#[test]
fn a_missing_bucket_is_not_a_missing_blob() {
    run(async {
        let fake = Fake::new(|_, _| Some(reply("404 Not Found", "", &error("NoSuchBucket"))));
        let store = fake.store().await;
        for error in [
            store.get(&BlobId::of(b"x")).await.unwrap_err(),
            store.put(Bytes::from_static(b"x")).await.unwrap_err(),
            store.list().next().await.unwrap_err(),
        ] {
            assert!(error.to_string().contains("no such bucket"), "{error:?}");
        }
    });
}

#[test]
fn a_full_server_is_full() {
    run(async {
        let fake = Fake::new(|_, _| Some(reply("507 Insufficient Storage", "", &error("StorageFull"))));
        let error =
            fake.store().await.put_named(&name("n"), Bytes::new(), Precondition::Any).await.unwrap_err();
        assert!(matches!(error, BlobError::Full { .. }), "{error:?}");
    });
}

#[test]
fn a_server_that_speaks_no_tls_gets_no_request() {
    run(async {
        let plain = Fake::new(|_, _| Some(object(1, "x")));
        let mut options = plain.options();
        options.s3.endpoint = Some(format!("https://127.0.0.1:{}", plain.port).parse().unwrap());
        let store = BlobStore::open(&"s3://bucket".parse().unwrap(), options).await.unwrap();
        let error = store.get(&BlobId::of(b"x")).await.unwrap_err();
        assert!(matches!(error, BlobError::Unreachable { .. }), "{error:?}");
        assert_eq!(plain.asked(), [""; 0]);
    });
}

/// A server with a certificate of its own authority for `localhost`, and that authority.
fn secure_server() -> (u16, Vec<u8>) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let connection = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = rustls::StreamOwned::new(connection, stream.unwrap());
            let mut head = [0; 4096];
            // A client that does not believe the certificate sends no request.
            if stream.read(&mut head).is_ok_and(|read| read > 0) {
                let _ = stream.write_all(object(1, "x").as_bytes());
                stream.conn.send_close_notify();
                let _ = stream.flush();
            }
        }
    });
    (port, made.cert.pem().into_bytes())
}

#[test]
fn a_certificate_is_believed_only_from_an_authority_that_was_named() {
    run(async {
        let (port, authority) = secure_server();
        let stranger = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let cases = [
            ("localhost", Roots::Pem(authority.clone()), None),
            ("127.0.0.1", Roots::Pem(authority), Some("not for this host")),
            ("localhost", Roots::Pem(stranger.cert.pem().into_bytes()), Some("no secure connection")),
        ];
        for (host, roots, refusal) in cases {
            let mut options = s3_options(&format!("https://{host}:{port}"));
            options.s3.roots = roots;
            options.s3.patience.retries = 0;
            let store = BlobStore::open(&"s3://bucket".parse().unwrap(), options).await.unwrap();
            match (store.get(&BlobId::of(b"x")).await, refusal) {
                (Ok(read), None) => assert_eq!(&read[..], b"x"),
                (Err(error @ BlobError::Unreachable { .. }), Some(why)) => {
                    assert!(error.to_string().contains(why), "{error}");
                }
                (other, _) => panic!("{host}: {other:?}"),
            }
        }
    });
}

#[test]
fn the_role_of_the_machine_signs_requests() {
    run(async {
        let metadata = Fake::new(|head, _| {
            if head.starts_with("put /latest/api/token") {
                Some(reply("200 OK", "", "metadata-token"))
            } else if !head.contains("x-aws-ec2-metadata-token: metadata-token") {
                Some(reply("401 Unauthorized", "", ""))
            } else if head.starts_with("get /latest/meta-data/iam/security-credentials/role ") {
                let body = r#"{"Code":"Success","Type":"AWS-HMAC","LastUpdated":"2026-11-21T10:00:00Z","Expiration":"2100-01-01T00:00:00Z","AccessKeyId":"ROLEKEY","SecretAccessKey":"s","Token":"role-token"}"#;
                Some(reply("200 OK", "", body))
            } else {
                Some(reply("200 OK", "", "role"))
            }
        });
        let fake = Fake::new(|_, _| Some(object(1, "x")));
        let mut options = fake.options();
        let endpoint = format!("http://127.0.0.1:{}", metadata.port).parse().unwrap();
        options.s3.credentials = Credentials::InstanceRole { metadata: Some(endpoint) };
        let store = BlobStore::open(&"s3://bucket".parse().unwrap(), options).await.unwrap();
        assert_eq!(store.get(&BlobId::of(b"x")).await.unwrap(), Bytes::from_static(b"x"));
        let head = fake.asked().pop().unwrap();
        assert!(
            head.contains("credential=rolekey/") && head.contains("x-amz-security-token: role-token"),
            "{head}"
        );
    });
}
