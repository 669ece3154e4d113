//! `find`: where it looks, what it picks, and what it does with it.

use super::Act;
use crate::effect::Deed;
use crate::reduce::Flow;
use crate::word::Word;

/// Predicates that take a value and pick among the files.
const PICKS: &[&str] = &[
    "-name",
    "-iname",
    "-path",
    "-ipath",
    "-wholename",
    "-regex",
    "-iregex",
    "-size",
    "-mtime",
    "-mmin",
    "-atime",
    "-amin",
    "-ctime",
    "-cmin",
    "-newer",
    "-anewer",
    "-cnewer",
    "-user",
    "-group",
    "-uid",
    "-gid",
    "-perm",
    "-links",
    "-inum",
    "-samefile",
    "-lname",
    "-ilname",
    "-newermt",
    "-fstype",
    "-used",
    "-context",
];

/// What the words of `find` say.
#[derive(Default)]
struct Search {
    roots: Vec<Word>,
    /// The name that files must have, if one is asked for.
    name: Option<String>,
    picks: bool,
    deletes: bool,
}

impl Act<'_, '_> {
    pub(crate) fn find(&mut self) -> Flow {
        let mut search = Search::default();
        let mut at = 1;
        while let Some(word) = self.argv.get(at) {
            match word.text.as_str() {
                "-H" | "-L" | "-P" => at += 1,
                "-D" => at += 2,
                text if text.starts_with("-O") => at += 1,
                text if text.starts_with(['-', '(', '!', ',']) => break,
                _ => {
                    search.roots.push(word.clone());
                    at += 1;
                }
            }
        }
        if search.roots.is_empty() {
            search.roots.push(Word::known("."));
        }
        for root in search.roots.clone() {
            self.path(Deed::Look, &root);
        }
        // What is picked counts for every action, wherever it stands: an `-o` may turn the order.
        self.read_picks(&mut search, at);
        self.read_actions(&mut search, at);
        if search.deletes {
            for found in search.found() {
                let everything = !search.picks;
                self.path(if everything { Deed::DeleteAll } else { Deed::Delete }, &found);
            }
        }
        let names = search.found().into_iter().map(|found| found.text).collect();
        Flow { names, ..Flow::unknown() }
    }

    fn read_picks(&self, search: &mut Search, from: usize) {
        let mut at = from;
        let mut or = false;
        while let Some(word) = self.argv.get(at) {
            let text = word.text.as_str();
            if matches!(text, "-name" | "-iname") && search.name.is_none() {
                search.name = self.argv.get(at + 1).map(|word| word.text.clone());
            }
            or |= matches!(text, "-o" | "-or" | "!" | "-not" | ",");
            if PICKS.contains(&text) {
                search.picks = true;
                at += 1;
            }
            search.picks |= text == "-empty";
            at += 1;
        }
        if or {
            search.name = None;
        }
    }

    fn read_actions(&mut self, search: &mut Search, from: usize) {
        let mut at = from;
        while let Some(word) = self.argv.get(at) {
            at += 1;
            match word.text.as_str() {
                "-delete" => search.deletes = true,
                "-fprint" | "-fprint0" | "-fls" => {
                    if let Some(file) = self.argv.get(at).cloned() {
                        self.path(Deed::Write, &file);
                    }
                    at += 1;
                }
                "-fprintf" => {
                    if let Some(file) = self.argv.get(at).cloned() {
                        self.path(Deed::Write, &file);
                    }
                    at += 2;
                }
                "-files0-from" => {
                    if let Some(file) = self.argv.get(at).cloned() {
                        self.path(Deed::Read, &file);
                    }
                    at += 1;
                }
                "-exec" | "-execdir" | "-ok" | "-okdir" => {
                    let rest = &self.argv[at..];
                    let length = rest
                        .iter()
                        .enumerate()
                        .position(|(i, word)| {
                            word.text == ";" || word.text == "+" && i > 0 && rest[i - 1].text == "{}"
                        })
                        .unwrap_or(rest.len());
                    let words = rest[..length].to_vec();
                    for found in search.found().iter().take(4) {
                        let words = words.iter().map(|word| replaced(word, found)).collect();
                        self.run_words(words);
                    }
                    at += length + 1;
                }
                text if PICKS.contains(&text) => at += 1,
                _ => {}
            }
        }
    }
}

/// A word of `-exec` with the found name in the place of `{}`.
fn replaced(word: &Word, found: &Word) -> Word {
    if !word.text.contains("{}") {
        return word.clone();
    }
    if word.text == "{}" {
        return Word { several: true, ..found.clone() };
    }
    // Part of a longer word, perhaps of a script: what stands there is unlike any letter of ours.
    Word { text: word.text.replace("{}", &found.text), several: false, ..Word::pattern("") }
}

impl Search {
    /// Patterns of what is found.
    fn found(&self) -> Vec<Word> {
        self.roots
            .iter()
            .map(|root| {
                let folder = root.text.trim_end_matches('/');
                let folder = if folder.is_empty() && root.text.starts_with('/') { "" } else { folder };
                let rest = match (&self.name, self.picks) {
                    (Some(name), _) => format!("**/{name}"),
                    (None, true) => "**/picked*".to_owned(),
                    (None, false) => "**".to_owned(),
                };
                let sort = root.sort.max_unknown();
                Word { text: format!("{folder}/{rest}"), sort, ..root.clone() }
            })
            .collect()
    }
}
