use keep_app::words::{Entry, InclusionProof};
use schemars::JsonSchema;
use serde::Serialize;

/// A record of the audit log.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct RecordView {
    /// Its place.
    pub(crate) seq: u64,
    /// When.
    pub(crate) at: String,
    /// Who acted.
    pub(crate) principal: String,
    /// Where.
    pub(crate) namespace: String,
    /// What was done.
    pub(crate) action: String,
    /// done, failed, intent, outcome, outcome-failed, abandoned, denied or note.
    pub(crate) phase: String,
    /// The record it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) refers_to: Option<u64>,
    /// Its detail, unless it has none or that was erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) detail: Option<serde_json::Value>,
    /// Whether it had a detail that is gone now.
    pub(crate) erased: bool,
    /// Its hash in the tree.
    pub(crate) leaf: String,
}

impl From<Entry> for RecordView {
    fn from(entry: Entry) -> Self {
        Self {
            seq: entry.seq.0,
            at: entry.at.to_string(),
            principal: entry.principal.to_string(),
            namespace: entry.namespace.to_string(),
            action: entry.action.to_string(),
            phase: entry.phase.as_str().into(),
            refers_to: entry.refers_to,
            detail: entry.detail,
            erased: entry.erased,
            leaf: entry.leaf.to_string(),
        }
    }
}

/// The proof that a record is in the log.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ProofView {
    /// Which record.
    pub(crate) seq: u64,
    /// The size of the tree.
    pub(crate) size: u64,
    /// The record's leaf.
    pub(crate) leaf: String,
    /// The hashes from the leaf to the root.
    pub(crate) path: Vec<String>,
    /// The tree's root.
    pub(crate) root: String,
    /// The signed head.
    pub(crate) head: String,
}

impl From<InclusionProof> for ProofView {
    fn from(proof: InclusionProof) -> Self {
        Self {
            seq: proof.seq,
            size: proof.size,
            leaf: proof.leaf.to_string(),
            path: proof.path.iter().map(ToString::to_string).collect(),
            root: proof.root.to_string(),
            head: proof.head,
        }
    }
}
