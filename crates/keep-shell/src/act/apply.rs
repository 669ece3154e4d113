//! Applies a row of the table to a program's words: which are flags, which take a value, which
//! sub-command it is, and what happens to the rest.

use super::Act;
use crate::effect::{Deed, Effect, Kind, Place, Traffic};
use crate::path::locate;
use crate::programs::{Add, Flag, Hand, Row, Takes, Use};
use crate::reduce::Flow;
use crate::word::{Sort, Word};

/// What applying a row found.
#[derive(Default)]
pub(crate) struct Used {
    pub(crate) title: String,
    pub(crate) hand: Option<Hand>,
    /// Words that are neither flags nor values nor sub-commands.
    pub(crate) operands: Vec<Word>,
    /// Flags that were given, with their values.
    pub(crate) flags: Vec<(&'static str, Option<Word>)>,
    /// Paths that were written, as given.
    pub(crate) written: Vec<String>,
    /// Where in the words another command begins.
    pub(crate) rest: Option<usize>,
    plain: bool,
    filter: bool,
    dry: bool,
}

impl Used {
    pub(crate) fn has(&self, name: &str) -> bool {
        self.flags.iter().any(|(flag, _)| *flag == name)
    }

    /// Whether the words ask for nothing but help or a rehearsal.
    pub(crate) fn dry(&self) -> bool {
        self.dry
    }

    /// What the program writes, as far as the row says.
    pub(crate) fn flow(&self, stdin: &Flow) -> Flow {
        let passes = self.filter && stdin.given && self.operands.len() <= 1;
        Flow {
            plain: self.plain || passes && stdin.plain,
            names: if passes { stdin.names.clone() } else { Vec::new() },
            network: stdin.network,
            decoded: stdin.decoded,
            ..Flow::unknown()
        }
    }
}

/// A flag found among the words.
struct Given {
    flag: &'static Flag,
    value: Option<Word>,
}

impl Act<'_, '_> {
    /// Applies a row and those of its sub-commands that the words name.
    pub(crate) fn apply(&mut self, row: &'static Row) -> Used {
        let mut used = Used { title: row.title.clone(), ..Used::default() };
        let mut rows = vec![row];
        let mut given: Vec<Given> = Vec::new();
        self.sort_words(&mut rows, &mut used, &mut given);
        let row = rows[rows.len() - 1];
        used.hand = row.hand.or(used.hand);
        used.plain = row.plain;
        used.filter = row.filter;
        if used.title.is_empty() {
            used.title.clone_from(&row.title);
        }
        used.dry = given.iter().any(|given| given.flag.adds.contains(&Add::Dry)) || self.asks_help(row);
        used.flags = given.iter().map(|given| (given.flag.name, given.value.clone())).collect();
        if used.dry {
            used.hand = None;
            return used;
        }
        self.row_effects(row, &mut used, &given);
        self.operand_effects(row, &mut used, &given);
        if let Some(at) = used.rest {
            let rest = self.argv[at..].to_vec();
            self.run_words(rest);
        }
        used
    }

    /// `prog --help` and `prog --version` do nothing else.
    fn asks_help(&self, row: &Row) -> bool {
        row.hand != Some(Hand::Version)
            && self.argv.len() == 2
            && matches!(self.argv[1].as_known(), Some("--help" | "--version"))
    }

    fn sort_words(&mut self, rows: &mut Vec<&'static Row>, used: &mut Used, given: &mut Vec<Given>) {
        let argv = self.argv;
        let (mut at, mut naming, mut flags) = (1, true, true);
        while at < argv.len() {
            let word = &argv[at];
            let row = rows[rows.len() - 1];
            let text = word.text.as_str();
            if flags && text == "--" {
                given.extend(exact(rows, "--").map(|flag| Given { flag, value: None }));
                flags = false;
                at += 1;
                continue;
            }
            if flags
                && text.len() > 1
                && (text.starts_with('-') || text.starts_with('+') && has_flag(rows, text))
            {
                at += self.flag_word(rows, word, argv.get(at + 1), given);
                continue;
            }
            if naming && let Some(sub) = word.as_known().and_then(|name| row.subs.get(name)) {
                rows.push(sub);
                used.title.clone_from(&sub.title);
                at += 1;
                continue;
            }
            if naming && !row.subs.is_empty() && !row.tame && !row.verbs {
                // A sub-command that the table does not know. git's are all there but the odd ones.
                self.effects.push(if row.title == "git" {
                    Effect::Undecided { what: format!("git {text}") }
                } else {
                    Effect::UnknownProgram
                });
            }
            naming = row.subs.is_empty() && naming && row.verbs;
            if let Some(flag) = keyed(rows, text) {
                let (_, value) = text.split_once('=').unwrap_or((text, ""));
                given.push(Given { flag, value: Some(part_of(word, value)) });
                at += 1;
                continue;
            }
            used.operands.push(word.clone());
            if row.wrap.is_some_and(|skip| used.operands.len() > skip) {
                used.operands.pop();
                used.rest = Some(at);
                return;
            }
            flags &= !row.stop;
            at += 1;
        }
    }

    /// One word that begins with a dash; how many words it took.
    fn flag_word(
        &mut self,
        rows: &[&'static Row],
        word: &Word,
        next: Option<&Word>,
        given: &mut Vec<Given>,
    ) -> usize {
        let text = word.text.as_str();
        let (name, attached) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (text, None),
        };
        // Whole names first: `-delete`, `--force`, and long names cut short as getopt allows.
        if let Some(flag) = exact(rows, name).or_else(|| abbreviated(rows, name)) {
            return self.take(flag, attached.map(|value| part_of(word, value)), next, given);
        }
        if text.starts_with("--") {
            return 1;
        }
        // A bundle of single letters, the last of which may take the rest or the next word.
        let letters = &text[1..];
        for (at, letter) in letters.char_indices() {
            let Some(flag) = short(rows, letter) else { continue };
            let behind = &letters[at + letter.len_utf8()..];
            match flag.takes {
                Takes::Nothing => {
                    given.push(Given { flag, value: None });
                }
                _ if !behind.is_empty() => {
                    let value = behind.strip_prefix('=').filter(|_| behind.len() > 1).unwrap_or(behind);
                    given.push(Given { flag, value: Some(part_of(word, value)) });
                    return 1;
                }
                _ => return self.take(flag, None, next, given),
            }
        }
        1
    }

    fn take(
        &mut self,
        flag: &'static Flag,
        attached: Option<Word>,
        next: Option<&Word>,
        given: &mut Vec<Given>,
    ) -> usize {
        match (flag.takes, attached) {
            (Takes::Value, None) => {
                given.push(Given { flag, value: next.cloned() });
                2
            }
            (_, value) => {
                given.push(Given { flag, value });
                1
            }
        }
    }

    fn row_effects(&mut self, row: &'static Row, used: &mut Used, given: &[Given]) {
        // A sub-command's row stands instead of its program's, save for what the program always does.
        self.effects.extend(row.effects.iter().cloned());
        if row.verbs {
            self.verbs(used);
        }
        for given in given {
            for add in &given.flag.adds {
                if let Add::Effect(effect) = add {
                    self.effects.push(effect.clone());
                }
            }
            if let Some(value) = &given.value {
                self.use_word(given.flag.value, value, used);
            }
        }
    }

    fn operand_effects(&mut self, row: &'static Row, used: &mut Used, given: &[Given]) {
        let adds: Vec<&Add> = given.iter().flat_map(|given| &given.flag.adds).collect();
        let all = adds.contains(&&Add::All);
        let no_first = adds.contains(&&Add::NoFirst);
        let instead =
            adds.iter().find_map(|add| if let Add::Operands(what) = add { Some(*what) } else { None });
        let folder = adds.iter().find_map(|add| if let Add::Folder(what) = add { Some(*what) } else { None });
        let operands = used.operands.clone();
        let count = operands.len();
        let mut touched = 0;
        for (at, word) in operands.iter().enumerate() {
            let place = at + 1;
            let first = row.first.iter().find(|(known, _)| *known == place).map(|(_, what)| *what);
            let what = match (first.filter(|_| !no_first), row.last) {
                (Some(what), _) => what,
                (None, Some(what)) if place == count && (count > 1 || row.operands.is_none()) => what,
                _ => instead.or(row.operands).unwrap_or(Use::Nothing),
            };
            touched += usize::from(what != Use::Nothing);
            self.use_word(if all { reaching(what) } else { what }, word, used);
            // A word that is decided later may be any flag of the program's, also one that runs things.
            let runs = row.flags.iter().any(|flag| matches!(flag.value, Use::Shell | Use::Run | Use::Code));
            if word.may_be_option() && word.several && runs {
                self.effects.push(Effect::Undecided { what: word.text.clone() });
            }
        }
        if touched == 0
            && let Some(what) = folder.or(row.folder)
        {
            self.use_word(if all { reaching(what) } else { what }, &Word::known("."), used);
        }
    }

    /// Does what a use says with one word.
    pub(crate) fn use_word(&mut self, what: Use, word: &Word, used: &mut Used) {
        match what {
            Use::Nothing => {}
            Use::Probe => self.path(Deed::Probe, word),
            Use::Look => self.path(Deed::Look, word),
            Use::Read => self.path(Deed::Read, word),
            Use::Write | Use::WriteAll => {
                used.written.push(word.text.clone());
                self.path(if what == Use::Write { Deed::Write } else { Deed::WriteAll }, word);
            }
            Use::Delete => self.path(Deed::Delete, word),
            Use::DeleteAll => self.path(Deed::DeleteAll, word),
            Use::Move => {
                // What is moved is not lost; a root that is moved is.
                self.path(Deed::Write, word);
            }
            Use::Shell => self.shell_text(word),
            Use::Run => {
                let found = super::run_file(self.reducer, word, self.shell);
                self.effects.extend(found);
            }
            Use::Code => self.inline_code(word),
            Use::Module => self.module(word),
            Use::Url => self.url(Traffic::Fetch, word),
            Use::UrlSend => self.url(Traffic::Send, word),
            Use::Service => self.service(word),
            Use::Target if word.text.contains('@') => {
                self.effects.push(Effect::Code { origin: crate::effect::Origin::Registry });
            }
            Use::Target => {
                let found = super::run_file(self.reducer, word, self.shell);
                self.effects.extend(found);
            }
            Use::Remote => self.remote(word, used),
            Use::Data => self.data(word),
            Use::Method => self.method(word),
            Use::Setting => self.setting(word),
            Use::Mount => self.mount(word),
            Use::Process => self.process(word),
            Use::Package => {}
        }
    }

    /// A deed on a path.
    pub(crate) fn path(&mut self, deed: Deed, word: &Word) {
        if word.stream.is_some() || word.text == "-" {
            return;
        }
        for (path, place) in locate(word, &self.shell.folders, self.shell.context) {
            if place == Place::Stream {
                continue;
            }
            let effect = Effect::Path { deed, path, place };
            if !self.effects.contains(&effect) {
                self.effects.push(effect);
            }
        }
    }

    fn process(&mut self, word: &Word) {
        let job = word.text.starts_with('%') || matches!(word.text.as_str(), "$!");
        self.effects.push(Effect::Act { kind: if job { Kind::Job } else { Kind::Process } });
    }
}

fn reaching(what: Use) -> Use {
    match what {
        Use::Delete => Use::DeleteAll,
        Use::Write => Use::WriteAll,
        other => other,
    }
}

/// A piece of a word, as sure as the word.
pub(crate) fn part_of(word: &Word, text: &str) -> Word {
    Word { text: text.to_owned(), ..word.clone() }
}

fn exact(rows: &[&'static Row], name: &str) -> Option<&'static Flag> {
    // A later row of the same program says it better.
    rows.iter().rev().flat_map(|row| row.flags.iter().rev()).find(|flag| flag.name == name)
}

/// A long flag cut short. The shortest cut that names one flag of the table is enough, even where the
/// program would find it ambiguous.
fn abbreviated(rows: &[&'static Row], name: &str) -> Option<&'static Flag> {
    if !name.starts_with("--") || name.len() < 4 {
        return None;
    }
    rows.iter().rev().flat_map(|row| &row.flags).find(|flag| flag.name.starts_with(name))
}

fn short(rows: &[&'static Row], letter: char) -> Option<&'static Flag> {
    let mut letters = [b'-', 0, 0, 0, 0];
    let length = letter.encode_utf8(&mut letters[1..]).len();
    let name = std::str::from_utf8(&letters[..=length]).ok()?;
    exact(rows, name)
}

/// `of=file` and the like.
fn keyed(rows: &[&'static Row], text: &str) -> Option<&'static Flag> {
    let (name, _) = text.split_once('=')?;
    rows.iter().rev().flat_map(|row| &row.flags).find(|flag| flag.name == name && !name.starts_with('-'))
}

fn has_flag(rows: &[&'static Row], text: &str) -> bool {
    exact(rows, text).is_some()
}

/// Whether a word is sure to be this text.
pub(crate) fn is(word: &Word, text: &str) -> bool {
    word.sort == Sort::Known && word.text == text
}
