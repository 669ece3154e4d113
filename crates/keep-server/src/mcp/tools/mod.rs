//! The tools: a file for each, and this list. Their order is the one that clients see.

mod artifact_diff;
mod artifact_get;
mod artifact_ls;
mod artifact_put;
mod attempt;
mod audit_query;
mod context;
mod exec;
mod memory_edit;
mod memory_forget;
mod memory_get;
mod memory_link;
mod recall;
mod remember;
mod secret_list;
mod shell_check;
mod try_commit;
mod try_discard;

use super::tool::Known;

pub(super) fn all() -> Vec<Known> {
    vec![
        Known::of::<context::Context>(),
        Known::of::<recall::Recall>(),
        Known::of::<remember::Remember>(),
        Known::of::<memory_get::MemoryGet>(),
        Known::of::<memory_edit::MemoryEdit>(),
        Known::of::<memory_link::MemoryLink>(),
        Known::of::<memory_forget::MemoryForget>(),
        Known::of::<exec::Exec>(),
        Known::of::<attempt::Try>(),
        Known::of::<try_commit::TryCommit>(),
        Known::of::<try_discard::TryDiscard>(),
        Known::of::<shell_check::ShellCheck>(),
        Known::of::<artifact_ls::ArtifactLs>(),
        Known::of::<artifact_put::ArtifactPut>(),
        Known::of::<artifact_get::ArtifactGet>(),
        Known::of::<artifact_diff::ArtifactDiff>(),
        Known::of::<secret_list::SecretList>(),
        Known::of::<audit_query::AuditQuery>(),
    ]
}

#[cfg(test)]
mod tests {
    use super::all;
    use std::collections::BTreeSet;

    #[test]
    fn every_tool_is_described_whole() {
        let tools = all();
        let names: BTreeSet<_> = tools.iter().map(|tool| tool.definition.name.clone()).collect();
        assert_eq!(names.len(), tools.len(), "two tools have one name");
        for tool in &tools {
            let name = &tool.definition.name;
            assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{name}");
            let says = tool.definition.description.as_deref().unwrap_or_default();
            assert!(says.len() > 20 && says.len() < 300, "{name} says too little or too much");
            assert_eq!(tool.definition.input_schema["type"], "object", "{name}");
            assert_eq!(tool.definition.input_schema["additionalProperties"], false, "{name} takes anything");
            let output = tool.definition.output_schema.as_ref().unwrap();
            assert_eq!(output["type"], "object", "{name}");
            let hints = tool.definition.annotations.as_ref().unwrap();
            // What a command may reach is the world; everything else stays here.
            let runs = matches!(name.as_ref(), "exec" | "try");
            assert_eq!(hints.open_world_hint, Some(runs), "{name}");
        }
    }
}
