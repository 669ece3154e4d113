use super::zipped::Zip;
use super::{check_refused, file, read, read_within, tensors};
use keep_tensor::format::Limits;
use keep_tensor::{Dtype, Format, RegionKind};

fn check(name: &str, expected: &[&str]) {
    let bytes = file(name);
    let layout = read(&bytes, name);
    let format = if name.ends_with("npz") { Format::Npz } else { Format::Npy };
    assert_eq!((layout.format, layout.note.as_deref()), (format, None), "{name}");
    assert_eq!(tensors(&layout, &bytes), expected, "{name}");
}

/// An array file with this header and so many bytes of data.
fn array(header: &str, data: usize) -> Vec<u8> {
    let len = (header.len() as u16).to_le_bytes();
    [b"\x93NUMPY\x01\0", &len[..], header.as_bytes(), &vec![7; data]].concat()
}

fn header(descr: &str, shape: &str) -> String {
    format!("{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}   \n")
}

#[test]
fn arrays_of_each_kind_are_read() {
    check("f4.npy", &["array F32 [2, 3] 000000000000803f"]);
    check("fortran.npy", &["array F64 [2, 3] 0000000000000000"]);
    check("scalar.npy", &["array U8 [] 07"]);
    check("version2.npy", &["array C128 [4] 0000000000000000"]);
}

#[test]
fn what_is_no_run_of_numbers_is_bytes() {
    for name in ["big.npy", "object.npy", "record.npy", "text.npy", "empty.npy", "version3.npy"] {
        check(name, &[]);
        assert_eq!(read(&file(name), "").regions.len(), 1);
    }
}

#[test]
fn an_archive_is_its_arrays() {
    check("stored.npz", &["a F16 [3, 2] 0000003c00400042", "c Bool [1] 01"]);
    check("packed.npz", &[]);
    let damaged =
        Zip::default().with("a.npy", b"\x93NUMPY").with("b.npy", &array(&header("'<u2'", "(2,)"), 4));
    let bytes = damaged.with("readme.txt", b"x").done();
    let layout = read(&bytes, "");
    assert_eq!(layout.format, Format::Npz);
    assert_eq!(layout.note.as_deref(), Some("\"a.npy\": the array's header is not NumPy's"));
    assert_eq!(tensors(&layout, &bytes), ["b U16 [2] 07070707"]);
}

#[test]
fn every_type_is_known() {
    for (code, dtype) in [
        ("|b1", Dtype::Bool),
        ("|u1", Dtype::U8),
        ("<i1", Dtype::I8),
        ("<u2", Dtype::U16),
        ("<i2", Dtype::I16),
        ("<u4", Dtype::U32),
        ("<i4", Dtype::I32),
        ("<u8", Dtype::U64),
        ("<i8", Dtype::I64),
        ("<f2", Dtype::F16),
        ("<f4", Dtype::F32),
        ("<f8", Dtype::F64),
        ("<c8", Dtype::C64),
        ("<c16", Dtype::C128),
    ] {
        let bytes = array(&header(&format!("'{code}'"), "(1,)"), 16);
        let layout = read(&bytes, "");
        let RegionKind::Tensor(info) = &layout.regions[1].kind else { panic!("{code} is no tensor") };
        assert_eq!((info.dtype, &info.shape[..]), (dtype, &[1][..]));
        assert_eq!(layout.regions.len(), if dtype.width() == 16 { 2 } else { 3 });
    }
    for code in ["'>f4'", "'=f4'", "'|f4'", "'|V2'", "'<f16'", "''", "[('[\\'(', '<f4', (2, 3))]"] {
        let layout = read(&array(&header(code, "(1,)"), 16), "");
        assert_eq!((layout.format, layout.note, layout.regions.len()), (Format::Npy, None, 1), "{code}");
    }
}

#[test]
fn a_header_may_be_written_in_other_ways() {
    for text in [
        "{'descr':'<f4','fortran_order':True,'shape':(2,1)}",
        "{\"shape\" : ( 2L , 1 , ) , \"descr\" : \"<f4\" , \"fortran_order\" : False , }",
    ] {
        let bytes = array(text, 8);
        assert_eq!(tensors(&read(&bytes, ""), &bytes), ["array F32 [2, 1] 0707070707070707"]);
    }
}

#[test]
fn what_is_not_believed_says_why() {
    for (text, why) in [
        (header("'<f4'", "(3,)"), "cut off, or its shape is not true"),
        (header("'<f4'", "(18446744073709551615, 4)"), "its shape is not true"),
        (header("'<f4'", "(18446744073709551616,)"), "cannot be read"),
        (header("'<f4'", "(-1,)"), "cannot be read"),
        (header("'<f4'", "(2 2)"), "cannot be read"),
        (header("'<f4'", "2"), "cannot be read"),
        (header("'<f4", "(2,)"), "cannot be read"),
        (header("[(]", "(2,)"), "cannot be read"),
        (header("'<f4', 'descr': '<f4'", "(2,)"), "cannot be read"),
        (header("__import__('os')", "(2,)"), "cannot be read"),
        ("{'descr': '<f4', 'shape': (2,)}".into(), "cannot be read"),
        (header("'<f4'", "(2,)").replace('}', "} x"), "cannot be read"),
        (header(&"[".repeat(60_000), "(2,)"), "cannot be read"),
        (String::new(), "cannot be read"),
    ] {
        check_refused(&array(&text, 8), why);
    }
    check_refused(b"\x93NUMPY\x02\0\xff\xff\xff\xff{", "claims 4294967295 bytes");
    check_refused(b"\x93NUMPY\x01\0\xff\xff{", "is cut off");
    check_refused(b"\x93NUMPY\x09\0\xff\xff{", "is not NumPy's");
    let flat = Limits { rank: 1, ..Limits::default() };
    assert!(read_within(&file("f4.npy"), "", &flat).note.is_some());
}
