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
    fn signs_count_what_differs(a in vector(), b in vector()) {
        let differs = a.iter().zip(&b).filter(|(x, y)| (**x > 0.0) != (**y > 0.0)).count();
        prop_assert_eq!(SignCode::of(&a).distance(&SignCode::of(&b)) as usize, differs);
    }
}

#[test]
fn the_zero_vector_has_zero_codes() {
    let zero = Quantised::of(&[0.0; 256]);
    assert_eq!(zero.scale, 0.0);
    assert_eq!(zero.dot(&Quantised::of(&[1.0; 256])), 0.0);
}
