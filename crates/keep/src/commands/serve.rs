//! `keep serve`: the server in the foreground, and nothing said but where it is.

use crate::edge::{Failure, Holder, Session, StderrLog, ended};
use clap::Args;
use keep_app::App;
use keep_server::{AskDashboard, Server, Setting};
use keep_types::Principal;
use serde_json::json;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::sync::Arc;

/// Where the server is when nobody says.
pub(super) const USUAL_PORT: u16 = 8717;
/// Threads that answer. The work itself is done by the database's threads and others made for it.
const THREADS: usize = 2;

#[derive(Args)]
#[command(
    after_help = "EXAMPLES:\n  keep serve\n  keep serve --port 0 --json     any free port, said as JSON\n\nIt serves this machine alone, until Ctrl-C or SIGTERM. Programs show a token from `keep token create`."
)]
pub(crate) struct Serve {
    #[command(flatten)]
    at: At,
}

/// Where to listen.
#[derive(Args, Clone, Copy)]
pub(crate) struct At {
    /// The port; 0 is any that is free
    #[arg(long, default_value_t = USUAL_PORT)]
    pub(super) port: u16,
}

impl Serve {
    pub(crate) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        serve(session, self.at, |server, _| {
            let names = server.names();
            let view = json!({ "address": names.programs(), "pid": std::process::id() });
            session.show(&view, |out| writeln!(out, "serving at {}", names.programs())).map(|_| ())
        })
    }
}

/// Serves until it is told to end. `announce` says what there is to say once clients may come.
pub(super) fn serve(
    session: &Session,
    at: At,
    announce: impl FnOnce(&Server, &Principal) -> Result<(), Failure>,
) -> Result<ExitCode, Failure> {
    let app = session.open_asking(Arc::new(AskDashboard))?;
    let mut holder = Holder::take(&app.at().state)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(THREADS)
        .enable_all()
        .build()
        .map_err(Failure::Runtime)?;
    let who = app.identity().principal.clone();
    let app = runtime.block_on(async {
        // Before anything is said: whoever reads that may end it at once.
        let ended = ended()?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, at.port));
        let server = Server::bind(Setting { app, log: Arc::new(StderrLog) }, address).await?;
        holder.says(&server.names().programs(), &server.names().dashboard())?;
        announce(&server, &who)?;
        Ok::<_, Failure>(server.run(ended).await)
    })?;
    drop(runtime);
    app.map(App::close).transpose()?;
    Ok(ExitCode::SUCCESS)
}
