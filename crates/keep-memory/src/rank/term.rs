//! From text to the stems that are compared. Any text is valid, whatever stands in it.

use snowball_stemmers_rs::{Algorithm, Stemmer};
use std::borrow::Cow;

/// Words that say how a sentence is built and nothing of what it is about.
const STOP: &[&str] = &[
    "a", "about", "after", "all", "also", "am", "an", "and", "any", "are", "as", "at", "be", "because",
    "been", "before", "being", "but", "by", "can", "could", "d", "did", "do", "does", "doing", "for", "from",
    "had", "has", "have", "having", "he", "her", "here", "hers", "him", "his", "how", "i", "if", "in",
    "into", "is", "it", "its", "just", "ll", "m", "may", "me", "might", "more", "most", "my", "no", "nor",
    "not", "of", "on", "or", "our", "ours", "out", "over", "own", "re", "s", "shall", "she", "should", "so",
    "some", "such", "t", "than", "that", "the", "their", "theirs", "them", "then", "there", "these", "they",
    "this", "those", "to", "too", "up", "us", "ve", "very", "was", "we", "were", "what", "when", "where",
    "which", "while", "who", "whom", "whose", "why", "will", "with", "would", "you", "your", "yours",
];

/// Longer words are cut: nobody asks for the ninth line of a base64 text.
const MAX_WORD_CHARS: usize = 64;

/// The stems of a text, in order, without the words that say nothing.
pub fn terms(text: &str) -> Vec<String> {
    let stemmer = Stemmer::create(Algorithm::English);
    let mut out = Vec::new();
    for word in words(text) {
        if !STOP.contains(&word.as_str()) {
            out.push(stem(&stemmer, word));
        }
    }
    out
}

/// Forms that no stemmer brings together, each with the form it is counted as.
const IRREGULAR: &[(&str, &str)] = &[
    ("ate", "eat"),
    ("eaten", "eat"),
    ("became", "become"),
    ("began", "begin"),
    ("begun", "begin"),
    ("bought", "buy"),
    ("broke", "break"),
    ("broken", "break"),
    ("brought", "bring"),
    ("built", "build"),
    ("came", "come"),
    ("caught", "catch"),
    ("children", "child"),
    ("kid", "child"),
    ("kids", "child"),
    ("chose", "choose"),
    ("chosen", "choose"),
    ("drank", "drink"),
    ("drew", "draw"),
    ("drawn", "draw"),
    ("drove", "drive"),
    ("driven", "drive"),
    ("fell", "fall"),
    ("fallen", "fall"),
    ("felt", "feel"),
    ("flew", "fly"),
    ("flown", "fly"),
    ("forgot", "forget"),
    ("forgotten", "forget"),
    ("fought", "fight"),
    ("found", "find"),
    ("gave", "give"),
    ("given", "give"),
    ("gone", "go"),
    ("got", "get"),
    ("gotten", "get"),
    ("grew", "grow"),
    ("grown", "grow"),
    ("heard", "hear"),
    ("held", "hold"),
    ("kept", "keep"),
    ("knew", "know"),
    ("known", "know"),
    ("learnt", "learn"),
    ("led", "lead"),
    ("left", "leave"),
    ("lost", "lose"),
    ("made", "make"),
    ("meant", "mean"),
    ("men", "man"),
    ("met", "meet"),
    ("paid", "pay"),
    ("people", "person"),
    ("ran", "run"),
    ("rode", "ride"),
    ("ridden", "ride"),
    ("said", "say"),
    ("sang", "sing"),
    ("sat", "sit"),
    ("saw", "see"),
    ("seen", "see"),
    ("sent", "send"),
    ("slept", "sleep"),
    ("sold", "sell"),
    ("spent", "spend"),
    ("spoke", "speak"),
    ("spoken", "speak"),
    ("stood", "stand"),
    ("swam", "swim"),
    ("taught", "teach"),
    ("taken", "take"),
    ("thought", "think"),
    ("threw", "throw"),
    ("thrown", "throw"),
    ("told", "tell"),
    ("took", "take"),
    ("understood", "understand"),
    ("went", "go"),
    ("woke", "wake"),
    ("women", "woman"),
    ("won", "win"),
    ("wore", "wear"),
    ("worn", "wear"),
    ("wrote", "write"),
    ("written", "write"),
    ("one", "1"),
    ("two", "2"),
    ("three", "3"),
    ("four", "4"),
    ("five", "5"),
    ("six", "6"),
    ("seven", "7"),
    ("eight", "8"),
    ("nine", "9"),
    ("ten", "10"),
];

fn stem(stemmer: &Stemmer, word: String) -> String {
    // Versions, hashes and names with signs in them are themselves.
    if word.bytes().any(|byte| !byte.is_ascii_lowercase()) {
        return word;
    }
    if let Some((_, known)) = IRREGULAR.iter().find(|(form, _)| *form == word) {
        return (*known).to_owned();
    }
    match stemmer.stem(&word) {
        Cow::Borrowed(stem) if stem.len() == word.len() => word,
        stem => stem.into_owned(),
    }
}

/// The words of a text in small letters: runs of letters and digits, `c++` and `c#` with their signs, each
/// ideograph and each emoji on its own. What follows an apostrophe is dropped.
fn words(text: &str) -> impl Iterator<Item = String> {
    let mut words = Vec::new();
    let mut word = String::new();
    // `foo_bar` and `anti-inflammatory` are also found as one word.
    let mut joined = String::new();
    let mut letters = text.chars().peekable();
    let take = |word: &mut String, words: &mut Vec<String>| {
        if !word.is_empty() {
            words.push(std::mem::take(word));
        }
    };
    while let Some(letter) = letters.next() {
        if stands_alone(letter) {
            take(&mut word, &mut words);
            words.push(letter.to_string());
        } else if letter.is_alphanumeric() {
            if word.chars().count() < MAX_WORD_CHARS {
                word.extend(letter.to_lowercase());
            }
        } else if matches!(letter, '\'' | '\u{2019}') && !word.is_empty() {
            take(&mut word, &mut words);
            while letters.next_if(|next| next.is_alphabetic()).is_some() {}
        } else if matches!(letter, '+' | '#') && word.chars().count() == 1 {
            word.push(letter);
            while let Some(sign) = letters.next_if(|next| *next == '+') {
                word.push(sign);
            }
            take(&mut word, &mut words);
        } else if matches!(letter, '-' | '_')
            && !word.is_empty()
            && letters.peek().is_some_and(|next| next.is_alphanumeric())
        {
            joined.push_str(&word);
            take(&mut word, &mut words);
        } else {
            if !joined.is_empty() {
                joined.push_str(&word);
                take(&mut joined, &mut words);
            }
            take(&mut word, &mut words);
        }
    }
    if !joined.is_empty() {
        joined.push_str(&word);
        take(&mut joined, &mut words);
    }
    take(&mut word, &mut words);
    words.into_iter()
}

/// Ideographs and kana, which no blanks part, and pictures.
fn stands_alone(letter: char) -> bool {
    matches!(u32::from(letter), 0x3040..=0x30ff | 0x3400..=0x4dbf | 0x4e00..=0x9fff | 0xf900..=0xfaff
        | 0x2600..=0x27bf | 0x1f300..=0x1faff | 0x20000..=0x2fa1f)
}

#[cfg(test)]
mod tests {
    use super::terms;

    #[test]
    fn any_text_has_its_words() {
        let check = |text: &str, expected: &[&str]| assert_eq!(terms(text), expected, "{text:?}");
        check("what's the db?", &["db"]);
        check("C++ and C# in src/main.rs, 50% done", &["c++", "c#", "src", "main", "rs", "50", "done"]);
        check("Fishing, fished; FISHES!", &["fish", "fish", "fish"]);
        check("dogs' don\u{2019}t", &["dog", "don"]);
        check("\"quoted\" AND (NOT NEAR/2 *", &["quot", "near", "2"]);
        check("🦀 in 東京", &["🦀", "東", "京"]);
        check(
            "went anti-inflammatory, wrote snake_case",
            &["go", "anti", "antiinflammatori", "inflammatori", "write", "snake", "snakecas", "case"],
        );
        check("a - b -c", &["b", "c"]);
        check("", &[]);
    }
}
