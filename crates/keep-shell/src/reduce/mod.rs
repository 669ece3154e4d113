//! From the tree to every simple command that would run.
//!
//! The walk keeps what the shell would know. Where a way may or may not be taken it follows both and
//! keeps what holds in both; a loop's body is walked again with whatever its turns change unknown. So
//! the parts found are those of every run, and where that cannot be promised `unknown` is set.

mod builtin;
mod expand;
mod redirect;
mod shell;
mod simple;

pub(crate) use shell::{Shell, Value};
pub(crate) use simple::quoted;

use crate::analysis::{Part, Via};
use crate::effect::{Effect, Origin};
use crate::limits::{MAX_DEPTH, MAX_STEPS, MAX_TURNS};
use crate::parse::parse;
use crate::word::Word;
use brush_parser::ast;
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

    fn compound(&mut self, compound: &ast::CompoundCommand, shell: &mut Shell<'_>, stdin: &Flow) -> Flow {
        let before = self.parts.len();
        match compound {
            ast::CompoundCommand::BraceGroup(group) => return self.list(&group.list, shell, stdin),
            ast::CompoundCommand::Subshell(group) => {
                let mut child = shell.clone();
                self.via.push(Via::Subshell);
                let flow = self.list(&group.list, &mut child, stdin);
                self.via.pop();
                self.ended = false;
                return flow;
            }
            ast::CompoundCommand::Arithmetic(sum) => {
                let text = sum.expr.value.as_str();
                self.arithmetic(text, shell);
                if self.spaced_parentheses || !balanced(text) {
                    // The parser takes `( (a) )` and `((a); (b))` for sums; bash runs them.
                    let mut child = shell.clone();
                    return self.nested(Via::Subshell, &format!("({text}\n)"), &mut child, stdin);
                }
            }
            ast::CompoundCommand::ArithmeticForClause(clause) => {
                for sum in [&clause.initializer, &clause.condition, &clause.updater].into_iter().flatten() {
                    self.arithmetic(&sum.value, shell);
                }
                self.turns(shell, |reducer, shell| {
                    reducer.list(&clause.body.list, shell, stdin);
                });
            }
            ast::CompoundCommand::ForClause(clause) => self.for_clause(clause, shell, stdin),
            ast::CompoundCommand::CaseClause(clause) => self.case_clause(clause, shell, stdin),
            ast::CompoundCommand::IfClause(clause) => self.if_clause(clause, shell, stdin),
            ast::CompoundCommand::WhileClause(clause) | ast::CompoundCommand::UntilClause(clause) => {
                self.turns(shell, |reducer, shell| {
                    reducer.list(&clause.0, shell, stdin);
                    reducer.list(&clause.1.list, shell, stdin);
                });
            }
            ast::CompoundCommand::Coprocess(clause) => {
                let mut child = shell.clone();
                self.via.push(Via::Subshell);
                self.command(&clause.body, &mut child, stdin);
                self.via.pop();
            }
        }
        self.ended = false;
        self.flow_since(before, &Flow::unknown())
    }

    /// Walks a loop's body: once as it begins, and again with whatever a turn changes unknown.
    fn turns(&mut self, shell: &mut Shell<'_>, mut body: impl FnMut(&mut Self, &mut Shell<'_>)) {
        self.via.push(Via::Loop);
        let start = shell.clone();
        // What a turn changes may itself depend on what the turn before changed.
        for _ in 0..3 {
            let mut after = shell.clone();
            body(self, &mut after);
            let known = shell.clone();
            shell.join(&after);
            if shell.same_variables(&known) {
                break;
            }
        }
        shell.join(&start);
        self.via.pop();
    }

    fn for_clause(&mut self, clause: &ast::ForClauseCommand, shell: &mut Shell<'_>, stdin: &Flow) {
        let values: Vec<Word> = match &clause.values {
            Some(words) => words.iter().flat_map(|word| self.fields(&word.value, shell)).collect(),
            None => self.all_arguments(shell),
        };
        let exact = values.iter().all(|value| !value.several) && values.len() <= MAX_TURNS;
        let name = clause.variable_name.as_str();
        if exact {
            self.via.push(Via::Loop);
            let start = shell.clone();
            for value in &values {
                shell.set(name, Value::One(value.clone()));
                self.list(&clause.body.list, shell, stdin);
            }
            self.via.pop();
            // `break` may end it after any turn.
            shell.join(&start);
            return;
        }
        let value = common_value(&values);
        self.turns(shell, |reducer, shell| {
            shell.set(name, value.clone());
            reducer.list(&clause.body.list, shell, stdin);
        });
    }

    fn if_clause(&mut self, clause: &ast::IfClauseCommand, shell: &mut Shell<'_>, stdin: &Flow) {
        self.list(&clause.condition, shell, stdin);
        let mut after = self.branch(&clause.then, shell, stdin);
        let mut otherwise = true;
        for part in clause.elses.iter().flatten() {
            if let Some(condition) = &part.condition {
                self.list(condition, shell, stdin);
            } else {
                otherwise = false;
            }
            after = joined(after, self.branch(&part.body, shell, stdin));
        }
        if otherwise {
            after = joined(after, Some(shell.clone()));
        }
        if let Some(after) = after {
            *shell = after;
        }
        self.ended = false;
    }

    /// A branch that may be taken; the state after it unless it ends the script.
    fn branch<'c>(&mut self, list: &ast::CompoundList, shell: &Shell<'c>, stdin: &Flow) -> Option<Shell<'c>> {
        let mut taken = shell.clone();
        self.ended = false;
        self.via.push(Via::Branch);
        self.list(list, &mut taken, stdin);
        self.via.pop();
        (!self.ended).then_some(taken)
    }

    fn case_clause(&mut self, clause: &ast::CaseClauseCommand, shell: &mut Shell<'_>, stdin: &Flow) {
        self.single(&clause.value.value, shell);
        let mut after = Some(shell.clone());
        for case in &clause.cases {
            for pattern in &case.patterns {
                self.single(&pattern.value, shell);
            }
            if let Some(list) = &case.cmd {
                // `;&` runs on into the next case, so what one case left another may find.
                let mut taken = after.clone().unwrap_or_else(|| shell.clone());
                self.via.push(Via::Branch);
                self.list(list, &mut taken, stdin);
                self.via.pop();
                after = joined(after, Some(taken));
            }
        }
        if let Some(after) = after {
            *shell = after;
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

    fn test(&mut self, test: &ast::ExtendedTestExpr, shell: &mut Shell<'_>) {
        match test {
            ast::ExtendedTestExpr::And(left, right) | ast::ExtendedTestExpr::Or(left, right) => {
                self.test(left, shell);
                self.test(right, shell);
            }
            ast::ExtendedTestExpr::Not(inner) | ast::ExtendedTestExpr::Parenthesized(inner) => {
                self.test(inner, shell);
            }
            ast::ExtendedTestExpr::UnaryTest(_, word) => {
                let word = self.single(&word.value, shell);
                self.subscripts(&word, shell);
            }
            ast::ExtendedTestExpr::BinaryTest(_, left, right) => {
                for word in [left, right] {
                    let word = self.single(&word.value, shell);
                    self.subscripts(&word, shell);
                }
            }
        }
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

fn joined<'c>(one: Option<Shell<'c>>, other: Option<Shell<'c>>) -> Option<Shell<'c>> {
    match (one, other) {
        (Some(mut one), Some(other)) => {
            one.join(&other);
            Some(one)
        }
        (one, other) => one.or(other),
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

/// One value that stands for all the turns of a loop.
fn common_value(values: &[Word]) -> Value {
    let first = values.first();
    match first {
        Some(first) if values.iter().all(|value| value == first) => {
            Value::One(Word { several: false, ..first.clone() })
        }
        // Names without a slash stay in the folder, whichever they are.
        Some(_) if values.iter().all(|value| value.plain || value.as_known().is_some_and(is_plain)) => {
            Value::One(Word { plain: true, ..Word::unknown("*") })
        }
        _ => Value::Unknown,
    }
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
