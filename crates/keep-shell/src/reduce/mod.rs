//! From the tree to every simple command that would run.
//!
//! The walk keeps what the shell would know. Where a way may or may not be taken it follows both and
//! keeps what holds in both; a loop's body is walked again with whatever its turns change unknown. So
//! the parts found are those of every run, and where that cannot be promised `unknown` is set.

mod builtin;
mod compound;
mod expand;
mod redirect;
mod shell;
mod simple;

pub(crate) use shell::{Shell, Value};
pub(crate) use simple::quoted;

use crate::analysis::{Part, Via};
use crate::effect::{Effect, Origin};
use crate::limits::{MAX_DEPTH, MAX_STEPS};
use crate::parse::parse;
use crate::word::Word;
use brush_parser::ast;
use compound::joined;
use std::rc::Rc;

/// What is known of the text that flows between commands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Flow {
    /// The text itself.
    pub(crate) text: Option<String>,
    /// Some of it may come from the network.
    pub(crate) network: bool,
    /// Each line is a single name without a slash.
    pub(crate) plain: bool,
    /// Each line is a path below one of these patterns.
    pub(crate) names: Vec<String>,
    /// It is made of something encoded, so nobody can read it.
    pub(crate) decoded: bool,
    /// Something flows here at all: a pipe, a here-document, a file.
    pub(crate) given: bool,
}

impl Flow {
    pub(crate) fn of(text: impl Into<String>) -> Self {
        Self { text: Some(text.into()), given: true, ..Self::default() }
    }

    pub(crate) fn unknown() -> Self {
        Self { given: true, ..Self::default() }
    }
}

/// Walks trees and collects parts.
pub(crate) struct Reducer {
    pub(crate) parts: Vec<Part>,
    pub(crate) unknown: bool,
    pub(crate) unparsable: Option<String>,
    /// Files that this command line has fetched from the network so far.
    pub(crate) fetched: Vec<String>,
    pub(crate) via: Vec<Via>,
    /// Assignments among the words of a declaration, on their way to the builtin.
    declared: Vec<(String, Value)>,
    /// More than zero while the commands run in a container, whose paths are not ours.
    pub(crate) elsewhere: usize,
    /// Some text had `( (` or `) )`.
    spaced_parentheses: bool,
    steps: usize,
    depth: usize,
    calls: usize,
    /// The last command was `cd`, and fails where the folder is missing.
    changed_folder: bool,
    /// The last command ends the script or the function.
    ended: bool,
}

impl Reducer {
    pub(crate) fn new() -> Self {
        Self {
            parts: Vec::new(),
            unknown: false,
            unparsable: None,
            fetched: Vec::new(),
            via: Vec::new(),
            declared: Vec::new(),
            elsewhere: 0,
            spaced_parentheses: false,
            steps: 0,
            depth: 0,
            calls: 0,
            changed_folder: false,
            ended: false,
        }
    }

    /// Reads a text as a script and walks it.
    ///
    /// Notes whether parentheses stand apart that a sum would have together.
    pub(crate) fn script(&mut self, text: &str, shell: &mut Shell<'_>, stdin: &Flow) -> Flow {
        if self.depth >= MAX_DEPTH {
            self.cannot("scripts within scripts, too deep to follow");
            return Flow::unknown();
        }
        self.spaced_parentheses |= has_spaced_parentheses(text);
        match parse(text) {
            Ok(program) => {
                self.depth += 1;
                let flow = self.lists(&program.complete_commands, shell, stdin);
                self.depth -= 1;
                flow
            }
            Err(why) => {
                self.cannot(&why.to_string());
                Flow::unknown()
            }
        }
    }

    /// Walks a script that another shell would run.
    pub(crate) fn nested(&mut self, via: Via, text: &str, shell: &mut Shell<'_>, stdin: &Flow) -> Flow {
        self.via.push(via);
        let flow = self.script(text, shell, stdin);
        self.via.pop();
        flow
    }

    /// Notes that the text cannot be followed.
    pub(crate) fn cannot(&mut self, why: &str) {
        self.unknown = true;
        self.unparsable.get_or_insert_with(|| why.to_owned());
    }

    /// Counts a step; false when there were too many.
    pub(crate) fn step(&mut self) -> bool {
        self.steps += 1;
        if self.steps > MAX_STEPS {
            self.cannot("more commands than can be followed");
            return false;
        }
        true
    }

    fn lists(&mut self, lists: &[ast::CompoundList], shell: &mut Shell<'_>, stdin: &Flow) -> Flow {
        let before = self.parts.len();
        let mut last = Flow::unknown();
        let mut count = 0;
        for list in lists {
            count += list.0.len();
            last = self.list(list, shell, stdin);
        }
        if count == 1 { last } else { self.flow_since(before, &last) }
    }

    /// What several commands write together.
    fn flow_since(&self, before: usize, last: &Flow) -> Flow {
        let network = last.network || self.parts[before.min(self.parts.len())..].iter().any(fetches);
        Flow { network, ..Flow::unknown() }
    }

    pub(crate) fn list(&mut self, list: &ast::CompoundList, shell: &mut Shell<'_>, stdin: &Flow) -> Flow {
        let before = self.parts.len();
        let mut last = Flow::unknown();
        for ast::CompoundListItem(and_or, separator) in &list.0 {
            if matches!(separator, ast::SeparatorOperator::Async) {
                let mut child = shell.clone();
                self.via.push(Via::Subshell);
                last = self.and_or(and_or, &mut child, stdin);
                self.via.pop();
                self.ended = false;
            } else {
                last = self.and_or(and_or, shell, stdin);
            }
        }
        if list.0.len() == 1 { last } else { self.flow_since(before, &last) }
    }

    /// `a && b || c`: keeps the state of success and that of failure apart, because `cd x || exit`
    /// leaves only one of them.
    fn and_or(&mut self, list: &ast::AndOrList, shell: &mut Shell<'_>, stdin: &Flow) -> Flow {
        let before = self.parts.len();
        let mut start = shell.clone();
        self.changed_folder = false;
        let flow = self.pipeline(&list.first, shell, stdin);
        if list.additional.is_empty() && !self.changed_folder {
            return flow;
        }
        let mut good = (!self.ended).then(|| shell.clone());
        let mut bad = (!self.ended).then(|| {
            if self.changed_folder {
                start.variables = shell.variables.clone();
                start.clone()
            } else {
                shell.clone()
            }
        });
        for next in &list.additional {
            let (pipeline, side) = match next {
                ast::AndOr::And(pipeline) => (pipeline, &mut good),
                ast::AndOr::Or(pipeline) => (pipeline, &mut bad),
            };
            let and = matches!(next, ast::AndOr::And(_));
            // A side that cannot be reached is walked all the same; its parts count, its state not.
            let mut state = side.clone().unwrap_or_else(|| shell.clone());
            let reached = side.is_some();
            let mut failed = state.clone();
            self.changed_folder = false;
            self.ended = false;
            self.via.push(Via::Branch);
            self.pipeline(pipeline, &mut state, stdin);
            self.via.pop();
            let ended = self.ended;
            if !self.changed_folder {
                failed = state.clone();
            }
            let (good_after, bad_after) =
                if reached && !ended { (Some(state), Some(failed)) } else { (None, None) };
            if and {
                good = good_after;
                bad = joined(bad, bad_after);
            } else {
                good = joined(good, good_after);
                bad = bad_after;
            }
        }
        self.changed_folder = false;
        match joined(good, bad) {
            Some(state) => {
                *shell = state;
                self.ended = false;
            }
            None => self.ended = true,
        }
        if list.additional.is_empty() { flow } else { self.flow_since(before, &flow) }
    }

    fn pipeline(&mut self, pipeline: &ast::Pipeline, shell: &mut Shell<'_>, stdin: &Flow) -> Flow {
        if let [only] = pipeline.seq.as_slice() {
            return self.command(only, shell, stdin);
        }
        self.via.push(Via::Pipeline);
        let mut flow = stdin.clone();
        for command in &pipeline.seq {
            let mut child = shell.clone();
            let before = self.parts.len();
            let out = self.command(command, &mut child, &flow);
            let network = out.network || flow.network || self.parts[before..].iter().any(fetches);
            flow = Flow { network, given: true, ..out };
        }
        self.via.pop();
        self.ended = false;
        self.changed_folder = false;
        flow
    }

    fn command(&mut self, command: &ast::Command, shell: &mut Shell<'_>, stdin: &Flow) -> Flow {
        if !self.step() {
            return Flow::unknown();
        }
        self.changed_folder = false;
        self.ended = false;
        match command {
            ast::Command::Simple(simple) => self.simple(simple, shell, stdin),
            ast::Command::Compound(compound, redirects) => {
                let stdin = self.redirect_list(redirects.as_ref(), shell, stdin);
                self.compound(compound, shell, &stdin)
            }
            ast::Command::Function(definition) => {
                let bodies = vec![Rc::new(definition.body.clone())];
                // A body that nothing calls is walked too: somebody may call it by a name that is
                // not known here.
                shell.functions.insert(definition.fname.value.clone(), bodies);
                Flow::default()
            }
            ast::Command::ExtendedTest(test, redirects) => {
                self.redirect_list(redirects.as_ref(), shell, stdin);
                self.test(&test.expr, shell);
                Flow::default()
            }
        }
    }

    /// Calls a function with arguments.
    pub(crate) fn call(
        &mut self,
        bodies: &[Rc<ast::FunctionBody>],
        argv: &[Word],
        shell: &mut Shell<'_>,
        stdin: &Flow,
    ) -> Flow {
        // Depth costs stack and a recursion never ends here.
        if self.calls >= 12 {
            self.cannot("a function that calls itself, too deep to follow");
            return Flow::unknown();
        }
        let before = self.parts.len();
        let arguments = std::mem::replace(&mut shell.arguments, argv.to_vec());
        let known = std::mem::replace(&mut shell.arguments_known, argv.iter().all(|word| !word.several));
        let locals = std::mem::take(&mut shell.locals);
        self.calls += 1;
        self.via.push(Via::Function);
        let start = shell.clone();
        for (at, body) in bodies.iter().enumerate() {
            let mut taken = start.clone();
            let stdin = self.redirect_list(body.1.as_ref(), &mut taken, stdin);
            self.compound(&body.0, &mut taken, &stdin);
            if at == 0 {
                *shell = taken;
            } else {
                shell.join(&taken);
            }
        }
        self.via.pop();
        self.calls -= 1;
        self.ended = false;
        self.changed_folder = false;
        for (name, value) in std::mem::replace(&mut shell.locals, locals).into_iter().rev() {
            match value {
                Some(value) => shell.variables.insert(name, value),
                None => shell.variables.remove(&name),
            };
        }
        shell.arguments = arguments;
        shell.arguments_known = known;
        self.flow_since(before, &Flow::unknown())
    }

    /// Bodies of functions that nothing in the text called: a name that is decided when it runs may.
    pub(crate) fn uncalled(&mut self, shell: &mut Shell<'_>) {
        if !self.unknown {
            return;
        }
        let all: Vec<Rc<ast::FunctionBody>> = shell.functions.values().flatten().cloned().collect();
        for body in all {
            let mut child = shell.clone();
            child.arguments_known = false;
            self.call(&[body], &[], &mut child, &Flow::unknown());
        }
    }
}

fn has_spaced_parentheses(text: &str) -> bool {
    let mut last = None;
    let mut blank = false;
    for letter in text.chars() {
        if letter.is_whitespace() || letter == '\\' {
            blank = true;
            continue;
        }
        if blank && matches!((last, letter), (Some('('), '(') | (Some(')'), ')')) {
            return true;
        }
        last = Some(letter);
        blank = false;
    }
    false
}

/// Whether no parenthesis closes before it opens.
fn balanced(text: &str) -> bool {
    let mut open = 0_i32;
    text.bytes().all(|byte| {
        open += i32::from(byte == b'(') - i32::from(byte == b')');
        open >= 0
    })
}

/// Whether a text is a single name that is no option.
pub(crate) fn is_plain(text: &str) -> bool {
    !text.is_empty() && !text.contains('/') && !text.starts_with(['-', '~']) && text != ".." && text != "."
}

/// Whether a part takes something from another machine.
pub(crate) fn fetches(part: &Part) -> bool {
    part.effects.iter().any(|effect| {
        matches!(effect, Effect::Network { .. } | Effect::Code { origin: Origin::Network | Origin::Registry })
    })
}
