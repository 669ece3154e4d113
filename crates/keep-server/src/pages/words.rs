//! Small pieces that several pages show.

use keep_types::Timestamp;
pub(super) use keep_types::visible;
use maud::{Markup, html};
use serde_json::Value;

/// A moment, in full where one points at it and short where one reads. UTC, as everywhere in Keep.
pub(super) fn moment(at: &str) -> Markup {
    let short = at.get(..16).unwrap_or(at).replace('T', " ");
    html! { time datetime=(at) title=(at) { (short) } }
}

/// A moment as how long ago it was, or how far ahead it is; in full where one points at it.
pub(super) fn ago(at: &str, now: Timestamp) -> Markup {
    let Ok(then) = at.parse::<Timestamp>() else { return moment(at) };
    let words = match now.ms().saturating_sub(then.ms()) {
        past @ 0.. => match span(past.unsigned_abs()) {
            just if just == "0 s" => "just now".into(),
            long => format!("{long} ago"),
        },
        ahead => format!("in {}", span(ahead.unsigned_abs())),
    };
    html! { time datetime=(at) title=(at) { (words) } }
}

/// A span of time in its largest unit, and for short ones in the next one, too.
pub(super) fn span(ms: u64) -> String {
    let (s, min, h, d) = (ms / 1_000, ms / 60_000, ms / 3_600_000, ms / 86_400_000);
    match (d, h, min) {
        (2.., _, _) => format!("{d} days"),
        (_, 1.., _) if h < 10 => format!("{h} h {} min", min % 60),
        (_, 1.., _) => format!("{h} h"),
        (_, _, 1..) if min < 5 => format!("{min} min {} s", s % 60),
        (_, _, 1..) => format!("{min} min"),
        _ => format!("{s} s"),
    }
}

/// How long a run took, finer than [`span`] below a second.
pub(super) fn took(ms: u64) -> String {
    if ms < 1_000 {
        format!("{ms} ms")
    } else if ms < 10_000 {
        format!("{:.1} s", ms as f64 / 1e3)
    } else {
        span(ms)
    }
}

/// A size as a person says it.
pub(super) fn size(bytes: u64) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut value = bytes as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < units.len() {
        value /= 1024.0;
        unit += 1;
    }
    if unit == 0 || value >= 100.0 {
        format!("{value:.0} {}", units[unit])
    } else {
        format!("{value:.1} {}", units[unit])
    }
}

/// So many of something, with the word as it is for one or several.
pub(super) fn many(count: usize, one: &str, several: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {several}") }
}

/// How much to mind a word.
pub(super) fn tone(word: &str) -> &'static str {
    match word {
        "ok" | "pass" | "holds" | "allow" | "done" | "outcome" | "approved" | "used" | "low" | "anchored"
        | "good" | "user" | "ended" | "committed" | "open" | "unlocked" => "good",
        "warn" | "ask" | "waiting" | "medium" | "high" | "intent" | "unanchored" | "locked"
        | "quarantined" | "document" | "running" | "due" | "pending" | "soon" | "tool" => "mind",
        "fail" | "deny" | "denied" | "critical" | "failed" | "mismatch" | "broken" | "abandoned" | "lost"
        | "expired" | "outcome-failed" | "overdue" => "bad",
        _ => "plain",
    }
}

/// A word in a colour that says how much to mind it; the word alone says it, too.
pub(super) fn badge(word: &str) -> Markup {
    toned(tone(word), word)
}

/// The same with a colour that the word does not say.
pub(super) fn toned(tone: &str, word: &str) -> Markup {
    html! { span class={ "badge " (tone) } { (word) } }
}

/// How a record of the log went, in words.
pub(super) fn went(phase: &str) -> Markup {
    let words = match phase {
        "done" | "outcome" => "done",
        "outcome-failed" | "failed" => "failed",
        "intent" => "begun",
        "abandoned" => "broken off",
        "denied" => "refused",
        other => other,
    };
    // An intent is followed by its outcome; one that never is shows as broken off.
    toned(if phase == "intent" { "plain" } else { tone(phase) }, words)
}

/// Where there is nothing to show: what would be here, and how it comes here.
pub(super) fn empty(what: &str, how: &Markup) -> Markup {
    html! { div class="empty" { strong { (what) } p { (how) } } }
}

/// A JSON value as a person reads it.
pub(super) fn json(value: &serde_json::Value) -> Markup {
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    html! { pre { (visible(&text)) } }
}

/// What an analysis saw, each with its risk.
pub(super) fn reasons(analysis: &Value) -> Vec<(&str, &str)> {
    let all = analysis.get("reasons").and_then(Value::as_array).into_iter().flatten();
    all.filter_map(|reason| Some((reason.get("risk")?.as_str()?, reason.get("text")?.as_str()?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_and_sizes_are_said_as_people_say_them() {
        for (ms, want) in [
            (0, "0 s"),
            (59_999, "59 s"),
            (90_000, "1 min 30 s"),
            (600_000, "10 min"),
            (5_400_000, "1 h 30 min"),
            (90_000_000, "25 h"),
            (400_000_000, "4 days"),
        ] {
            assert_eq!(span(ms), want, "{ms}");
        }
        for (bytes, want) in [(0, "0 B"), (1_023, "1023 B"), (1_536, "1.5 KiB"), (200 << 20, "200 MiB")] {
            assert_eq!(size(bytes), want);
        }
        let at = |ms: i64| Timestamp::from_ms(ms);
        let then = at(1_000_000).to_string();
        assert!(ago(&then, at(1_000_400)).into_string().contains("just now"));
        assert!(ago(&then, at(1_065_000)).into_string().contains("1 min 5 s ago"));
        assert!(ago(&then, at(940_000)).into_string().contains("in 1 min 0 s"));
    }
}
