use super::checks::in_parts;
use keep_tensor::format::cut::{MAX, MIN, boundaries};
use proptest::prelude::*;

/// Bytes without a pattern.
fn noise(len: usize, seed: u64) -> Vec<u8> {
    let mut state = seed | 1;
    let step = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[0]
    };
    std::iter::repeat_with(step).take(len).collect()
}

/// Where the cuts fall is kept for good: what is stored is found again only while they stay.
#[test]
fn cuts_do_not_move_between_versions() {
    let ends = boundaries(&noise(6 << 20, 42));
    let pinned = [534874, 1129091, 1650477, 2420796, 2996318, 3569770, 4519096, 5111615, 5760039, 6291456];
    assert_eq!(ends, pinned);
}

#[test]
fn pieces_have_their_sizes_and_cover_the_bytes() {
    let bytes = noise(64 << 20, 7);
    let ends = boundaries(&bytes);
    assert_eq!(ends.last(), Some(&bytes.len()));
    let mut sizes: Vec<_> =
        std::iter::once(&0).chain(&ends).zip(&ends).map(|(start, end)| end - start).collect();
    sizes.pop();
    assert!(sizes.iter().all(|size| (MIN..=MAX).contains(size)), "{sizes:?}");
    let average = sizes.iter().sum::<usize>() / sizes.len();
    assert!((500 << 10..720 << 10).contains(&average), "{average}");
}

#[test]
fn monotony_is_cut_at_the_limit() {
    assert_eq!(boundaries(&vec![0; (MAX * 2) + 5]), [MAX, MAX * 2, MAX * 2 + 5]);
    assert_eq!(boundaries(b""), Vec::<usize>::new());
    assert_eq!(boundaries(b"x"), [1]);
    assert_eq!(boundaries(&vec![0; MAX]), [MAX]);
}

#[test]
fn an_insertion_moves_the_cuts_with_it() {
    let bytes = noise(12 << 20, 3);
    let mut longer = b"a few bytes more".to_vec();
    longer.extend(&bytes);
    let before = boundaries(&bytes);
    let after: Vec<_> = boundaries(&longer).iter().map(|end| end - 16).collect();
    let kept = before.iter().filter(|end| after.contains(end)).count();
    assert!(kept * 10 >= before.len() * 6, "{kept} of {} cuts were found again", before.len());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn parts_of_any_size_give_the_same_cuts(seed in any::<u64>(), len in 0..5_usize << 20, part in 1..200_000_usize) {
        let bytes = noise(len, seed);
        prop_assert_eq!(in_parts(&bytes, part), boundaries(&bytes));
    }
}
