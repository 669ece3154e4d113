//! Reads a pickle without doing what it says.
//!
//! A pickle is a program for a small stack machine. This one knows the instructions that torch writes (the
//! binary ones of protocols 2 to 4), builds plain values, and treats every call as data: either it is one
//! of the few that make a tensor, whose arguments are noted, or it becomes a node that holds its arguments.
//! No name is resolved to anything that could run.

use super::call::{call, storage};
use super::global::global;
use super::op;
use super::value::{Part, Pickled, Value};
use crate::format::Limits;
use crate::format::bytes::Bytes;
use crate::format::stop::{Stop, unfit};
use std::collections::HashMap;

/// The machine's state.
struct Machine<'a, 'l> {
    limits: &'l Limits,
    bytes: Bytes<'a>,
    stack: Vec<Value<'a>>,
    /// Where on the stack each open mark stands.
    marks: Vec<usize>,
    memo: Vec<Value<'a>>,
    /// Parts of all nodes together.
    parts: usize,
    /// Storages by their keys.
    keys: HashMap<&'a [u8], usize>,
    built: Pickled<'a>,
}

/// Why a pickle is not read to its end.
pub(super) enum Fault {
    /// It breaks off, or takes from an empty stack.
    Broken,
    /// An instruction that torch does not write.
    Unknown(u8),
    /// It holds more than the limits allow.
    TooMuch,
}

/// What the pickle at the start of these bytes builds, and the bytes after it.
pub(super) fn run<'a>(pickle: &'a [u8], limits: &Limits) -> Result<(Pickled<'a>, &'a [u8]), Stop> {
    let mut machine = Machine {
        limits,
        bytes: Bytes::new(pickle),
        stack: Vec::new(),
        marks: Vec::new(),
        memo: Vec::new(),
        parts: 0,
        keys: HashMap::new(),
        built: Pickled { root: Value::Opaque, nodes: Vec::new(), storages: Vec::new(), views: Vec::new() },
    };
    machine.built.root = machine.run().map_err(|fault| {
        let at = pickle.len() - machine.bytes.rest().len();
        unfit(match fault {
            Fault::Broken => format!("the pickle is damaged near byte {at}"),
            Fault::Unknown(code) => {
                format!("the pickle holds the instruction {code:#04x}, which torch does not write")
            }
            Fault::TooMuch => "the pickle holds more than a model needs".to_owned(),
        })
    })?;
    Ok((machine.built, machine.bytes.rest()))
}

impl<'a> Machine<'a, '_> {
    fn run(&mut self) -> Result<Value<'a>, Fault> {
        for _ in 0..self.limits.opcodes {
            match self.bytes.u8().ok_or(Fault::Broken)? {
                op::STOP => return self.pop(),
                code => self.step(code)?,
            }
            let held = self.stack.len().max(self.marks.len()).max(self.parts).max(self.built.nodes.len());
            if held > self.limits.values || self.built.views.len() as u64 > self.limits.tensors {
                return Err(Fault::TooMuch);
            }
        }
        Err(Fault::TooMuch)
    }

    fn step(&mut self, code: u8) -> Result<(), Fault> {
        match code {
            op::PROTO => self.skip(1),
            op::FRAME => self.skip(8),
            op::MARK => {
                self.marks.push(self.stack.len());
                Ok(())
            }
            op::POP => self.drop_top(),
            op::POP_MARK => self.since_mark().map(drop),
            op::DUP => self.top().map(|top| self.stack.push(top)),
            op::NONE | op::NEWTRUE | op::NEWFALSE => self.push(Value::Opaque),
            op::BINGET | op::LONG_BINGET | op::BINPUT | op::LONG_BINPUT | op::MEMOIZE => self.remember(code),
            op::GLOBAL => {
                let module = self.bytes.until(b'\n').ok_or(Fault::Broken)?;
                let name = self.bytes.until(b'\n').ok_or(Fault::Broken)?;
                self.push(Value::Global(global(module, name)))
            }
            op::STACK_GLOBAL => self.stack_global(),
            op::NEWOBJ_EX => {
                // Keyword arguments; tensors are never among them.
                self.pop()?;
                self.call()
            }
            op::REDUCE | op::NEWOBJ => self.call(),
            op::BINPERSID => self.persistent(),
            _ => self.build(code),
        }
    }

    /// Containers and what goes into them.
    fn build(&mut self, code: u8) -> Result<(), Fault> {
        match code {
            op::EMPTY_TUPLE | op::EMPTY_LIST | op::EMPTY_DICT | op::EMPTY_SET => self.push_node(Vec::new()),
            op::TUPLE1 => self.tuple(1),
            op::TUPLE2 => self.tuple(2),
            op::TUPLE3 => self.tuple(3),
            op::TUPLE | op::LIST | op::FROZENSET => {
                let values = self.since_mark()?;
                self.push_list(values)
            }
            op::APPEND => {
                let value = self.pop()?;
                self.append(vec![value])
            }
            op::APPENDS | op::ADDITEMS => {
                let values = self.since_mark()?;
                self.append(values)
            }
            op::SETITEM => {
                let (value, key) = (self.pop()?, self.pop()?);
                self.add(vec![(key, value)])
            }
            op::SETITEMS => {
                let values = self.since_mark()?;
                self.add(pairs(&values))
            }
            op::DICT => {
                let values = self.since_mark()?;
                self.push_node(pairs(&values))
            }
            op::BUILD => {
                let state = self.pop()?;
                self.add(vec![(Value::Opaque, state)])
            }
            _ => {
                let value = op::literal(code, &mut self.bytes)?;
                self.push(value)
            }
        }
    }

    fn skip(&mut self, len: usize) -> Result<(), Fault> {
        self.bytes.take(len).map(drop).ok_or(Fault::Broken)
    }

    fn push(&mut self, value: Value<'a>) -> Result<(), Fault> {
        self.stack.push(value);
        Ok(())
    }

    /// The lowest place that the present instruction may take from: what lies below an open mark belongs
    /// to whoever opened it.
    fn floor(&self) -> usize {
        self.marks.last().copied().unwrap_or(0)
    }

    fn top(&self) -> Result<Value<'a>, Fault> {
        self.stack.get(self.floor()..).and_then(|open| open.last()).copied().ok_or(Fault::Broken)
    }

    fn pop(&mut self) -> Result<Value<'a>, Fault> {
        let top = self.top()?;
        self.stack.pop();
        Ok(top)
    }

    /// Python's own reader takes a mark with this instruction where one is on top.
    fn drop_top(&mut self) -> Result<(), Fault> {
        if self.marks.last() == Some(&self.stack.len()) {
            self.marks.pop();
            return Ok(());
        }
        self.pop().map(drop)
    }

    fn since_mark(&mut self) -> Result<Vec<Value<'a>>, Fault> {
        let mark = self.marks.pop().ok_or(Fault::Broken)?;
        Ok(self.stack.split_off(mark))
    }

    fn remember(&mut self, code: u8) -> Result<(), Fault> {
        let index = match code {
            op::MEMOIZE => Some(self.memo.len()),
            op::BINGET | op::BINPUT => self.bytes.u8().map(usize::from),
            _ => self.bytes.u32().and_then(|index| usize::try_from(index).ok()),
        };
        let index = index.ok_or(Fault::Broken)?;
        if matches!(code, op::BINGET | op::LONG_BINGET) {
            let value = *self.memo.get(index).ok_or(Fault::Broken)?;
            return self.push(value);
        }
        // Numbers are given out one after the other, so a list does; one far beyond it is a bomb.
        if index >= self.limits.values {
            return Err(Fault::TooMuch);
        }
        let top = self.top()?;
        if index >= self.memo.len() {
            self.memo.resize(index + 1, Value::Opaque);
        }
        self.memo[index] = top;
        Ok(())
    }

    fn push_node(&mut self, parts: Vec<Part<'a>>) -> Result<(), Fault> {
        self.parts += parts.len();
        self.built.nodes.push(parts);
        self.push(Value::Node(self.built.nodes.len() - 1))
    }

    fn push_list(&mut self, values: Vec<Value<'a>>) -> Result<(), Fault> {
        self.push_node((0..).map(Value::Int).zip(values).collect())
    }

    fn tuple(&mut self, len: usize) -> Result<(), Fault> {
        let start = self.stack.len().checked_sub(len).filter(|start| *start >= self.floor());
        let values = self.stack.split_off(start.ok_or(Fault::Broken)?);
        self.push_list(values)
    }

    fn append(&mut self, values: Vec<Value<'a>>) -> Result<(), Fault> {
        let start = match self.top()? {
            Value::Node(node) => self.built.nodes[node].len() as i64,
            _ => 0,
        };
        self.add((start..).map(Value::Int).zip(values).collect())
    }

    /// Gives parts to what is on top. A value that has none, such as a tensor with attributes, stays as
    /// it is.
    fn add(&mut self, parts: Vec<Part<'a>>) -> Result<(), Fault> {
        if let Value::Node(node) = self.top()? {
            self.parts += parts.len();
            self.built.nodes[node].extend(parts);
        }
        Ok(())
    }

    fn stack_global(&mut self) -> Result<(), Fault> {
        let (name, module) = (self.pop()?, self.pop()?);
        self.push(match (module, name) {
            (Value::Text(module), Value::Text(name)) => Value::Global(global(module, name)),
            _ => Value::Opaque,
        })
    }

    /// A call that is not known is what it was called with: its arguments may hold tensors.
    fn call(&mut self) -> Result<(), Fault> {
        let (arguments, callee) = (self.pop()?, self.pop()?);
        match call(&mut self.built, self.limits.rank, callee, arguments) {
            Some(value) => self.push(value),
            None => {
                let parts = self.built.parts(arguments).to_vec();
                self.push_node(parts)
            }
        }
    }

    /// A reference to what lies outside the pickle, which torch uses for storages.
    fn persistent(&mut self) -> Result<(), Fault> {
        let id = self.pop()?;
        let Some(storage) = storage(self.built.parts(id)) else { return self.push(Value::Opaque) };
        let next = self.built.storages.len();
        let index = *self.keys.entry(storage.key).or_insert(next);
        if index == next {
            self.built.storages.push(storage);
        }
        self.push(Value::Storage(index))
    }
}

/// Keys and values that take turns.
fn pairs<'a>(values: &[Value<'a>]) -> Vec<Part<'a>> {
    values.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect()
}
