//! No request makes the parsers fail, and what goes to a host names one host and one length.
#![no_main]

use keep_sandbox::egress::{Chunks, Request, parse_greeting, parse_request, parse_socks_request};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = parse_greeting(bytes);
    let _ = parse_socks_request(bytes);
    let mut data = 0;
    let read = Chunks::default().read(bytes, |piece| data += piece.len());
    assert!(read.is_err() || data <= bytes.len());
    if let Ok(Request::Forward { head, .. }) = parse_request(bytes) {
        let head = String::from_utf8_lossy(&head).to_lowercase();
        assert_eq!(head.lines().filter(|line| line.starts_with("host:")).count(), 1);
        let lengths = ["content-length:", "transfer-encoding:"];
        assert!(head.lines().filter(|line| lengths.iter().any(|name| line.starts_with(name))).count() <= 1);
        assert!(!head.contains('\0'));
    }
});
