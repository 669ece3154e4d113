use crate::care::visible;

/// How much of a text a label shows.
const MOST_CHARS: usize = 60;

/// The beginning of a text as one visible line.
pub(super) fn short(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let shown = visible(&line);
    if shown.chars().count() <= MOST_CHARS {
        return shown.into_owned();
    }
    let cut: String = shown.chars().take(MOST_CHARS - 1).collect();
    format!("{}…", cut.trim_end())
}
