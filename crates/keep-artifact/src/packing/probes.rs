//! What packs promise, checked with packs and chunks that lie.

use keep_tensor::codec::{Codec, Content};
use keep_tensor::pack::{PackReader, PackWriter, SigningKey};
use keep_tensor::pipeline::{Options, Workers};
use keep_tensor::{Format, Layout, Region, RegionKind, TensorError};
use keep_types::{Adversary, Probe, Promise, Twin, Verdict, chain};
use std::io::Cursor;

/// What a chunk that unpacks to too much unpacks to, and what it is said to.
const BOMB_BYTES: usize = 4 << 20;
const SAID_BYTES: usize = 4096;
/// The trailer's bytes, and where in it the length of the index and the root stand.
const TRAILER_BYTES: usize = 153;
const INDEX_LENGTH: usize = 8;
const ROOT: usize = 16;
const HEADER_BYTES: usize = 16;

/// The packs' promises with their checks and the twins that break them.
pub(crate) fn probes() -> Vec<Probe> {
    vec![
        Probe {
            promise: Promise {
                id: "ARTIFACT-4",
                claim: "Stored bytes that unpack to more or less than they are said to are refused",
                against: Adversary::HostileInput,
            },
            run: |_| verdict(bombs_are_refused(decode)),
            twin: Twin::Program(|_| verdict(bombs_are_refused(|_, _| Ok(())))),
        },
        Probe {
            promise: Promise {
                id: "ARTIFACT-5",
                claim: "A pack that was changed, signed by another or written to lead out of its folder is refused",
                against: Adversary::HostileInput,
            },
            run: |_| verdict(forgeries_are_refused(read)),
            twin: Twin::Program(|_| verdict(forgeries_are_refused(believe))),
        },
    ]
}

fn verdict(found: Result<(), String>) -> Verdict {
    match found {
        Ok(()) => Verdict::Pass,
        Err(why) => Verdict::Fail(why),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "as `map_err` hands it over")]
fn said(error: TensorError) -> String {
    chain(&error).join(": ")
}

/// Decodes stored bytes to as many as they are said to be.
fn decode(stored: &[u8], out: &mut [u8]) -> Result<(), TensorError> {
    Codec::new()?.decode(stored, None, out)
}

type Decode = fn(&[u8], &mut [u8]) -> Result<(), TensorError>;

fn bombs_are_refused(decode: Decode) -> Result<(), String> {
    let mut codec = Codec::new().map_err(said)?;
    let mut out = vec![0; BOMB_BYTES];
    // Not all the same: a plane of one value has no size of its own, and takes what it is said to.
    let raw: Vec<u8> = (0..BOMB_BYTES).map(|at| (at / 64 % 251) as u8).collect();
    for content in [Content::Bytes, Content::Elements(keep_tensor::Dtype::Bf16)] {
        let mut stored = Vec::new();
        codec.encode(content, &raw, None, &mut stored).map_err(said)?;
        decode(&stored, &mut out).map_err(said)?;
        for bytes in [SAID_BYTES, BOMB_BYTES - 1] {
            if decode(&stored, &mut out[..bytes]).is_ok() {
                let kept = stored.len();
                return Err(format!("{kept} bytes that unpack to {BOMB_BYTES} were taken for {bytes}"));
            }
        }
    }
    Ok(())
}

/// A pack as whoever has the key of its maker reads it: opened, held against the key, and unpacked.
fn read(bytes: &[u8], key: Option<&SigningKey>) -> Result<(), TensorError> {
    let mut pack = PackReader::open(Cursor::new(bytes))?;
    if let Some(key) = key {
        pack.require_signer(&key.verifying_key())?;
    }
    pack.verify()?;
    let paths: Vec<String> = pack.entries().iter().map(|entry| entry.path.clone()).collect();
    paths.iter().try_for_each(|path| pack.unpack(path, None, Workers::Inline, &mut std::io::sink()).map(drop))
}

/// The twin: whatever begins as a pack does is one.
fn believe(bytes: &[u8], _: Option<&SigningKey>) -> Result<(), TensorError> {
    if bytes.starts_with(b"\x8bKeepP") { Ok(()) } else { Err(TensorError::Pack("it does not begin as one")) }
}

type Read = fn(&[u8], Option<&SigningKey>) -> Result<(), TensorError>;

fn forgeries_are_refused(read: Read) -> Result<(), String> {
    let (own, other) = (SigningKey::from_bytes(&[1; 32]), SigningKey::from_bytes(&[2; 32]));
    let good = packed("a/b", Some(&own)).map_err(said)?;
    read(&good, Some(&own)).map_err(said)?;
    let step = (good.len() / 64).max(1);
    for at in (0..good.len()).step_by(step) {
        let mut bytes = good.clone();
        bytes[at] ^= 1;
        if read(&bytes, Some(&own)).is_ok() {
            return Err(format!("a pack with byte {at} changed was taken for good"));
        }
    }
    for (what, bytes) in [
        ("signed by another", packed("a/b", Some(&other)).map_err(said)?),
        ("that nobody signed", packed("a/b", None).map_err(said)?),
        ("whose end is missing", good[..good.len() - 1].to_vec()),
    ] {
        if read(&bytes, Some(&own)).is_ok() {
            return Err(format!("a pack {what} was taken for good"));
        }
    }
    // These are honest in all but the path: the root is put right.
    for path in ["../x", "/etc", "a/..", "a//b", "./ab"] {
        let bytes = renamed(path)?;
        if read(&bytes, None).is_ok() {
            return Err(format!("a pack that writes to {path} was taken for good"));
        }
    }
    read(&renamed("a/xy")?, None).map_err(said)
}

fn packed(path: &str, key: Option<&SigningKey>) -> Result<Vec<u8>, TensorError> {
    let content = b"what is packed";
    let regions = vec![Region { start: 0, len: content.len() as u64, kind: RegionKind::Bytes }];
    let layout = Layout { format: Format::Opaque, note: None, regions };
    let mut writer = PackWriter::new(Vec::new(), None)?;
    writer.file(path, 0o644, &mut Cursor::new(content), &layout, None, Options::default())?;
    Ok(writer.finish(key)?.0)
}

/// A pack whose one file has this path, which its writer would not have taken.
fn renamed(path: &str) -> Result<Vec<u8>, String> {
    let stand_in = "x".repeat(path.len());
    let mut bytes = packed(&stand_in, None).map_err(said)?;
    let at = bytes.windows(stand_in.len()).rposition(|window| window == stand_in.as_bytes());
    let at = at.ok_or("the path is not in the pack")?;
    bytes[at..at + path.len()].copy_from_slice(path.as_bytes());
    let trailer = bytes.len() - TRAILER_BYTES;
    let mut length = [0; 8];
    length.copy_from_slice(&bytes[trailer + INDEX_LENGTH..trailer + INDEX_LENGTH + 8]);
    let index = usize::try_from(u64::from_le_bytes(length)).map_err(|error| error.to_string())?;
    let mut hasher = blake3::Hasher::new_derive_key("keep pack, version 1, root");
    hasher.update(&bytes[..HEADER_BYTES]).update(&bytes[trailer - index..trailer]);
    let root = *hasher.finalize().as_bytes();
    bytes[trailer + ROOT..trailer + ROOT + root.len()].copy_from_slice(&root);
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checks_hold_and_their_twins_do_not() {
        bombs_are_refused(decode).unwrap();
        forgeries_are_refused(read).unwrap();
        assert!(bombs_are_refused(|_, _| Ok(())).unwrap_err().contains("unpack to"));
        assert!(forgeries_are_refused(believe).unwrap_err().contains("was taken for good"));
    }
}
