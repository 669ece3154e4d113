//! `awk`: its programs can write files and run commands.

use super::Act;
use crate::analysis::Via;
use crate::effect::{Deed, Effect, Origin};
use crate::reduce::Flow;
use crate::word::{Sort, Word};

impl Act<'_, '_> {
    /// `awk`, its program and its files.
    pub(crate) fn awk(&mut self) -> Flow {
        let mut program: Option<Word> = None;
        let (mut in_place, mut given, mut at) = (false, false, 1);
        let mut files = Vec::new();
        while let Some(word) = self.argv.get(at) {
            at += 1;
            let text = word.text.as_str();
            match text {
                "-F" | "-v" | "--assign" | "--field-separator" => at += 1,
                "-f" | "--file" | "-E" | "--exec" => {
                    if let Some(file) = self.argv.get(at) {
                        let found = super::run_file(self.reducer, file, self.shell);
                        self.effects.extend(found);
                    }
                    given = true;
                    at += 1;
                }
                "-i" | "--include" | "-l" | "--load" => {
                    in_place |= self.argv.get(at).is_some_and(|word| word.text == "inplace");
                    at += 1;
                }
                "-e" | "--source" => {
                    program = self.argv.get(at).cloned();
                    given = true;
                    at += 1;
                }
                _ if text.starts_with('-') && text.len() > 1 && !given && program.is_none() => {}
                _ if program.is_none() && !given => program = Some(word.clone()),
                _ => files.push(word.clone()),
            }
        }
        if let Some(program) = program {
            self.awk_program(&program);
        }
        for file in files.iter().filter(|file| !file.text.contains('=') || file.text.contains('/')) {
            self.path(if in_place { Deed::Write } else { Deed::Read }, file);
        }
        Flow { network: self.stdin.network, ..Flow::unknown() }
    }

    fn awk_program(&mut self, program: &Word) {
        if program.sort == Sort::Unknown {
            return self.effects.push(Effect::Undecided { what: program.text.clone() });
        }
        let pieces = pieces(&program.text);
        let code: String = pieces.iter().map(|piece| piece.code.as_str()).collect::<Vec<_>>().join("\"");
        let strings = || pieces.iter().filter_map(|piece| piece.string.as_deref());
        if code.contains('@') || strings().any(|text| text.contains("/inet")) {
            self.effects.push(Effect::Code { origin: Origin::InlineReaching });
        }
        let runs = code.replace("||", "").contains('|') || code.contains("system");
        if runs {
            self.effects.push(Effect::Code { origin: Origin::InlineReaching });
            // Whichever string is the command, and joined with what, only awk knows.
            for text in strings().filter(|text| text.contains(|c: char| c.is_ascii_alphabetic())) {
                let mut child = self.shell.child();
                self.reducer.text(Via::Shell, &Word::known(text), &mut child, self.effects);
            }
        }
        let prints: Vec<&str> = code.split("print").skip(1).filter_map(first_statement).collect();
        let writes = prints.iter().any(|statement| statement.contains('>'));
        let targets: Vec<&Piece> = pieces
            .iter()
            .filter(|piece| piece.string.is_some() && piece.code.trim_end().ends_with('>'))
            .collect();
        if writes && targets.is_empty() {
            self.effects.push(Effect::Undecided { what: "the files that the awk program writes".to_owned() });
        }
        for target in targets.iter().filter(|_| writes).filter_map(|piece| piece.string.as_deref()) {
            self.path(Deed::Write, &Word::known(target));
        }
        for piece in &pieces {
            if let Some(file) = &piece.string
                && piece.code.trim_end().ends_with('<')
                && piece.code.contains("getline")
            {
                self.path(Deed::Read, &Word::known(file));
            }
        }
    }
}

fn first_statement(rest: &str) -> Option<&str> {
    rest.split(['}', ';', '\n']).next()
}

/// A run of a program's code, and the string that ends it, if one does.
#[derive(Debug, Default, PartialEq, Eq)]
struct Piece {
    code: String,
    string: Option<String>,
}

/// Takes a program apart, so that what stands in strings, patterns and comments is not taken for code.
fn pieces(program: &str) -> Vec<Piece> {
    let letters: Vec<char> = program.chars().collect();
    let (mut out, mut piece, mut at) = (Vec::new(), Piece::default(), 0);
    while at < letters.len() {
        match letters[at] {
            '#' => at += letters[at..].iter().position(|c| *c == '\n').unwrap_or(letters.len() - at),
            '"' => {
                let (text, end) = until(&letters, at + 1, '"');
                piece.string = Some(text);
                out.push(std::mem::take(&mut piece));
                at = end;
            }
            '/' if starts_a_pattern(&piece, &out) => {
                piece.code.push_str("/ /");
                at = until(&letters, at + 1, '/').1;
            }
            letter => {
                piece.code.push(letter);
                at += 1;
            }
        }
    }
    out.push(piece);
    out
}

/// A slash divides where a value stands before it.
fn starts_a_pattern(piece: &Piece, before: &[Piece]) -> bool {
    match piece.code.trim_end().chars().next_back() {
        None => before.is_empty(),
        Some(last) => !(last.is_alphanumeric() || matches!(last, '_' | ')' | ']' | '$')),
    }
}

/// What stands before the next unescaped delimiter, and the place behind it.
fn until(letters: &[char], from: usize, delimiter: char) -> (String, usize) {
    let (mut text, mut at) = (String::new(), from);
    while at < letters.len() && letters[at] != delimiter {
        at += usize::from(letters[at] == '\\');
        text.extend(letters.get(at));
        at += 1;
    }
    (text, at + 1)
}

#[cfg(test)]
mod tests {
    use super::pieces;

    #[test]
    fn strings_patterns_and_comments_are_no_code() {
        let code = |program| pieces(program).into_iter().map(|piece| piece.code).collect::<Vec<_>>().concat();
        assert_eq!(code("/a|b/ { print $1 }"), "/ / { print $1 }");
        assert_eq!(code("$1 ~ \"a|b\" { x = 4/2/1 }"), "$1 ~  { x = 4/2/1 }");
        assert_eq!(code("{ print } # a | b\n{ c | getline }"), "{ print } \n{ c | getline }");
        assert_eq!(code("{ print \"a\\\"|\" }"), "{ print  }");
    }
}
