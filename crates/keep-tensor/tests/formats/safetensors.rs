use super::{check_refused, file, ramp, read, read_within, tensors};
use keep_tensor::format::Limits;
use keep_tensor::{Format, RegionKind};

/// A file with this header and so many zero bytes after it.
fn with(header: &str, data: usize) -> Vec<u8> {
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.resize(bytes.len() + data, 0);
    bytes
}

fn one(dtype: &str, shape: &str, offsets: &str) -> String {
    format!(r#""t":{{"dtype":"{dtype}","shape":{shape},"data_offsets":{offsets}}}"#)
}

#[test]
fn tensors_are_found_where_they_lie() {
    let bytes = file("few.safetensors");
    let layout = read(&bytes, "few.safetensors");
    assert_eq!((layout.format, layout.note.as_deref()), (Format::Safetensors, None));
    let expected = ["a F32 [2, 3] 000000000000803f", "b.bias Bf16 [4] 0000803f00404040"];
    assert_eq!(tensors(&layout, &bytes), expected);
    assert_eq!(tensors(&read(&bytes, "renamed.txt"), &bytes), expected);
}

#[test]
fn every_type_is_known() {
    let bytes = file("dtypes.safetensors");
    let layout = read(&bytes, "");
    let mut seen = Vec::new();
    for region in &layout.regions {
        if let RegionKind::Tensor(info) = &region.kind {
            assert_eq!(info.shape, [2, 2]);
            seen.push(format!("{} {:?} [2, 2] {}", info.name, info.dtype, ramp(info.dtype)));
        }
    }
    assert_eq!(seen.len(), 16);
    assert_eq!(tensors(&layout, &bytes), seen);
}

#[test]
fn scalars_strange_names_and_unknown_types_are_carried_and_empty_ones_have_no_bytes() {
    let bytes = file("odd.safetensors");
    let mut found = tensors(&read(&bytes, ""), &bytes);
    found.sort();
    let scalar = "scalar F32 [] 0000c03f";
    let unknown = "unknown U8 [5] 007f808181";
    assert_eq!(found, [scalar, unknown, "é\n\"quoted\" I16 [3] 000001000200"]);
}

#[test]
fn holes_and_trailing_bytes_are_bytes() {
    let header = format!(
        r#"{{{},"u":{{"dtype":"U8","shape":[2],"data_offsets":[6,8]}}}}"#,
        one("F16", "[2]", "[0,4]")
    );
    let bytes = with(&header, 10);
    let layout = read(&bytes, "");
    let lens: Vec<_> = layout.regions.iter().map(|region| region.len).collect();
    assert_eq!(lens, [8 + header.len() as u64, 4, 2, 2, 2]);
    assert_eq!(layout.format, Format::Safetensors);
    assert_eq!(read(&with("{}", 5), "").regions.len(), 1);
}

#[test]
fn what_is_not_believed_says_why() {
    let tensor = one("U8", "[4]", "[0,4]");
    let again = tensor.replace(r#""t""#, r#""other""#);
    for (header, why) in [
        (format!("{{{tensor},{again}}}"), "overlaps"),
        (format!("{{{tensor},{tensor}}}"), "two tensors are named \"t\""),
        (format!("{{{}}}", one("U8", "[99]", "[0,99]")), "does not lie in the file"),
        (format!("{{{}}}", one("U8", "[4]", "[4,0]")), "does not lie in the file"),
        (format!("{{{}}}", one("U8", "[4]", "[18446744073709551615,18446744073709551615]")), "does not lie"),
        (format!("{{{}}}", one("F32", "[4]", "[0,4]")), "does not follow from its shape"),
        (format!("{{{}}}", one("F64", "[18446744073709551615,2]", "[0,4]")), "does not follow"),
        (format!("{{{}}}", one("U8", "[-4]", "[0,4]")), "cannot be read"),
        (format!("{{{}}}", one("U8", "[4]", "[0,4,4]")), "cannot be read"),
        (
            r#"{"t":{"dtype":"U8","dtype":"U8","shape":[4],"data_offsets":[0,4]}}"#.into(),
            "dtype stands twice",
        ),
        (r#"{"t":{"dtype":"U8","data_offsets":[0,4]}}"#.into(), "missing field `shape`"),
        (r#"{"t":{"#.into(), "cannot be read"),
        ("{} x".into(), "cannot be read"),
        (format!(r#"{{"__metadata__":{}"#, "[".repeat(100_000)), "cannot be read"),
    ] {
        check_refused(&with(&header, 4), why);
    }
    let mut boundless = with("{\"a\":1}", 4);
    boundless[..8].fill(0xff);
    check_refused(&boundless, "claims 18446744073709551615 bytes");
    let mut beyond = with("{}", 4);
    beyond[0] = 200;
    check_refused(&beyond, "reaches beyond the end of the file");
}

#[test]
fn a_note_is_short_whatever_it_quotes() {
    let tensor = one("U8", "[4]", "[0,4]").replace("\"t\"", &format!("\"{}\"", "é".repeat(100_000)));
    let note = read(&with(&format!("{{{tensor},{tensor}}}"), 4), "").note.unwrap();
    assert!(note.starts_with("two tensors are named \"é") && note.len() < 1000, "{} bytes", note.len());
}

#[test]
fn limits_hold() {
    let bytes = file("few.safetensors");
    for limits in [
        Limits { tensors: 1, ..Limits::default() },
        Limits { rank: 1, ..Limits::default() },
        Limits { header_bytes: 100, ..Limits::default() },
    ] {
        let layout = read_within(&bytes, "", &limits);
        assert_eq!(layout.format, Format::Opaque);
        assert!(layout.note.is_some());
    }
}

#[test]
fn a_name_that_promises_too_much_is_noted() {
    let layout = read(b"plain text", "model.SafeTensors");
    assert_eq!(layout.format, Format::Opaque);
    assert_eq!(layout.note.as_deref(), Some("the name says safetensors, but the content does not"));
    assert_eq!(read(b"plain text", "notes.txt").note, None);
    assert_eq!(read(b"", "x.safetensors").regions, []);
}
