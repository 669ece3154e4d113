//! The operations that surfaces share: words in, one call into the house, a view out.

pub(crate) mod again;
pub(crate) mod approvals;
pub(crate) mod artifacts;
pub(crate) mod audit;
pub(crate) mod care;
pub(crate) mod context;
pub(crate) mod edit;
pub(crate) mod forget;
pub(crate) mod get;
pub(crate) mod link;
pub(crate) mod list;
pub(crate) mod recall;
pub(crate) mod remember;
pub(crate) mod runs;
pub(crate) mod secrets;
pub(crate) mod shell_check;

use crate::problem::Problem;
use keep_memory::Where;
use keep_types::Namespace;
use std::str::FromStr;

/// Rows of a page when nobody says.
pub(crate) const USUAL_PAGE: usize = 50;
/// Rows of a page at most: a page is read, an export is another thing.
pub(crate) const MOST_ROWS: usize = 500;

/// Text as what it names.
pub(crate) fn parsed<T: FromStr>(what: &str, text: &str) -> Result<T, Problem>
where
    T::Err: std::fmt::Display,
{
    text.parse().map_err(|error: T::Err| Problem::usage(format!("{what}: {error}")))
}

/// Text as what it names, where there is any.
pub(crate) fn maybe<T: FromStr>(what: &str, text: Option<&str>) -> Result<Option<T>, Problem>
where
    T::Err: std::fmt::Display,
{
    text.map(|text| parsed(what, text)).transpose()
}

/// Where to look: one namespace alone, or what is seen from where the caller is.
pub(crate) fn place(namespace: Option<&str>) -> Result<Where, Problem> {
    let one: Option<Namespace> = maybe("namespace", namespace)?;
    Ok(one.map_or(Where::Here, Where::Only))
}

/// How many rows, kept within what a page may have.
pub(crate) fn rows(limit: Option<usize>) -> usize {
    limit.unwrap_or(USUAL_PAGE).clamp(1, MOST_ROWS)
}
