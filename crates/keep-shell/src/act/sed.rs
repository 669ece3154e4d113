//! `sed`: its scripts can write files and run commands.

use super::Act;
use super::apply::part_of;
use crate::effect::{Deed, Effect, Origin};
use crate::reduce::Flow;
use crate::word::{Sort, Word};

impl Act<'_, '_> {
    /// `sed`, its scripts and its files.
    pub(crate) fn sed(&mut self) -> Flow {
        let mut scripts: Vec<Word> = Vec::new();
        let mut files: Vec<Word> = Vec::new();
        let (mut in_place, mut given, mut at) = (false, false, 1);
        while let Some(word) = self.argv.get(at) {
            at += 1;
            let text = word.text.as_str();
            if let Some((name, script)) = text.split_once('=')
                && name.len() > 2
                && "--expression".starts_with(name)
            {
                scripts.push(part_of(word, script));
                given = true;
            } else if text.starts_with("--in") || text == "--i" {
                in_place = true;
            } else if let Some((name, file)) = text.split_once('=')
                && name.len() > 2
                && "--file".starts_with(name)
            {
                let found = super::run_file(self.reducer, &part_of(word, file), self.shell);
                self.effects.extend(found);
                given = true;
            } else if text.starts_with("--") && text.len() > 2 {
                at += usize::from(matches!(text, "--line-length"));
                given |= text.len() > 3 && ("--expression".starts_with(text) || "--file".starts_with(text));
                if "--expression".starts_with(text) {
                    scripts.extend(self.argv.get(at).cloned());
                    at += 1;
                }
            } else if text.starts_with('-') && text.len() > 1 {
                let letters = &text[1..];
                for (i, letter) in letters.char_indices() {
                    let behind = &letters[i + 1..];
                    match letter {
                        'i' | 'I' => {
                            in_place = true;
                            break;
                        }
                        'e' | 'f' | 'l' => {
                            let value = if behind.is_empty() {
                                self.argv.get(at).cloned()
                            } else {
                                Some(part_of(word, behind))
                            };
                            at += usize::from(behind.is_empty());
                            if letter == 'e' {
                                scripts.extend(value);
                                given = true;
                            } else if let ('f', Some(file)) = (letter, value) {
                                let found = super::run_file(self.reducer, &file, self.shell);
                                self.effects.extend(found);
                                given = true;
                            }
                            break;
                        }
                        _ => {}
                    }
                }
            } else {
                files.push(word.clone());
            }
        }
        if !given && !files.is_empty() {
            scripts.push(files.remove(0));
        }
        for script in &scripts {
            self.sed_script(script);
        }
        for file in &files {
            self.path(if in_place { Deed::Write } else { Deed::Read }, file);
        }
        let plain_print = files.is_empty() && scripts.iter().all(|script| is_line_choice(&script.text));
        Flow {
            names: if plain_print { self.stdin.names.clone() } else { Vec::new() },
            network: self.stdin.network,
            ..Flow::unknown()
        }
    }

    fn sed_script(&mut self, script: &Word) {
        if script.sort != Sort::Known {
            // A hole can hold any command of sed's only where it may end the one it stands in.
            if script.may_be_option() || script.text.contains(['\n', ';']) && script.text.contains('$') {
                self.effects.push(Effect::Undecided { what: script.text.clone() });
            }
            return;
        }
        match sed_commands(&script.text) {
            Some(commands) => {
                for (letter, argument) in commands {
                    match letter {
                        'w' | 'W' => self.path(Deed::Write, &Word::known(argument)),
                        'r' | 'R' => self.path(Deed::Read, &Word::known(argument)),
                        _ if argument.is_empty() => {
                            self.effects.push(Effect::Code { origin: Origin::Unseen });
                        }
                        _ => self.shell_text(&Word::known(argument)),
                    }
                }
            }
            None => self.effects.push(Effect::Undecided { what: script.text.clone() }),
        }
    }
}

/// `1,10p`, `5q`: lines are chosen and none is changed.
fn is_line_choice(script: &str) -> bool {
    !script.is_empty()
        && script
            .bytes()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b',' | b'p' | b'd' | b'q' | b'$'))
}

/// The commands of a sed script that reach outside it: letter and argument. `None` for a script that
/// cannot be read.
fn sed_commands(script: &str) -> Option<Vec<(char, String)>> {
    let letters: Vec<char> = script.chars().collect();
    let mut at = 0;
    let mut out = Vec::new();
    let line_end =
        |from: usize| letters[from..].iter().position(|c| *c == '\n').map_or(letters.len(), |end| from + end);
    while at < letters.len() {
        match letters[at] {
            ' ' | '\t' | '\n' | ';' | '{' | '}' | '!' | ',' | '$' | '~' | '+' | '0'..='9' => at += 1,
            'I' | 'M' if at > 0 => at += 1,
            '/' => at = delimited(&letters, at + 1, '/')?,
            '\\' => at = delimited(&letters, at + 2, *letters.get(at + 1)?)?,
            command @ ('s' | 'y') => {
                let delimiter = *letters.get(at + 1)?;
                at = delimited(&letters, at + 2, delimiter)?;
                at = delimited(&letters, at, delimiter)?;
                while command == 's' && at < letters.len() && !matches!(letters[at], ';' | '\n' | '}') {
                    match letters[at] {
                        'e' => out.push(('e', String::new())),
                        'w' => {
                            let end = line_end(at);
                            out.push((
                                'w',
                                letters[at + 1..end].iter().collect::<String>().trim().to_owned(),
                            ));
                            at = end;
                            continue;
                        }
                        _ => {}
                    }
                    at += 1;
                }
            }
            command @ ('w' | 'W' | 'r' | 'R' | 'e') => {
                let end = line_end(at);
                out.push((command, letters[at + 1..end].iter().collect::<String>().trim().to_owned()));
                at = end;
            }
            'a' | 'i' | 'c' => {
                // Text to the end of the line, and of those that a backslash joins.
                let mut end = line_end(at);
                while end < letters.len() && letters[end - 1] == '\\' {
                    end = line_end(end + 1);
                }
                at = end;
            }
            'b' | 't' | 'T' | ':' => {
                at = letters[at..]
                    .iter()
                    .position(|c| matches!(c, '\n' | ';' | '}'))
                    .map_or(letters.len(), |end| at + end);
            }
            '#' => at = line_end(at),
            'd' | 'D' | 'g' | 'G' | 'h' | 'H' | 'l' | 'n' | 'N' | 'p' | 'P' | 'q' | 'Q' | 'x' | 'z' | 'F'
            | '=' | 'v' => at += 1,
            _ => return None,
        }
    }
    Some(out)
}

/// The position behind the next delimiter that is neither escaped nor in a class.
fn delimited(letters: &[char], mut at: usize, delimiter: char) -> Option<usize> {
    let mut class = false;
    while at < letters.len() {
        match letters[at] {
            '\\' => at += 1,
            '[' if !class && delimiter != '[' => {
                class = true;
                at += usize::from(letters.get(at + 1) == Some(&'^'));
                at += usize::from(letters.get(at + 1) == Some(&']'));
            }
            ']' => class = false,
            // Without an end to the class it was an ordinary letter.
            letter if letter == delimiter && (!class || !letters[at..].contains(&']')) => {
                return Some(at + 1);
            }
            _ => {}
        }
        at += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sed_scripts_show_what_leaves_them() {
        type Leaves<'a> = Option<&'a [(char, &'a str)]>;
        let cases: &[(&str, Leaves<'_>)] = &[
            ("s/a/b/g", Some(&[])),
            ("1,5p;$d", Some(&[])),
            ("s/a/b/w out", Some(&[('w', "out")])),
            ("s/.*/id/e", Some(&[('e', "")])),
            ("1e id", Some(&[('e', "id")])),
            ("/x/w /etc/passwd", Some(&[('w', "/etc/passwd")])),
            ("r /etc/shadow", Some(&[('r', "/etc/shadow")])),
            ("s|/w e|x|", Some(&[])),
            ("s/[/]w/x/", Some(&[])),
            ("a\\\nwrites\\\nmore\np", Some(&[])),
            ("s/a/b", None),
        ];
        for (script, expected) in cases {
            let expected = expected
                .map(|list| list.iter().map(|&(letter, text)| (letter, text.to_owned())).collect::<Vec<_>>());
            assert_eq!(sed_commands(script), expected, "{script:?}");
        }
    }
}
