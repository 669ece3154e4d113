//! The rule list that Mimir publishes, written down anew as a baseline: a search of the raw text for
//! words, scored, with low and medium let through. Only the kinds of rule are the same; the text is ours.

/// Each rule: the words that must follow one another, with anything between.
const CRITICAL: &[&[&str]] = &[
    &["rm -rf /"],
    &["rm -rf ~"],
    &["rm -rf *"],
    &["mkfs"],
    &["dd if=", "of=/dev/sd"],
    &["> /dev/sd"],
    &[":(){"],
    &["shutdown"],
    &["reboot"],
    &["chmod -R 777 /"],
    &["curl", "| bash"],
    &["curl", "| sh"],
    &["wget", "| bash"],
    &["wget", "| sh"],
];

const HIGH: &[&[&str]] = &[
    &["rm -rf"],
    &["sudo "],
    &["chmod 777"],
    &["chown -R"],
    &["git push --force"],
    &["git reset --hard"],
    &["kill -9"],
    &["killall"],
    &["npm publish"],
    &["docker system prune"],
    &["iptables"],
];

/// Whether the baseline would let a command run.
pub(crate) fn runs(command: &str) -> bool {
    ![CRITICAL, HIGH].into_iter().flatten().any(|rule| follows(command, rule))
}

fn follows(command: &str, words: &[&str]) -> bool {
    let mut rest = command;
    words.iter().all(|word| match rest.find(word) {
        Some(at) => {
            rest = &rest[at + word.len()..];
            true
        }
        None => false,
    })
}
