use crate::make::{Random, bf16, file, stepped};
use keep_tensor::pack::{PackBase, PackReader, PackWriter};
use keep_tensor::pipeline::{Options, Workers};
use keep_tensor::{Base as _, Dtype, TensorError};
use std::io::Cursor;
use std::num::NonZeroUsize;

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
