//! What one program does with its words: a row of the table applied, and for the few programs whose
//! words are a language of their own, a reader of that language.

mod apply;
mod awk;
mod code;
mod command;
mod files;
mod find;
mod git;
mod scripts;
mod sed;
mod service;
mod streams;
mod tar;
pub(crate) mod variables;

pub(crate) use scripts::{run_file, run_text};

use crate::effect::{Effect, Place};
use crate::path::locate;
use crate::programs::{self, Hand, Row};
use crate::reduce::{Flow, Reducer, Shell};
use crate::word::{Sort, Word};

/// What came of a program.
pub(crate) struct Outcome {
    /// The table's name for it.
    pub(crate) program: Option<String>,
    /// What it writes to its standard output.
    pub(crate) flow: Flow,
}

/// Everything that a program's words are judged with.
pub(crate) struct Act<'a, 'c> {
    pub(crate) reducer: &'a mut Reducer,
    pub(crate) argv: &'a [Word],
    pub(crate) shell: &'a mut Shell<'c>,
    pub(crate) stdin: &'a Flow,
    pub(crate) effects: &'a mut Vec<Effect>,
}

/// Folders whose programs are those of the table.
const PROGRAM_FOLDERS: &[&str] =
    &["/bin/", "/usr/bin/", "/usr/local/bin/", "/sbin/", "/usr/sbin/", "/opt/homebrew/bin/", "/snap/bin/"];

/// Judges one command; whatever it runs in turn becomes parts of the reducer.
pub(crate) fn act(
    reducer: &mut Reducer,
    argv: &[Word],
    shell: &mut Shell<'_>,
    stdin: &Flow,
    effects: &mut Vec<Effect>,
) -> Outcome {
    let mut act = Act { reducer, argv, shell, stdin, effects };
    let name = argv.first().map_or("", |word| word.text.as_str());
    let Some(name) = table_name(name) else {
        // By path: the file that lies there runs, whatever its name promises.
        let file = argv[0].clone();
        let found = run_file(act.reducer, &file, act.shell);
        act.effects.extend(found);
        act.paths_among(&argv[1..]);
        return Outcome { program: None, flow: Flow { network: stdin.network, ..Flow::unknown() } };
    };
    match programs::find(name) {
        Some(row) => act.known(row),
        None => {
            act.effects.push(Effect::UnknownProgram);
            act.paths_among(&argv[1..]);
            act.perhaps_wraps();
            Outcome { program: None, flow: Flow { network: stdin.network, ..Flow::unknown() } }
        }
    }
}

/// Words that a wrapper may have before the command it runs.
const MOST_BEFORE_A_COMMAND: usize = 6;

/// The name to look up; none for a file named by its path elsewhere than where programs are.
fn table_name(name: &str) -> Option<&str> {
    if !name.contains('/') {
        return Some(name);
    }
    PROGRAM_FOLDERS.iter().find_map(|folder| name.strip_prefix(folder)).filter(|rest| !rest.contains('/'))
}

/// Whether a flag names where a tool puts what it makes.
fn for_results(flag: &str) -> bool {
    let name = flag.trim_start_matches('-').to_ascii_lowercase();
    let makes = [
        "out", "target", "dest", "log", "report", "cache", "junit", "xml", "tmp", "temp", "coverage", "dist",
    ];
    name == "o" || makes.iter().any(|part| name.contains(part))
}

impl Act<'_, '_> {
    /// Words of a program that nothing is known of: what looks like a path outside is touched.
    pub(crate) fn paths_among(&mut self, words: &[Word]) {
        let destroys = |text: &str| {
            let verb = text.trim_start_matches('-').split(['-', '_', ':']).next().unwrap_or_default();
            matches!(
                verb,
                "delete" | "destroy" | "drop" | "purge" | "wipe" | "erase" | "truncate" | "unregister"
            )
        };
        if words.iter().any(|word| word.sort == Sort::Known && destroys(&word.text)) {
            self.effects.push(Effect::Act { kind: crate::effect::Kind::Wipe });
        }
        for word in words {
            let text = word
                .text
                .split_once('=')
                .filter(|_| word.text.starts_with('-'))
                .map_or(&*word.text, |(_, v)| v);
            let looks = text.starts_with(['/', '~']) || text.contains("../") || text == "..";
            if !looks || word.sort == Sort::Unknown {
                continue;
            }
            let word = Word { text: text.to_owned(), ..word.clone() };
            for (path, place) in locate(&word, &self.shell.folders, self.shell.context) {
                if !matches!(place, Place::Stream | Place::Temporary) {
                    self.effects.push(Effect::Path { deed: crate::effect::Deed::Read, path, place });
                }
            }
        }
    }

    /// A program that is not known may be one that runs another: then the rest is a command.
    fn perhaps_wraps(&mut self) {
        let is_program = |word: &Word| {
            word.as_known().is_some_and(|name| !name.is_empty() && programs::find(name).is_some())
        };
        let inner = (1..self.argv.len().min(MOST_BEFORE_A_COMMAND)).find(|&at| is_program(&self.argv[at]));
        if let Some(at) = inner {
            let words = self.argv[at..].to_vec();
            self.run_words(words);
        }
    }

    /// Whatever a row says: a word that is the path of keys, or of what runs by itself, is read at least.
    fn secrets_among(&mut self) {
        for word in self.argv.iter().skip(1) {
            let text = word.text.as_str();
            let start = match text.find('/') {
                Some(0) => 0,
                Some(at) if text.starts_with('-') || text[..at].ends_with('=') => at,
                Some(_) if text.starts_with("../") => 0,
                _ => continue,
            };
            let path = Word { text: text[start..].to_owned(), ..word.clone() };
            for (path, place) in locate(&path, &self.shell.folders, self.shell.context) {
                let known =
                    |effect: &Effect| matches!(effect, Effect::Path { path: known, .. } if *known == path);
                if matches!(place, Place::Secret | Place::Startup) && !self.effects.iter().any(known) {
                    self.effects.push(Effect::Path { deed: crate::effect::Deed::Read, path, place });
                }
            }
        }
    }

    /// A build tool that is pointed outside the workspace runs what lies there.
    fn code_elsewhere(&mut self) {
        let mut before = "";
        for word in self.argv.iter().skip(1) {
            let (name, value) = match word.text.split_once('=') {
                Some((name, value)) => (name, value),
                None => (before, word.text.as_str()),
            };
            before = if word.text.starts_with('-') { word.text.as_str() } else { "" };
            let looks = value.starts_with(['/', '~']) || value.contains("../") || value == "..";
            if !looks || for_results(name) {
                continue;
            }
            let value = Word { text: value.to_owned(), ..word.clone() };
            let elsewhere = |place| matches!(place, Place::Temporary | Place::Home | Place::Outside);
            let found = locate(&value, &self.shell.folders, self.shell.context);
            if found.into_iter().any(|(_, place)| elsewhere(place)) {
                self.effects.push(Effect::Code { origin: crate::effect::Origin::Outside });
            }
        }
    }

    fn known(mut self, row: &'static Row) -> Outcome {
        let used = self.apply(row);
        let title = used.title.clone();
        if row.stop
            && row.hand.is_none()
            && row.effects.contains(&Effect::Act { kind: crate::effect::Kind::Build })
        {
            self.paths_among(&used.operands);
        }
        if self.effects.contains(&Effect::Act { kind: crate::effect::Kind::Build }) && !used.dry() {
            self.code_elsewhere();
        }
        if !matches!(used.hand, Some(Hand::Echo | Hand::Printf)) && !used.dry() {
            self.secrets_among();
        }
        let flow = match used.hand {
            Some(hand) => self.hand(hand, &used),
            None => used.flow(self.stdin),
        };
        let network =
            flow.network || self.effects.iter().any(|effect| matches!(effect, Effect::Network { .. }));
        if network {
            for path in &used.written {
                self.reducer.fetched.push(path.clone());
            }
        }
        Outcome { program: Some(title), flow: Flow { network, ..flow } }
    }

    fn hand(&mut self, hand: Hand, used: &apply::Used) -> Flow {
        match hand {
            Hand::Shell => self.shell_program(),
            Hand::Interpreter => self.interpreter(used),
            Hand::Find => self.find(),
            Hand::Xargs => self.xargs(),
            Hand::Sed => self.sed(),
            Hand::Awk => self.awk(),
            Hand::Tar => self.tar(),
            Hand::Env => self.env(),
            Hand::Ssh => self.ssh(),
            Hand::Container => self.container(used),
            Hand::Echo => self.echo(),
            Hand::Printf => self.printf(),
            Hand::Cat => self.cat(used),
            Hand::Pwd => self.pwd(),
            Hand::Decode => self.decode(used),
            Hand::GitConfig => self.git_config(used),
            Hand::GitContent => self.git_content(used),
            Hand::GitRestore => self.git_restore(used),
            Hand::Command => self.command_builtin(),
            Hand::Chmod => self.chmod(used),
            Hand::Dirname => self.dirname(used),
            Hand::Fetched => self.fetched_file(used),
            Hand::Version => self.only_version(),
        }
    }
}
