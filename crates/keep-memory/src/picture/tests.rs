use super::*;
use crate::portable::tests::{id, link, memory};
use proptest::prelude::*;

fn titled(number: u8, title: &str) -> Memory {
    Memory { title: Some(title.to_owned()), ..memory(number) }
}

fn picture(titles: &[&str], links: &[(u8, u8)]) -> Picture {
    let memories: Vec<_> = (1..).zip(titles).map(|(number, title)| titled(number, title)).collect();
    let links: Vec<_> = links.iter().map(|&(from, to)| link(from, to)).collect();
    Picture::new(id(1), &memories, &links)
}

#[test]
fn a_tree_shows_each_memory_and_each_link_once() {
    let tree = picture(&["one", "two", "three", "four", "alone"], &[(1, 2), (2, 3), (3, 1), (4, 2), (1, 9)])
        .to_tree();
    let short = (1..=4)
        .fold(tree, |tree, n| tree.replace(&id(n).to_string(), &format!("#{n}")))
        .replace(" [decision, document]", "");
    assert_eq!(
        short,
        "#1 one\n└─ extends → #2 two\n   ├─ extends → #3 three\n   │  └─ extends → #1 (above)\n   └─ extends ← #4 four\n"
    );
}

#[test]
fn quarantine_hides_what_a_memory_says() {
    let mut held = titled(1, "the words");
    (held.quarantine, held.retired_at) = (Some("why".to_owned()), Some(held.recorded_at));
    let picture = Picture::new(id(1), &[held], &[]);
    for text in [picture.to_dot(), picture.to_mermaid(), picture.to_tree(), picture.to_json().unwrap()] {
        assert!(text.contains("quarantine") && !text.contains("the words"), "{text}");
    }
    assert!(picture.to_dot().contains("style=dashed") && picture.to_tree().contains("retired"));
}

/// The statements of a DOT file, by its grammar of identifiers, quoted strings and punctuation.
fn dot_words(text: &str) -> Vec<String> {
    let (mut words, mut letters) = (Vec::new(), text.chars().peekable());
    while let Some(c) = letters.next() {
        match c {
            '"' => {
                let mut word = String::from("\"");
                loop {
                    match letters.next().expect("a string ends") {
                        '"' => break,
                        '\\' => word.extend(['\\', letters.next().expect("an escape has a letter")]),
                        c => word.push(c),
                    }
                }
                words.push(word);
            }
            c if c.is_whitespace() => {}
            c if c.is_alphanumeric() || c == '_' => {
                let mut word = c.to_string();
                while let Some(c) = letters.next_if(|c| c.is_alphanumeric() || *c == '_') {
                    word.push(c);
                }
                words.push(word);
            }
            c => words.push(c.to_string()),
        }
    }
    words
}

const HOSTILE: &[&str] = &[
    "\"]; evil [label=\"x",
    "a\\",
    "\\N \\G",
    "&lt;b&gt; <b>bold</b>",
    "x\"] --> n9[\"y",
    "end\n  n9[\"y\"]",
    "`code` **bold** [link](http://x)",
    "click n0 href \"javascript:alert(1)\"",
    "%% comment #quot; ;",
    "\u{1b}[2J\u{202e}",
    "",
];

#[test]
fn hostile_titles_add_nothing() {
    let plain = picture(&["a"; 11], &[(1, 2)]);
    let hostile = picture(HOSTILE, &[(1, 2)]);
    let shape = |picture: &Picture| -> Vec<String> {
        dot_words(&picture.to_dot())
            .into_iter()
            .map(|word| if word.starts_with('"') { "\"".to_owned() } else { word })
            .collect()
    };
    assert_eq!(shape(&plain), shape(&hostile));
    let (plain, hostile) = (plain.to_mermaid(), hostile.to_mermaid());
    assert_eq!(plain.lines().count(), hostile.lines().count());
    for line in hostile.lines().filter(|line| line.contains('[')) {
        let label = line.split_once("[\"").unwrap().1.strip_suffix("\"]").unwrap();
        assert!(label.chars().all(|c| c.is_alphanumeric() || " ,.…#;:".contains(c)), "{line}");
    }
    assert!(!picture(HOSTILE, &[]).to_dot().contains('\u{1b}'));
}

#[test]
fn json_is_json() {
    let value: serde_json::Value =
        serde_json::from_str(&picture(HOSTILE, &[(1, 2), (2, 1)]).to_json().unwrap()).unwrap();
    assert_eq!(value["nodes"].as_array().unwrap().len(), HOSTILE.len());
    assert_eq!(value["nodes"][0]["label"], HOSTILE[0]);
    assert_eq!(
        (&value["edges"][1]["kind"], &value["edges"][1]["strength"]),
        (&"extends".into(), &0.5.into())
    );
}

proptest! {
    #[test]
    fn any_graph_has_each_link_in_its_tree(titles in prop::collection::vec("\\PC{0,90}", 8), links in prop::collection::vec((1u8..=8, 1u8..=8), 0..20)) {
        let titles: Vec<&str> = titles.iter().map(String::as_str).collect();
        let picture = picture(&titles, &links);
        let tree = picture.to_tree();
        // Those that can be reached from the middle.
        let mut near = std::collections::HashSet::from([1u8]);
        for _ in 0..8 {
            for (a, b) in &links {
                if near.contains(a) || near.contains(b) { near.extend([*a, *b]); }
            }
        }
        let reached = links.iter().filter(|(a, _)| near.contains(a)).count();
        prop_assert_eq!(tree.lines().count(), reached + 1, "{}", tree);
        prop_assert_eq!(picture.to_mermaid().lines().count(), 2 + 8 + links.len());
    }
}
