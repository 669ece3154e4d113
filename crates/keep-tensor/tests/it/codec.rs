//! Chunks come back as they were, whatever they hold.

use crate::make::{Random, bf16, stepped};
use keep_tensor::codec::{Codec, Content, MAX_CHUNK_BYTES, needs_base};
use keep_tensor::{Dtype, Hash, TensorError};
use proptest::prelude::*;

pub(crate) const DTYPES: [Dtype; 17] = Dtype::NUMBERED;

fn content() -> impl Strategy<Value = Content> {
    (0..=DTYPES.len()).prop_map(|at| DTYPES.get(at).map_or(Content::Bytes, |dtype| Content::Elements(*dtype)))
}

/// Bytes of a kind: noise, few values, runs, weights, one value throughout.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    (0..5u8, 0..20_000usize, any::<u64>()).prop_map(|(kind, size, seed)| {
        let mut random = Random(seed);
        match kind {
            0 => (0..size).map(|_| random.next() as u8).collect(),
            1 => (0..size).map(|_| (random.next() & random.next() & 7) as u8).collect(),
            2 => (0..size).map(|_| if random.below(50) == 0 { random.next() as u8 } else { 9 }).collect(),
            3 => (0..size / 4 + 1).flat_map(|_| random.weight().to_le_bytes()).collect(),
            _ => vec![seed as u8; size],
        }
    })
}

/// Another chunk that is close to this one, or not.
fn beside(raw: &[u8], kind: u8, seed: u64) -> Vec<u8> {
    let mut random = Random(seed);
    match kind {
        0 => raw.to_vec(),
        1 => {
            raw.iter().map(|byte| if random.below(60) == 0 { byte.wrapping_sub(1) } else { *byte }).collect()
        }
        2 => raw.iter().map(|byte| byte ^ (random.below(4) as u8)).collect(),
        3 => (0..raw.len()).map(|_| random.next() as u8).collect(),
        _ => vec![0; raw.len() + 1],
    }
}

fn check(codec: &mut Codec, content: Content, raw: &[u8], base: Option<&[u8]>) -> Vec<u8> {
    let mut stored = Vec::new();
    codec.encode(content, raw, base, &mut stored).unwrap();
    assert!(stored.len() <= raw.len() + 1);
    let mut out = vec![0xa5; raw.len()];
    let base = base.filter(|_| needs_base(&stored));
    codec.decode(&stored, base, &mut out).unwrap();
    assert!(out == raw, "{content:?} of {} bytes", raw.len());
    stored
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_chunk_comes_back(content in content(), raw in bytes()) {
        check(&mut Codec::new().unwrap(), content, &raw, None);
    }

    #[test]
    fn any_chunk_comes_back_beside_a_base(content in content(), raw in bytes(), kind in 0..5u8, seed: u64) {
        let base = beside(&raw, kind, seed);
        let mut codec = Codec::new().unwrap();
        let stored = check(&mut codec, content, &raw, Some(&base));
        let alone = check(&mut codec, content, &raw, None);
        // The check of the base is what a difference may cost over going without.
        prop_assert!(stored.len() <= alone.len() + 8 + alone.len() / 50, "{} and {}", stored.len(), alone.len());
    }

    #[test]
    fn damaged_chunks_are_refused_or_decoded_to_something(content in content(), raw in bytes(), at: prop::sample::Index, value: u8) {
        let mut codec = Codec::new().unwrap();
        let mut stored = check(&mut codec, content, &raw, None);
        let at = at.index(stored.len());
        stored[at] = value;
        // What comes out is caught by the hash; here nothing must panic or write elsewhere.
        _ = codec.decode(&stored, None, &mut vec![0; raw.len()]);
        _ = codec.decode(&stored[..at], None, &mut vec![0; raw.len()]);
    }
}

#[test]
fn odd_sizes_and_places_come_back() {
    let mut random = Random(3);
    let noise: Vec<u8> = (0..5000).map(|_| (random.next() & random.next()) as u8).collect();
    let mut codec = Codec::new().unwrap();
    for dtype in DTYPES {
        for size in (0..70).chain([255, 256, 257, 4093, 4096]) {
            for start in 0..4 {
                let raw = &noise[start..start + size];
                check(&mut codec, Content::Elements(dtype), raw, None);
                check(&mut codec, Content::Elements(dtype), raw, Some(&noise[start + 100..][..size]));
            }
        }
    }
}

#[test]
fn what_a_codec_did_before_changes_nothing() {
    let mut random = Random(5);
    let weights = bf16(150_000, &mut random);
    let next = stepped(&weights, 50, &mut random);
    let mut used = Codec::new().unwrap();
    let mut stored = vec![7; 1000];
    for dtype in DTYPES {
        used.encode(Content::Elements(dtype), &weights, None, &mut stored).unwrap();
    }
    for base in [None, Some(weights.as_slice())] {
        let mut fresh = Vec::new();
        Codec::new().unwrap().encode(Content::Elements(Dtype::Bf16), &next, base, &mut fresh).unwrap();
        used.encode(Content::Elements(Dtype::Bf16), &next, base, &mut stored).unwrap();
        assert!(fresh == stored);
    }
}

#[test]
fn weights_shrink_to_what_their_exponents_leave() {
    let mut random = Random(7);
    let weights = bf16(300_000, &mut random);
    let mut codec = Codec::new().unwrap();
    let stored = check(&mut codec, Content::Elements(Dtype::Bf16), &weights, None);
    assert!(stored.len() * 14 < weights.len() * 10, "{} of {}", stored.len(), weights.len());
    // Brain floats widened to 32 bits: their lower halves are empty but for the sign, which gets states of its
    // own.
    let wide: Vec<u8> = weights.chunks_exact(2).flat_map(|lane| [0, 0, lane[0], lane[1]]).collect();
    let widened = check(&mut codec, Content::Elements(Dtype::F32), &wide, None);
    assert!(widened.len() < stored.len() + 1000, "{} and {}", widened.len(), stored.len());
}

/// What is encoded is the same on every machine, whatever its instructions, and from version to version: a
/// pack's root depends on it, and so does what is stored once for two.
#[test]
fn weights_are_encoded_alike_everywhere() {
    let mut random = Random(17);
    let weights = bf16(100_000, &mut random);
    let single: Vec<u8> = (0..80_000).flat_map(|_| random.weight().to_le_bytes()).collect();
    let mut codec = Codec::new().unwrap();
    for (dtype, raw, expected) in [
        (Dtype::Bf16, &weights, "1b76b1002cb5c6efec3ebe990f40aa09b82a9d4771ad6565a8c842472afe60a0"),
        (Dtype::F32, &single, "ae0a4bf39fed6ac9f0a192f242fadfde3673ab52d7fce6aefc0553f15a78e816"),
    ] {
        let stored = check(&mut codec, Content::Elements(dtype), raw, None);
        assert_eq!(Hash::of(&stored).to_string(), expected, "{dtype:?}");
    }
}

#[test]
fn a_small_step_costs_little_and_an_equal_chunk_nearly_nothing() {
    let mut random = Random(9);
    let weights = bf16(300_000, &mut random);
    let next = stepped(&weights, 83, &mut random);
    let mut codec = Codec::new().unwrap();
    let stored = check(&mut codec, Content::Elements(Dtype::Bf16), &next, Some(&weights));
    assert!(stored.len() * 100 < next.len(), "{} of {}", stored.len(), next.len());
    assert_eq!(check(&mut codec, Content::Elements(Dtype::Bf16), &next, Some(&next)).len(), 9);
}

/// What a weight moves by is about the same for all, so that in its last bits it depends on its size.
#[test]
fn steps_are_coded_by_the_size_of_what_they_change() {
    let mut random = Random(13);
    let weights: Vec<f32> = (0..200_000).map(|_| random.weight()).collect();
    let next: Vec<f32> = weights.iter().map(|weight| weight + random.weight() * 1e-3).collect();
    let brain = |values: &[f32]| -> Vec<u8> {
        values.iter().flat_map(|value| ((value.to_bits() >> 16) as u16).to_le_bytes()).collect()
    };
    let single =
        |values: &[f32]| -> Vec<u8> { values.iter().flat_map(|value| value.to_le_bytes()).collect() };
    let double = |values: &[f32]| -> Vec<u8> {
        values.iter().flat_map(|value| f64::from(*value).to_le_bytes()).collect()
    };
    let mut codec = Codec::new().unwrap();
    let mut ratio = |dtype, old: &[u8], new: &[u8]| {
        let mut stored = Vec::new();
        for (old, new) in old.chunks(1 << 18).zip(new.chunks(1 << 18)) {
            stored.extend(check(&mut codec, Content::Elements(dtype), new, Some(old)));
        }
        new.len() as f64 / stored.len() as f64
    };
    // In brackets what the steps come to when they are not put into groups.
    let narrow = ratio(Dtype::Bf16, &brain(&weights), &brain(&next));
    assert!(narrow > 9.4, "{narrow} [8.83]");
    let middle = ratio(Dtype::F32, &single(&weights), &single(&next));
    assert!(middle > 1.88, "{middle} [1.85]");
    let wide = ratio(Dtype::F64, &double(&weights), &double(&next));
    assert!(wide > 3.4, "{wide}");
}

#[test]
fn a_difference_is_refused_to_any_other_base() {
    let mut random = Random(11);
    let weights = bf16(5000, &mut random);
    let next = stepped(&weights, 40, &mut random);
    let mut codec = Codec::new().unwrap();
    let mut out = vec![0; next.len()];
    for raw in [&next, &weights] {
        let stored = check(&mut codec, Content::Elements(Dtype::Bf16), raw, Some(&weights));
        assert!(needs_base(&stored));
        assert!(matches!(codec.decode(&stored, None, &mut out), Err(TensorError::BaseNeeded)));
        let mut other = weights.clone();
        other[777] ^= 1;
        assert!(matches!(codec.decode(&stored, Some(&other), &mut out), Err(TensorError::BaseDiffers)));
        let shorter = &weights[1..];
        assert!(matches!(codec.decode(&stored, Some(shorter), &mut out), Err(TensorError::BaseDiffers)));
    }
}

#[test]
fn too_large_a_chunk_is_refused() {
    let raw = vec![0; MAX_CHUNK_BYTES + 1];
    let error = Codec::new().unwrap().encode(Content::Bytes, &raw, None, &mut Vec::new()).unwrap_err();
    assert!(matches!(error, TensorError::Limit { .. }));
    check(&mut Codec::new().unwrap(), Content::Elements(Dtype::F32), &raw[1..], None);
}
