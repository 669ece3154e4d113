//! `tar`, whose first word is a bundle of letters with or without a dash.

use super::Act;
use super::apply::part_of;
use crate::effect::{Deed, Effect, Origin};
use crate::reduce::Flow;
use crate::word::Word;

/// Long flags whose value runs, also cut short as getopt allows.
const RUNS: &[&str] = &[
    "--to-command",
    "--use-compress-program",
    "--rsh-command",
    "--rmt-command",
    "--info-script",
    "--new-volume-script",
];

/// What the words say.
#[derive(Default)]
struct Wanted {
    /// `x`, `c`, `t`, `r` or `u`, where one was given.
    mode: Option<char>,
    archive: Option<Word>,
    into: Option<Word>,
    operands: Vec<Word>,
}

impl Act<'_, '_> {
    /// What is packed, unpacked and run on the way.
    pub(crate) fn tar(&mut self) -> Flow {
        let mut wanted = Wanted::default();
        let mut at = 1;
        while let Some(word) = self.argv.get(at) {
            let text = word.text.as_str();
            let first = at == 1;
            at += 1;
            if text.starts_with("--") && text.len() > 2 {
                at += self.long_flag(word, at, &mut wanted);
                continue;
            }
            match text.strip_prefix('-').or(first.then_some(text)).filter(|letters| !letters.is_empty()) {
                Some(letters) => at += self.bundle(word, letters, at, &mut wanted),
                None => wanted.operands.push(word.clone()),
            }
        }
        self.carry_out(wanted);
        Flow { network: self.stdin.network, ..Flow::unknown() }
    }

    /// `--name=value` or `--name value`; how many words it took besides itself.
    fn long_flag(&mut self, word: &Word, next: usize, wanted: &mut Wanted) -> usize {
        let (name, attached) = match word.text.split_once('=') {
            Some((name, value)) => (name, Some(part_of(word, value))),
            None => (word.text.as_str(), None),
        };
        let is_attached = attached.is_some();
        let value = attached.or_else(|| self.argv.get(next).cloned());
        let takes_value = match name {
            "--extract" | "--get" | "--create" | "--list" | "--append" | "--update" | "--delete" => {
                wanted.mode = Some(match name {
                    "--extract" | "--get" => 'x',
                    "--create" => 'c',
                    "--list" => 't',
                    _ => 'r',
                });
                false
            }
            "--absolute-names" => {
                self.undecided("paths inside the archive");
                false
            }
            "--remove-files" => {
                self.undecided("files deleted after packing");
                false
            }
            "--file" => {
                wanted.archive = value;
                true
            }
            "--directory" => {
                wanted.into = value;
                true
            }
            "--files-from" => {
                value.iter().for_each(|list| self.path(Deed::Read, list));
                true
            }
            "--exclude" | "--strip-components" | "--transform" => true,
            _ if name.len() > 4 && RUNS.iter().any(|run| run.starts_with(name)) => {
                value.iter().for_each(|command| self.shell_text(command));
                true
            }
            _ if name.starts_with("--checkpoint-a") => {
                if let Some(action) = value
                    && let Some(command) = action.text.strip_prefix("exec=")
                {
                    self.shell_text(&part_of(&action, command));
                }
                true
            }
            _ => false,
        };
        usize::from(takes_value && !is_attached)
    }

    /// `-xzf value` or `xzf value`; how many words it took besides itself.
    fn bundle(&mut self, word: &Word, letters: &str, next: usize, wanted: &mut Wanted) -> usize {
        let mut taken = 0;
        for (i, letter) in letters.char_indices() {
            match letter {
                'x' | 'c' | 't' | 'r' | 'u' => wanted.mode = Some(letter),
                'P' => self.undecided("paths inside the archive"),
                'f' | 'C' | 'I' | 'T' | 'X' | 'F' => {
                    let behind = &letters[i + letter.len_utf8()..];
                    // Without a dash, values follow the bundle in the order of their letters.
                    let attached = !behind.is_empty() && word.text.starts_with('-');
                    let value = if attached {
                        Some(part_of(word, behind))
                    } else {
                        taken += 1;
                        self.argv.get(next + taken - 1).cloned()
                    };
                    match letter {
                        'f' => wanted.archive = value,
                        'C' => wanted.into = value,
                        'T' => value.iter().for_each(|list| self.path(Deed::Read, list)),
                        'I' | 'F' => value.iter().for_each(|command| self.shell_text(command)),
                        _ => {}
                    }
                    if attached {
                        break;
                    }
                }
                _ => {}
            }
        }
        taken
    }

    fn undecided(&mut self, what: &str) {
        self.effects.push(Effect::Undecided { what: what.to_owned() });
    }

    fn carry_out(&mut self, wanted: Wanted) {
        let remote = wanted.archive.as_ref().is_some_and(|word| word.text.contains(':'));
        if remote {
            self.effects.push(Effect::Code { origin: Origin::Outside });
        }
        let folder = wanted.into.unwrap_or_else(|| Word::known("."));
        let archive = wanted.archive.filter(|_| !remote);
        match wanted.mode {
            Some('x') => {
                archive.iter().for_each(|word| self.path(Deed::Read, word));
                self.path(Deed::Write, &folder);
            }
            Some('c' | 'r' | 'u') => {
                archive.iter().for_each(|word| self.path(Deed::Write, word));
                let mut inside = self.shell.clone();
                inside.enter(Some(&folder));
                for operand in &wanted.operands {
                    for (path, place) in crate::path::locate(operand, &inside.folders, inside.context) {
                        self.effects.push(Effect::Path { deed: Deed::Read, path, place });
                    }
                }
            }
            _ => archive.iter().for_each(|word| self.path(Deed::Read, word)),
        }
    }
}
