use keep_redact::{Known, Redactor};

/// A redactor for one value labelled `s`.
pub(crate) fn one(value: &[u8]) -> Redactor {
    let (redactor, unfit) = Redactor::new([Known { label: "s", value }]);
    assert_eq!(unfit, []);
    redactor
}

/// A redactor for values labelled by their place.
pub(crate) fn many(values: &[Vec<u8>]) -> Redactor {
    let labels: Vec<String> = (0..values.len()).map(|place| format!("v{place}")).collect();
    let known = labels.iter().zip(values).map(|(label, value)| Known { label, value });
    Redactor::new(known).0
}

/// Every match by comparing every value at every place: slow, and obviously right.
pub(crate) fn contains(text: &[u8], needle: &[u8]) -> bool {
    text.windows(needle.len()).any(|stretch| stretch == needle)
}

/// The output of a stream that is fed pieces of these lengths, over and over.
pub(crate) fn streamed(redactor: &Redactor, text: &[u8], lens: &[usize]) -> Vec<u8> {
    let mut stream = redactor.stream();
    let mut out = Vec::new();
    let mut rest = text;
    for len in lens.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (piece, left) = rest.split_at((*len).clamp(1, rest.len()));
        stream.push(piece, &mut out);
        rest = left;
    }
    stream.finish(&mut out);
    out
}

/// Numbers without pattern, the same each time.
pub(crate) fn noise(seed: u64) -> impl FnMut() -> u64 {
    let mut state = seed;
    move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}
