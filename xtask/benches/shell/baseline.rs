//! The rules that Mimir publishes, written down anew in a notation of ours: a search of the raw text. Its
//! default lets low and medium run, so only what makes a text high or critical counts here.

/// What a rule finds: `_` is one or more blanks, `~` any blanks or none, `*` anything on the same line,
/// `{a,b}` one of several, `$` the end.
const STOPPED: &[&str] = &[
    "rm_-rf_",
    "mkfs",
    "shutdown",
    "reboot",
    "poweroff",
    "dd_*of=/dev/{sda,hda,nvme}",
    "{>,vi,nano,emacs,edit}*/etc/{passwd,shadow,sudoers}",
    "curl*|~{bash,sh,python}",
    "wget*|~{bash,sh,python}",
    "sudo_rm",
    "sudo~$",
    "git_push_--force",
    "git_reset_--hard_HEAD~",
    "git_clean_-fd",
    "npm_publish",
    "docker_rmi*-f",
    "docker_system_prune_-a",
    "chmod_777",
    "chown_-R",
    "eval_",
];

/// Whether the baseline would let a command run.
pub(crate) fn runs(command: &str) -> bool {
    let starts = || command.char_indices().map(|(at, _)| at).chain([command.len()]);
    !STOPPED.iter().any(|rule| starts().any(|at| follows(&command[at..], rule)))
}

/// Whether a text begins as a rule says.
fn follows(text: &str, rule: &str) -> bool {
    let Some(first) = rule.chars().next() else { return true };
    let rest = &rule[first.len_utf8()..];
    let blanks = text.len() - text.trim_start().len();
    match first {
        '_' => blanks > 0 && follows(&text[blanks..], rest),
        // In `HEAD~` it is itself.
        '~' if rest.is_empty() => text.starts_with('~'),
        '~' => follows(&text[blanks..], rest),
        '*' => {
            let line = text.lines().next().unwrap_or_default();
            let ends = line.char_indices().map(|(at, _)| at).chain([line.len()]);
            ends.into_iter().any(|at| follows(&text[at..], rest))
        }
        '{' => rest.split_once('}').is_some_and(|(words, rest)| {
            words.split(',').any(|word| text.strip_prefix(word).is_some_and(|text| follows(text, rest)))
        }),
        '$' => text.is_empty(),
        letter => text.strip_prefix(letter).is_some_and(|text| follows(text, rest)),
    }
}
