//! Packs come back as they were, or not at all.

use crate::make::{Random, bf16, file, stepped};
use keep_tensor::pack::{EntryKind, PackBase, PackReader, PackWriter, SigningKey, check_path};
use keep_tensor::pipeline::{Options, Workers};
use keep_tensor::{Base, Dtype, FileBase, Format, Hash, Layout, ReadAt, TensorError, WriteAt};
use std::io::{self, Cursor, Read, Seek, SeekFrom, Write};
use std::num::NonZeroUsize;
use std::sync::Mutex;

fn threads() -> Workers {
    Workers::Threads(NonZeroUsize::new(3).unwrap())
}

#[test]
fn a_file_and_its_next_step_come_back_as_they_were() {
    let mut random = Random(1);
    let weights = bf16(700_001, &mut random);
    let next = stepped(&weights, 80, &mut random);
    let (old, old_layout) = file(&[(None, b"header"), (Some(("w", Dtype::Bf16)), &weights), (None, b"end")]);
    let (new, new_layout) = file(&[(None, b"header"), (Some(("w", Dtype::Bf16)), &next), (None, b"END")]);

    let mut writer = PackWriter::new(Vec::new(), None).unwrap();
    writer.file("a/model", 0o644, &mut Cursor::new(&old), &old_layout, None, Options::default()).unwrap();
    let (first, root) = writer.finish(None).unwrap();
    let base = PackBase::new(PackReader::open(Cursor::new(&first)).unwrap(), "a/model", None).unwrap();
    assert_eq!(base.root(), root);

    let mut writer = PackWriter::new(Vec::new(), Some(root)).unwrap();
    let options = Options { workers: threads(), ..Options::default() };
    writer.file("a/model", 0o644, &mut Cursor::new(&new), &new_layout, Some(&base), options).unwrap();
    let (second, _) = writer.finish(None).unwrap();
    assert!(second.len() * 40 < new.len(), "{} of {}", second.len(), new.len());

    let mut out = Vec::new();
    PackReader::open(Cursor::new(&first)).unwrap().unpack("a/model", None, threads(), &mut out).unwrap();
    assert!(out == old);
    let mut pack = PackReader::open(Cursor::new(&second)).unwrap();
    out.clear();
    pack.unpack("a/model", Some(&base), threads(), &mut out).unwrap();
    assert!(out == new);
    out.clear();
    pack.cat("a/model", "w", Some(&base), Workers::Inline, &mut out).unwrap();
    assert!(out == next);
    let error = pack.unpack("a/model", None, Workers::Inline, &mut out).unwrap_err();
    assert!(matches!(error, TensorError::WrongBase { needed, given: None } if needed == root));
}

#[test]
fn a_pack_filled_by_place_is_the_pack_written_from_front_to_back() {
    let mut random = Random(7);
    let weights = bf16(300_001, &mut random);
    let (bytes, layout) = file(&[
        (None, b"header"),
        (Some(("w", Dtype::Bf16)), &weights),
        (Some(("v", Dtype::Bf16)), &weights),
    ]);
    let mut writer = PackWriter::new(Vec::new(), None).unwrap();
    let mut shared = PackWriter::new(Memory::default(), None).unwrap();
    for (path, workers) in [("m/a", threads()), ("m/b", Workers::Inline), ("m/c", threads())] {
        let options = Options { workers, ..Options::default() };
        let one = writer.file(path, 0o644, &mut Cursor::new(&bytes), &layout, None, options).unwrap();
        let other = shared.file_at(path, 0o644, &bytes, &layout, None, options).unwrap();
        assert_eq!(one, other);
    }
    let (pack, root) = writer.finish(None).unwrap();
    let (same, same_root) = shared.finish(None).unwrap();
    assert!(root == same_root && pack == same.0.into_inner().unwrap());
    let out = Mutex::new(Vec::new());
    let reader = PackReader::open(Memory(Mutex::new(pack), 0)).unwrap();
    assert_eq!(reader.unpack_at("m/b", None, threads(), &out).unwrap(), bytes.len() as u64);
    assert!(out.into_inner().unwrap() == bytes);
}

/// A pack of everything a pack can hold, small enough to be damaged bit by bit.
fn small(base: Option<&dyn Base>, key: Option<&SigningKey>) -> (Vec<u8>, Vec<(&'static str, Vec<u8>)>) {
    let mut random = Random(41);
    let weights = bf16(120, &mut random);
    let (a, a_layout) =
        file(&[(None, b"{}"), (Some(("w", Dtype::Bf16)), &weights), (Some(("tied", Dtype::Bf16)), &weights)]);
    let (b, mut b_layout) = file(&[(None, b"just text, text, text")]);
    b_layout.format = Format::Opaque;
    b_layout.note = Some("no safetensors header".to_owned());
    let mut writer = PackWriter::new(Vec::new(), base.map(Base::root)).unwrap();
    writer.folder("m", 0o755).unwrap();
    writer.file("m/a", 0o644, &mut Cursor::new(&a), &a_layout, base, Options::default()).unwrap();
    writer.file("m/b", 0o600, &mut Cursor::new(&b), &b_layout, base, Options::default()).unwrap();
    let nothing = Layout { format: Format::Opaque, note: None, regions: vec![] };
    writer.file("empty", 0o644, &mut Cursor::new([]), &nothing, None, Options::default()).unwrap();
    writer.link("m/latest", "a").unwrap();
    let (pack, _) = writer.finish(key).unwrap();
    (pack, vec![("m/a", a), ("m/b", b), ("empty", vec![])])
}

fn open(bytes: &[u8]) -> Result<PackReader<Cursor<&[u8]>>, TensorError> {
    PackReader::open(Cursor::new(bytes))
}

/// Reads all there is, and fails if anything that is handed out is not what was packed.
fn read_all(bytes: &[u8], base: Option<&dyn Base>, files: &[(&str, Vec<u8>)]) -> Result<(), TensorError> {
    let mut pack = open(bytes)?;
    let mut fault = pack.verify().err();
    for (path, content) in files {
        let mut out = Vec::new();
        match pack.unpack(path, base, Workers::Inline, &mut out) {
            Ok(_) => assert!(out == *content, "{path} came back as something else"),
            Err(error) => {
                assert!(content.starts_with(&out), "wrong bytes of {path} were handed out");
                fault = Some(error);
            }
        }
    }
    fault.map_or(Ok(()), Err)
}

#[test]
fn a_folder_comes_back_with_its_paths_modes_and_links() {
    let (bytes, files) = small(None, None);
    read_all(&bytes, None, &files).unwrap();
    let mut pack = open(&bytes).unwrap();
    let paths: Vec<_> = pack.entries().iter().map(|entry| entry.path.as_str()).collect();
    assert_eq!(paths, ["m", "m/a", "m/b", "empty", "m/latest"]);
    assert_eq!(pack.entries()[0].kind, EntryKind::Folder { mode: 0o755 });
    assert_eq!(pack.entries()[4].kind, EntryKind::Link { target: "a".to_owned() });
    let b = pack.file("m/b").unwrap();
    assert_eq!((b.mode, b.raw_bytes(), b.layout.format), (0o600, 21, Format::Opaque));
    assert_eq!(b.layout.note.as_deref(), Some("no safetensors header"));
    let totals = pack.verify().unwrap();
    assert_eq!(totals.raw_bytes, 2 + 240 + 240 + 21);
    let mut tied = Vec::new();
    pack.cat("m/a", "tied", None, Workers::Inline, &mut tied).unwrap();
    assert!(tied == files[0].1[242..]);
    for (path, tensor) in [("m/a", "v"), ("m/b", "w"), ("m", "w"), ("m/latest", "w"), ("x", "w")] {
        let result = pack.cat(path, tensor, None, Workers::Inline, &mut tied);
        assert!(matches!(result, Err(TensorError::NotFound { .. })), "{path} {tensor}");
    }
}

#[test]
fn equal_chunks_are_stored_once() {
    let mut random = Random(43);
    let weights = bf16(100_000, &mut random);
    let (bytes, layout) = file(&[(Some(("a", Dtype::Bf16)), &weights), (Some(("b", Dtype::Bf16)), &weights)]);
    let mut writer = PackWriter::new(Vec::new(), None).unwrap();
    for path in ["one", "two"] {
        writer.file(path, 0o644, &mut Cursor::new(&bytes), &layout, None, Options::default()).unwrap();
    }
    let (pack, _) = writer.finish(None).unwrap();
    assert!(pack.len() < weights.len());
    read_all(&pack, None, &[("one", bytes.clone()), ("two", bytes)]).unwrap();
}

#[test]
fn every_beginning_of_a_pack_is_refused() {
    let (bytes, _) = small(None, Some(&SigningKey::from_bytes(&[7; 32])));
    for end in 0..bytes.len() {
        assert!(open(&bytes[..end]).is_err(), "the first {end} bytes");
    }
    assert!(open(&[bytes.as_slice(), &[0]].concat()).is_err());
}

#[test]
fn every_flipped_bit_is_an_error_and_never_wrong_bytes() {
    let (first, files) = small(None, None);
    let base = PackBase::new(PackReader::open(Cursor::new(first.clone())).unwrap(), "m/a", None).unwrap();
    let (signed, _) = small(None, Some(&SigningKey::from_bytes(&[7; 32])));
    let (difference, _) = small(Some(&base), None);
    for (pack, base) in [(first, None), (signed, None), (difference, Some(&base as &dyn Base))] {
        read_all(&pack, base, &files).unwrap();
        for bit in 0..pack.len() * 8 {
            let mut damaged = pack.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(read_all(&damaged, base, &files).is_err(), "bit {bit}");
        }
    }
}

#[test]
fn an_index_of_anything_is_an_error_or_a_pack_but_never_a_panic() {
    let (bytes, files) = small(None, None);
    let trailer = bytes.len() - 153;
    let index_bytes = u64::from_le_bytes(bytes[trailer + 8..][..8].try_into().unwrap()) as usize;
    let index = trailer - index_bytes;
    let mut random = Random(47);
    let mut read = 0;
    for round in 0..20_000 {
        let mut forged = bytes.clone();
        for _ in 0..=random.below(3) {
            let at = index + random.below(index_bytes as u64) as usize;
            forged[at] = [0xff, 0x80, 0, 1, random.next() as u8][round % 5];
        }
        // Whoever makes a pack can make its root match.
        let mut hasher = blake3::Hasher::new_derive_key("keep pack, version 1, root");
        hasher.update(&forged[..16]).update(&forged[index..trailer]);
        forged[trailer + 16..][..32].copy_from_slice(hasher.finalize().as_bytes());
        let Ok(mut pack) = open(&forged) else { continue };
        read += 1;
        _ = pack.verify();
        for (path, _) in &files {
            _ = pack.unpack(path, None, Workers::Inline, &mut Vec::new());
        }
    }
    assert!(read > 100, "only {read} forgeries were read at all");
}

#[test]
fn a_signature_names_its_key_and_a_foreign_one_is_refused() {
    let (key, other) = (SigningKey::from_bytes(&[7; 32]), SigningKey::from_bytes(&[8; 32]));
    let (signed, _) = small(None, Some(&key));
    let pack = open(&signed).unwrap();
    assert_eq!(pack.signer(), Some(&key.verifying_key()));
    pack.require_signer(&key.verifying_key()).unwrap();
    assert!(matches!(pack.require_signer(&other.verifying_key()), Err(TensorError::Signer)));
    let (unsigned, _) = small(None, None);
    assert_eq!(open(&unsigned).unwrap().root(), pack.root());
    assert!(matches!(
        open(&unsigned).unwrap().require_signer(&key.verifying_key()),
        Err(TensorError::Signer)
    ));
    // Another key's signature in place of this one's, and this one's over another pack.
    let (others, _) = small(None, Some(&other));
    let at = signed.len() - 8 - 64;
    let mixed = [&signed[..at], &others[at..]].concat();
    assert!(matches!(open(&mixed), Err(TensorError::Signature)));
}

#[test]
fn paths_that_lead_elsewhere_are_refused() {
    let bad = [
        "",
        "/",
        "/etc/passwd",
        "..",
        "../x",
        "a/../b",
        "a/..",
        "./a",
        "a/.",
        "a//b",
        "a/",
        "a\\b",
        "C:x",
        "a\0b",
        "a\nb",
        "a\u{7f}",
    ];
    for path in bad {
        assert!(matches!(check_path(path), Err(TensorError::Path { .. })), "{path:?}");
        let mut writer = PackWriter::new(Vec::new(), None).unwrap();
        assert!(writer.folder(path, 0o755).is_err());
        assert!(writer.link(path, "x").is_err());
    }
    assert!(check_path(&"x".repeat(256)).is_err());
    assert!(check_path(&"x/".repeat(3000)).is_err());
    for path in ["a", "a/b", "...", "a b", ".hidden", "ä/日本"] {
        check_path(path).unwrap();
    }
}

#[test]
fn entries_that_clash_are_refused() {
    for (first, second) in [("a", "a"), ("a", "a/b"), ("a/b", "a/b/c/d")] {
        for swap in [false, true] {
            let mut writer = PackWriter::new(Vec::new(), None).unwrap();
            let (first, second) = if swap { (second, first) } else { (first, second) };
            writer.link(first, "/etc").unwrap();
            writer.link(second, "/etc").unwrap();
            assert!(matches!(writer.finish(None), Err(TensorError::Path { .. })), "{first} {second}");
        }
    }
}

#[test]
fn another_base_is_refused_by_name() {
    let (first, _) = small(None, None);
    let root = open(&first).unwrap().root();
    let base = || PackBase::new(PackReader::open(Cursor::new(first.clone())).unwrap(), "m/a", None).unwrap();
    let (second, files) = small(Some(&base()), None);
    let mut pack = open(&second).unwrap();
    assert_eq!(pack.base_root(), Some(root));
    let layout = Layout { format: Format::Opaque, note: None, regions: vec![] };
    let wrong = FileBase::new(Cursor::new(vec![]), layout, Hash::of(b"wrong"));
    let error = pack.unpack("m/a", Some(&wrong), Workers::Inline, &mut Vec::new()).unwrap_err();
    assert!(matches!(error, TensorError::WrongBase { needed, given: Some(_) } if needed == root));
    assert!(error.to_string().contains(&root.to_string()));
    // It says that it is the base, and is not.
    let layout = small_layout();
    let liar = FileBase::new(Cursor::new(vec![0; 482]), layout, root);
    let error = pack.unpack("m/a", Some(&liar), Workers::Inline, &mut Vec::new()).unwrap_err();
    assert!(matches!(error, TensorError::BaseDiffers));
    let chained =
        PackBase::new(PackReader::open(Cursor::new(second.clone())).unwrap(), "m/a", None).err().unwrap();
    assert!(matches!(chained, TensorError::WrongBase { needed, given: None } if needed == root));

    let pack = PackReader::open(Cursor::new(second.clone())).unwrap();
    let chained = PackBase::new(pack, "m/a", Some(Box::new(base()))).unwrap();
    let (third, _) = small(Some(&chained), None);
    read_all(&third, Some(&chained), &files).unwrap();
    assert!(read_all(&third, Some(&base()), &files).is_err());
}

#[test]
fn what_differs_from_a_plain_file_does_not_depend_on_how_that_is_read() {
    let mut random = Random(7);
    let weights = bf16(5000, &mut random);
    let next = stepped(&weights, 40, &mut random);
    // The tensor lies elsewhere in the other file.
    let (old, old_layout) = file(&[(None, b"a longer header"), (Some(("w", Dtype::Bf16)), &weights)]);
    let (new, new_layout) = file(&[(None, b"header"), (Some(("w", Dtype::Bf16)), &next)]);
    let root = Hash::of(&old);
    let base = FileBase::new(Cursor::new(old.clone()), old_layout, root);
    let mut writer = PackWriter::new(Vec::new(), Some(root)).unwrap();
    writer.file("m", 0o644, &mut Cursor::new(&new), &new_layout, Some(&base), Options::default()).unwrap();
    let (bytes, _) = writer.finish(None).unwrap();
    assert!(bytes.len() * 4 < new.len(), "{} of {}", bytes.len(), new.len());
    let mut pack = open(&bytes).unwrap();
    let starts = pack.file("m").unwrap().base_starts().unwrap();
    assert_eq!(starts, [(6, 15)]);
    // No layout of the base is given: where to look stands in the pack.
    let told = FileBase::told(Cursor::new(old.clone()), starts, root);
    let mut out = Vec::new();
    pack.unpack("m", Some(&told), Workers::Inline, &mut out).unwrap();
    assert!(out == new);
    let elsewhere = FileBase::told(Cursor::new(old), [(6, 14)], root);
    let error = pack.unpack("m", Some(&elsewhere), Workers::Inline, &mut Vec::new()).unwrap_err();
    assert!(matches!(error, TensorError::BaseDiffers));
}

fn small_layout() -> Layout {
    let none = [0; 240];
    file(&[(None, b"{}"), (Some(("w", Dtype::Bf16)), &none), (Some(("tied", Dtype::Bf16)), &none)]).1
}

/// A file in memory, with a place in it where it is read and written on.
#[derive(Default)]
struct Memory(Mutex<Vec<u8>>, u64);

impl Read for Memory {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.read_at(out, self.1)?;
        self.1 += count as u64;
        Ok(count)
    }
}

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write_all_at(bytes, self.1)?;
        self.1 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for Memory {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.1 = match to {
            SeekFrom::Start(at) => at,
            SeekFrom::End(by) => (self.0.lock().unwrap().len() as u64).strict_add_signed(by),
            SeekFrom::Current(by) => self.1.strict_add_signed(by),
        };
        Ok(self.1)
    }
}

impl ReadAt for Memory {
    fn read_at(&self, out: &mut [u8], at: u64) -> io::Result<usize> {
        self.0.lock().unwrap().read_at(out, at)
    }
}

impl WriteAt for Memory {
    fn write_all_at(&self, bytes: &[u8], at: u64) -> io::Result<()> {
        self.0.write_all_at(bytes, at)
    }
}

/// Accepts so many bytes.
struct Narrow(usize);

impl Write for Narrow {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.checked_sub(bytes.len()).ok_or_else(|| io::Error::other("full"))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn after_a_failed_write_there_is_no_pack() {
    let (bytes, layout) = file(&[(None, &[1; 50]), (Some(("w", Dtype::U8)), b"abcdefghij")]);
    let mut writer = PackWriter::new(Narrow(20), None).unwrap();
    let failed = writer.file("a", 0o644, &mut Cursor::new(&bytes), &layout, None, Options::default());
    assert!(matches!(failed, Err(TensorError::Sink(_))));
    assert!(matches!(writer.finish(None), Err(TensorError::Pack(_))));
    // A file that ends early has left chunks behind that belong to nothing.
    let mut writer = PackWriter::new(Vec::new(), None).unwrap();
    let failed = writer.file("a", 0o644, &mut Cursor::new(&bytes[..55]), &layout, None, Options::default());
    assert!(matches!(failed, Err(TensorError::SourceLength)));
    assert!(matches!(writer.finish(None), Err(TensorError::Pack(_))));
}
