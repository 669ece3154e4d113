//! What a line runs, as the analysis took it apart: each simple command, within what it comes to run by.

use super::words::{badge, visible};
use maud::{Markup, html};
use serde_json::Value;

/// A simple command of a line.
struct Simple<'a> {
    words: String,
    /// How it comes to run, outermost first.
    via: Vec<&'a str>,
    risk: &'a str,
    reasons: Vec<(&'a str, &'a str)>,
    /// What policy said to it, where that is known.
    decision: Option<&'a str>,
}

/// The tree of what a line runs; none where nothing of it is on record.
pub(super) fn tree(analysis: &Value) -> Option<Markup> {
    let all = simple(analysis);
    (!all.is_empty())
        .then(|| html! { ul class="tree panel" { (nested(&all.iter().collect::<Vec<_>>(), 0)) } })
}

/// What is said of single commands.
pub(super) fn texts(analysis: &Value) -> Vec<&str> {
    simple(analysis).into_iter().flat_map(|one| one.reasons).map(|(_, text)| text).collect()
}

fn simple(analysis: &Value) -> Vec<Simple<'_>> {
    let text = |value: &'_ Value, field: &str| value.get(field).and_then(Value::as_str).map(str::to_owned);
    let list = |field| analysis.get(field).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let (commands, rulings): (&[Value], &[Value]) = (list("commands"), list("parts"));
    if commands.is_empty() {
        // Runs of earlier versions have what policy was asked about, and nothing of how it comes to run.
        let of = |part: &'_ Value| text(part, "command").unwrap_or_default();
        return rulings
            .iter()
            .map(|part| Simple {
                words: of(part),
                via: Vec::new(),
                risk: word(part, "risk"),
                reasons: Vec::new(),
                decision: part.get("decision").and_then(Value::as_str),
            })
            .collect();
    }
    let strings = |value: &'_ Value, field: &str| -> Vec<String> {
        let items = value.get(field).and_then(Value::as_array).into_iter().flatten();
        items.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let of = |(at, one)| {
        let one: &Value = one;
        let via = one.get("via").and_then(Value::as_array).into_iter().flatten();
        Simple {
            words: strings(one, "words").join(" "),
            via: via.filter_map(Value::as_str).collect(),
            risk: word(one, "risk"),
            reasons: super::words::reasons(one),
            // Policy rules on the commands in their order.
            decision: rulings.get(at).and_then(|part: &Value| part.get("decision")?.as_str()),
        }
    };
    commands.iter().enumerate().map(of).collect()
}

fn word<'a>(value: &'a Value, field: &str) -> &'a str {
    value.get(field).and_then(Value::as_str).unwrap_or("low")
}

/// Commands at this depth, and within them those that come to run the same way, together.
fn nested(all: &[&Simple<'_>], depth: usize) -> Markup {
    let groups = all.chunk_by(|one, other| {
        let way = |simple: &Simple<'_>| simple.via.get(depth).map(|via| (*via).to_owned());
        way(one).is_some() && way(one) == way(other)
    });
    html! {
        @for group in groups {
            @match group.first().and_then(|first| first.via.get(depth)) {
                Some(via) => li { span class="name faint" { (how(via)) } ul { (nested(group, depth + 1)) } },
                None => @for one in group { (leaf(one)) },
            }
        }
    }
}

fn leaf(one: &Simple<'_>) -> Markup {
    html! {
        li class="leaf" {
            div class="line" {
                (badge(one.risk))
                @if one.words.is_empty() { span class="faint" { "an assignment or a redirection" } } @else { code { (visible(&one.words)) } }
                @if let Some(decision) = one.decision.filter(|decision| *decision != "allow") { (badge(decision)) }
            }
            @for (_, text) in &one.reasons { p class="why" { (visible(text)) } }
        }
    }
}

/// How what stands below comes to run.
fn how(via: &str) -> &str {
    match via {
        "pipeline" => "in a pipeline",
        "subshell" => "in a shell of its own",
        "substitution" => "in the place of a word: $( … )",
        "process-substitution" => "as a file: <( … )",
        "document" => "within a here-document",
        "branch" => "where a branch is taken",
        "loop" => "again and again, in a loop",
        "function" => "in a function",
        "alias" => "by an alias",
        "trap" => "when a signal comes",
        "eval" => "as a text that is evaluated",
        "shell" => "as a text that another shell runs",
        "program" => "by another program",
        "variable" => "as the program that a variable names",
        "elsewhere" => "on another machine or in a container",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::tree;
    use serde_json::json;

    #[test]
    fn commands_stand_within_what_they_come_to_run_by() {
        let one = |words: &[&str], via: &[&str]| json!({ "words": words, "via": via, "risk": "low", "reasons": [] });
        let all = json!({ "commands": [
            one(&["make"], &[]),
            one(&["sort"], &["pipeline"]),
            one(&["date"], &["pipeline", "substitution"]),
            one(&["ls", "<b>"], &[]),
        ] });
        let text = tree(&all).unwrap().into_string();
        let at = |what: &str| text.find(what).unwrap_or_else(|| panic!("no {what} in {text}"));
        assert!(at("make") < at("in a pipeline") && at("in a pipeline") < at("sort"));
        assert!(at("sort") < at("in the place of a word") && at("in the place of a word") < at("date"));
        // Each within its own list, and what follows within none of them.
        assert!(text[at("date")..at("ls &lt;b&gt;")].matches("</ul>").count() == 2, "{text}");
        assert!(tree(&json!({ "withheld": "x" })).is_none());
        let earlier = json!({ "parts": [{ "command": "make all", "risk": "medium", "decision": "ask" }] });
        assert!(tree(&earlier).unwrap().into_string().contains("make all"));
    }
}
