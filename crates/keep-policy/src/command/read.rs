//! Reads one `[[command]]` and holds it to its examples.

use super::rule::{Around, CommandRule};
use crate::document::{File, Row, Value, decision_of, parsed, reason_of};
use crate::error::PolicyError;
use crate::rule::Decision;
use crate::source::{Layer, MAX_LIST, Source};
use keep_shell::{Context, analyse};
use keep_types::{Name, Risk};

const COMMAND_KEYS: [&str; 14] = [
    "id",
    "decision",
    "principals",
    "namespaces",
    "argv",
    "exact",
    "program",
    "paths",
    "hosts",
    "min_risk",
    "max_risk",
    "reason",
    "match",
    "not_match",
];
/// More words than anybody reads in a rule.
pub(super) const MAX_WORDS: usize = 64;
/// Where examples run: a made-up place, the same on every machine.
const EXAMPLE_WORKSPACE: &str = "/home/you/project";
const EXAMPLE_HOME: &str = "/home/you";

/// Reads a command rule.
pub(crate) fn rule(file: File<'_>, entry: &Value<'_>, source: &Source) -> Result<CommandRule, PolicyError> {
    let Some(table) = entry.get_ref().as_table() else {
        return Err(file.wrong_type("command", "a table, begun by `[[command]]`", entry));
    };
    file.known_keys(table, &COMMAND_KEYS)?;
    let row = Row { file, table, place: file.place(entry.span()) };
    let texts = |key| row.list(key, |value| file.text(key, value).map(str::to_owned));
    let (decision, tries) = row.required("decision", decision_or_try)?;
    let rule = CommandRule {
        id: row.required("id", parsed::<Name>)?,
        layer: source.layer,
        source: source.name.clone(),
        line: row.place.line,
        decision,
        tries,
        principals: row.patterns("principals")?,
        namespaces: row.patterns("namespaces")?,
        argv: row.list("argv", |value| words(file, value))?,
        exact: row.flag("exact")?,
        program: row.optional("program", absolute)?,
        paths: row.patterns("paths")?,
        hosts: row.patterns("hosts")?,
        min_risk: row.optional("min_risk", parsed)?.unwrap_or(Risk::Low),
        max_risk: row.optional("max_risk", parsed)?.unwrap_or(Risk::Critical),
        reason: row.required("reason", reason_of)?,
        matching: texts("match")?,
        not_matching: texts("not_match")?,
    };
    if rule.matching.is_empty() {
        return Err(PolicyError::Missing { place: row.place, key: "match" });
    }
    limits(&rule, &row)?;
    check(&rule)?;
    Ok(rule)
}

/// A decision, or the word for letting it run over a layer.
fn decision_or_try(text: &str) -> Result<(Decision, bool), String> {
    if text == "try" {
        return Ok((Decision::Allow, true));
    }
    decision_of(text).map(|decision| (decision, false)).map_err(|why| format!("{why}, or try"))
}

/// One place of the prefix: a word, or several that will do.
fn words(file: File<'_>, value: &Value<'_>) -> Result<Vec<String>, PolicyError> {
    if let Some(word) = value.get_ref().as_str() {
        return Ok(vec![word.to_owned()]);
    }
    let alternatives = file.array("argv", value)?;
    if alternatives.is_empty() || alternatives.len() > MAX_LIST {
        return Err(file.malformed(
            "argv",
            value,
            format!("a place of the prefix has 1 to {MAX_LIST} words"),
        ));
    }
    alternatives.iter().map(|word| file.text("argv", word).map(str::to_owned)).collect()
}

fn absolute(text: &str) -> Result<String, String> {
    if text.starts_with('/') {
        Ok(text.to_owned())
    } else {
        Err("a program is named by its whole path".to_owned())
    }
}

/// What a command rule may not say, whoever wrote it.
fn limits(rule: &CommandRule, row: &Row<'_, '_>) -> Result<(), PolicyError> {
    let malformed = |key, message: &str| {
        let place = row.place.clone();
        Err(PolicyError::Malformed { place, key, message: message.to_owned() })
    };
    if rule.min_risk > rule.max_risk {
        return malformed("min_risk", "it is above max_risk");
    }
    if rule.layer == Layer::Project && rule.decision == Decision::Allow {
        return Err(PolicyError::ProjectAllows { place: rule.place(), id: rule.id.to_string() });
    }
    if rule.argv.len() > MAX_WORDS {
        return malformed("argv", "a rule has at most 64 words");
    }
    if rule.decision == Decision::Allow && !rule.tries && rule.argv.is_empty() {
        return malformed("argv", "an allow names the words it is about");
    }
    // What reaches hosts has done so before anybody looks at changes.
    if rule.tries && rule.argv.is_empty() && rule.max_risk > Risk::Medium {
        return malformed("max_risk", "a try without words is about medium risk at most");
    }
    if rule.exact && rule.argv.is_empty() {
        return malformed("exact", "there are no words to be exact about");
    }
    if rule.decision == Decision::Allow
        && rule.max_risk == Risk::Critical
        && row.table.contains_key("max_risk")
    {
        return malformed("max_risk", "nothing allows what is critical; high is the most");
    }
    Ok(())
}

/// Holds a rule to the commands it carries. A rule about one program's file cannot be shown on a made-up
/// machine, so there its name is taken for that file.
fn check(rule: &CommandRule) -> Result<(), PolicyError> {
    let principal = keep_types::Principal::unknown_agent();
    let namespace = keep_types::Namespace::Global;
    let resolve = |name: &str| {
        let program = rule.program.as_deref()?;
        let is_it = program == name || program.rsplit('/').next() == Some(name);
        is_it.then(|| program.to_owned())
    };
    let around = Around {
        principal: &principal,
        namespace: &namespace,
        workspace: EXAMPLE_WORKSPACE,
        resolve: &resolve,
    };
    let catches = |command: &str| {
        let analysis = analyse(command, &Context::new(EXAMPLE_WORKSPACE, EXAMPLE_HOME));
        analysis.parts.iter().any(|part| rule.matches(part, &around))
    };
    if let Some(example) = rule.matching.iter().find(|example| !catches(example)) {
        return Err(PolicyError::ExampleMissed {
            place: rule.place(),
            id: rule.id.to_string(),
            example: example.clone(),
            mismatch: "the command",
        });
    }
    match rule.not_matching.iter().find(|example| catches(example)) {
        Some(example) => Err(PolicyError::ExampleCaught {
            place: rule.place(),
            id: rule.id.to_string(),
            example: example.clone(),
        }),
        None => Ok(()),
    }
}
