use super::{maybe, place, rows};
use crate::house::House;
use crate::problem::Problem;
use crate::view::{MemoryView, Page};
use keep_memory::Wanted;
use keep_types::Caller;
use schemars::JsonSchema;
use serde::Deserialize;

/// How far into a list one may page; who wants everything exports it.
const DEEPEST: u64 = 10_000;

/// Which memories to list.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Which {
    /// Only of this kind.
    #[schemars(transform = crate::shape::name)]
    pub(crate) kind: Option<String>,
    /// Only with this tag.
    pub(crate) tag: Option<String>,
    /// Only with at least this trust: document, tool, agent, user.
    #[schemars(transform = crate::shape::trust)]
    pub(crate) least_trust: Option<String>,
    /// Only what is quarantined.
    #[serde(default)]
    pub(crate) quarantined: bool,
    /// What is retired, too.
    #[serde(default)]
    pub(crate) retired: bool,
    /// So many at most; 50 without it, 500 at most.
    pub(crate) limit: Option<usize>,
    /// Where the page before this one ended: its `next`.
    #[schemars(range(min = 0, max = 10_000))]
    pub(crate) after: Option<u64>,
    /// In this namespace alone. Without it: the session, its project and global.
    #[schemars(transform = crate::shape::namespace)]
    pub(crate) namespace: Option<String>,
}

/// Lists memories, the newest first.
pub(crate) async fn list(house: &House, caller: &Caller, asked: Which) -> Result<Page<MemoryView>, Problem> {
    let (limit, skip) = (rows(asked.limit), asked.after.unwrap_or(0));
    if skip > DEEPEST {
        return Err(Problem::usage(format!("a list goes {DEEPEST} deep")).hint("narrow it, or ask by recall"));
    }
    let skipped = usize::try_from(skip).unwrap_or(usize::MAX);
    let wanted = Wanted {
        place: place(asked.namespace.as_deref())?,
        kind: maybe("kind", asked.kind.as_deref())?,
        tag: asked.tag,
        least_trust: maybe("least_trust", asked.least_trust.as_deref())?,
        quarantined: asked.quarantined,
        retired: asked.retired,
        most: skipped + limit + 1,
        ..Wanted::default()
    };
    let found = house.app.memories()?.list(caller, &wanted).await?;
    let more = found.len() > skipped + limit;
    let items: Vec<MemoryView> = found.into_iter().skip(skipped).take(limit).map(Into::into).collect();
    Ok(Page { next: more.then(|| skip + items.len() as u64), items })
}
