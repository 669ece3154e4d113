//! Texts that nobody would write: whatever comes in, an analysis comes out.

use crate::look;
use keep_types::Risk;
use proptest::prelude::*;

/// Fragments that shells read in special ways.
fn fragment() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("$(".to_owned()),
        Just(")".to_owned()),
        Just("`".to_owned()),
        Just("'".to_owned()),
        Just("\"".to_owned()),
        Just("${".to_owned()),
        Just("}".to_owned()),
        Just("{a,b}".to_owned()),
        Just("<<E\n".to_owned()),
        Just("\nE\n".to_owned()),
        Just(" | ".to_owned()),
        Just(" && ".to_owned()),
        Just("; ".to_owned()),
        Just("if ".to_owned()),
        Just(" then ".to_owned()),
        Just(" fi".to_owned()),
        Just("case x in a) ".to_owned()),
        Just(";; esac".to_owned()),
        Just("$((".to_owned()),
        Just("))".to_owned()),
        Just("\\".to_owned()),
        Just("~".to_owned()),
        Just("> ".to_owned()),
        Just("find . -exec ".to_owned()),
        Just("sed s/a/".to_owned()),
        Just("xargs ".to_owned()),
        Just("sh -c ".to_owned()),
        Just("tar cf".to_owned()),
        Just("$'\\x".to_owned()),
        Just("é".to_owned()),
        Just("😀".to_owned()),
        Just("x=".to_owned()),
        Just("[[ ".to_owned()),
        "[ -~]{0,8}",
        "\\PC{0,4}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

    #[test]
    fn any_text_has_an_analysis(text in "\\PC{0,120}") {
        let _ = look(&text).explain();
    }

    #[test]
    fn any_mixture_of_fragments_has_an_analysis(parts in proptest::collection::vec(fragment(), 0..24)) {
        let text = parts.concat();
        let analysis = look(&text);
        prop_assert_ne!(analysis.unparsable.as_deref(), Some("the analysis failed on this text"), "{:?}", text);
        if analysis.unparsable.is_some() {
            prop_assert!(analysis.risk >= Risk::High);
        }
    }
}

#[test]
fn nesting_costs_neither_the_stack_nor_the_day() {
    for text in [
        "(".repeat(30_000),
        "$(".repeat(19) + "x" + &")".repeat(19),
        "\"$(echo ".repeat(9) + "x" + &")\"".repeat(9),
        "if true; then ".repeat(500) + ":" + &"; fi".repeat(500),
        "! ".repeat(3_000) + "true",
        "f(){ f; f; f; }; f".to_owned(),
        "eval ".repeat(2_000) + "x",
        "{a,b}".repeat(30),
        "x=aaaaaaaa; for i in 1 2 3 4 5 6 7 8 9 10 11 12; do x=$x$x$x$x$x$x$x$x; done".to_owned(),
        "`".repeat(5_000),
        "a[".repeat(19) + &"]".repeat(19),
    ] {
        let _ = look(&text).risk;
    }
}
