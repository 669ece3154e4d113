//! Values and texts made to be slow or to be missed. None of these takes noticeable time; a redactor that
//! compares every value at every sight of a common prefix would not come to an end in a lifetime of a run.

use crate::help::{contains, many, noise, streamed};

#[test]
fn ten_thousand_values_with_one_prefix() {
    let values: Vec<Vec<u8>> = (0..10_000).map(|n| format!("AAAAAAAAAAAA-{n:06}").into_bytes()).collect();
    let redactor = many(&values);
    let text = [b"A".repeat(100_000), b"AAAAAAAA-".repeat(10_000), values[7_777].clone()].concat();
    let redacted = redactor.bytes(&text);
    assert_eq!(redacted.len(), text.len() - values[7_777].len() + "[redacted:v7777]".len());
    assert!(contains(&redacted, b"[redacted:v7777]"));
}

#[test]
fn a_difference_deep_inside_long_values() {
    let value = |n: usize| [b"A".repeat(700), format!("{n:08}").into_bytes(), b"A".repeat(700)].concat();
    let values: Vec<Vec<u8>> = (0..300).map(value).collect();
    let redactor = many(&values);
    let text = [b"A".repeat(50_000), b"-".to_vec(), value(123), b"-".to_vec(), value(300)].concat();
    let redacted = redactor.bytes(&text);
    assert_eq!(redacted.len(), text.len() - value(123).len() + "[redacted:v123]".len());
}

#[test]
fn values_that_start_each_other() {
    let values: Vec<Vec<u8>> = (8..600).map(|len| b"A".repeat(len)).collect();
    let redactor = many(&values);
    let text = [b"A".repeat(5_000), b"AAAAAAAB".repeat(5_000), b"A".repeat(300)].concat();
    let redacted = redactor.bytes(&text);
    let expected =
        [b"[redacted:v591]B".to_vec(), b"AAAAAAAB".repeat(4_999), b"[redacted:v292]".to_vec()].concat();
    assert_eq!(String::from_utf8_lossy(&redacted), String::from_utf8_lossy(&expected));
}

#[test]
fn a_long_value_of_one_byte_in_a_text_of_it() {
    let values = vec![vec![0; 2_000]];
    let redactor = many(&values);
    assert_eq!(redactor.bytes(&vec![0; 20_000]), b"[redacted:v0]".as_slice());
    assert_eq!(redactor.bytes(&vec![0; 1_999]), vec![0; 1_999]);
    let mut almost = vec![0; 20_000];
    almost[1_999..].iter_mut().step_by(2_000).for_each(|byte| *byte = 1);
    assert_eq!(redactor.bytes(&almost), almost);
}

#[test]
fn long_values_across_many_pieces() {
    let mut next = noise(3);
    let values: Vec<Vec<u8>> =
        [65_536, 40_000, 9].map(|len| (0..len).map(|_| next().to_le_bytes()[0]).collect()).to_vec();
    let redactor = many(&values);
    let hex: Vec<u8> = values[1].iter().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect();
    let text =
        [b"a".to_vec(), values[0].clone(), b"b".to_vec(), hex, b"c".to_vec(), values[2].clone()].concat();
    let expected = b"a[redacted:v0]b[redacted:v1]c[redacted:v2]";
    assert_eq!(redactor.bytes(&text), expected.as_slice());
    for lens in [vec![1_000], vec![65_536], vec![usize::MAX], vec![1, 70_000, 13]] {
        assert_eq!(streamed(&redactor, &text, &lens), expected);
    }
}

#[test]
fn a_stream_holds_back_no_more_than_two_of_the_longest_forms() {
    let redactor = many(&[b"sixteen-byte-key".to_vec()]);
    for piece_len in [1, 7, 1_000, 300_000] {
        let mut stream = redactor.stream();
        let (mut taken, mut out) = (0, Vec::new());
        // The value without its last byte, over and over: nothing to replace, much to wait for.
        let piece = b"sixteen-byte-ke".repeat(piece_len).split_off(14 * piece_len);
        for _ in 0..300 {
            stream.push(&piece, &mut out);
            taken += piece.len();
            assert!(taken - out.len() <= 1_000, "{} are held back", taken - out.len());
        }
        stream.finish(&mut out);
        assert_eq!(out.len(), taken);
    }
}
