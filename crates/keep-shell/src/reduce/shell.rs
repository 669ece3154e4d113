//! What the shell would know at a point of the script: variables, functions, folders.

use crate::context::Context;
use crate::limits::{MAX_ELEMENTS, MAX_FOLDERS, MAX_VALUE};
use crate::word::Word;
use brush_parser::ast::FunctionBody;
use std::collections::BTreeMap;
use std::rc::Rc;

/// A variable's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    /// One text.
    One(Word),
    /// A list.
    Many(Vec<Word>),
    /// Cannot be known, or differs by the branch taken.
    Unknown,
    /// Certainly not set.
    Unset,
}

/// A variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Variable {
    pub(crate) value: Value,
    /// Programs that are started see it.
    pub(crate) exported: bool,
}

/// The state of a shell. Cheap to copy while little is set.
#[derive(Clone, Debug)]
pub(crate) struct Shell<'c> {
    pub(crate) context: &'c Context<'c>,
    pub(crate) variables: BTreeMap<String, Variable>,
    /// Bodies by name; several where branches define different ones.
    pub(crate) functions: BTreeMap<String, Vec<Rc<FunctionBody>>>,
    /// Texts by name.
    pub(crate) aliases: BTreeMap<String, Vec<String>>,
    /// Folders that the shell may stand in; `None` for one that cannot be known.
    pub(crate) folders: Vec<Option<String>>,
    /// `$0` and the positional parameters.
    pub(crate) arguments: Vec<Word>,
    /// Whether the positional parameters are all there are.
    pub(crate) arguments_known: bool,
    /// Variables to put back when the function ends.
    pub(crate) locals: Vec<(String, Option<Variable>)>,
}

impl<'c> Shell<'c> {
    pub(crate) fn new(context: &'c Context<'c>) -> Self {
        Self {
            context,
            variables: BTreeMap::new(),
            functions: BTreeMap::new(),
            aliases: BTreeMap::new(),
            folders: vec![Some(crate::path::normalise("/", context.cwd))],
            arguments: Vec::new(),
            arguments_known: false,
            locals: Vec::new(),
        }
    }

    /// The shell that a program starts: it gets the environment and nothing else.
    pub(crate) fn child(&self) -> Self {
        let mut child = Self::new(self.context);
        child.folders = self.folders.clone();
        for (name, variable) in &self.variables {
            if variable.exported {
                child.variables.insert(name.clone(), variable.clone());
            } else if self.context.variable(name).is_some() {
                // What the environment had is exported and so is its new value.
                child.variables.insert(name.clone(), Variable { exported: true, ..variable.clone() });
            }
        }
        child
    }

    /// The shell at some later time: what is set now may be anything then.
    pub(crate) fn later(&self) -> Self {
        let mut later = self.clone();
        for variable in later.variables.values_mut() {
            variable.value = Value::Unknown;
        }
        later.arguments_known = false;
        later.arguments.clear();
        later
    }

    /// A variable's value; unknown when nobody said.
    pub(crate) fn get(&self, name: &str) -> Value {
        match self.variables.get(name) {
            Some(variable) => variable.value.clone(),
            None => match self.context.variable(name) {
                Some(text) => Value::One(Word::known(text)),
                None => Value::Unknown,
            },
        }
    }

    pub(crate) fn set(&mut self, name: &str, value: Value) {
        let value = match value {
            Value::One(word) if word.text.len() > MAX_VALUE => Value::Unknown,
            Value::Many(words) if words.len() > MAX_ELEMENTS => Value::Unknown,
            value => value,
        };
        let exported = self.variables.get(name).is_some_and(|variable| variable.exported);
        self.variables.insert(name.to_owned(), Variable { value, exported });
    }

    pub(crate) fn export(&mut self, name: &str) {
        let value = self.get(name);
        self.variables.insert(name.to_owned(), Variable { value, exported: true });
    }

    /// Changes folder; from each folder that it may stand in.
    pub(crate) fn enter(&mut self, to: Option<&Word>) {
        let mut folders = Vec::new();
        for folder in &self.folders {
            let next = match (to.and_then(Word::as_known), folder) {
                (Some(to), _) if to.starts_with('/') => Some(crate::path::normalise("/", to)),
                (Some(to), Some(folder)) => Some(crate::path::normalise(folder, to)),
                _ => None,
            };
            let next = match (next, self.context.resolve) {
                (Some(next), Some(resolve)) => Some(resolve(&next).unwrap_or(next)),
                (next, _) => next,
            };
            if !folders.contains(&next) {
                folders.push(next);
            }
        }
        self.folders = folders;
        let folder = self.folders.first().cloned().flatten();
        let one = self.folders.len() == 1;
        self.set(
            "PWD",
            folder.filter(|_| one).map_or(Value::Unknown, |folder| Value::One(Word::known(folder))),
        );
    }

    /// What holds whichever of two ways was taken.
    pub(crate) fn join(&mut self, other: &Self) {
        let mut names: Vec<String> = self.variables.keys().cloned().collect();
        names.extend(other.variables.keys().filter(|name| !self.variables.contains_key(*name)).cloned());
        for name in names {
            if self.get(&name) != other.get(&name) {
                let exported = [&*self, other]
                    .iter()
                    .any(|shell| shell.variables.get(&name).is_some_and(|variable| variable.exported));
                self.variables.insert(name, Variable { value: Value::Unknown, exported });
            }
        }
        for (name, bodies) in &other.functions {
            let own = self.functions.entry(name.clone()).or_default();
            for body in bodies {
                if !own.iter().any(|known| Rc::ptr_eq(known, body)) {
                    own.push(Rc::clone(body));
                }
            }
        }
        for (name, texts) in &other.aliases {
            let own = self.aliases.entry(name.clone()).or_default();
            for text in texts {
                if !own.contains(text) {
                    own.push(text.clone());
                }
            }
        }
        for folder in &other.folders {
            if !self.folders.contains(folder) {
                self.folders.push(folder.clone());
            }
        }
        if self.folders.len() > MAX_FOLDERS {
            self.folders = vec![None];
        }
        if self.arguments != other.arguments {
            self.arguments_known = false;
        }
    }

    /// Whether anything differs that a loop's next turn would see.
    pub(crate) fn same_variables(&self, other: &Self) -> bool {
        self.variables == other.variables
            && self.folders == other.folders
            && self.arguments == other.arguments
    }
}
