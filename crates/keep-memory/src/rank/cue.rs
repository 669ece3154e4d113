//! What the form of a text says: that it is a question, that it speaks of a time.

const TIME_WORDS: &[&str] = &[
    "ago",
    "yesterday",
    "today",
    "tomorrow",
    "tonight",
    "week",
    "weeks",
    "weekend",
    "month",
    "months",
    "year",
    "years",
    "day",
    "days",
    "morning",
    "evening",
    "night",
    "last",
    "next",
    "since",
    "until",
    "recently",
    "soon",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "january",
    "february",
    "march",
    "april",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
    "hour",
    "hours",
];

/// Whether a text asks something.
pub(crate) fn asks(text: &str) -> bool {
    text.trim_end().ends_with('?')
}

/// Whether a text speaks of a time.
pub(crate) fn speaks_of_time(text: &str) -> bool {
    let lower = text.to_lowercase();
    let mut words = lower.split(|c: char| !c.is_alphanumeric());
    words.any(|word| {
        TIME_WORDS.contains(&word) || word.len() == 4 && word.starts_with("20") && word.parse::<u16>().is_ok()
    })
}

/// Whether a question asks for a time.
pub(super) fn asks_for_a_time(question: &str) -> bool {
    let lower = question.to_lowercase();
    [
        "when ",
        "what day",
        "what date",
        "which day",
        "what year",
        "which year",
        "which month",
        "what month",
        "how long",
        "what time",
    ]
    .iter()
    .any(|words| lower.starts_with(words) || lower.contains(&format!(" {words}")))
}
