//! One call of a tool from its arguments to its answer: how far it is is told on the way, and it ends when the
//! client wants it no more.

use super::asking::Asked;
use super::protocol::Protocol;
use super::tool::Call;
use crate::problem::Problem;
use crate::progress::{Far, Teller};
use keep_types::Caller;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, JsonObject,
    ProgressNotificationParam, ProgressToken,
};
use rmcp::service::{Peer, RequestContext, RoleServer};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch::Receiver;

/// A client that is told more often reads nothing else.
const BETWEEN: Duration = Duration::from_millis(250);

impl Protocol {
    /// Calls a tool. Where a person must say yes first and the client can ask one, it is asked to.
    pub(super) async fn called(
        &self,
        caller: Caller,
        index: usize,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> CallToolResponse {
        let input = request.arguments.clone().unwrap_or_default();
        let ran = self.run(&caller, index, input.clone(), &context).await;
        let waits = ran.as_ref().err().and_then(|problem| problem.approval.clone());
        let asked = match waits {
            Some(id) => self.ask(&caller, &id, &request, &context).await,
            None => Asked::Nobody,
        };
        let ran = match asked {
            Asked::Nobody => ran,
            Asked::Answered => self.run(&caller, index, input, &context).await,
            Asked::First(question) => return question.into(),
        };
        self.said(index, ran).into()
    }

    /// Runs a tool on a task of its own: a client that goes away leaves nothing half done.
    async fn run(
        &self,
        caller: &Caller,
        index: usize,
        input: JsonObject,
        context: &RequestContext<RoleServer>,
    ) -> Result<Value, Problem> {
        let watch = Teller::nobody();
        // When the transport drops this, because the client has gone, nobody wants it either.
        let _unwanted = watch.unwanted().clone().drop_guard();
        let call = Call { house: self.house.clone(), caller: caller.clone(), watch: watch.clone() };
        let tools = Arc::clone(&self.tools);
        let mut task = self.house.tasks.spawn(async move { tools[index].run(call, input).await });
        let mut hear = watch.hear();
        let token = context.meta.get_progress_token();
        let mut cancelled = false;
        let ran = loop {
            tokio::select! {
                ran = &mut task => break ran,
                () = context.ct.cancelled(), if !cancelled => {
                    cancelled = true;
                    watch.unwanted().cancel();
                }
                () = further(&context.peer, token.as_ref(), &mut hear), if !cancelled => {}
            }
        };
        ran.unwrap_or_else(|error| Err(Problem::internal(format!("a tool's task: {error}"))))
    }

    fn said(&self, index: usize, ran: Result<Value, Problem>) -> CallToolResult {
        match ran {
            Ok(output) => CallToolResult::structured(self.cleaned(&output)),
            Err(problem) => {
                if let Some(inside) = &problem.inside {
                    let name = &self.tools[index].definition.name;
                    self.house.log.line(&format!("{name}: {}", self.house.app.cleaner().clean(inside)));
                }
                let told = serde_json::to_value(&problem).unwrap_or_default();
                // An answer that is no output must not claim to have the output's shape.
                let text = self.cleaned(&told).to_string();
                CallToolResult::error(vec![ContentBlock::text(text)])
            }
        }
    }
}

/// Tells the client once how far it is, when there is something new. Never where it did not ask for that.
async fn further(peer: &Peer<RoleServer>, token: Option<&ProgressToken>, hear: &mut Receiver<Far>) {
    let Some(token) = token else { return std::future::pending().await };
    if hear.changed().await.is_err() {
        return std::future::pending().await;
    }
    let far = hear.borrow_and_update().clone();
    #[expect(clippy::cast_precision_loss, reason = "the protocol counts in such numbers")]
    let (done, all) = (far.done as f64, far.all.map(|all| all as f64));
    let mut told = ProgressNotificationParam::new(token.clone(), done).with_message(far.message);
    if let Some(all) = all {
        told = told.with_total(all);
    }
    // A client that cannot be told has gone, which the transport says itself.
    let _ = peer.notify_progress(told).await;
    tokio::time::sleep(BETWEEN).await;
}
