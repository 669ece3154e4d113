//! Builtins that change what later commands mean: folders, variables, functions, traps, `eval`.
//! All others are rows of the program table.

use super::{Flow, Reducer, Shell, Value};
use crate::act;
use crate::analysis::Via;
use crate::effect::{Effect, Origin, Place};
use crate::path::{locate, within};
use crate::word::{Sort, Word};

/// Builtins whose words may be assignments.
pub(crate) fn is_declaration(name: &str) -> bool {
    matches!(name, "declare" | "typeset" | "local" | "export" | "readonly")
}

impl Reducer {
    /// Carries out a builtin; `None` when the name is no builtin of this kind.
    pub(super) fn builtin(
        &mut self,
        name: &str,
        argv: &[Word],
        shell: &mut Shell<'_>,
        stdin: &Flow,
        effects: &mut Vec<Effect>,
    ) -> Option<Flow> {
        let declared = std::mem::take(&mut self.declared);
        match name {
            "cd" | "pushd" | "popd" => self.change_folder(name, argv, shell),
            "export" | "declare" | "typeset" | "local" | "readonly" => {
                self.declare(name, argv, declared, shell, effects);
            }
            "unset" => {
                for word in argv.iter().skip(1) {
                    self.subscripts(word, shell);
                    shell.set(&word.text, Value::Unset);
                    shell.functions.remove(&word.text);
                }
            }
            "test" | "[" | "printf" => {
                // `-v` takes a name, and a name may have a subscript.
                let named = argv.iter().zip(argv.iter().skip(1)).filter(|(flag, _)| flag.text == "-v");
                named.for_each(|(_, word)| self.subscripts(word, shell));
                return None;
            }
            "read" | "mapfile" | "readarray" | "getopts" | "let" => self.read_names(name, argv, shell, stdin),
            "set" => self.set_arguments(argv, shell),
            "shift" => {
                let count = argv.get(1).map_or(Some(1), |word| word.as_known()?.parse::<usize>().ok());
                match count {
                    Some(count) if shell.arguments_known && count < shell.arguments.len() => {
                        shell.arguments.drain(1..=count);
                    }
                    _ => shell.arguments_known = false,
                }
            }
            "hash" if argv.iter().any(|word| word.text.starts_with("-p")) => {
                effects.push(Effect::Undecided { what: "which file a name leads to from now on".to_owned() });
            }
            "eval" => return Some(self.eval(argv, shell, stdin, effects)),
            "source" | "." => return Some(self.source(argv, shell, effects)),
            "trap" => {
                let from = 1 + usize::from(argv.get(1).is_some_and(|word| word.text == "--"));
                if let Some(text) = argv.get(from).filter(|word| word.text != "-" && argv.len() > from + 1) {
                    // It runs some time later, when any variable may have changed.
                    let mut later = shell.later();
                    self.text(Via::Trap, text, &mut later, effects);
                }
            }
            "alias" => self.alias(argv, shell),
            "unalias" => shell.aliases.clear(),
            "exit" | "return" | "logout" => {
                self.ended = true;
                return Some(Flow::of(""));
            }
            "break" | "continue" | "shopt" | "enable" | "hash" | "wait" | "jobs" | "umask" | "ulimit"
            | "times" | "disown" | "suspend" | "bind" | "complete" | "compgen" | "compopt" | "dirs"
            | "caller" | "fg" | "bg" | "help" | "history" | "fc" | "type" | "getconf" | ":" => {
                for word in argv.iter().skip(1) {
                    self.subscripts(word, shell);
                }
                self.odd_builtin(name, argv, shell, effects);
            }
            _ => return None,
        }
        Some(Flow::of(""))
    }

    /// The few words of harmless builtins that run or load something.
    fn odd_builtin(&mut self, name: &str, argv: &[Word], shell: &mut Shell<'_>, effects: &mut Vec<Effect>) {
        let flag = |wanted: &str| argv.iter().position(|word| word.text == wanted);
        match name {
            "enable" if flag("-f").is_some() => effects.push(Effect::Code { origin: Origin::Outside }),
            "bind" => {
                if let Some(text) = flag("-x").and_then(|at| argv.get(at + 1)) {
                    let command =
                        text.text.split_once(':').map_or(text.text.as_str(), |(_, command)| command);
                    let word = Word { text: command.trim().trim_matches('"').to_owned(), ..text.clone() };
                    self.text(Via::Eval, &word, shell, effects);
                }
            }
            "complete" | "compgen" => {
                for wanted in ["-C", "-F"] {
                    if let Some(text) = flag(wanted).and_then(|at| argv.get(at + 1)).cloned() {
                        self.text(Via::Eval, &text, shell, effects);
                    }
                }
            }
            "fc" if flag("-s").is_some() || argv.len() == 1 => {
                effects.push(Effect::Code { origin: Origin::Unseen });
            }
            _ => {}
        }
    }

    fn change_folder(&mut self, name: &str, argv: &[Word], shell: &mut Shell<'_>) {
        let to = argv.iter().skip(1).find(|word| word.text == "-" || !word.text.starts_with('-'));
        let home = Word::known(shell.context.home);
        match (name, to) {
            ("cd", None) => shell.enter(Some(&home)),
            (_, Some(to)) if to.text != "-" && !to.text.starts_with('+') && !to.several => {
                // CDPATH would lead a relative name elsewhere.
                let astray = !matches!(shell.get("CDPATH"), Value::Unknown | Value::Unset);
                shell.enter(Some(to).filter(|_| !astray));
            }
            _ => shell.enter(None),
        }
        self.changed_folder = true;
    }

    fn declare(
        &mut self,
        name: &str,
        argv: &[Word],
        declared: Vec<(String, Value)>,
        shell: &mut Shell<'_>,
        effects: &mut Vec<Effect>,
    ) {
        let options: String =
            argv.iter().skip(1).filter(|w| w.text.starts_with(['-', '+'])).map(|w| w.text.as_str()).collect();
        // Integers are evaluated, references name others, cases change; none of it is followed.
        let odd = options.contains(['i', 'n', 'l', 'u', 'A']);
        let local = name == "local"
            || (matches!(name, "declare" | "typeset") && self.calls > 0 && !options.contains('g'));
        let carried: Vec<String> = declared.iter().map(|(name, _)| name.clone()).collect();
        let mut names: Vec<(String, Option<Value>)> =
            declared.into_iter().map(|(name, value)| (name, Some(value))).collect();
        for word in argv.iter().skip(1).filter(|word| !word.text.starts_with(['-', '+'])) {
            self.subscripts(word, shell);
            match word.text.split_once('=') {
                Some((name, _)) if carried.iter().any(|known| known == name) => {}
                Some((name, value)) => {
                    let value = Value::One(Word { text: value.to_owned(), ..word.clone() });
                    names.push((name.to_owned(), Some(value)));
                }
                None => names.push((word.text.clone(), None)),
            }
        }
        for (variable, value) in names {
            if local {
                shell.locals.push((variable.clone(), shell.variables.get(&variable).cloned()));
            }
            match value {
                Some(value) => {
                    self.environment(&variable, &value, effects, shell);
                    if name != "export" && options.contains('n') {
                        self.refer(&value, effects, shell);
                    }
                    if odd && let Value::One(word) = &value {
                        let text = word.text.clone();
                        self.arithmetic(&text, shell);
                    }
                    shell.set(&variable, if odd { Value::Unknown } else { value });
                }
                None if local => shell.set(&variable, Value::Unset),
                None => {}
            }
            if name == "export" || options.contains('x') {
                if options.contains('f') {
                    effects.push(Effect::Undecided { what: "a function handed to other shells".to_owned() });
                    continue;
                }
                shell.export(&variable);
            }
        }
    }

    /// `declare -n name=other`: whatever `name` is set to, `other` is.
    fn refer(&mut self, other: &Value, effects: &mut Vec<Effect>, shell: &mut Shell<'_>) {
        match other {
            Value::One(word) if word.sort == Sort::Known => {
                let name = word.text.clone();
                self.environment(&name, &Value::Unknown, effects, shell);
                shell.set(&name, Value::Unknown);
            }
            _ => effects.push(Effect::Undecided { what: "which variable a reference names".to_owned() }),
        }
    }

    /// `read x y`: variables whose values come from a stream.
    fn read_names(&mut self, name: &str, argv: &[Word], shell: &mut Shell<'_>, stdin: &Flow) {
        let plain = super::expand::lines_are_plain(stdin);
        for word in argv.iter().skip(1).filter(|word| !word.text.starts_with('-')) {
            self.subscripts(word, shell);
            if name == "let" {
                let text = word.text.clone();
                self.arithmetic(&text, shell);
                continue;
            }
            let value = match stdin.names.as_slice() {
                [names] if name == "read" => Word::pattern(names.as_str()),
                _ => Word { plain, from_network: stdin.network, ..Word::unknown(format!("${}", word.text)) },
            };
            let value = if name == "read" && (plain || !stdin.names.is_empty() || stdin.network) {
                Value::One(value)
            } else {
                Value::Unknown
            };
            shell.set(&word.text, value);
        }
        if matches!(name, "read") {
            shell.set("REPLY", Value::Unknown);
        }
        if name.starts_with("mapfile") || name == "readarray" {
            shell.set("MAPFILE", Value::Unknown);
            if let Some(at) = argv.iter().position(|word| word.text == "-C")
                && let Some(text) = argv.get(at + 1).cloned()
            {
                self.text(Via::Eval, &text, shell, &mut Vec::new());
            }
        }
    }

    /// `set -- a b` replaces the positional parameters.
    fn set_arguments(&mut self, argv: &[Word], shell: &mut Shell<'_>) {
        let from = match argv.iter().position(|word| word.text == "--") {
            Some(at) => at + 1,
            None => match argv.iter().skip(1).position(|word| !word.text.starts_with(['-', '+'])) {
                // `set -o pipefail` takes a word.
                Some(at) if argv[at].text.ends_with('o') && argv[at].text.starts_with(['-', '+']) => return,
                Some(at) => at + 1,
                None => return,
            },
        };
        let zero = shell.arguments.first().cloned().unwrap_or_else(|| Word::unknown("$0"));
        shell.arguments_known = argv[from..].iter().all(|word| !word.several);
        shell.arguments = std::iter::once(zero).chain(argv[from..].iter().cloned()).collect();
    }

    fn eval(
        &mut self,
        argv: &[Word],
        shell: &mut Shell<'_>,
        stdin: &Flow,
        effects: &mut Vec<Effect>,
    ) -> Flow {
        let words = &argv[1..];
        if let Some(word) = words.iter().find(|word| word.sort != Sort::Known || word.several) {
            self.unknown = true;
            let origin = if word.from_network { Origin::Network } else { Origin::Unseen };
            effects.push(Effect::Code { origin });
            return Flow::unknown();
        }
        let texts: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
        self.nested(Via::Eval, &texts.join(" "), shell, stdin)
    }

    /// A word that a shell will read as a script, later or elsewhere in this one.
    pub(crate) fn text(&mut self, via: Via, word: &Word, shell: &mut Shell<'_>, effects: &mut Vec<Effect>) {
        match word.as_known() {
            Some(text) if !text.trim().is_empty() => {
                let text = text.to_owned();
                let mut child = shell.clone();
                self.nested(via, &text, &mut child, &Flow::unknown());
                self.ended = false;
                self.changed_folder = false;
            }
            Some(_) => {}
            None => {
                self.unknown = true;
                effects.push(Effect::Code {
                    origin: if word.from_network { Origin::Network } else { Origin::Unseen },
                });
            }
        }
    }

    fn source(&mut self, argv: &[Word], shell: &mut Shell<'_>, effects: &mut Vec<Effect>) -> Flow {
        let Some(file) = argv.get(1) else { return Flow::unknown() };
        if let Some(flow) = &file.stream {
            let flow = flow.clone();
            return act::run_text(self, &flow, shell, effects);
        }
        effects.extend(act::run_file(self, file, shell));
        // The file may set any variable, define any function, and stand anywhere after.
        self.unknown |= file.sort != Sort::Known;
        Flow::unknown()
    }

    fn alias(&mut self, argv: &[Word], shell: &mut Shell<'_>) {
        for word in argv.iter().skip(1) {
            if let Some((name, text)) = word.text.split_once('=') {
                shell.aliases.entry(name.to_owned()).or_default().push(text.to_owned());
                self.unknown |= word.sort != Sort::Known;
                // Whether it is used or not, whoever reads the alias should see what it runs.
                let word = Word { text: text.to_owned(), ..word.clone() };
                let mut child = shell.clone();
                child.aliases.clear();
                self.text(Via::Alias, &word, &mut child, &mut Vec::new());
            }
        }
    }

    /// The same for a program that sets variables for another.
    pub(crate) fn environment_of(
        &mut self,
        name: &str,
        value: &Value,
        effects: &mut Vec<Effect>,
        shell: &mut Shell<'_>,
    ) {
        self.environment(name, value, effects, shell);
    }

    /// A variable is set: some make other programs run or load things.
    pub(super) fn environment(
        &mut self,
        name: &str,
        value: &Value,
        effects: &mut Vec<Effect>,
        shell: &mut Shell<'_>,
    ) {
        match act::variables::meaning(name) {
            None => {}
            Some(act::variables::Meaning::Command) => match value {
                // `PAGER=cat` runs cat; what it runs is what counts.
                Value::One(word) if word.sort == Sort::Known => {
                    self.text(Via::Variable, word, shell, effects);
                }
                _ => effects.push(Effect::Environment { name: name.to_owned() }),
            },
            Some(act::variables::Meaning::Loads) => {
                effects.push(Effect::Environment { name: name.to_owned() });
            }
            Some(act::variables::Meaning::Path) => {
                let safe = match value {
                    Value::One(word) => safe_path(word, shell),
                    _ => false,
                };
                if !safe {
                    effects.push(Effect::Environment { name: name.to_owned() });
                }
            }
        }
    }
}

/// Whether all folders of a `PATH` are those of the system or of the user's own tools.
fn safe_path(word: &Word, shell: &Shell<'_>) -> bool {
    let home = shell.context.home;
    word.text.split(':').all(|folder| {
        if folder == "$PATH" || folder == "${PATH}" {
            return true;
        }
        let tools = [
            ".cargo/bin",
            ".local/bin",
            "go/bin",
            ".npm-global/bin",
            ".bun/bin",
            ".deno/bin",
            ".pyenv",
            ".rbenv",
        ];
        let own = tools.iter().any(|tool| within(folder, &format!("{}/{tool}", home.trim_end_matches('/'))));
        let system =
            ["/bin", "/sbin", "/usr", "/opt/homebrew", "/snap/bin"].iter().any(|root| within(folder, root));
        let placed = locate(&Word::known(folder), &[], shell.context);
        (own || system) && folder.starts_with('/') && placed.iter().all(|(_, place)| *place != Place::Unknown)
    })
}
