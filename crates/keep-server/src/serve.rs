//! Starting and ending.

use crate::api;
use crate::door::{Door, Gateway, router};
use crate::error::ServerError;
use crate::growth;
use crate::guard;
use crate::house::{House, Setting};
use crate::listen::listen;
use crate::mcp;
use crate::names::Names;
use crate::pages;
use crate::problem::Problem;
use axum::Router;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use keep_app::App;
use keep_types::{ErrorKind, Principal, PrincipalKind};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpListener;

/// What was begun may take this long to end; what is not done by then is on record as begun.
const LAST_WORDS: Duration = Duration::from_secs(10);

/// A server that listens. Nobody is answered before [`Server::run`].
pub struct Server {
    house: House,
    listener: TcpListener,
}

fn doors(house: &House) -> Vec<Door> {
    let mut doors = api::doors();
    doors.push(mcp::door(house));
    doors.extend(pages::doors());
    doors
}

impl Server {
    /// Listens on an address of this machine; port 0 is any that is free.
    ///
    /// # Errors
    /// When the address is another one, or cannot be listened on.
    pub async fn bind(setting: Setting, address: SocketAddr) -> Result<Self, ServerError> {
        if !address.ip().is_loopback() {
            return Err(ServerError::NotLoopback(address));
        }
        let failed = |source| ServerError::Bind { address, source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let names = Names::of(listener.local_addr().map_err(failed)?)?;
        Ok(Self { house: House::new(setting, names), listener })
    }

    /// Under which names it is reached.
    #[must_use]
    pub fn names(&self) -> &Names {
        &self.house.names
    }

    /// A code that signs this person in to the dashboard, once and soon; none for whoever is no person.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub fn sign_in_code(&self, who: &Principal) -> Result<Option<String>, ServerError> {
        if who.kind() != PrincipalKind::User {
            return Ok(None);
        }
        self.house.sessions.new_code(who.clone(), self.house.app.now()).map(Some)
    }

    /// Every way in, for whoever lists them.
    #[must_use]
    pub fn gateways(&self) -> Vec<Gateway> {
        doors(&self.house).into_iter().map(|door| door.gateway).collect()
    }

    /// Serves until `ended` comes about; then streams end, what was begun is finished, and the
    /// installation is given back for closing.
    pub async fn run(self, ended: impl Future<Output = ()>) -> Option<App> {
        let Self { house, listener } = self;
        let router = whole(&house);
        house.tasks.spawn(growth::watch(house.clone()));
        tokio::select! {
            () = listen(&house, listener, router) => {}
            () = ended => house.ending.cancel(),
        }
        house.tasks.close();
        if tokio::time::timeout(LAST_WORDS, house.tasks.wait()).await.is_err() {
            house.log.line("some requests were still open at the end");
        }
        house.into_app()
    }
}

/// The doors behind everything that each request passes.
fn whole(house: &House) -> Router {
    router(house, doors(house))
        .fallback(|| async { Problem::new(StatusCode::NOT_FOUND, ErrorKind::NotFound, "nothing is here") })
        .layer(from_fn_with_state(house.clone(), guard::gatekeeper))
        .layer(from_fn_with_state(house.clone(), guard::outer))
        .with_state(house.clone())
}
