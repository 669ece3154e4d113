//! Expansion: from words as written to the words that a program gets.

use super::{Flow, Reducer, Shell, Value, is_plain};
use crate::analysis::Via;
use crate::word::pieces::{Inside, Piece, pieces};
use crate::word::{Sort, Word, arithmetic, brace, pattern};

/// The words being made from one word as written.
struct Build {
    done: Vec<Word>,
    now: Word,
    /// The word exists even when it is empty: something in it was quoted.
    quoted: bool,
    /// Unquoted results are split and matched against names.
    splits: bool,
}

impl Build {
    fn new(splits: bool) -> Self {
        Self { done: Vec::new(), now: Word { plain: true, ..Word::default() }, quoted: false, splits }
    }

    fn literal(&mut self, text: &str, bare: bool) {
        if bare && self.splits && has_pattern(text) && self.now.sort == Sort::Known {
            self.now.sort = Sort::Pattern;
        }
        self.now.text.push_str(text);
    }

    /// The result of an expansion.
    fn word(&mut self, value: &Word, bare: bool) {
        self.now.from_network |= value.from_network;
        if value.sort == Sort::Known {
            if bare && self.splits {
                self.split(&value.text);
            } else {
                self.now.text.push_str(&value.text);
            }
            return;
        }
        if value.sort == Sort::Unknown || self.now.sort == Sort::Known {
            self.now.sort = value.sort;
        }
        self.now.plain &= value.plain || value.sort == Sort::Pattern;
        if bare && self.splits && !value.plain {
            self.now.several |= value.sort == Sort::Unknown;
        }
        self.now.text.push_str(&value.text);
    }

    fn split(&mut self, text: &str) {
        let mut fields = text.split([' ', '\t', '\n']);
        if let Some(first) = fields.next() {
            self.literal(first, true);
        }
        for field in fields {
            self.next();
            self.literal(field, true);
        }
    }

    /// Ends the word.
    fn next(&mut self) {
        let word = std::mem::replace(&mut self.now, Word { plain: true, ..Word::default() });
        if !word.text.is_empty() || self.quoted || !self.splits {
            self.done.push(finish(word));
        }
        self.quoted = false;
    }
}

/// `plain` speaks of unknown parts; a word without any has none.
fn finish(mut word: Word) -> Word {
    word.plain &= word.sort == Sort::Unknown;
    word
}

fn has_pattern(text: &str) -> bool {
    text.contains(['*', '?'])
        || text.find('[').is_some_and(|at| text[at..].contains(']'))
        || text.contains("@(")
        || text.contains("+(")
        || text.contains("!(")
}

impl Reducer {
    /// The words that a word becomes.
    pub(crate) fn fields(&mut self, raw: &str, shell: &mut Shell<'_>) -> Vec<Word> {
        if is_simple(raw) {
            return vec![Word::known(raw)];
        }
        let words = if raw.contains('{') { brace::expand(raw) } else { Some(vec![raw.to_owned()]) };
        let Some(words) = words else {
            return vec![Word { several: true, ..Word::unknown(raw) }];
        };
        // Splitting at other letters than blanks is not followed.
        let odd_split = shell.variables.get("IFS").is_some_and(|ifs| {
            !matches!(&ifs.value, Value::One(word) if word.as_known().is_some_and(|text| text == " \t\n"))
        });
        let mut out = Vec::with_capacity(words.len());
        for word in &words {
            let made = self.expand(word, Inside::Word, true, shell);
            let splits_oddly = odd_split && word.contains(['$', '`']) && !word.starts_with('"');
            match made {
                Some(made) if !splits_oddly => out.extend(made),
                _ => out.push(Word { several: true, ..Word::unknown(word.as_str()) }),
            }
        }
        out
    }

    /// A word that stays one word: an assignment's value, a redirection's target.
    pub(crate) fn single(&mut self, raw: &str, shell: &mut Shell<'_>) -> Word {
        self.one(raw, Inside::Value, shell)
    }

    /// A here-document's text.
    pub(crate) fn document(&mut self, raw: &str, shell: &mut Shell<'_>) -> Word {
        self.one(raw, Inside::Document, shell)
    }

    fn one(&mut self, raw: &str, inside: Inside, shell: &mut Shell<'_>) -> Word {
        let made = self.expand(raw, inside, false, shell).and_then(|made| made.into_iter().next());
        made.unwrap_or_else(|| Word::unknown(raw))
    }

    /// `None` where the word does not close, which the parser should have refused.
    fn expand(
        &mut self,
        raw: &str,
        inside: Inside,
        splits: bool,
        shell: &mut Shell<'_>,
    ) -> Option<Vec<Word>> {
        let Some(pieces) = pieces(raw, inside) else {
            self.cannot("a quote or a bracket that does not close");
            return None;
        };
        let mut build = Build::new(splits);
        for piece in &pieces {
            self.piece(piece, true, &mut build, shell);
        }
        build.next();
        Some(build.done)
    }

    fn piece(&mut self, piece: &Piece<'_>, bare: bool, build: &mut Build, shell: &mut Shell<'_>) {
        match piece {
            Piece::Bare(text) => build.literal(text, true),
            Piece::Quoted(text) => {
                build.quoted = true;
                build.now.text.push_str(text);
            }
            Piece::Double(inner) => {
                build.quoted = true;
                for piece in inner {
                    self.piece(piece, false, build, shell);
                }
                // `"$@"` of nothing is nothing.
                if let [Piece::Variable { name, rest }] = inner.as_slice()
                    && self
                        .list_of(name, rest, shell)
                        .is_some_and(|list| list.is_some_and(|list| list.is_empty()))
                {
                    build.quoted = false;
                }
            }
            Piece::Tilde(name) => {
                build.quoted = true;
                let home = match *name {
                    "" => shell.get("HOME"),
                    "+" => shell.get("PWD"),
                    "root" => Value::One(Word::known("/root")),
                    _ => Value::Unknown,
                };
                match home {
                    Value::One(word) => build.word(&word, false),
                    _ => build.word(&Word::unknown(format!("~{name}")), false),
                }
            }
            Piece::Variable { name, rest } => self.variable(name, rest, bare, build, shell),
            Piece::Command(text) => {
                let word = self.substitution(text, shell);
                build.word(&word, bare);
            }
            Piece::Arithmetic(text) => {
                let known = sum(text, shell);
                self.arithmetic(text, shell);
                let word = match known {
                    Some(value) => Word::known(value.to_string()),
                    None => Word { plain: true, ..Word::unknown(format!("$(({text}))")) },
                };
                build.word(&word, bare);
            }
        }
    }

    /// Runs a substitution; the word that its output becomes.
    pub(crate) fn substitution(&mut self, text: &str, shell: &mut Shell<'_>) -> Word {
        let mut child = shell.clone();
        let before = self.parts.len();
        let script = text.trim_start();
        // `$(< file)` reads a file.
        let flow = self.nested(Via::Substitution, script, &mut child, &Flow::default());
        self.ended = false;
        self.changed_folder = false;
        let network = flow.network || self.parts[before..].iter().any(super::fetches);
        if let Some(text) = flow.text {
            return Word { from_network: network, ..Word::known(text.trim_end_matches('\n')) };
        }
        if let [names] = flow.names.as_slice() {
            return Word { several: true, ..Word::pattern(names.as_str()) };
        }
        Word { plain: flow.plain, from_network: network, ..Word::unknown(format!("$({text})")) }
    }

    fn variable(&mut self, name: &str, rest: &str, bare: bool, build: &mut Build, shell: &mut Shell<'_>) {
        let written =
            || Word::unknown(if rest.is_empty() { format!("${name}") } else { format!("${{{name}{rest}}}") });
        if let Some(list) = self.list_of(name, rest, shell) {
            return self.all_of(list, name == "*" || rest == "[*]", bare, build, &written());
        }
        let value = match (name.strip_prefix('#'), name.strip_prefix('!')) {
            (Some(""), _) => {
                let count = shell.arguments.len().saturating_sub(1);
                if shell.arguments_known {
                    Some(Word::known(count.to_string()))
                } else {
                    Some(plain(written()))
                }
            }
            (Some(name), _) if rest.is_empty() => Some(match shell.get(name) {
                Value::One(word) if word.sort == Sort::Known => {
                    Word::known(word.text.chars().count().to_string())
                }
                _ => plain(written()),
            }),
            (Some(_), _) => Some(plain(written())),
            (_, Some("")) | (None, None) if matches!(name, "?" | "$" | "!" | "#") => Some(plain(written())),
            (_, Some(name)) if !name.is_empty() => {
                // The value names the variable; it may hold a subscript that runs commands.
                let target = scalar(shell, name);
                let inner = target.as_ref().and_then(Word::as_known).and_then(|name| scalar(shell, name));
                if let Some(target) = &target {
                    self.subscripts(target, shell);
                }
                if rest.is_empty() { inner } else { None }
            }
            _ => scalar(shell, name),
        };
        let word = self.operate(name, value, rest, shell).unwrap_or_else(written);
        build.word(&word, bare);
    }

    /// Applies what stands behind the name in `${name…}`.
    fn operate(
        &mut self,
        name: &str,
        value: Option<Word>,
        rest: &str,
        shell: &mut Shell<'_>,
    ) -> Option<Word> {
        if rest.is_empty() {
            return value;
        }
        if let Some(index) = rest.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            self.arithmetic(index, shell);
            let index = usize::try_from(sum(index, shell)?).ok()?;
            return match shell.get(name) {
                Value::Many(list) if list.iter().all(|word| !word.several) => list.get(index).cloned(),
                Value::One(word) if index == 0 => Some(word),
                _ => None,
            };
        }
        let unset = matches!(shell.get(name), Value::Unset) && !is_positional(name)
            || is_positional(name) && shell.arguments_known && value.is_none();
        let (colon, operator) = match rest.strip_prefix(':') {
            Some(operator) if operator.starts_with(['-', '=', '+', '?']) => (true, operator),
            _ => (false, rest),
        };
        let empty = unset || colon && value.as_ref().is_some_and(|word| word.as_known() == Some(""));
        let mut letters = operator.chars();
        let (first, argument) = (letters.next()?, letters.as_str());
        match first {
            '-' | '=' | '+' | '?' => {
                let other = self.one(argument, Inside::Word, shell);
                return match (first, &value) {
                    ('-' | '=', _) if empty => {
                        if first == '=' {
                            shell.set(name, Value::One(other.clone()));
                        }
                        Some(other)
                    }
                    ('-' | '=' | '?', Some(word)) if word.sort == Sort::Known => value,
                    ('+', Some(word)) if word.sort == Sort::Known && !empty => Some(other),
                    ('+', _) if empty => Some(Word::default()),
                    _ => None,
                };
            }
            '@' => {
                // `@P` runs the substitutions that the value holds; `@E` only reads escapes.
                if argument == "P" {
                    match value.as_ref().and_then(Word::as_known) {
                        Some(text) => {
                            let text = text.to_owned();
                            self.document(&text, shell);
                        }
                        None => self.unknown = true,
                    }
                }
                return None;
            }
            _ => {}
        }
        // Patterns and offsets may hold expansions of their own.
        let argument_word = self.one(rest, Inside::Word, shell);
        let value = value?;
        let text = value.as_known()?;
        let argument_known = argument_word.sort == Sort::Known && argument_word.text == rest;
        if !argument_known && !rest.starts_with(['%', '#', '/']) {
            return None;
        }
        transform(text, rest).map(Word::known)
    }

    /// The list that `$@`, `$*`, `${a[@]}` stand for; `None` for anything else.
    fn list_of(&mut self, name: &str, rest: &str, shell: &Shell<'_>) -> Option<Option<Vec<Word>>> {
        match (name, rest) {
            ("@" | "*", "") => {
                let known = shell.arguments_known;
                Some(known.then(|| shell.arguments.iter().skip(1).cloned().collect()))
            }
            (_, "[@]" | "[*]") if !name.starts_with(['!', '#']) => Some(match shell.get(name) {
                Value::Many(list) => Some(list),
                Value::One(word) => Some(vec![word]),
                Value::Unset => Some(Vec::new()),
                Value::Unknown => None,
            }),
            _ => None,
        }
    }

    fn all_of(
        &mut self,
        list: Option<Vec<Word>>,
        joined: bool,
        bare: bool,
        build: &mut Build,
        written: &Word,
    ) {
        let Some(list) = list else {
            build.word(written, bare);
            build.now.several = build.splits;
            return;
        };
        let together = (joined && !bare) || !build.splits;
        for (at, word) in list.iter().enumerate() {
            if at > 0 {
                if together { build.now.text.push(' ') } else { build.next() }
            }
            build.quoted |= !bare;
            build.now.several |= word.several;
            build.word(word, bare);
        }
    }

    /// The positional parameters, as `for x` without a list takes them.
    pub(crate) fn all_arguments(&mut self, shell: &Shell<'_>) -> Vec<Word> {
        if shell.arguments_known {
            shell.arguments.iter().skip(1).cloned().collect()
        } else {
            vec![Word { several: true, ..Word::unknown("$@") }]
        }
    }

    /// An arithmetic expression: what substitutions in it run, what it assigns.
    pub(crate) fn arithmetic(&mut self, text: &str, shell: &mut Shell<'_>) {
        self.commands_in(text, shell);
        // Names in it are expressions themselves; a subscript in their values is evaluated.
        let names = text
            .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .filter(|name| name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_'));
        for name in names {
            let assigned = text.contains('=') || text.contains("++") || text.contains("--");
            if let Value::One(word) = shell.get(name) {
                if has_substitution(&word.text) {
                    let text = word.text.clone();
                    self.commands_in(&text, shell);
                }
                if word.sort == Sort::Unknown && !word.plain {
                    // Such a value could be `a[$(command)]`.
                    self.unknown |= word.from_network;
                }
            }
            if assigned {
                shell.set(name, Value::One(plain(Word::unknown(format!("${name}")))));
            }
        }
    }

    /// Commands in the subscripts of a word that a builtin takes as a variable's name or a number.
    pub(crate) fn subscripts(&mut self, word: &Word, shell: &mut Shell<'_>) {
        if word.text.contains('[') && has_substitution(&word.text) {
            let text = word.text.clone();
            self.commands_in(&text, shell);
        }
    }

    /// Every substitution in a text, whatever quotes it stands in.
    fn commands_in(&mut self, text: &str, shell: &mut Shell<'_>) {
        if !has_substitution(text) {
            return;
        }
        let bytes = text.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            if bytes[at] == b'`' {
                let Some(end) = crate::word::close::backtick(bytes, at + 1) else { break };
                self.substitution(&text[at + 1..end], shell);
                at = end + 1;
            } else if bytes[at..].starts_with(b"$(") && !bytes[at..].starts_with(b"$((") {
                let Some(end) = crate::word::close::parenthesis(bytes, at + 2) else { break };
                self.substitution(&text[at + 2..end], shell);
                at = end + 1;
            } else {
                at += 1;
            }
        }
    }
}

fn has_substitution(text: &str) -> bool {
    text.contains("$(") || text.contains('`')
}

/// A word that is only letters which mean themselves; most words are.
fn is_simple(raw: &str) -> bool {
    raw.bytes().all(|byte| {
        byte.is_ascii_alphanumeric()
            || matches!(byte, b'-' | b'_' | b'.' | b'/' | b':' | b'=' | b',' | b'+' | b'@' | b'%')
    }) && !raw.is_empty()
}

fn plain(word: Word) -> Word {
    Word { plain: true, ..word }
}

fn is_positional(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_digit())
}

/// The value of a variable or a positional parameter, if it is one text.
fn scalar(shell: &Shell<'_>, name: &str) -> Option<Word> {
    if is_positional(name) {
        let at: usize = name.parse().ok()?;
        let before_unknown = shell.arguments.iter().take(at + 1).all(|word| !word.several);
        return match shell.arguments.get(at) {
            Some(word) if before_unknown => Some(word.clone()),
            None if shell.arguments_known => Some(Word::default()).filter(|_| at > 0),
            _ => None,
        };
    }
    match shell.get(name) {
        Value::One(word) => Some(word),
        Value::Many(list) if list.iter().all(|word| !word.several) => {
            list.first().cloned().or(Some(Word::default()))
        }
        Value::Unset => Some(Word::default()),
        Value::Many(_) | Value::Unknown => None,
    }
}

/// The value of an arithmetic expression of known numbers.
fn sum(text: &str, shell: &Shell<'_>) -> Option<i64> {
    arithmetic::value(text, &|name| scalar(shell, name)?.as_known()?.parse().ok())
}

/// `%`, `#`, `/`, `^`, `,` and `:` on a known text with a known argument.
fn transform(text: &str, rest: &str) -> Option<String> {
    let cut = |prefix: bool, longest: bool, argument: &str| {
        let argument = argument.trim_matches('"');
        if argument.contains(['$', '`', '\\', '\'', '"']) || argument.contains("(") {
            return None;
        }
        let ends: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
        let fits =
            |at: &&usize| pattern::matches(argument, if prefix { &text[..**at] } else { &text[**at..] });
        let found = if prefix == longest { ends.iter().rev().find(fits) } else { ends.iter().find(fits) };
        Some(found.map_or(text, |&at| if prefix { &text[at..] } else { &text[..at] }).to_owned())
    };
    if let Some(argument) = rest.strip_prefix("%%") {
        cut(false, true, argument)
    } else if let Some(argument) = rest.strip_prefix('%') {
        cut(false, false, argument)
    } else if let Some(argument) = rest.strip_prefix("##") {
        cut(true, true, argument)
    } else if let Some(argument) = rest.strip_prefix('#') {
        cut(true, false, argument)
    } else if rest == "^^" {
        Some(text.to_uppercase())
    } else if rest == ",," {
        Some(text.to_lowercase())
    } else if let Some(argument) = rest.strip_prefix("//") {
        replace(text, argument, usize::MAX)
    } else if let Some(argument) = rest.strip_prefix('/') {
        replace(text, argument, 1)
    } else if let Some(argument) = rest.strip_prefix(':') {
        let mut numbers = argument.split(':').map(|number| number.trim().parse::<usize>().ok());
        let (from, count) = (numbers.next()??, numbers.next().map_or(Some(usize::MAX), |count| count)?);
        Some(text.chars().skip(from).take(count).collect())
    } else {
        None
    }
}

fn replace(text: &str, argument: &str, most: usize) -> Option<String> {
    let (what, with) = argument.split_once('/').unwrap_or((argument, ""));
    let literal =
        pattern::is_literal(what) && pattern::is_literal(with) && !what.is_empty() && !with.contains('&');
    (literal && !what.starts_with(['#', '%'])).then(|| text.replacen(what, with, most))
}

/// Whether lines of a flow are names that stay where they are.
pub(crate) fn lines_are_plain(flow: &Flow) -> bool {
    flow.plain || flow.text.as_ref().is_some_and(|text| text.lines().all(is_plain))
}
