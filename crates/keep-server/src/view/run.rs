use keep_exec::{Copy, Ran, State, Waiting};
use schemars::JsonSchema;
use serde::Serialize;

/// Bytes of each stream that an answer holds: what a model reads, not what a build says.
const MOST_SAID_BYTES: usize = 48 << 10;
/// Bytes of all differences that an answer holds.
const MOST_DIFF_BYTES: usize = 48 << 10;

/// What a run said on one stream.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct SaidView {
    /// The text; values of secrets are marked in it. Of a long one, its beginning and its end.
    pub(crate) text: String,
    /// How many bytes it was in all.
    pub(crate) bytes: u64,
}

impl From<Copy> for SaidView {
    fn from(copy: Copy) -> Self {
        Self { text: shortened(&String::from_utf8_lossy(&copy.kept), MOST_SAID_BYTES), bytes: copy.bytes }
    }
}

/// How a run ended, and what it said.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct RanView {
    /// The run's id, under which it is on record.
    pub(crate) id: String,
    /// Its exit status, where it ended by itself.
    pub(crate) code: Option<i32>,
    /// The signal that ended it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) signal: Option<i32>,
    /// Who or what ended it: itself, timeout, processor, memory, output or request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ended_by: Option<String>,
    /// What confined it.
    pub(crate) tier: String,
    /// What it said.
    pub(crate) output: SaidView,
    /// What it said of errors.
    pub(crate) errors: SaidView,
}

impl From<Ran> for RanView {
    fn from(ran: Ran) -> Self {
        Self {
            id: ran.id.to_string(),
            code: ran.code,
            signal: ran.signal,
            ended_by: Some(ran.ended_by.as_str().to_owned()),
            tier: ran.tier,
            output: ran.output.into(),
            errors: ran.errors.into(),
        }
    }
}

/// A run as it is on record.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct RunView {
    /// Its id.
    pub(crate) id: String,
    /// Where.
    pub(crate) namespace: String,
    /// Who.
    pub(crate) principal: String,
    /// The command; values of secrets are marked in it.
    pub(crate) command: String,
    /// running, ended, failed or lost.
    pub(crate) state: String,
    /// How much it could harm: low, medium, high or critical.
    pub(crate) risk: String,
    /// Which rule decided.
    pub(crate) rule: String,
    /// Whether a person was asked.
    pub(crate) asked: bool,
    /// What it was allowed to do: read-only, workspace, network or full-trust.
    pub(crate) profile: String,
    /// What confined it.
    pub(crate) tier: String,
    /// Secrets that it got, by name.
    pub(crate) secrets: Vec<String>,
    /// When it started.
    pub(crate) started: String,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ended: Option<String>,
    /// Its exit status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<i32>,
    /// The signal that ended it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) signal: Option<i32>,
    /// Who or what ended it: itself, timeout, processor, memory, output or request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ended_by: Option<String>,
    /// What became of its changes, where they had to wait: pending, committed or discarded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tried: Option<String>,
    /// The run that it repeats, where it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) repeats: Option<String>,
    /// What it said; none in a list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) output: Option<SaidView>,
    /// What it said of errors; none in a list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) errors: Option<SaidView>,
}

impl From<keep_exec::RunView> for RunView {
    fn from(run: keep_exec::RunView) -> Self {
        Self {
            id: run.id.to_string(),
            namespace: run.namespace.to_string(),
            principal: run.principal.to_string(),
            command: run.command,
            state: run.state.as_str().to_owned(),
            risk: run.risk,
            rule: run.rule,
            asked: run.decision == "ask",
            profile: run.profile,
            tier: run.tier,
            secrets: run.secrets.into_iter().map(|(name, _)| name).collect(),
            started: run.started.to_string(),
            ended: run.ended.map(|at| at.to_string()),
            code: run.code,
            signal: run.signal,
            ended_by: run.ended_by,
            tried: run.tried,
            repeats: run.repeats.map(|id| id.to_string()),
            output: (run.state != State::Running).then(|| run.output.into()),
            errors: (run.state != State::Running).then(|| run.errors.into()),
        }
    }
}

impl RunView {
    /// Without what it said, for lists.
    pub(crate) fn short(run: keep_exec::RunView) -> Self {
        Self { output: None, errors: None, ..run.into() }
    }

    /// How it ended.
    pub(crate) fn ran(self) -> RanView {
        let nothing = || SaidView { text: String::new(), bytes: 0 };
        RanView {
            id: self.id,
            code: self.code,
            signal: self.signal,
            ended_by: self.ended_by,
            tier: self.tier,
            output: self.output.unwrap_or_else(nothing),
            errors: self.errors.unwrap_or_else(nothing),
        }
    }
}

/// One path that a run changed.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ChangeView {
    /// Where.
    pub(crate) path: String,
    /// What kind of change it is, in a word.
    pub(crate) what: String,
    /// What lies there is no longer what the run began with, so nothing can be committed.
    pub(crate) conflict: bool,
    /// How the text differs, where it is one and there is room to say it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) diff: Option<String>,
}

/// How a run ended whose changes wait, and the changes.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct TriedView {
    /// The run.
    pub(crate) run: RanView,
    /// What it changed, and what was not changed for it yet.
    pub(crate) changes: Vec<ChangeView>,
}

impl TriedView {
    pub(crate) fn new(run: RanView, waiting: Waiting) -> Self {
        let mut room = MOST_DIFF_BYTES;
        let changes = waiting.changes.into_iter().map(|change| {
            let diff = change.diff.filter(|diff| diff.len() <= room);
            room -= diff.as_ref().map_or(0, String::len);
            ChangeView { path: change.path, what: change.what.to_owned(), conflict: change.conflict, diff }
        });
        Self { run, changes: changes.collect() }
    }
}

/// The beginning and the end of a text that is too long.
fn shortened(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    let head = text.floor_char_boundary(most / 2);
    let tail = text.ceil_char_boundary(text.len() - most / 2);
    format!("{}\n[… {} bytes are left out here …]\n{}", &text[..head], tail - head, &text[tail..])
}

#[cfg(test)]
mod tests {
    use super::shortened;

    #[test]
    fn long_texts_keep_both_ends() {
        assert_eq!(shortened("short", 5), "short");
        assert_eq!(shortened("0123456789", 4), "01\n[… 6 bytes are left out here …]\n89");
        assert!(shortened(&"ä".repeat(9), 5).starts_with("ä\n"));
    }
}
