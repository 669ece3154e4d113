//! Compound commands: groups, loops, choices and tests. Where a way may or may not be taken both are
//! followed, and what holds in both is kept.

use super::{Flow, Reducer, Shell, Value, balanced, is_plain};
use crate::analysis::Via;
use crate::limits::MAX_TURNS;
use crate::word::Word;
use brush_parser::ast;

impl Reducer {
    pub(super) fn compound(
        &mut self,
        compound: &ast::CompoundCommand,
        shell: &mut Shell<'_>,
        stdin: &Flow,
    ) -> Flow {
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

    pub(super) fn test(&mut self, test: &ast::ExtendedTestExpr, shell: &mut Shell<'_>) {
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
}

pub(super) fn joined<'c>(one: Option<Shell<'c>>, other: Option<Shell<'c>>) -> Option<Shell<'c>> {
    match (one, other) {
        (Some(mut one), Some(other)) => {
            one.join(&other);
            Some(one)
        }
        (one, other) => one.or(other),
    }
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
