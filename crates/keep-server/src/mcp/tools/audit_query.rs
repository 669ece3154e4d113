use crate::mcp::tool::{Call, Effect, Tool};
use crate::operations::audit;
use crate::problem::Problem;
use crate::view::{Page, RecordView};

/// The tool `audit_query`.
pub(super) struct AuditQuery;

impl Tool for AuditQuery {
    const NAME: &'static str = "audit_query";
    const TITLE: &'static str = "Query the audit log";
    const SAYS: &'static str =
        "Lists records of what you did through Keep, the newest first, also what was refused and why.";
    const EFFECT: Effect = Effect::Looks;
    type Input = audit::Which;
    type Output = Page<RecordView>;

    async fn run(call: &Call, input: Self::Input) -> Result<Self::Output, Problem> {
        audit::query(&call.house, &call.caller, input).await
    }
}
