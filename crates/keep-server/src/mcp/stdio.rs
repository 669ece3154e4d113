//! The protocol with one client at the other end of two pipes.

use super::protocol::{Protocol, Who};
use crate::error::ServerError;
use crate::house::{House, Setting};
use crate::names::Names;
use crate::rules;
use keep_app::App;
use keep_types::{Audience, Caller, Channel, Principal, PrincipalKind, Reach};
use rmcp::ServiceExt;
use rmcp::service::ServerInitializeError;
use tokio::io::{AsyncRead, AsyncWrite};

/// Speaks the protocol until the client ends it; then what was begun is finished, and the installation is
/// given back for closing. Nothing else is ever written to `output`.
///
/// # Errors
/// When what comes in is not the protocol.
pub async fn speak(
    setting: Setting,
    caller: Caller,
    input: impl AsyncRead + Send + Unpin + 'static,
    output: impl AsyncWrite + Send + Unpin + 'static,
) -> Result<Option<App>, ServerError> {
    let house = House::new(setting, Names::none());
    let protocol = Protocol::new(house.clone(), Who::One(Box::new(as_client(caller))));
    let rules = tokio::spawn(rules::watch(house.clone()));
    match protocol.serve((input, output)).await {
        Ok(running) => {
            // However the other side ended, it has ended.
            let _ = running.waiting().await;
        }
        Err(ServerInitializeError::ConnectionClosed(_)) => {}
        Err(error) => {
            rules.abort();
            return Err(ServerError::Protocol(error.to_string()));
        }
    }
    rules.abort();
    // It ends because it was told to.
    let _ = rules.await;
    house.tasks.close();
    house.tasks.wait().await;
    Ok(house.into_app().await)
}

/// The client of the protocol. It is never the person, even at the person's own terminal: what it asks for
/// was thought of by a model.
fn as_client(mut caller: Caller) -> Caller {
    caller.channel = Channel::Mcp;
    caller.audience = Audience::Inbox;
    if caller.principal.kind() == PrincipalKind::User {
        caller.principal = Principal::unknown_agent();
        caller.reach = Reach::Only(vec![caller.home.clone()]);
    }
    caller
}
