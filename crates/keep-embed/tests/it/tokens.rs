//! The tokenizer beside the reference: thousands of strings with the tokens the reference gave them.

use keep_embed::{Table, Token};
use proptest::prelude::*;

#[test]
fn the_tokens_are_those_of_the_reference() {
    let table = Table::built_in().unwrap();
    let mut count = 0;
    for line in include_str!("tokens.jsonl").lines() {
        let (text, expected): (String, Vec<Token>) = serde_json::from_str(line).unwrap();
        assert_eq!(table.tokenizer().tokens(&text), expected, "the tokens of {text:?}");
        count += 1;
    }
    assert!(count > 5000, "only {count} strings were compared");
}

proptest! {
    #[test]
    fn words_apart_give_the_tokens_of_each(a in any::<String>(), b in any::<String>()) {
        let tokenizer = *Table::built_in().unwrap().tokenizer();
        let apart = [tokenizer.tokens(&a), tokenizer.tokens(&b)].concat();
        prop_assert_eq!(tokenizer.tokens(&format!("{a} {b}")), apart);
    }

    #[test]
    fn letter_case_of_ascii_means_nothing(text in "[ -~]{0,40}") {
        let tokenizer = *Table::built_in().unwrap().tokenizer();
        prop_assert_eq!(tokenizer.tokens(&text), tokenizer.tokens(&text.to_ascii_uppercase()));
    }
}
