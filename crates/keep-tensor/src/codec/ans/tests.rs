use super::*;
use proptest::prelude::*;

/// All that this processor can run; on one without wide registers that is the plain loops alone.
fn all_loops() -> Vec<Loops> {
    Loops::here()
}

fn with(loops: Loops) -> Ans {
    Ans { loops, stacks: Stacks::default() }
}

/// Noise of so many bytes, and-ed together: the more, the fewer bits are set. Of none, all are.
fn noise(size: usize, seed: u64, few: u32) -> Vec<u8> {
    let mut state = seed | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    (0..size).map(|_| (0..few).fold(0xff, |byte, _| byte & (next() >> 20) as u8)).collect()
}

/// With the shares of all its bytes: every plane can be coded so, well or not.
fn forced(loops: Loops, plane: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    with(loops).put(plane, &Shares::of(&count(plane)), &mut out);
    out
}

fn decoded(loops: Loops, body: &[u8], size: usize) -> Result<Vec<u8>, TensorError> {
    let mut out = vec![0xa5; size];
    with(loops).decode(body, &mut out).map(|()| out)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_plane_comes_back_and_is_coded_alike_everywhere(size in 1..3000usize, seed: u64, few in 0..6u32) {
        let plane = noise(size, seed, few);
        let body = forced(Loops::Plain, &plane);
        for loops in all_loops() {
            prop_assert!(forced(loops, &plane) == body, "{loops:?}");
            prop_assert!(decoded(loops, &body, size).unwrap() == plane, "{loops:?}");
        }
    }

    #[test]
    fn damage_is_found_or_decoded_alike_everywhere(seed: u64, few in 0..5u32, at: prop::sample::Index, bits in 1..=255u8) {
        let plane = noise(2000, seed, few);
        let mut body = forced(Loops::Plain, &plane);
        let at = at.index(body.len());
        body[at] ^= bits;
        let one = decoded(Loops::Plain, &body, plane.len()).ok();
        prop_assert!(one.as_ref() != Some(&plane), "byte {at} means nothing");
        for loops in all_loops() {
            prop_assert!(decoded(loops, &body, plane.len()).ok() == one, "{loops:?}");
            prop_assert!(decoded(loops, &body[..at], plane.len()).is_err(), "{loops:?}");
        }
    }
}

#[test]
fn every_share_is_used_up_to_the_largest() {
    // One value nearly throughout, each value as often, one value alone, and a rest of many kinds.
    let nearly: Vec<u8> = (0..40_000).map(|at| u8::from(at % 999 == 0) * (at / 999) as u8).collect();
    let even: Vec<u8> = (0..40_000u32).map(|at| (at * 31 % 251) as u8).collect();
    for plane in [nearly, even, vec![7; 20_000], noise(70_001, 3, 3)] {
        let body = forced(Loops::Plain, &plane);
        for loops in all_loops() {
            assert!(forced(loops, &plane) == body, "{loops:?}");
            assert!(decoded(loops, &body, plane.len()).unwrap() == plane, "{loops:?}");
        }
    }
}

#[test]
fn any_number_of_shares_is_coded_alike_everywhere() {
    // The values in a row and far apart, and some of none of them.
    for (kinds, apart) in (1..=64u8).flat_map(|kinds| [(kinds, 1), (kinds, 3)]) {
        let mut plane = noise(5000, u64::from(kinds), 1);
        plane.iter_mut().for_each(|byte| *byte = 40u8.wrapping_add(*byte % kinds * apart));
        plane.iter_mut().step_by(301).for_each(|byte| *byte = byte.wrapping_mul(37));
        let body = forced(Loops::Plain, &plane);
        for loops in all_loops() {
            assert!(forced(loops, &plane) == body, "{loops:?} {kinds}");
            assert!(decoded(loops, &body, plane.len()).unwrap() == plane, "{loops:?} {kinds}");
        }
    }
}

/// A plane whose sample misses what most of it is: a spike of other values between the pieces.
#[test]
fn a_sample_that_misleads_costs_time_and_no_bytes() {
    let mut plane = noise(1 << 18, 11, 4);
    let step = (plane.len() - SAMPLE_PIECE) / (SAMPLE_PIECES - 1);
    for at in 0..SAMPLE_PIECES - 1 {
        let start = at * step + SAMPLE_PIECE;
        for byte in &mut plane[start..start + step - 2 * SAMPLE_PIECE] {
            *byte |= 0x80;
        }
    }
    let mut body = Vec::new();
    assert!(with(Loops::best()).encode(&plane, &mut body));
    assert!(body == forced(Loops::Plain, &plane));
    assert!(decoded(Loops::best(), &body, plane.len()).unwrap() == plane);
}

#[test]
fn exponents_come_to_less_than_with_huffman_codes() {
    let few = noise(1 << 18, 5, 4);
    let mut body = Vec::new();
    assert!(with(Loops::best()).encode(&few, &mut body));
    let least = entropy(&count(&few)) / 8.0 * few.len() as f32;
    assert!((body.len() as f32) < least * 1.02, "{} and {least}", body.len());
}

#[test]
fn what_cannot_gain_is_left_to_others() {
    let mut out = vec![1, 2, 3];
    for plane in [noise(1 << 16, 9, 1), noise(1 << 16, 9, 2), vec![3; LEAST_BYTES - 1]] {
        assert!(!Ans::new().encode(&plane, &mut out));
        assert_eq!(out, [1, 2, 3]);
    }
}

#[test]
fn shares_that_do_not_fit_together_are_refused() {
    let refused: [&[u8]; 7] =
        [&[64], &[1, 5], &[1, 5, 0], &[2, 5, 5, 1, 1], &[2, 6, 5, 1, 1], &[2, 5, 6, 128, 128], &[0]];
    for body in refused {
        let mut body = body.to_vec();
        let whole = matches!(body.as_slice(), [1, 5] | [64]);
        if !whole {
            body.extend([0; 400]);
        }
        for loops in all_loops() {
            assert!(decoded(loops, &body, 128).is_err(), "{body:?}");
        }
    }
}
