//! What is kept, as resources: memories, artifacts and runs, each under an address of its own.

use super::protocol::Protocol;
use crate::operations::{artifacts, get, list, runs};
use crate::problem::Problem;
use crate::view::{MemoryView, VersionView};
use keep_types::{Caller, ErrorKind, visible};
use rmcp::model::{
    CompletionInfo, ErrorData, ListResourceTemplatesResult, ListResourcesResult, ReadResourceResult,
    Resource, ResourceContents, ResourceTemplate,
};
use serde::Serialize;
use serde_json::json;

const MEMORIES: &str = "keep://memories/";
const ARTIFACTS: &str = "keep://artifacts/";
const RUNS: &str = "keep://runs/";
const JSON: &str = "application/json";
/// A name in a list is a line.
const MOST_NAME_CHARS: usize = 80;

impl Protocol {
    /// A page of the list: memories, the newest first, and behind the last of them the artifacts.
    pub(super) async fn resources(
        &self,
        caller: &Caller,
        cursor: Option<String>,
    ) -> Result<ListResourcesResult, Problem> {
        let after = cursor.map(|cursor| cursor.parse().map_err(|_| Problem::usage("this is no cursor")));
        let which = list::Which { after: after.transpose()?, ..Default::default() };
        let page = list::list(&self.house, caller, which).await?;
        let mut found: Vec<Resource> = page.items.iter().map(memory).collect();
        if page.next.is_none() {
            let versions = artifacts::list(&self.house, caller).await?;
            found.extend(versions.items.iter().map(artifact));
        }
        let mut listed = ListResourcesResult::with_all_items(found);
        listed.next_cursor = page.next.map(|next| next.to_string());
        Ok(listed)
    }

    /// What lies at an address.
    pub(super) async fn resource(&self, caller: &Caller, uri: &str) -> Result<ReadResourceResult, Problem> {
        let named = |start| uri.strip_prefix(start).filter(|name: &&str| !name.is_empty());
        let text = if let Some(id) = named(MEMORIES) {
            let which = get::Which { id: id.to_owned(), namespace: None };
            self.text(&get::get(&self.house, caller, which).await?)
        } else if let Some(name) = named(ARTIFACTS) {
            self.text(&artifacts::log(&self.house, caller, name, artifacts::Place::default()).await?)
        } else if let Some(id) = named(RUNS) {
            self.text(&runs::one(&self.house, caller, id).await?)
        } else {
            let status = axum::http::StatusCode::NOT_FOUND;
            return Err(Problem::new(status, ErrorKind::NotFound, "there is no such resource"));
        };
        Ok(ReadResourceResult::new(vec![ResourceContents::text(text?, uri).with_mime_type(JSON)]))
    }

    /// Names of artifacts that begin so, for a client that completes an address.
    pub(super) async fn completed(
        &self,
        caller: &Caller,
        template: &str,
        beginning: &str,
    ) -> Result<CompletionInfo, Problem> {
        if template != templates()[1].uri_template {
            return Ok(CompletionInfo::default());
        }
        let versions = artifacts::list(&self.house, caller).await?;
        let names = versions.items.into_iter().map(|version| version.name);
        let fitting: Vec<_> = names.filter(|name| name.starts_with(beginning)).collect();
        let (shown, all) =
            (fitting.iter().take(CompletionInfo::MAX_VALUES).cloned().collect(), fitting.len());
        CompletionInfo::with_pagination(shown, u32::try_from(all).ok(), all > CompletionInfo::MAX_VALUES)
            .map_err(Problem::internal)
    }

    fn text(&self, value: &impl Serialize) -> Result<String, Problem> {
        let text = serde_json::to_vec(value).map_err(|error| Problem::internal(error.to_string()))?;
        Ok(String::from_utf8_lossy(&self.house.cleaned(&text)).into_owned())
    }
}

/// The kinds of addresses.
pub(super) fn listed_templates() -> ListResourceTemplatesResult {
    ListResourceTemplatesResult::with_all_items(templates().into())
}

fn templates() -> [ResourceTemplate; 3] {
    let one = |start: &str, parameter: &str, name: &str, says: &str| {
        let template = ResourceTemplate::new(format!("{start}{{{parameter}}}"), name);
        template.with_description(says).with_mime_type(JSON)
    };
    [
        one(MEMORIES, "id", "memory", "A memory and how it read before"),
        one(ARTIFACTS, "version", "artifact", "All versions of an artifact"),
        one(RUNS, "id", "run", "A run, with what it said"),
    ]
}

fn memory(memory: &MemoryView) -> Resource {
    let title = memory.title.as_deref().unwrap_or(&memory.text);
    let title: String =
        title.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).take(MOST_NAME_CHARS).collect();
    let title = visible(&title);
    Resource::new(format!("{MEMORIES}{}", memory.id), title)
        .with_description(format!("A memory ({}) of {}", memory.kind, memory.namespace))
        .with_mime_type(JSON)
}

fn artifact(version: &VersionView) -> Resource {
    Resource::new(format!("{ARTIFACTS}{}", version.name), visible(&version.name))
        .with_description(format!("An artifact of {}, now in version {}", version.namespace, version.version))
        .with_mime_type(JSON)
}

/// A refusal as the protocol tells it where there is no tool to tell it.
pub(super) fn refused(problem: &Problem, uri: Option<&str>) -> ErrorData {
    let told = serde_json::to_value(problem).ok();
    match (problem.status, uri) {
        (404, Some(uri)) => ErrorData::resource_not_found(problem.title.clone(), Some(json!({ "uri": uri }))),
        (500.., _) => ErrorData::internal_error(problem.title.clone(), told),
        _ => ErrorData::invalid_params(problem.title.clone(), told),
    }
}
