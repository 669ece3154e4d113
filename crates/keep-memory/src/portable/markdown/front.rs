//! Front matter: the part of YAML that people put there. Names with values, values as JSON or as plain
//! words, lists with dashes.

use crate::portable::Damage;
use keep_types::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// A named value.
pub(super) struct Field {
    pub(super) name: String,
    pub(super) value: Value,
    pub(super) line: u64,
}

/// What front matter holds, and the first place where it is damaged.
pub(super) struct Fields {
    pub(super) known: Vec<Field>,
    pub(super) damage: Option<Damage>,
}

/// The fields of front matter that starts in this line.
pub(super) fn fields(front: &str, first: u64) -> Fields {
    let mut fields = Fields { known: Vec::new(), damage: None };
    for (line, text) in (first..).zip(front.lines()) {
        let bare = text.trim();
        if bare.is_empty() || bare.starts_with('#') {
            continue;
        }
        let wrong =
            |what: &str| Some(Damage::new(line, (text.len() - text.trim_start().len()) as u64 + 1, what));
        if let Some(item) = bare.strip_prefix("- ").or_else(|| (bare == "-").then_some("")) {
            match fields.known.last_mut() {
                Some(Field { value: Value::Array(items), .. }) => items.push(scalar(item)),
                Some(Field { value: value @ Value::Null, .. }) => *value = Value::Array(vec![scalar(item)]),
                _ => {
                    fields.damage =
                        fields.damage.or_else(|| wrong("a list's item stands here without a list"));
                }
            }
        } else if text.starts_with([' ', '\t']) {
            fields.damage = fields
                .damage
                .or_else(|| wrong("a value within a value is not read; write it as JSON on one line"));
        } else if let Some((name, value)) =
            bare.split_once(':').filter(|(_, rest)| rest.is_empty() || rest.starts_with([' ', '\t']))
        {
            let name = name.trim().trim_matches('"').to_owned();
            if fields.known.iter().any(|field| field.name == name) {
                fields.damage = fields.damage.or_else(|| wrong("the field stands here a second time"));
            }
            fields.known.push(Field { name, value: scalar(value), line });
        } else {
            fields.damage = fields.damage.or_else(|| wrong("a name, a colon and a value were expected"));
        }
    }
    fields
}

/// A value: JSON where it is some, `[a, b]` without quotation marks as a list of words, and text.
fn scalar(text: &str) -> Value {
    let text = text.trim();
    if text.is_empty() || text == "~" {
        return Value::Null;
    }
    if let Ok(value) = serde_json::from_str(text) {
        return value;
    }
    if let Some(inside) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return inside.split(',').map(str::trim).filter(|word| !word.is_empty()).map(scalar).collect();
    }
    if let Some(inside) = text.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
        return Value::String(inside.replace("''", "'"));
    }
    // YAML's comment, which needs a blank before it.
    let text = text.split_once(" #").map_or(text, |(before, _)| before.trim_end());
    Value::String(text.to_owned())
}

impl Field {
    pub(super) fn wrong(&self, why: impl std::fmt::Display) -> Damage {
        Damage::new(self.line, self.name.chars().count() as u64 + 3, format!("{}: {why}", self.name))
    }

    /// The value as what it should be.
    pub(super) fn read<T: DeserializeOwned>(&self) -> Result<T, Damage> {
        serde_json::from_value(self.value.clone()).map_err(|why| self.wrong(why))
    }

    /// The value as text; a number is text, too.
    pub(super) fn text(&self) -> Result<String, Damage> {
        match &self.value {
            Value::String(text) => Ok(text.clone()),
            Value::Number(_) | Value::Bool(_) => Ok(self.value.to_string()),
            _ => Err(self.wrong("a text was expected")),
        }
    }

    /// The value as words: a list, or a text with commas or blanks between them.
    pub(super) fn words(&self) -> Result<Vec<String>, Damage> {
        let mut words: Vec<String> = match &self.value {
            Value::Array(items) => items
                .iter()
                .map(|item| match item {
                    Value::String(text) => Ok(text.clone()),
                    Value::Number(_) | Value::Bool(_) => Ok(item.to_string()),
                    _ => Err(self.wrong("a list of words was expected")),
                })
                .collect::<Result<_, _>>()?,
            Value::String(text) => text.split([',', ' ']).map(str::to_owned).collect(),
            Value::Number(_) => vec![self.value.to_string()],
            _ => return Err(self.wrong("a list of words was expected")),
        };
        words.retain_mut(|word| {
            *word = word.trim().trim_start_matches('#').to_owned();
            !word.is_empty()
        });
        words.sort();
        words.dedup();
        Ok(words)
    }

    /// The value as a moment; a day alone is its beginning in UTC.
    pub(super) fn moment(&self) -> Result<Option<Timestamp>, Damage> {
        let text = self.text()?;
        let is_day = text.len() == 10 && text.bytes().filter(|&byte| byte == b'-').count() == 2;
        let whole = if is_day { format!("{text}T00:00:00Z") } else { text };
        whole.parse().map(Some).map_err(|why| self.wrong(why))
    }
}
