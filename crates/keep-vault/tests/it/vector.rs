//! A test vector of the age format: what it says of itself, and the age file in it.

use std::fs;
use std::path::Path;

/// How decrypting can end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Success,
    NoMatch,
    HmacFailure,
    HeaderFailure,
    PayloadFailure,
    ArmorFailure,
}

pub(crate) struct Vector {
    pub(crate) name: String,
    pub(crate) expect: End,
    /// SHA-256 of all that may be released; where nothing is said, nothing may be.
    pub(crate) payload: Option<[u8; 32]>,
    pub(crate) identities: Vec<String>,
    pub(crate) passphrases: Vec<String>,
    pub(crate) armored: bool,
    /// The age file, unpacked.
    pub(crate) file: Vec<u8>,
}

/// All vectors, by name.
pub(crate) fn all() -> Vec<Vector> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cctv/vectors");
    let mut vectors: Vec<Vector> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            parse(entry.file_name().into_string().unwrap(), &fs::read(entry.path()).unwrap())
        })
        .collect();
    vectors.sort_by(|one, other| one.name.cmp(&other.name));
    vectors
}

fn parse(name: String, bytes: &[u8]) -> Vector {
    let end = bytes.windows(2).position(|pair| pair == b"\n\n").unwrap();
    let (head, file) = (str::from_utf8(&bytes[..end]).unwrap(), &bytes[end + 2..]);
    let mut expect = None;
    let mut vector = Vector {
        name,
        expect: End::Success,
        payload: None,
        identities: Vec::new(),
        passphrases: Vec::new(),
        armored: false,
        file: file.to_vec(),
    };
    for line in head.lines() {
        let (key, value) = line.split_once(": ").unwrap();
        match (key, value) {
            ("expect", end) => expect = Some(parse_end(end)),
            ("payload", hash) => vector.payload = Some(parse_hash(hash)),
            ("identity", identity) => vector.identities.push(identity.to_owned()),
            ("passphrase", passphrase) => vector.passphrases.push(passphrase.to_owned()),
            ("armored", "yes") => vector.armored = true,
            ("compressed", "zlib") => {
                vector.file = miniz_oxide::inflate::decompress_to_vec_zlib(file).unwrap();
            }
            ("file key" | "comment", _) => {}
            _ => panic!("{}: the line {line:?} is not understood", vector.name),
        }
    }
    vector.expect = expect.unwrap();
    vector
}

fn parse_end(text: &str) -> End {
    match text {
        "success" => End::Success,
        "no match" => End::NoMatch,
        "HMAC failure" => End::HmacFailure,
        "header failure" => End::HeaderFailure,
        "payload failure" => End::PayloadFailure,
        "armor failure" => End::ArmorFailure,
        _ => panic!("no such end: {text}"),
    }
}

fn parse_hash(hex: &str) -> [u8; 32] {
    let bytes: Vec<u8> =
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect();
    bytes.try_into().unwrap()
}
