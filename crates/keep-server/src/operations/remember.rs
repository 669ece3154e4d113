use super::{maybe, parsed};
use crate::house::House;
use crate::problem::Problem;
use crate::view::MemoryView;
use keep_memory::model::{Draft, Importance, Source, Strength, Validity};
use keep_types::{Caller, Namespace, Timestamp};
use schemars::JsonSchema;
use serde::Deserialize;

/// Something to remember.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(transform = crate::shape::one_source)]
pub(crate) struct Remember {
    /// What to remember, in a sentence or a few. Name secrets, never write their values.
    #[schemars(transform = crate::shape::said)]
    pub(crate) text: String,
    /// A headline.
    pub(crate) title: Option<String>,
    /// insight, decision, constraint, architecture, pattern, bugfix, preference, reference, task, event,
    /// entity, or a word of your own.
    #[schemars(transform = crate::shape::name)]
    pub(crate) kind: Option<String>,
    /// Words to file it under.
    #[serde(default)]
    #[schemars(transform = crate::shape::tag)]
    pub(crate) tags: Vec<String>,
    /// How much it matters, from 1 to 10.
    #[schemars(range(min = 1, max = 10))]
    pub(crate) importance: Option<u8>,
    /// How sure you are, from 0 to 1.
    #[schemars(range(min = 0, max = 1))]
    pub(crate) confidence: Option<f32>,
    /// Believe it no more than this: document, tool, agent.
    #[schemars(transform = crate::shape::trust)]
    pub(crate) trust: Option<String>,
    /// The tool that put it out, where one did.
    pub(crate) from_tool: Option<String>,
    /// The page, mail or file that it stood in, where it is text from outside.
    pub(crate) from_document: Option<String>,
    /// Who said it.
    pub(crate) speaker: Option<String>,
    /// When it was said or happened, such as 2026-11-21T09:30:00Z.
    #[schemars(transform = crate::shape::moment)]
    pub(crate) said_at: Option<String>,
    /// From when on it is true.
    #[schemars(transform = crate::shape::moment)]
    pub(crate) valid_from: Option<String>,
    /// Until when it is true.
    #[schemars(transform = crate::shape::moment)]
    pub(crate) valid_to: Option<String>,
    /// When it ends and is removed.
    #[schemars(transform = crate::shape::moment)]
    pub(crate) expires_at: Option<String>,
    /// Where it belongs: project:NAME, session:PROJECT/ID or global. Without it, where you are.
    #[schemars(transform = crate::shape::namespace)]
    pub(crate) namespace: Option<String>,
}

impl Remember {
    fn draft(self) -> Result<(Option<Namespace>, Draft), Problem> {
        let source = match (self.from_tool, self.from_document) {
            (None, None) => Source::Caller,
            (Some(tool), None) => Source::Tool { tool, call: None },
            (None, Some(at)) => Source::Document { at },
            (Some(_), Some(_)) => return Err(Problem::usage("it comes from a tool or a document, not both")),
        };
        let moment = |what, text: Option<String>| maybe::<Timestamp>(what, text.as_deref());
        let range = |error: keep_memory::model::RangeError| Problem::usage(error.to_string());
        let draft = Draft {
            text: self.text,
            title: self.title,
            kind: self.kind.map(|kind| parsed("kind", &kind)).transpose()?.unwrap_or_default(),
            tags: self.tags,
            importance: self
                .importance
                .map(Importance::try_from)
                .transpose()
                .map_err(range)?
                .unwrap_or_default(),
            confidence: self
                .confidence
                .map(Strength::try_from)
                .transpose()
                .map_err(range)?
                .unwrap_or_default(),
            trust: maybe("trust", self.trust.as_deref())?,
            source,
            speaker: self.speaker,
            said_at: moment("said_at", self.said_at)?,
            valid: Validity {
                from: moment("valid_from", self.valid_from)?,
                to: moment("valid_to", self.valid_to)?,
            },
            expires_at: moment("expires_at", self.expires_at)?,
            pinned: false,
        };
        Ok((maybe("namespace", self.namespace.as_deref())?, draft))
    }
}

/// Remembers one thing.
pub(crate) async fn remember(house: &House, caller: &Caller, asked: Remember) -> Result<MemoryView, Problem> {
    let (namespace, draft) = asked.draft()?;
    Ok(house.app.memories()?.remember(caller, namespace.as_ref(), draft).await?.into())
}
