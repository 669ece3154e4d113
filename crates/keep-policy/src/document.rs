//! Reads one rule file into rules, each checked against its own examples.

use crate::command::{self, CommandRule};
use crate::error::{Lines, Place, PolicyError};
use crate::example::{self, Example};
use crate::floor;
use crate::pattern::{ActionPattern, PatternError};
use crate::rule::{Decision, Rule};
use crate::source::{Layer, MAX_LIST, MAX_REASON_CHARS, MAX_SOURCE_BYTES, Source};
use keep_types::{Channel, Name, Risk, chain};
use std::ops::Range;
use std::str::FromStr;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The newest format this program reads.
const FORMAT: i64 = 1;
const FILE_KEYS: [&str; 3] = ["command", "format", "rule"];
const RULE_KEYS: [&str; 12] = [
    "id",
    "decision",
    "principals",
    "actions",
    "except_actions",
    "namespaces",
    "channels",
    "min_risk",
    "max_risk",
    "reason",
    "match",
    "not_match",
];
const EXAMPLE_KEYS: [&str; 5] = ["principal", "action", "namespace", "risk", "channel"];

/// The rules of one source, in the order they stand in it.
#[derive(Default)]
pub(crate) struct Rules {
    pub(crate) acts: Vec<Rule>,
    pub(crate) commands: Vec<CommandRule>,
}

/// Reads the rules of one source.
pub(crate) fn read(source: &Source) -> Result<Rules, PolicyError> {
    if source.text.len() > MAX_SOURCE_BYTES {
        return Err(PolicyError::TooLarge {
            file: source.name.clone(),
            size_bytes: source.text.len() as u64,
            limit_bytes: MAX_SOURCE_BYTES,
        });
    }
    let file = File(&Lines::of(&source.name, &source.text));
    let table = DeTable::parse(&source.text).map_err(|error| PolicyError::Syntax {
        place: file.place(error.span().unwrap_or_default()),
        message: error.message().trim_end().to_owned(),
    })?;
    let table = table.get_ref();
    file.known_keys(table, &FILE_KEYS)?;
    file.format(table)?;
    let mut rules = Rules::default();
    // One name is one rule, whatever it is about: a person names it by that.
    let mut ids: Vec<(String, usize)> = Vec::new();
    let mut new_id = |id: String, place: Place| match ids.iter().find(|(known, _)| *known == id) {
        Some((_, first_line)) => Err(PolicyError::DuplicateId { place, id, first_line: *first_line }),
        None => {
            ids.push((id, place.line));
            Ok(())
        }
    };
    for entry in entries_of(file, table, "rule")? {
        let rule = file.rule(entry, source)?;
        new_id(rule.id.to_string(), rule.place())?;
        rules.acts.push(rule);
    }
    for entry in entries_of(file, table, "command")? {
        let rule = command::read::rule(file, entry, source)?;
        new_id(rule.id.to_string(), rule.place())?;
        rules.commands.push(rule);
    }
    Ok(rules)
}

fn entries_of<'v, 'i>(
    file: File<'_>,
    table: &'v DeTable<'i>,
    key: &'static str,
) -> Result<&'v [Value<'i>], PolicyError> {
    match table.get(key) {
        None => Ok(&[]),
        Some(entries) => file.array(key, entries),
    }
}

/// A file, to turn spans into places.
#[derive(Clone, Copy)]
pub(crate) struct File<'a>(&'a Lines<'a>);

pub(crate) type Value<'a> = Spanned<DeValue<'a>>;

impl File<'_> {
    pub(crate) fn place(self, span: Range<usize>) -> Place {
        self.0.place(span.start)
    }

    pub(crate) fn known_keys(
        self,
        table: &DeTable<'_>,
        known: &'static [&'static str],
    ) -> Result<(), PolicyError> {
        match table.iter().find(|(key, _)| !known.contains(&&**key.get_ref())) {
            Some((key, _)) => Err(PolicyError::UnknownKey {
                place: self.place(key.span()),
                key: key.get_ref().chars().take(80).collect(),
                suggestion: nearest(key.get_ref(), known),
            }),
            None => Ok(()),
        }
    }

    fn format(self, table: &DeTable<'_>) -> Result<(), PolicyError> {
        let Some(value) = table.get("format") else {
            return Ok(());
        };
        let number = value.get_ref().as_integer().and_then(|n| n.as_str().parse::<i64>().ok());
        match number {
            Some(FORMAT) => Ok(()),
            Some(other) => Err(self.malformed(
                "format",
                value,
                format!("this program reads rules of format {FORMAT}, these are of format {other}"),
            )),
            None => Err(self.wrong_type("format", "a whole number", value)),
        }
    }

    fn rule(self, entry: &Value<'_>, source: &Source) -> Result<Rule, PolicyError> {
        let Some(table) = entry.get_ref().as_table() else {
            return Err(self.wrong_type("rule", "a table, begun by `[[rule]]`", entry));
        };
        self.known_keys(table, &RULE_KEYS)?;
        let row = Row { file: self, table, place: self.place(entry.span()) };
        let (matching, not_matching) = (row.examples("match")?, row.examples("not_match")?);
        let rule = Rule {
            id: row.required("id", parsed::<Name>)?,
            layer: source.layer,
            source: source.name.clone(),
            line: row.place.line,
            decision: row.required("decision", decision_of)?,
            principals: row.some_patterns("principals")?,
            actions: row.some_patterns("actions")?,
            except_actions: row.patterns("except_actions")?,
            namespaces: row.patterns("namespaces")?,
            channels: row.list("channels", |value| self.channel(value))?,
            min_risk: row.optional("min_risk", parsed)?.unwrap_or(Risk::Low),
            max_risk: row.optional("max_risk", parsed)?.unwrap_or(Risk::Critical),
            reason: row.required("reason", reason_of)?,
            matching: matching.iter().map(Example::shown).collect(),
            not_matching: not_matching.iter().map(Example::shown).collect(),
        };
        if matching.is_empty() {
            return Err(PolicyError::Missing { place: row.place, key: "match" });
        }
        limits(&rule)?;
        example::check(&rule, &matching, &not_matching)?;
        Ok(rule)
    }

    pub(crate) fn array<'v, 'i>(
        self,
        key: &'static str,
        value: &'v Value<'i>,
    ) -> Result<&'v [Value<'i>], PolicyError> {
        match value.get_ref().as_array() {
            Some(array) => Ok(array),
            None => Err(self.wrong_type(key, "a list", value)),
        }
    }

    pub(crate) fn text<'v>(self, key: &'static str, value: &'v Value<'_>) -> Result<&'v str, PolicyError> {
        value.get_ref().as_str().ok_or_else(|| self.wrong_type(key, "text", value))
    }

    fn channel(self, value: &Value<'_>) -> Result<Channel, PolicyError> {
        let text = self.text("channels", value)?;
        example::channel_of(text).map_err(|message| self.malformed("channels", value, message))
    }

    fn example(self, key: &'static str, value: &Value<'_>) -> Result<Example, PolicyError> {
        let Some(table) = value.get_ref().as_table() else {
            let text = self.text(key, value)?;
            return Example::parse(text).map_err(|message| self.malformed(key, value, message));
        };
        self.known_keys(table, &EXAMPLE_KEYS)?;
        let row = Row { file: self, table, place: self.place(value.span()) };
        Ok(Example {
            principal: row.required("principal", parsed)?,
            action: row.required("action", parsed)?,
            namespace: row.required("namespace", parsed)?,
            risk: row.required("risk", parsed)?,
            channel: row.optional("channel", example::channel_of)?,
        })
    }

    pub(crate) fn wrong_type(
        self,
        key: &'static str,
        wanted: &'static str,
        value: &Value<'_>,
    ) -> PolicyError {
        let found = value.get_ref().type_str();
        PolicyError::WrongType { place: self.place(value.span()), key, wanted, found }
    }

    pub(crate) fn malformed(self, key: &'static str, value: &Value<'_>, message: String) -> PolicyError {
        PolicyError::Malformed { place: self.place(value.span()), key, message }
    }
}

/// One table of the file while its keys are read.
pub(crate) struct Row<'f, 't> {
    pub(crate) file: File<'f>,
    pub(crate) table: &'t DeTable<'t>,
    pub(crate) place: Place,
}

impl Row<'_, '_> {
    pub(crate) fn optional<T>(
        &self,
        key: &'static str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Result<Option<T>, PolicyError> {
        let Some(value) = self.table.get(key) else {
            return Ok(None);
        };
        let text = self.file.text(key, value)?;
        parse(text).map(Some).map_err(|message| self.file.malformed(key, value, message))
    }

    /// True or false; false where nothing is written.
    pub(crate) fn flag(&self, key: &'static str) -> Result<bool, PolicyError> {
        let Some(value) = self.table.get(key) else {
            return Ok(false);
        };
        value.get_ref().as_bool().ok_or_else(|| self.file.wrong_type(key, "true or false", value))
    }

    pub(crate) fn required<T>(
        &self,
        key: &'static str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Result<T, PolicyError> {
        self.optional(key, parse)?.ok_or_else(|| PolicyError::Missing { place: self.place.clone(), key })
    }

    pub(crate) fn list<T>(
        &self,
        key: &'static str,
        item: impl Fn(&Value<'_>) -> Result<T, PolicyError>,
    ) -> Result<Vec<T>, PolicyError> {
        let Some(value) = self.table.get(key) else {
            return Ok(Vec::new());
        };
        let values = self.file.array(key, value)?;
        if values.len() > MAX_LIST {
            let Place { file, line, .. } = self.file.place(value.span());
            let (what, count) = ("entries in one list", values.len());
            return Err(PolicyError::TooMany {
                file: format!("{file}:{line}"),
                what,
                count,
                limit: MAX_LIST,
            });
        }
        // An empty list of namespaces would read as "none" and mean "all".
        if values.is_empty() {
            return Err(self.file.malformed(key, value, "the list is empty; leave the key out".to_owned()));
        }
        values.iter().map(item).collect()
    }

    pub(crate) fn patterns<P: FromStr<Err = PatternError>>(
        &self,
        key: &'static str,
    ) -> Result<Vec<P>, PolicyError> {
        self.list(key, |value| {
            self.file.text(key, value)?.parse().map_err(|source| PolicyError::Pattern {
                place: self.file.place(value.span()),
                key,
                source,
            })
        })
    }

    fn some_patterns<P: FromStr<Err = PatternError>>(
        &self,
        key: &'static str,
    ) -> Result<Vec<P>, PolicyError> {
        let patterns = self.patterns(key)?;
        if patterns.is_empty() {
            return Err(PolicyError::Missing { place: self.place.clone(), key });
        }
        Ok(patterns)
    }

    fn examples(&self, key: &'static str) -> Result<Vec<Example>, PolicyError> {
        self.list(key, |value| self.file.example(key, value))
    }
}

/// What a rule may not say, whoever wrote it.
fn limits(rule: &Rule) -> Result<(), PolicyError> {
    if rule.min_risk > rule.max_risk {
        return Err(PolicyError::Malformed {
            place: rule.place(),
            key: "min_risk",
            message: format!("{} is above max_risk {}", rule.min_risk, rule.max_risk),
        });
    }
    if rule.layer == Layer::Project && rule.decision == Decision::Allow {
        return Err(PolicyError::ProjectAllows { place: rule.place(), id: rule.id.to_string() });
    }
    let names_stop =
        |pattern: &ActionPattern| matches!(pattern, ActionPattern::Exact(a) if a.as_str() == floor::STOP);
    if rule.decision != Decision::Allow && rule.actions.iter().any(names_stop) {
        return Err(PolicyError::RestrictsStop { place: rule.place(), id: rule.id.to_string() });
    }
    Ok(())
}

pub(crate) fn parsed<T: FromStr<Err: std::error::Error + 'static>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|error: T::Err| chain(&error).join(": "))
}

pub(crate) fn decision_of(text: &str) -> Result<Decision, String> {
    [Decision::Allow, Decision::Ask, Decision::Deny]
        .into_iter()
        .find(|decision| decision.as_str() == text)
        .ok_or_else(|| {
            let shown: String = text.chars().take(80).collect();
            format!("{shown:?} is no decision; use allow, ask or deny")
        })
}

/// A reason ends up on terminals and in records, so it is one line that cannot move the cursor or turn
/// the direction of writing.
pub(crate) fn reason_of(text: &str) -> Result<String, String> {
    let turns =
        |c: char| matches!(c, '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if text.trim().is_empty() {
        Err("it is empty".to_owned())
    } else if text.chars().count() > MAX_REASON_CHARS {
        Err(format!("it is over {MAX_REASON_CHARS} characters long"))
    } else if let Some(bad) = text.chars().find(|&c| c.is_control() || turns(c)) {
        Err(format!("it holds {bad:?}, which a terminal would obey"))
    } else {
        Ok(text.to_owned())
    }
}

/// The known word a mistyped one most likely meant.
fn nearest(word: &str, known: &[&'static str]) -> Option<&'static str> {
    let score = |candidate: &&'static str| strsim::jaro_winkler(word, candidate);
    let best = known.iter().copied().max_by(|a, b| score(a).total_cmp(&score(b)))?;
    (score(&best) > 0.75).then_some(best)
}
