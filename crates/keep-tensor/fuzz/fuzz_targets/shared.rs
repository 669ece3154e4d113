//! What the targets assert lies with the tests, which replay their corpora.

#[path = "../../tests/formats/checks.rs"]
#[expect(dead_code, reason = "each target calls one of them")]
pub(crate) mod checks;
#[path = "../../tests/formats/zipped.rs"]
#[expect(dead_code, reason = "the targets write honest archives only")]
mod zipped;
