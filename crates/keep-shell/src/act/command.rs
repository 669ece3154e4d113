//! Programs that run another command: it is taken out and judged like any other.

use super::Act;
use super::apply::{Used, is, part_of};
use crate::analysis::Via;
use crate::effect::{Effect, Kind, Traffic};
use crate::reduce::{Flow, Value};
use crate::word::{Sort, Word};

impl Act<'_, '_> {
    /// Runs words as a command of their own.
    pub(crate) fn run_words(&mut self, words: Vec<Word>) -> Flow {
        if words.is_empty() {
            return Flow::unknown();
        }
        self.reducer.via.push(Via::Program);
        // A program starts programs, not functions or aliases of the shell.
        let mut child = self.shell.clone();
        if !matches!(self.argv[0].text.as_str(), "command" | "builtin" | "exec" | "time") {
            child.functions.clear();
        }
        child.aliases.clear();
        let flow = self.reducer.run(words, Vec::new(), Vec::new(), Vec::new(), &mut child, self.stdin);
        self.reducer.via.pop();
        flow
    }

    /// `env NAME=value … command`, with `-S` a text that is split.
    pub(crate) fn env(&mut self) -> Flow {
        let mut at = 1;
        let mut child = self.shell.clone();
        while let Some(word) = self.argv.get(at) {
            let text = word.text.as_str();
            if text == "--" {
                at += 1;
            } else if matches!(text, "-u" | "--unset" | "-C" | "--chdir") {
                if let (true, Some(folder)) = (matches!(text, "-C" | "--chdir"), self.argv.get(at + 1)) {
                    child.enter(Some(folder));
                }
                at += 2;
            } else if let Some(folder) = text.strip_prefix("--chdir=") {
                child.enter(Some(&part_of(word, folder)));
                at += 1;
            } else if text.starts_with("-S") || text.starts_with("--split-string") || text.starts_with("-vS")
            {
                let attached = text
                    .trim_start_matches("--split-string")
                    .trim_start_matches("-v")
                    .trim_start_matches("-S");
                let (line, next) = match attached.trim_start_matches('=') {
                    "" => (self.argv.get(at + 1).cloned(), at + 2),
                    attached => (Some(part_of(word, attached)), at + 1),
                };
                let rest = self.argv.get(next..).unwrap_or_default();
                let tail: Vec<String> = rest.iter().map(|word| crate::reduce::quoted(&word.text)).collect();
                if let Some(line) = line {
                    let line = part_of(&line, &format!("{} {}", line.text, tail.join(" ")));
                    self.reducer.text(Via::Program, &line, &mut child, self.effects);
                }
                return Flow::unknown();
            } else if text.starts_with('-') && text.len() > 1 || text == "-" {
                at += 1;
            } else if let Some((name, value)) =
                text.split_once('=').filter(|_| word.sort == Sort::Known || text.contains('='))
            {
                let value = Value::One(part_of(word, value));
                let name = name.to_owned();
                self.reducer.environment_of(&name, &value, self.effects, self.shell);
                child.set(&name, value);
                child.export(&name);
                at += 1;
            } else {
                break;
            }
        }
        let words = self.argv[at.min(self.argv.len())..].to_vec();
        if words.is_empty() {
            // It prints every variable, and some hold secrets.
            return Flow::unknown();
        }
        self.reducer.via.push(Via::Program);
        child.functions.clear();
        child.aliases.clear();
        let flow = self.reducer.run(words, Vec::new(), Vec::new(), Vec::new(), &mut child, self.stdin);
        self.reducer.via.pop();
        flow
    }

    /// `xargs command`: the command with words from a stream behind it.
    pub(crate) fn xargs(&mut self) -> Flow {
        let mut at = 1;
        let mut replace: Option<String> = None;
        while let Some(word) =
            self.argv.get(at).filter(|word| word.text.starts_with('-') && word.text.len() > 1)
        {
            let text = word.text.as_str();
            at += 1;
            match text {
                "-I" | "-J" | "--replace" => {
                    replace = self.argv.get(at).map(|word| word.text.clone());
                    at += 1;
                }
                "-i" => replace = Some("{}".to_owned()),
                "-n" | "-P" | "-L" | "-s" | "-d" | "-E" | "-a" | "-l" | "--max-args" | "--max-procs"
                | "--delimiter" | "--arg-file" | "--max-lines" | "--max-chars" | "-S" | "-R" => at += 1,
                "--" => break,
                _ => {
                    if let Some(mark) = text.strip_prefix("-I").or_else(|| text.strip_prefix("--replace=")) {
                        replace = Some(mark.to_owned());
                    }
                }
            }
        }
        let input = self.input_words();
        let mut words = self.argv[at.min(self.argv.len())..].to_vec();
        if words.is_empty() {
            words.push(Word::known("echo"));
        }
        match replace {
            Some(mark) if !mark.is_empty() => {
                for input in input {
                    let replaced = words.iter().map(|word| {
                        if word.text.contains(&mark) {
                            let several = false;
                            Word { text: word.text.replace(&mark, &input.text), several, ..input.clone() }
                        } else {
                            word.clone()
                        }
                    });
                    let replaced = replaced.collect();
                    self.run_words(replaced);
                }
            }
            _ => {
                words.extend(input);
                self.run_words(words);
            }
        }
        Flow { network: self.stdin.network, ..Flow::unknown() }
    }

    /// The words that a stream gives.
    fn input_words(&self) -> Vec<Word> {
        if !self.stdin.names.is_empty() {
            return self
                .stdin
                .names
                .iter()
                .map(|names| Word { several: true, ..Word::pattern(names.as_str()) })
                .collect();
        }
        match &self.stdin.text {
            Some(text) if !text.contains(['\'', '"', '\\']) => {
                text.split_ascii_whitespace().take(64).map(Word::known).collect()
            }
            _ => vec![Word {
                several: true,
                plain: self.stdin.plain,
                from_network: self.stdin.network,
                ..Word::unknown("$(input)")
            }],
        }
    }

    /// `ssh host command`: what the command does, it does there.
    pub(crate) fn ssh(&mut self) -> Flow {
        const TAKE: &str = "bcDEeFIiJLlmOopQRSWw";
        let mut at = 1;
        while let Some(word) =
            self.argv.get(at).filter(|word| word.text.starts_with('-') && word.text.len() > 1)
        {
            let flag = word.text.as_bytes()[1];
            let alone = word.text.len() == 2;
            if flag == b'o' {
                let setting = if alone {
                    self.argv.get(at + 1).map_or("", |w| w.text.as_str())
                } else {
                    &word.text[2..]
                };
                let (name, command) = setting.split_once(['=', ' ']).unwrap_or((setting, ""));
                let runs = ["proxycommand", "localcommand", "knownhostscommand", "proxyusefdpass"];
                if runs.contains(&name.to_ascii_lowercase().as_str()) {
                    let command = Word::known(command);
                    self.shell_text(&command);
                    self.effects.push(Effect::Undecided { what: setting.to_owned() });
                }
            }
            at += 1 + usize::from(alone && TAKE.contains(char::from(flag)));
        }
        let Some(host) = self.argv.get(at).cloned() else { return Flow::unknown() };
        self.url(Traffic::Send, &host);
        let rest = &self.argv[at + 1..];
        if !rest.is_empty() {
            let texts: Vec<&str> = rest.iter().map(|word| word.text.as_str()).collect();
            let known = rest.iter().all(|word| word.sort == Sort::Known);
            let line = if known { Word::known(texts.join(" ")) } else { Word::unknown(texts.join(" ")) };
            let mut child = self.shell.child();
            // Nothing is known of that machine's folders.
            child.folders = vec![None];
            child.variables.clear();
            self.reducer.text(Via::Elsewhere, &line, &mut child, self.effects);
        }
        Flow { network: true, ..Flow::unknown() }
    }

    /// `docker run image command`: seen, but its paths are the container's.
    pub(crate) fn container(&mut self, used: &Used) -> Flow {
        let at = used.operands.first().and_then(|image| self.argv.iter().position(|word| word == image));
        let words = at.map(|at| self.argv[at + 1..].to_vec()).unwrap_or_default();
        if !words.is_empty() {
            self.reducer.elsewhere += 1;
            self.reducer.via.push(Via::Elsewhere);
            self.run_words(words);
            self.reducer.via.pop();
            self.reducer.elsewhere -= 1;
        }
        Flow { network: true, ..Flow::unknown() }
    }

    /// `command -v name` asks; `command name` runs.
    pub(crate) fn command_builtin(&mut self) -> Flow {
        let rest = &self.argv[1..];
        let flags = rest.iter().take_while(|word| word.text.starts_with('-')).count();
        if rest[..flags].iter().any(|word| word.text.contains(['v', 'V']) && !is(word, "--")) {
            return Flow { plain: true, ..Flow::unknown() };
        }
        let words = rest[flags..].to_vec();
        self.run_words(words)
    }

    /// Whether no word names a thing to do.
    fn bare(&self) -> bool {
        self.argv[1..].iter().all(|word| word.sort == crate::word::Sort::Known && word.text.starts_with('-'))
    }

    /// Programs whose `--version` already runs what the workspace says, and that install when they are
    /// told nothing else.
    pub(crate) fn only_version(&mut self) -> Flow {
        self.effects.push(Effect::Act { kind: Kind::Build });
        let asked = ["-v", "--version", "-h", "--help"];
        if !self.argv[1..].iter().any(|word| asked.contains(&word.text.as_str())) && self.bare() {
            self.effects.push(Effect::Act { kind: Kind::Install });
        }
        Flow::unknown()
    }
}
