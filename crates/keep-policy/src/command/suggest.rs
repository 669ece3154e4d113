use super::read::MAX_WORDS;
use super::rule::is_ones_own;
use keep_shell::{Analysis, Deed, Effect, Part};
use keep_types::Risk;

/// Why no rule can be made of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsuitable {
    /// Nothing allows what is critical.
    #[error("no rule allows what is critical")]
    Critical,
    /// A rule's words are known to the letter.
    #[error("a rule needs words that are known to the letter")]
    Unknown,
    /// It runs nothing.
    #[error("it runs nothing that a rule could speak of")]
    Nothing,
    /// Nobody reads so long a rule.
    #[error("it has more words than a rule may have")]
    Long,
}

/// The rules that would have allowed a command, as text for a rule file, one for each part, up to its
/// risk. Where that is high they are about these very words, hosts and places, since among the flags of a
/// program that may be high are those that make it worse; below it, about the program and its sub-command.
/// A person reads them before they count.
///
/// # Errors
/// When the command is critical or not wholly known.
pub fn suggest(analysis: &Analysis, command: &str) -> Result<String, Unsuitable> {
    if analysis.risk == Risk::Critical {
        return Err(Unsuitable::Critical);
    }
    if analysis.unknown || analysis.unparsable.is_some() || !analysis.oddities.is_empty() {
        return Err(Unsuitable::Unknown);
    }
    let mut text = String::new();
    let mut seen: Vec<(Vec<&str>, Extent)> = Vec::new();
    for part in analysis.parts.iter().filter(|part| !part.argv.is_empty()) {
        let extent = if part.risk < Risk::High { Extent::Prefix } else { Extent::Exact };
        let words = words_of(part, extent)?;
        if seen.contains(&(words.clone(), extent)) {
            continue;
        }
        text.push_str(&rule(part, &words, extent, command));
        seen.push((words, extent));
    }
    if text.is_empty() { Err(Unsuitable::Nothing) } else { Ok(text) }
}

/// How many of a part's words a rule holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Extent {
    /// The program, and its sub-command where it has one.
    Prefix,
    /// All of them, and no more.
    Exact,
}

fn words_of(part: &Part, extent: Extent) -> Result<Vec<&str>, Unsuitable> {
    let length = match extent {
        Extent::Prefix => part.program.as_deref().map_or(1, |name| name.split_whitespace().count()).max(1),
        Extent::Exact => part.argv.len(),
    };
    if length > MAX_WORDS {
        return Err(Unsuitable::Long);
    }
    let words = part.argv.iter().take(length).map(|word| word.as_known().ok_or(Unsuitable::Unknown));
    words.collect()
}

fn rule(part: &Part, words: &[&str], extent: Extent, command: &str) -> String {
    // Its name says which program, whatever it holds of the words.
    let id: String = words_of(part, Extent::Prefix)
        .unwrap_or_default()
        .join("-")
        .chars()
        .take(40)
        .collect::<String>()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' })
        .collect();
    let id = id.trim_matches('-');
    let mut text = format!(
        "[[command]]\nid = {}\ndecision = \"allow\"\n",
        quoted(if id.is_empty() { "command" } else { id })
    );
    let argv: Vec<_> = words.iter().map(|word| format!("[{}]", quoted(word))).collect();
    text.push_str(&format!("argv = [{}]\n", argv.join(", ")));
    if extent == Extent::Exact {
        text.push_str("exact = true\n");
    }
    text.push_str(&format!("max_risk = \"{}\"\n", part.risk));
    let elsewhere: Vec<_> = part
        .effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Path { deed, path, place } if *deed >= Deed::Write && !is_ones_own(*place) => {
                Some(quoted(path))
            }
            _ => None,
        })
        .collect();
    if !elsewhere.is_empty() {
        // Naming places narrows an allow to them, so the workspace has to be named as well.
        text.push_str(&format!("paths = [\"workspace/**\", {}]\n", elsewhere.join(", ")));
    }
    let hosts: Vec<_> = part
        .effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Network { host: Some(host), .. } => Some(quoted(&host.to_ascii_lowercase())),
            _ => None,
        })
        .collect();
    if !hosts.is_empty() {
        text.push_str(&format!("hosts = [{}]\n", hosts.join(", ")));
    }
    text.push_str(&format!("reason = \"approved by a person\"\nmatch = [{}]\n\n", quoted(command)));
    text
}

/// A TOML basic string.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => quoted.push_str(&format!("\\u{:04X}", c as u32)),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
