//! The short forms of a vector beside the vector itself.

use keep_embed::{Quantised, SignCode, dot, normalise};
use proptest::prelude::*;

fn vector() -> impl Strategy<Value = Vec<f32>> {
    prop::collection::vec(-1.0f32..1.0, 256).prop_map(|mut vector| {
        normalise(&mut vector);
        vector
    })
}

proptest! {
    #[test]
    fn codes_keep_the_product(a in vector(), b in vector()) {
        let short = Quantised::of(&a).dot(&Quantised::of(&b));
        prop_assert!((short - dot(&a, &b)).abs() < 0.01);
    }

    #[test]
    fn signs_follow_the_direction_alone(a in vector(), factor in 0.01f32..100.0) {
        let longer: Vec<f32> = a.iter().map(|x| x * factor).collect();
        let opposite: Vec<f32> = a.iter().map(|x| -x).collect();
        // A sum next to zero may be rounded to its other side.
        prop_assert!(SignCode::of(&a).distance(&SignCode::of(&longer)) <= 3);
        // A sum that is exactly zero has no sign to turn round.
        prop_assert!(SignCode::of(&a).distance(&SignCode::of(&opposite)) >= 250);
    }

    #[test]
    fn many_are_counted_as_one_is(wanted in any::<[u64; 4]>(), codes in prop::collection::vec(any::<[u64; 4]>(), 0..40)) {
        let mut codes: Vec<SignCode> = codes.into_iter().map(SignCode).collect();
        codes.extend([SignCode(wanted), SignCode(wanted.map(|word| !word))]);
        let bytes = |code: &SignCode| -> [u8; SignCode::BYTES] {
            std::array::from_fn(|at| code.0[at / 8].to_le_bytes()[at % 8])
        };
        let all: Vec<_> = codes.iter().map(bytes).collect();
        let mut found = vec![7];
        SignCode(wanted).distances(&all, &mut found);
        let expected = codes.iter().map(|code| SignCode(wanted).distance(code) as u16);
        prop_assert_eq!(found, std::iter::once(7).chain(expected).collect::<Vec<_>>());
    }

    #[test]
    fn the_share_of_differing_bits_is_the_angle(a in vector(), b in vector(), share in 0.0f32..1.0) {
        let mut mixed: Vec<f32> = a.iter().zip(&b).map(|(x, y)| x * share + y * (1.0 - share)).collect();
        normalise(&mut mixed);
        let angle = dot(&a, &mixed).clamp(-1.0, 1.0).acos() / std::f32::consts::PI;
        let bits = SignCode::of(&a).distance(&SignCode::of(&mixed)) as f32 / 256.0;
        prop_assert!((bits - angle).abs() < 0.2, "{bits} of the bits, {angle} of a half turn");
    }
}

#[test]
fn a_vector_along_one_axis_reaches_every_bit() {
    for axis in [0, 1, 100, 255] {
        let mut vector = [0.0; 256];
        vector[axis] = 1.0;
        let bits = SignCode::of(&vector).distance(&SignCode::default());
        assert!(bits == 0 || bits == 128 || bits == 256, "{bits} bits");
    }
}

#[test]
fn codes_of_short_and_long_vectors() {
    let long: Vec<f32> = (0..400).map(|n| ((n * 37) % 101) as f32 - 50.0).collect();
    assert_eq!(SignCode::of(&long), SignCode::of(&long[..256]));
    assert_ne!(SignCode::of(&long[..100]), SignCode::of(&long));
    assert_eq!(SignCode::of(&[]), SignCode::default());
}

#[test]
fn the_zero_vector_has_zero_codes() {
    let zero = Quantised::of(&[0.0; 256]);
    assert_eq!(zero.scale, 0.0);
    assert_eq!(zero.dot(&Quantised::of(&[1.0; 256])), 0.0);
}
