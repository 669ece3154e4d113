//! Values inside JSON: strings, keys, numbers, and bytes printed as lists of numbers.

use crate::{MIN_BYTES, Redactor};
use serde_json::{Map, Value};
use std::borrow::Cow;

impl Redactor {
    /// Replaces every value in strings, in object keys, in numbers by their digits (which become a
    /// string), and in lists of numbers from -128 to 255 that spell one (whose place one string takes).
    pub fn json(&self, value: &mut Value) {
        if self.is_empty() {
            return;
        }
        match value {
            Value::Null | Value::Bool(_) => {}
            Value::Number(number) => {
                if let Cow::Owned(text) = self.text(&number.to_string()) {
                    *value = Value::String(text);
                }
            }
            Value::String(text) => {
                if let Cow::Owned(redacted) = self.text(text) {
                    *text = redacted;
                }
            }
            Value::Array(items) => {
                self.byte_lists(items);
                for item in items {
                    self.json(item);
                }
            }
            Value::Object(members) => {
                self.keys(members);
                for (_, member) in members {
                    self.json(member);
                }
            }
        }
    }

    /// Rebuilds an object in which a key has to change. Two keys that become equal both stay, the later
    /// with a number behind.
    fn keys(&self, members: &mut Map<String, Value>) {
        if !members.keys().any(|key| self.find(key.as_bytes()).is_some()) {
            return;
        }
        for (key, member) in std::mem::take(members) {
            let redacted = self.text(&key).into_owned();
            let mut free = redacted.clone();
            let mut number = 2;
            while members.contains_key(&free) {
                free = format!("{redacted}#{number}");
                number += 1;
            }
            members.insert(free, member);
        }
    }

    /// Replaces values that stand in a list as one number for each byte.
    fn byte_lists(&self, items: &mut Vec<Value>) {
        let mut from = 0;
        while from < items.len() {
            let bytes: Vec<u8> = items[from..].iter().map_while(as_byte).collect();
            let len = bytes.len();
            let found = if len < MIN_BYTES { Vec::new() } else { self.covered(&bytes) };
            let mut shorter_by = 0;
            for (start, end, label) in found.into_iter().rev() {
                let text = Value::String(self.replacement(label).to_owned());
                items.splice(from + start..from + end, [text]);
                shorter_by += end - start - 1;
            }
            from += len - shorter_by + 1;
        }
    }

    /// The stretches that matches cover, overlapping ones joined under the first one's label.
    fn covered(&self, bytes: &[u8]) -> Vec<(usize, usize, u32)> {
        let mut stretches: Vec<(usize, usize, u32)> = Vec::new();
        for found in self.matches(bytes) {
            match stretches.last_mut() {
                Some((_, end, _)) if found.start < *end => *end = found.end.max(*end),
                _ => stretches.push((found.start, found.end, found.label)),
            }
        }
        stretches
    }
}

/// A number that stands for a byte, signed or not.
#[expect(clippy::cast_sign_loss, reason = "a negative number is the same byte read as signed")]
fn as_byte(value: &Value) -> Option<u8> {
    let number = value.as_i64()?;
    u8::try_from(number).ok().or_else(|| i8::try_from(number).ok().map(|signed| signed as u8))
}
