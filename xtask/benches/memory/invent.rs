//! Memories that nobody wrote, alike to those that people do: words by Zipf's law between the small words of
//! English, of five to forty words, some of them turns of conversations, in namespaces of very different size.

use crate::Res;
use keep_memory::index::{Entry, SpaceId, Standing};
use keep_memory::model::{Kind, Validity};
use keep_types::{Timestamp, Trust};
use serde_json::json;
use std::io::{BufWriter, Write};
use std::path::Path;

const SMALL: &[&str] = &[
    "the", "of", "and", "to", "a", "in", "is", "it", "that", "was", "for", "on", "with", "as", "we", "this",
    "at", "by", "not", "are", "but", "from", "or", "have", "an", "they", "which", "when", "there", "been",
];
const NAMES: &[&str] = &["Anna", "Boris", "Chloe", "Dmitri", "Elena", "Farid", "Greta", "Hugo"];
const SOUNDS: &[&str] = &[
    "ba", "re", "ti", "lo", "mu", "sha", "kin", "der", "po", "van", "tes", "gri", "nal", "co", "fi", "wen",
    "dra", "li", "mar", "so", "per", "ul", "hat", "jin", "que", "zo", "bri", "eth", "ock", "ing", "ast",
    "ple",
];
/// How many words there are besides the small ones.
const WORDS: usize = 60_000;

/// One memory as it was invented.
pub(crate) struct Invented {
    pub(crate) space: SpaceId,
    pub(crate) text: String,
    conversation: Option<String>,
    speaker: Option<&'static str>,
    said_at: Option<Timestamp>,
    standing: Standing,
}

impl Invented {
    pub(crate) fn entry(&self) -> Entry<'_> {
        Entry {
            text: &self.text,
            title: None,
            tags: &[],
            conversation: self.conversation.as_deref(),
            speaker: self.speaker,
            said_at: self.said_at,
            standing: self.standing.clone(),
        }
    }
}

/// Numbers that look drawn, the same in every run (splitmix64).
pub(crate) struct Draw(u64);

impl Draw {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let x = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let x = (x ^ x >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ x >> 31
    }

    pub(crate) fn below(&mut self, most: usize) -> usize {
        (self.next() % most as u64) as usize
    }

    fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A word's rank: the share of those up to `n` grows with its logarithm, which is Zipf's law. The first
    /// forty ranks are left out, for they are the small words.
    fn rank(&mut self, most: usize) -> usize {
        const HEAD: f64 = 40.0;
        (HEAD * (most as f64 / HEAD + 1.0).powf(self.share()) - HEAD) as usize
    }
}

/// The word of a rank: a few sounds, the rarer the longer.
fn word(rank: usize) -> String {
    let mut draw = Draw::new(rank as u64 + 7_919);
    let sounds = 2 + usize::from(rank > 300) + usize::from(rank > 8_000);
    (0..sounds).map(|_| SOUNDS[draw.below(SOUNDS.len())]).collect()
}

/// The `n`th memory. Of ten one is global, four are in one large project, and the rest lie in as many other
/// projects and sessions as there are.
pub(crate) fn memory(n: usize, others: usize) -> Invented {
    let mut draw = Draw::new(n as u64);
    let space = match draw.below(10) {
        0 => 1,
        1..=4 => 2,
        _ => 3 + draw.rank(others) as i64,
    };
    let is_turn = draw.below(10) < 4;
    let length = 5 + draw.rank(36);
    let mut text: Vec<String> = Vec::with_capacity(length);
    for _ in 0..length {
        let small = draw.below(100) < 42;
        text.push(if small { SMALL[draw.below(SMALL.len())].to_owned() } else { word(draw.rank(WORDS)) });
    }
    let end = if is_turn && draw.below(5) == 0 { "?" } else { "." };
    let moment = Timestamp::from_ms(1_750_000_000_000 + n as i64 * 40_000);
    Invented {
        space: SpaceId(space),
        text: text.join(" ") + end,
        conversation: is_turn.then(|| format!("talk {}", n / 400)),
        speaker: is_turn.then(|| NAMES[draw.below(NAMES.len())]),
        said_at: is_turn.then_some(moment),
        standing: Standing {
            kind: Kind::default(),
            trust: Trust::Agent,
            importance: 1 + draw.below(10) as u8,
            held: false,
            pinned: false,
            recorded_at: moment,
            retired_at: None,
            valid: Validity::default(),
            expires_at: None,
        },
    }
}

/// A question about one of `count` memories: some of its words, between small ones.
pub(crate) fn question(n: usize, count: usize, others: usize) -> String {
    let mut draw = Draw::new(n as u64 + 1_000_000_007);
    let about = memory(draw.below(count), others);
    let words: Vec<&str> =
        about.text.trim_end_matches(['.', '?']).split(' ').filter(|word| !SMALL.contains(word)).collect();
    let mut text = vec!["what", "did", "we", "say", "about"];
    if let Some(speaker) = about.speaker.filter(|_| draw.below(2) == 0) {
        text.splice(2..3, [speaker]);
    }
    for _ in 0..3 + draw.below(5) {
        if !words.is_empty() {
            text.push(words[draw.below(words.len())]);
        }
    }
    text.join(" ") + "?"
}

/// How many memories the command line is measured with.
const LINES: usize = 100_000;

/// Writes memories for `keep remember --jsonl`, one file for each of two namespaces, and questions about them.
pub(crate) fn write_lines(folder: &Path) -> Res<()> {
    let open = |name: &str| std::fs::File::create(folder.join(name)).map(BufWriter::new);
    let mut files = [open("global")?, open("project:bench")?];
    for n in 0..LINES {
        let memory = memory(n, 1);
        let said_at = memory.said_at.map(|said| said.to_string());
        let mut line = json!({ "text": memory.text, "importance": memory.standing.importance });
        if let (Some(speaker), Some(said_at)) = (memory.speaker, said_at) {
            line["speaker"] = speaker.into();
            line["said_at"] = said_at.into();
        }
        writeln!(files[usize::from(n % 5 > 0)], "{line}")?;
    }
    files.iter_mut().try_for_each(Write::flush)?;
    let questions: Vec<String> = (0..100).map(|n| question(n, LINES, 1)).collect();
    Ok(std::fs::write(folder.join("questions"), questions.join("\n"))?)
}
