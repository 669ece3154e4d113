//! Simple commands: words, assignments and redirections put together and handed to whoever runs them.

use super::builtin::is_declaration;
use super::redirect::Redirected;
use super::{Flow, Reducer, Shell, Value};
use crate::act;
use crate::analysis::{Part, Redirect, Via};
use crate::effect::{Effect, Kind, Origin};
use crate::limits::MAX_WRAPPERS;
use crate::risk;
use crate::word::{Sort, Word};
use brush_parser::ast::{self, AssignmentName, AssignmentValue, CommandPrefixOrSuffixItem as Item};
use keep_types::Risk;

/// A simple command taken apart.
#[derive(Default)]
struct Taken {
    argv: Vec<Word>,
    assignments: Vec<(String, Value)>,
    redirected: Redirected,
}

impl Reducer {
    pub(super) fn simple(
        &mut self,
        simple: &ast::SimpleCommand,
        shell: &mut Shell<'_>,
        stdin: &Flow,
    ) -> Flow {
        let mut taken = Taken::default();
        for item in simple.prefix.iter().flat_map(|prefix| &prefix.0) {
            self.item(item, &mut taken, shell);
        }
        if let Some(word) = &simple.word_or_name {
            taken.argv = self.fields(&word.value, shell);
        }
        for item in simple.suffix.iter().flat_map(|suffix| &suffix.0) {
            self.item(item, &mut taken, shell);
        }
        let Taken { argv, assignments, redirected } = taken;
        let Redirected { redirects, effects, stdin: own_stdin, away } = redirected;
        let stdin = own_stdin.unwrap_or_else(|| stdin.clone());
        if argv.is_empty() {
            return self.bare(assignments, redirects, effects, shell, stdin);
        }
        let mut shown = Vec::new();
        let mut effects = effects;
        let mut during = None;
        for (name, value) in assignments {
            self.environment(&name, &value, &mut effects, shell);
            during.get_or_insert_with(|| shell.clone());
            shown.push((name, shown_value(&value)));
        }
        let flow = match during {
            None => self.run(argv, shown, redirects, effects, shell, &stdin),
            Some(mut child) => {
                // The assignments hold for this command alone.
                for (name, word) in &shown {
                    child.set(name, Value::One(word.clone()));
                    child.export(name);
                }
                self.run(argv, shown, redirects, effects, &mut child, &stdin)
            }
        };
        if away {
            Flow { network: flow.network, given: true, text: Some(String::new()), ..Flow::default() }
        } else {
            flow
        }
    }

    /// Assignments or redirections without a command.
    fn bare(
        &mut self,
        assignments: Vec<(String, Value)>,
        redirects: Vec<Redirect>,
        mut effects: Vec<Effect>,
        shell: &mut Shell<'_>,
        stdin: Flow,
    ) -> Flow {
        let mut shown = Vec::new();
        for (name, value) in assignments {
            self.environment(&name, &value, &mut effects, shell);
            shown.push((name.clone(), shown_value(&value)));
            shell.set(&name, value);
        }
        if !redirects.is_empty() || !effects.is_empty() || !shown.is_empty() {
            self.emit(Vec::new(), None, shown, redirects, effects);
        }
        stdin
    }

    fn item(&mut self, item: &Item, taken: &mut Taken, shell: &mut Shell<'_>) {
        match item {
            Item::IoRedirect(redirect) => self.redirect(redirect, &mut taken.redirected, shell),
            Item::Word(word) => {
                let words = self.fields(&word.value, shell);
                taken.argv.extend(words);
            }
            Item::ProcessSubstitution(kind, command) => {
                let word = self.process(kind, command, shell);
                taken.argv.push(word);
            }
            Item::AssignmentWord(assignment, word) if taken.argv.is_empty() => {
                let value = self.assigned(assignment, shell);
                let name = name_of(assignment);
                // What stands later in a row of assignments sees the earlier ones.
                taken.assignments.push((name, value));
                let _ = word;
            }
            Item::AssignmentWord(assignment, word) => {
                let declares = taken.argv[0].as_known().is_some_and(is_declaration);
                // Words of a declaration are expanded like all words, braces too.
                let braces = word.value.contains('{')
                    && crate::word::brace::expand(&word.value).is_none_or(|words| words.len() != 1);
                match (&assignment.value, declares && !braces) {
                    (AssignmentValue::Scalar(_), false) => {
                        let words = self.fields(&word.value, shell);
                        taken.argv.extend(words);
                    }
                    _ => {
                        let value = self.assigned(assignment, shell);
                        let name = name_of(assignment);
                        let shown = shown_value(&value);
                        taken.argv.push(Word { text: format!("{name}={}", shown.text), ..shown });
                        if declares {
                            taken.assignments.push((format!("\0{name}"), value));
                        }
                    }
                }
            }
        }
        // Declarations are carried out by the builtin; here they only reach it.
        self.declared.extend(
            taken
                .assignments
                .extract_if(.., |(name, _)| name.starts_with('\0'))
                .map(|(name, value)| (name[1..].to_owned(), value)),
        );
    }

    fn assigned(&mut self, assignment: &ast::Assignment, shell: &mut Shell<'_>) -> Value {
        if let AssignmentName::ArrayElementName(_, index) = &assignment.name {
            self.arithmetic(index, shell);
        }
        let old = shell.get(&name_of(assignment));
        let whole = matches!(assignment.name, AssignmentName::VariableName(_));
        match &assignment.value {
            AssignmentValue::Scalar(word) => {
                let word = self.single(&word.value, shell);
                // Whatever reads it as a number runs what its subscripts hold.
                self.subscripts(&word, shell);
                match (assignment.append, old) {
                    _ if !whole => Value::Unknown,
                    (false, _) => Value::One(word),
                    (true, Value::One(old)) if old.sort == Sort::Known && word.sort == Sort::Known => {
                        Value::One(Word { text: old.text + &word.text, ..word })
                    }
                    _ => Value::Unknown,
                }
            }
            AssignmentValue::Array(items) => {
                let mut list = Vec::new();
                let mut indexed = false;
                for (index, word) in items {
                    if let Some(index) = index {
                        self.arithmetic(&index.value, shell);
                        indexed = true;
                    }
                    let words = self.fields(&word.value, shell);
                    words.iter().for_each(|word| self.subscripts(word, shell));
                    list.extend(words);
                }
                match (assignment.append, old) {
                    _ if indexed || !whole => Value::Unknown,
                    (false, _) => Value::Many(list),
                    (true, Value::Many(mut old)) => {
                        old.extend(list);
                        Value::Many(old)
                    }
                    (true, Value::Unset) => Value::Many(list),
                    _ => Value::Unknown,
                }
            }
        }
    }

    /// Adds a part; effects become reasons here and nowhere else.
    pub(crate) fn emit(
        &mut self,
        argv: Vec<Word>,
        program: Option<String>,
        assignments: Vec<(String, Word)>,
        redirects: Vec<Redirect>,
        effects: Vec<Effect>,
    ) {
        let mut effects = effects;
        if self.elsewhere > 0 {
            effects.retain(|effect| !matches!(effect, Effect::Path { .. }));
        }
        let mut reasons: Vec<risk::Reason> = Vec::new();
        for reason in effects.iter().filter_map(risk::reason) {
            if !reasons.contains(&reason) {
                reasons.push(reason);
            }
        }
        reasons.sort_by_key(|reason| std::cmp::Reverse(reason.risk));
        let risk = reasons.first().map_or(Risk::Low, |reason| reason.risk);
        let part =
            Part { argv, program, via: self.via.clone(), assignments, redirects, effects, risk, reasons };
        // A loop that is walked again finds the same again.
        if !self.parts.iter().rev().take(64).any(|known| *known == part) {
            self.parts.push(part);
        }
    }

    /// Runs a command whose words are known: a function, an alias, a builtin or a program.
    pub(crate) fn run(
        &mut self,
        argv: Vec<Word>,
        assignments: Vec<(String, Word)>,
        redirects: Vec<Redirect>,
        mut effects: Vec<Effect>,
        shell: &mut Shell<'_>,
        stdin: &Flow,
    ) -> Flow {
        if !self.step() {
            return Flow::unknown();
        }
        if self.via.len() > MAX_WRAPPERS {
            self.cannot("more programs start one another than can be followed");
            return Flow::unknown();
        }
        let Some(name) = argv.first() else { return stdin.clone() };
        let Some(name) = name.as_known().filter(|_| !name.several).map(str::to_owned) else {
            self.unknown = true;
            let origin = if name.from_network { Origin::Network } else { Origin::Unseen };
            effects.push(if name.from_network {
                Effect::Code { origin }
            } else {
                Effect::Undecided { what: name.text.clone() }
            });
            self.emit(argv, None, assignments, redirects, effects);
            return Flow::unknown();
        };
        if let Some(texts) = shell.aliases.get(&name).cloned() {
            // Only shells that expand aliases do this; the others run the program of that name.
            let rest: Vec<String> = argv[1..].iter().map(|word| quoted(&word.text)).collect();
            for text in texts {
                let mut child = shell.clone();
                child.aliases.remove(&name);
                self.nested(Via::Alias, &format!("{text} {}", rest.join(" ")), &mut child, stdin);
            }
        }
        if let Some(bodies) = shell.functions.get(&name).cloned() {
            if !redirects.is_empty() || !assignments.is_empty() {
                self.emit(Vec::new(), None, assignments, redirects, effects);
            }
            return self.call(&bodies, &argv, shell, stdin);
        }
        self.program(name, argv, assignments, redirects, effects, shell, stdin)
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one command, handed on once")]
    fn program(
        &mut self,
        name: String,
        argv: Vec<Word>,
        assignments: Vec<(String, Word)>,
        redirects: Vec<Redirect>,
        mut effects: Vec<Effect>,
        shell: &mut Shell<'_>,
        stdin: &Flow,
    ) -> Flow {
        // The part comes before whatever it runs in turn, so its place is kept.
        let at = self.parts.len();
        self.emit(argv.clone(), None, assignments.clone(), redirects.clone(), Vec::new());
        let kept = self.parts.len() > at;
        let outcome = match self.builtin(&name, &argv, shell, stdin, &mut effects) {
            Some(flow) => act::Outcome { program: Some(name), flow },
            None => act::act(self, &argv, shell, stdin, &mut effects),
        };
        if !redirects.is_empty() && effects.iter().any(|effect| matches!(effect, Effect::Network { .. })) {
            for redirect in &redirects {
                if redirect.operator.starts_with('>') {
                    self.fetched.push(redirect.target.text.clone());
                }
            }
        }
        if kept {
            self.parts.remove(at);
        }
        let mut after = self.parts.split_off(at.min(self.parts.len()));
        if leaves_a_shell_open(&outcome.program, &redirects) {
            effects.push(Effect::Act { kind: Kind::ShellOut });
        }
        self.emit(argv, outcome.program, assignments, redirects, effects);
        self.parts.append(&mut after);
        outcome.flow
    }
}

/// `bash -i >& /dev/tcp/…`: a shell whose streams are a connection.
fn leaves_a_shell_open(program: &Option<String>, redirects: &[Redirect]) -> bool {
    let shell = matches!(
        program.as_deref(),
        Some("sh" | "bash" | "zsh" | "dash" | "ksh" | "fish" | "exec" | "python3" | "perl" | "ruby")
    );
    shell
        && redirects.iter().any(|redirect| {
            redirect.target.text.starts_with("/dev/tcp/") || redirect.target.text.starts_with("/dev/udp/")
        })
}

/// A text as one word of a script.
pub(crate) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

fn name_of(assignment: &ast::Assignment) -> String {
    match &assignment.name {
        AssignmentName::VariableName(name) | AssignmentName::ArrayElementName(name, _) => name.clone(),
    }
}

fn shown_value(value: &Value) -> Word {
    match value {
        Value::One(word) => word.clone(),
        Value::Many(list) => {
            let texts: Vec<&str> = list.iter().map(|word| word.text.as_str()).collect();
            Word::unknown(format!("({})", texts.join(" ")))
        }
        Value::Unknown => Word::unknown("?"),
        Value::Unset => Word::default(),
    }
}
