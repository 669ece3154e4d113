//! The HTTP API: a file for each operation, and this list.

mod approval_answer;
mod approval_get;
mod approval_list;
mod artifact_diff;
mod artifact_get;
mod artifact_list;
mod artifact_log;
mod artifact_put;
mod audit_export;
mod audit_proof;
mod audit_query;
mod context;
mod description;
mod doctor;
mod events;
mod memory_edit;
mod memory_forget;
mod memory_get;
mod memory_link;
mod memory_list;
mod memory_path;
mod memory_unlink;
mod metrics;
mod ready;
mod recall;
mod remember;
mod run_get;
mod run_list;
mod run_path;
mod run_start;
mod run_stop;
mod secret_list;
mod shell_check;
mod status;
mod try_commit;
mod try_discard;
mod try_get;
mod try_list;
mod try_start;

use crate::door::Door;
use crate::operation::door;
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;

/// All of the interface: its operations, its description, and what watches the server.
pub(crate) fn doors() -> Vec<Door> {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    let mut schemas = SchemaGenerator::new(settings);
    let mut doors = operations(&mut schemas);
    doors.extend([events::door(), audit_export::door()]);
    let description = description::of(&doors, &mut schemas);
    doors.extend([description::door(&description), metrics::door()]);
    doors.extend(ready::doors());
    doors
}

fn operations(schemas: &mut SchemaGenerator) -> Vec<Door> {
    vec![
        door::<remember::Remember>(schemas),
        door::<memory_list::MemoryList>(schemas),
        door::<memory_get::MemoryGet>(schemas),
        door::<memory_edit::MemoryEdit>(schemas),
        door::<memory_link::MemoryLink>(schemas),
        door::<memory_unlink::MemoryUnlink>(schemas),
        door::<memory_forget::MemoryForget>(schemas),
        door::<recall::Recall>(schemas),
        door::<context::Context>(schemas),
        door::<shell_check::ShellCheck>(schemas),
        door::<run_start::RunStart>(schemas),
        door::<run_list::RunList>(schemas),
        door::<run_get::RunGet>(schemas),
        door::<run_stop::RunStop>(schemas),
        door::<try_start::TryStart>(schemas),
        door::<try_list::TryList>(schemas),
        door::<try_get::TryGet>(schemas),
        door::<try_commit::TryCommit>(schemas),
        door::<try_discard::TryDiscard>(schemas),
        door::<artifact_list::ArtifactList>(schemas),
        door::<artifact_put::ArtifactPut>(schemas),
        door::<artifact_get::ArtifactGet>(schemas),
        door::<artifact_log::ArtifactLog>(schemas),
        door::<artifact_diff::ArtifactDiff>(schemas),
        door::<secret_list::SecretList>(schemas),
        door::<audit_query::AuditQuery>(schemas),
        door::<audit_proof::AuditProof>(schemas),
        door::<approval_list::ApprovalList>(schemas),
        door::<approval_get::ApprovalGet>(schemas),
        door::<approval_answer::ApprovalAnswer>(schemas),
        door::<status::Status>(schemas),
        door::<doctor::Doctor>(schemas),
    ]
}
