use keep_shell::{Analysis, Effect, Part};
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
}

/// The rules that would have allowed a command, as text for a rule file: one for each part, its program
/// and sub-command, up to its risk. A person reads them before they count.
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
    let mut seen: Vec<Vec<&str>> = Vec::new();
    for part in analysis.parts.iter().filter(|part| !part.argv.is_empty()) {
        let words = prefix(part)?;
        if seen.contains(&words) {
            continue;
        }
        text.push_str(&rule(part, &words, command));
        seen.push(words);
    }
    if text.is_empty() { Err(Unsuitable::Nothing) } else { Ok(text) }
}

/// The program, and its sub-command where it has one.
fn prefix(part: &Part) -> Result<Vec<&str>, Unsuitable> {
    let length = part.program.as_deref().map_or(1, |name| name.split_whitespace().count());
    let words = part.argv.iter().take(length.max(1)).map(|word| word.as_known().ok_or(Unsuitable::Unknown));
    words.collect()
}

fn rule(part: &Part, words: &[&str], command: &str) -> String {
    let id: String = words
        .join("-")
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' })
        .collect();
    let id = id.trim_matches('-');
    let mut text = format!(
        "[[command]]\nid = {}\ndecision = \"allow\"\n",
        quoted(if id.is_empty() { "command" } else { id })
    );
    let argv: Vec<_> = words.iter().map(|word| format!("[{}]", quoted(word))).collect();
    text.push_str(&format!("argv = [{}]\nmax_risk = \"{}\"\n", argv.join(", "), part.risk));
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
