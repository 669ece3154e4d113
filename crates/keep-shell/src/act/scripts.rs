//! Shells and other interpreters: texts, files and streams that they run.

use super::Act;
use super::apply::Used;
use super::code;
use crate::analysis::Via;
use crate::effect::{Deed, Effect, Origin, Place};
use crate::path::locate;
use crate::reduce::{Flow, Reducer, Shell};
use crate::word::{Sort, Word};

/// What running a file does.
pub(crate) fn run_file(reducer: &mut Reducer, file: &Word, shell: &Shell<'_>) -> Vec<Effect> {
    if let Some(flow) = &file.stream {
        let origin = if flow.network { Origin::Network } else { Origin::Unseen };
        return vec![Effect::Code { origin }];
    }
    if file.sort == Sort::Unknown && !file.plain {
        let origin = if file.from_network { Origin::Network } else { Origin::Unseen };
        return vec![Effect::Undecided { what: file.text.clone() }, Effect::Code { origin }]
            .into_iter()
            .filter(|effect| file.from_network || matches!(effect, Effect::Undecided { .. }))
            .collect();
    }
    if file.text.starts_with("data:") {
        return vec![Effect::Code { origin: Origin::Unseen }];
    }
    if file.text.contains("://") && !file.text.starts_with("file://") {
        return vec![Effect::Code { origin: Origin::Network }];
    }
    let mut effects = Vec::new();
    for (path, place) in locate(file, &shell.folders, shell.context) {
        let fetched = reducer.fetched.iter().any(|known| {
            *known == file.text || *known == path || crate::path::normalise(shell.context.cwd, known) == path
        });
        let origin = match place {
            _ if fetched => Origin::Network,
            Place::Workspace | Place::WorkspaceRoot | Place::Output | Place::Trusted => Origin::Workspace,
            Place::Stream => Origin::Unseen,
            _ => Origin::Outside,
        };
        effects.push(Effect::Code { origin });
    }
    effects
}

/// What a shell does that reads its script from a stream.
pub(crate) fn run_text(
    reducer: &mut Reducer,
    flow: &Flow,
    shell: &mut Shell<'_>,
    effects: &mut Vec<Effect>,
) -> Flow {
    if flow.network {
        reducer.unknown = true;
        effects.push(Effect::Code { origin: Origin::Network });
    }
    match &flow.text {
        Some(text) => return reducer.nested(Via::Shell, text, shell, &Flow::unknown()),
        None if flow.network => {}
        None if flow.given => {
            reducer.unknown = true;
            effects.push(Effect::Code { origin: Origin::Unseen });
        }
        // A shell that waits for somebody to type.
        None => effects.push(Effect::Undecided { what: "whatever is typed into the shell".to_owned() }),
    }
    Flow::unknown()
}

impl Act<'_, '_> {
    /// `sh`, `bash` and their like.
    pub(crate) fn shell_program(&mut self) -> Flow {
        let mut at = 1;
        let (mut text, mut stdin) = (false, false);
        while let Some(word) = self.argv.get(at) {
            let flag = word.text.as_str();
            if flag == "--" || flag == "-" {
                at += 1;
                break;
            }
            if word.sort != Sort::Known || !flag.starts_with(['-', '+']) || flag.len() < 2 {
                break;
            }
            at += 1;
            if let Some(long) = flag.strip_prefix("--") {
                if matches!(long, "rcfile" | "init-file") {
                    if let Some(file) = self.argv.get(at).cloned() {
                        let found = run_file(self.reducer, &file, self.shell);
                        self.effects.extend(found);
                    }
                    at += 1;
                }
                if matches!(long, "version" | "help") {
                    return Flow::unknown();
                }
                continue;
            }
            text |= flag.starts_with('-') && flag.contains('c');
            stdin |= flag.contains('s');
            if flag.ends_with(['o', 'O']) {
                at += 1;
            }
        }
        let mut child = self.shell.child();
        match self.argv.get(at) {
            Some(script) if text => {
                child.arguments = self.argv[at + 1..].to_vec();
                if child.arguments.is_empty() {
                    child.arguments.push(self.argv[0].clone());
                }
                child.arguments_known = child.arguments.iter().all(|word| !word.several);
                let script = script.clone();
                self.script_word(&script, &mut child)
            }
            Some(file) if !stdin => {
                if let Some(flow) = file.stream.clone() {
                    return run_text(self.reducer, &flow, &mut child, self.effects);
                }
                if matches!(file.text.as_str(), "/dev/stdin" | "/dev/fd/0" | "/proc/self/fd/0") {
                    return run_text(self.reducer, self.stdin, &mut child, self.effects);
                }
                let file = file.clone();
                let found = run_file(self.reducer, &file, self.shell);
                self.effects.extend(found);
                self.reducer.unknown |= file.sort == Sort::Unknown;
                Flow::unknown()
            }
            _ => run_text(self.reducer, self.stdin, &mut child, self.effects),
        }
    }

    fn script_word(&mut self, script: &Word, child: &mut Shell<'_>) -> Flow {
        match script.as_known() {
            Some(text) if !script.several => {
                if script.from_network {
                    self.effects.push(Effect::Code { origin: Origin::Network });
                }
                let text = text.to_owned();
                self.reducer.nested(Via::Shell, &text, child, self.stdin)
            }
            _ => {
                self.reducer.unknown = true;
                let origin = if script.from_network { Origin::Network } else { Origin::Unseen };
                self.effects.push(Effect::Code { origin });
                Flow::unknown()
            }
        }
    }

    /// A text that some program hands to a shell.
    pub(crate) fn shell_text(&mut self, word: &Word) {
        let mut child = self.shell.child();
        let text = word.text.strip_prefix("exec=").unwrap_or(&word.text);
        let word = Word { text: text.to_owned(), ..word.clone() };
        self.reducer.text(Via::Shell, &word, &mut child, self.effects);
    }

    /// `python`, `perl`, `node`: code on the line, a file, or a stream.
    pub(crate) fn interpreter(&mut self, used: &Used) -> Flow {
        let inline = used.flags.iter().any(|(flag, _)| {
            matches!(
                *flag,
                "-c" | "-e"
                    | "-E"
                    | "-r"
                    | "--eval"
                    | "--print"
                    | "-p"
                    | "-m"
                    | "--execute"
                    | "--version"
                    | "-V"
                    | "-h"
            )
        });
        if inline {
            self.paths_among(&used.operands);
            if self.argv.first().is_some_and(|name| name.text.ends_with("perl")) {
                self.pipes_among(&used.operands);
            }
            return Flow { network: self.stdin.network, ..Flow::unknown() };
        }
        match used.operands.first() {
            Some(file) if file.text != "-" => {
                let file = file.clone();
                if let Some(flow) = &file.stream {
                    self.code_stream(&flow.clone());
                } else {
                    let found = run_file(self.reducer, &file, self.shell);
                    self.effects.extend(found);
                }
                // What a program of the workspace does with what it is told to touch is its own affair;
                // that it is told to touch something outside is seen here.
                self.paths_among(&used.operands[1..]);
            }
            _ => self.code_stream(&self.stdin.clone()),
        }
        Flow::unknown()
    }

    /// Perl opens what it is told to read as its shell would: a bar at an end makes it a command.
    fn pipes_among(&mut self, operands: &[Word]) {
        for word in operands {
            let text = word.text.trim();
            if let Some(command) = text.strip_suffix('|').or_else(|| text.strip_prefix('|')) {
                let command = Word { text: command.to_owned(), ..word.clone() };
                let mut child = self.shell.child();
                self.reducer.text(Via::Shell, &command, &mut child, self.effects);
            }
        }
    }

    fn code_stream(&mut self, flow: &Flow) {
        match &flow.text {
            _ if flow.network => self.effects.push(Effect::Code { origin: Origin::Network }),
            Some(text) => self.inline_code(&Word::known(text.as_str())),
            None if flow.given => self.effects.push(Effect::Code { origin: Origin::Unseen }),
            None => self
                .effects
                .push(Effect::Undecided { what: "whatever is typed into the interpreter".to_owned() }),
        }
    }

    /// Code in another language: looked through for what reaches the system.
    pub(crate) fn inline_code(&mut self, word: &Word) {
        if word.sort != Sort::Known {
            let origin = if word.from_network { Origin::Network } else { Origin::InlineReaching };
            return self.effects.push(Effect::Code { origin });
        }
        let found = code::look_through(&word.text);
        let origin = if found.reaches { Origin::InlineReaching } else { Origin::Inline };
        self.effects.push(Effect::Code { origin });
        for command in &found.commands {
            let mut child = self.shell.child();
            self.reducer.text(Via::Shell, &Word::known(command.as_str()), &mut child, self.effects);
        }
        let deed = if found.deletes {
            Deed::DeleteAll
        } else if found.writes {
            Deed::Write
        } else {
            Deed::Read
        };
        for path in &found.paths {
            self.path(deed, &Word::known(path.as_str()));
        }
    }

    /// `python -m name`: some modules are programs of their own.
    pub(crate) fn module(&mut self, word: &Word) {
        let at = self.argv.iter().position(|other| other == word).unwrap_or(0);
        let rest = self.argv[at + 1..].to_vec();
        let name = match word.text.as_str() {
            "pip" | "pip3" => "pip",
            "pytest" => "pytest",
            "http.server" | "SimpleHTTPServer" => "http-server",
            "venv" | "virtualenv" => "virtualenv",
            "json.tool" => return self.paths_among(&rest),
            "timeit" | "pdb" | "cProfile" | "profile" | "trace" | "runpy" | "code" | "zipfile"
            | "tarfile" | "base64" | "tokenize" | "fileinput" | "uv" | "pipx" | "ensurepip"
            | "compileall" | "webbrowser" => {
                return self.effects.push(Effect::Undecided { what: format!("python -m {}", word.text) });
            }
            _ => return self.effects.push(Effect::Code { origin: Origin::Workspace }),
        };
        self.run_words(std::iter::once(Word::known(name)).chain(rest).collect());
    }
}
