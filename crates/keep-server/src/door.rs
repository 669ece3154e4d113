//! The ways in. A route cannot be made without saying who may use it, and the list of them is what the
//! router, the description of the interface and the test of every route are made from.

use crate::guard;
use crate::house::House;
use axum::Router;
use axum::http::Method;
use axum::middleware::from_fn_with_state;
use axum::routing::MethodRouter;
use serde_json::Value;

/// Who may use a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Whoever asks. It tells nothing of what is kept.
    Public,
    /// Whoever shows a good token, or is signed in to the dashboard.
    Known,
    /// Whoever shows a good token in a header; no cookie counts.
    Token,
    /// Whoever is signed in to the dashboard; no token counts. Others get the page to sign in.
    Person,
}

/// One way in, for whoever lists them.
#[derive(Clone, Debug)]
pub struct Gateway {
    /// The method.
    pub method: Method,
    /// The path, with its parameters in braces.
    pub path: &'static str,
    /// Who may use it.
    pub access: Access,
}

/// What programs of other machines may have without a token.
const OPEN_ABROAD: [&str; 2] = ["/health", "/ready"];

/// One way in, with what answers there.
pub(crate) struct Door {
    pub(crate) gateway: Gateway,
    /// How the interface describes it; none for what is no part of the interface.
    pub(crate) described: Option<Value>,
    handler: MethodRouter<House>,
}

impl Door {
    pub(crate) fn new(
        method: Method,
        path: &'static str,
        access: Access,
        handler: MethodRouter<House>,
    ) -> Self {
        Self { gateway: Gateway { method, path, access }, described: None, handler }
    }

    /// Whether it is there for programs of other machines: the interface is; no page, nothing that belongs to one, and
    /// no way to sign in.
    pub(crate) fn is_open_abroad(&self) -> bool {
        match self.gateway.access {
            Access::Known | Access::Token => true,
            Access::Public => OPEN_ABROAD.contains(&self.gateway.path),
            Access::Person => false,
        }
    }

    /// The same way in for whoever asks: what the server would be if nothing asked for tokens.
    pub(crate) fn open_to_all(mut self) -> Self {
        self.gateway.access = Access::Public;
        self
    }

    pub(crate) fn described(mut self, operation: Value) -> Self {
        self.described = Some(operation);
        self
    }
}

/// All doors, each behind the check of its access.
pub(crate) fn router(house: &House, doors: Vec<Door>) -> Router<House> {
    doors.into_iter().fold(Router::new(), |router, door| {
        let checked = (house.clone(), door.gateway.access);
        router.route(door.gateway.path, door.handler.layer(from_fn_with_state(checked, guard::identify)))
    })
}
