//! Requests that once were trouble, or that fuzzing starts from.

use keep_sandbox::egress::{Chunks, Request, parse_greeting, parse_request, parse_socks_request};
use std::fs;
use std::path::Path;

#[test]
fn the_corpus_replays() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/request");
    let (mut count, mut understood) = (0, 0);
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let bytes = fs::read(&path).unwrap();
        let good = path.file_name().unwrap().to_str().unwrap().starts_with("good-");
        let request = parse_request(&bytes);
        let socks = parse_greeting(&bytes).is_ok() || parse_socks_request(&bytes).is_ok();
        let chunks = Chunks::default().read(&bytes, |_| {}).is_ok();
        assert_eq!(request.is_ok() || socks || chunks, good, "{}: {request:?}", path.display());
        // What goes to a host is itself a request that can be read in one way.
        if let Ok(Request::Forward { head, target, .. }) = &request {
            let line = String::from_utf8(head.clone()).unwrap();
            let again = line.replacen(" /", &format!(" http://{target}/"), 1);
            let again = parse_request(again.as_bytes()).unwrap();
            assert_eq!(again, request.clone().unwrap(), "{}", path.display());
        }
        count += 1;
        understood += usize::from(good);
    }
    assert!(count >= 20 && understood >= 5, "{count} {understood}");
}
