use super::{maybe, parsed, place};
use crate::house::House;
use crate::problem::Problem;
use crate::view::RecallView;
use keep_memory::Asked;
use keep_types::Caller;
use schemars::JsonSchema;
use serde::Deserialize;

/// Answers when nobody says how many.
const USUAL: usize = 8;
/// Answers at most: whoever reads them has a context to spend.
const MOST: usize = 100;

/// A question to the memory.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Question {
    /// The question, in any words.
    #[schemars(transform = crate::shape::said)]
    pub(crate) question: String,
    /// Only of these kinds.
    #[serde(default)]
    #[schemars(transform = crate::shape::name)]
    pub(crate) kinds: Vec<String>,
    /// Only with all of these tags.
    #[serde(default)]
    pub(crate) tags: Vec<String>,
    /// Only with at least this trust: document, tool, agent, user.
    #[schemars(transform = crate::shape::trust)]
    pub(crate) least_trust: Option<String>,
    /// Only what was said from this moment on, such as 2026-11-21T09:30:00Z.
    #[schemars(transform = crate::shape::moment)]
    pub(crate) since: Option<String>,
    /// Only what was said before this moment.
    #[schemars(transform = crate::shape::moment)]
    pub(crate) until: Option<String>,
    /// As it was on record at this moment.
    #[schemars(transform = crate::shape::moment)]
    pub(crate) as_of: Option<String>,
    /// What was true at this moment.
    #[schemars(transform = crate::shape::moment)]
    pub(crate) valid_at: Option<String>,
    /// So many at most; 8 without it, 100 at most.
    pub(crate) limit: Option<usize>,
    /// Weak answers, too.
    #[serde(default)]
    pub(crate) even_weak: bool,
    /// In this namespace alone. Without it: the session, its project and global.
    #[schemars(transform = crate::shape::namespace)]
    pub(crate) namespace: Option<String>,
}

/// Recalls what answers a question best.
pub(crate) async fn recall(house: &House, caller: &Caller, asked: Question) -> Result<RecallView, Problem> {
    let kinds = asked.kinds.iter().map(|kind| parsed("kind", kind));
    let question = Asked {
        question: asked.question,
        place: place(asked.namespace.as_deref())?,
        kinds: kinds.collect::<Result<_, _>>()?,
        tags: asked.tags,
        least_trust: maybe("least_trust", asked.least_trust.as_deref())?,
        since: maybe("since", asked.since.as_deref())?,
        until: maybe("until", asked.until.as_deref())?,
        as_of: maybe("as_of", asked.as_of.as_deref())?,
        valid_at: maybe("valid_at", asked.valid_at.as_deref())?,
        most: asked.limit.unwrap_or(USUAL).clamp(1, MOST),
        even_weak: asked.even_weak,
        only_looks: false,
    };
    Ok(house.app.memories()?.recall(caller, question).await?.into())
}
