//! Bytes that nobody's encoder wrote.

use crate::make::Random;
use keep_tensor::codec::{Codec, Content};
use keep_tensor::{Dtype, TensorError};

/// A zstd frame of one run-length block: `size` times the same byte, with what it says of itself.
fn bomb(size: u32) -> Vec<u8> {
    let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0xa0];
    frame.extend(size.to_le_bytes());
    for at in 0..size.div_ceil(1 << 17) {
        let last = u32::from(at + 1 == size.div_ceil(1 << 17));
        let len = (size - (at << 17)).min(1 << 17);
        frame.extend(&((len << 3) | 2 | last).to_le_bytes()[..3]);
        frame.push(7);
    }
    frame
}

fn refused(stored: &[u8], size: usize) -> TensorError {
    Codec::new().unwrap().decode(stored, None, &mut vec![0; size]).unwrap_err()
}

#[test]
fn a_frame_fills_its_place_and_nothing_else() {
    let good = [&[1], bomb(100_000).as_slice()].concat();
    let mut out = vec![0; 100_000];
    Codec::new().unwrap().decode(&good, None, &mut out).unwrap();
    assert!(out.iter().all(|byte| *byte == 7));
    for size in [0, 1, 99_999, 100_001] {
        refused(&good, size);
    }
    refused(&[&[1], bomb(1 << 31).as_slice()].concat(), 1000);
    // Two frames where one belongs, and a frame with something behind it.
    refused(&[&[1], bomb(500).as_slice(), &bomb(500)].concat(), 1000);
    refused(&[&good[..], &[0]].concat(), 100_000);
    // A frame of another content size than its blocks have.
    let mut lying = good.clone();
    lying[6] ^= 1;
    refused(&lying, 100_000);
}

#[test]
fn sparse_planes_that_lead_elsewhere_are_refused() {
    // One plane of single bytes: method, lanes, tag, length, then usual byte, low bits, count, distances.
    let plane = |body: &[u8]| [&[2, 1, 3, body.len() as u8, 0, 0], body].concat();
    // Two others at distances 3 and 0: bits 0111 and 0, values 5 and 6 stored.
    let good = plane(&[9, 0, 2, 1, 0b0_0111, 0, 5, 6]);
    let mut out = [0; 6];
    Codec::new().unwrap().decode(&good, None, &mut out).unwrap();
    assert_eq!(out, [9, 9, 9, 5, 6, 9]);
    let bad: [&[u8]; 12] = [
        &[],
        &[9],
        &[9, 25, 2, 1, 0b0_0111, 0, 5, 6],
        &[9, 0, 3, 1, 0b0_0111, 0, 5, 6],
        &[9, 0, 3, 1, 0b0_0111, 0, 5, 6, 7, 7],
        &[9, 0, 2, 1, 0b0_0111, 0, 5, 6, 7],
        &[9, 0, 2, 1, 0b0_0111, 3, 5, 6],
        &[9, 0, 2, 1, 0b1111_1111, 0, 5, 6],
        &[9, 0, 2, 1, 0b0111_1111, 0, 5, 6],
        &[9, 0, 2, 2, 0b0_0111, 0, 0, 5, 6],
        &[9, 0, 2, 0x81, 0, 0b0_0111, 0, 5, 6],
        &[9, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01, 0],
    ];
    for body in bad {
        refused(&plane(body), 6);
    }
    // Far distances, written out in 32 bits.
    refused(&plane(&[9, 0, 1, 7, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 5]), 6);
}

#[test]
fn unknown_methods_widths_and_tags_are_refused() {
    refused(&[], 0);
    for method in 0..=255u8 {
        refused(&[method, 0, 0], 10);
    }
    for lanes in (0..=255u8).filter(|code| !matches!(code & 0xef, 1 | 2 | 4 | 8)) {
        refused(&[&[2, lanes], [0; 40].as_slice()].concat(), 8);
    }
    // Groups of what has none among them.
    for tag in 5..=255u8 {
        refused(&[2, 1, tag, 0, 0, 0, 0, 0], 3);
    }
}

#[test]
fn noise_is_refused_without_a_panic() {
    let mut random = Random(31);
    let mut codec = Codec::new().unwrap();
    for _ in 0..20_000 {
        let mut noise: Vec<u8> = (0..random.below(60)).map(|_| random.next() as u8).collect();
        if let Some(method) = noise.first_mut() {
            *method = [0, 1, 2, 0x80, 0x81, 0x82, 0x83][*method as usize % 7];
        }
        if let Some(lanes) = noise.get_mut(1) {
            *lanes = [1, 2, 4, 8, 0x12, 0x14, 0x18][*lanes as usize % 7];
        }
        let mut out = vec![0; random.below(200) as usize];
        _ = codec.decode(&noise, None, &mut out);
    }
}

#[test]
fn damaged_differences_never_panic() {
    let mut random = Random(37);
    let base: Vec<u8> = (0..6000).flat_map(|_| random.weight().to_le_bytes()).collect();
    let mut next = base.clone();
    for lane in next.chunks_exact_mut(4) {
        let value = f32::from_le_bytes([lane[0], lane[1], lane[2], lane[3]]);
        lane.copy_from_slice(&(value + random.weight() * 1e-4).to_le_bytes());
    }
    let mut codec = Codec::new().unwrap();
    let mut stored = Vec::new();
    codec.encode(Content::Elements(Dtype::F32), &next, Some(&base), &mut stored).unwrap();
    assert_eq!(stored[0], 0x83);
    let mut out = vec![0; next.len()];
    codec.decode(&stored, Some(&base), &mut out).unwrap();
    assert!(out == next);
    for round in 0..20_000 {
        let mut damaged = stored.clone();
        // Mostly where the lengths and tags are.
        let reach = if round % 2 == 0 { 200 } else { stored.len() as u64 };
        let at = 9 + random.below(reach.min(stored.len() as u64 - 9)) as usize;
        damaged[at] = random.next() as u8;
        _ = codec.decode(&damaged, Some(&base), &mut out);
        _ = codec.decode(&damaged[..at], Some(&base), &mut out);
    }
}
