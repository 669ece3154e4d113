//! `keep mcp`: the Model Context Protocol over standard input and output.

use crate::edge::{Failure, Session, StderrLog};
use clap::Args;
use keep_app::App;
use keep_gate::AskNobody;
use keep_server::{Setting, speak};
use keep_types::Caller;
use std::io::IsTerminal;
use std::process::ExitCode;
use std::sync::Arc;

#[derive(Args)]
#[command(
    after_help = "EXAMPLES:\n  keep connect claude     writes down for an agent how to start this\n  keep --token-file ~/.config/keep/claude.token mcp\n\nAn agent's program starts this and speaks the Model Context Protocol to it. Without a token it is an unknown agent in the project of the working folder, even at your own terminal."
)]
pub(crate) struct Mcp {}

impl Mcp {
    pub(crate) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        if std::io::stdin().is_terminal() {
            session.say("speaking the Model Context Protocol on standard input, where an agent's program would; Ctrl-C ends it");
        }
        let app = session.open_asking(Arc::new(AskNobody))?;
        let token = session.token()?;
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::Runtime)?;
        let app = runtime.block_on(async {
            let caller = app.caller(token.as_deref()).await?;
            note_other_folder(session, &app, &caller).await;
            let setting = Setting { app, log: Arc::new(StderrLog) };
            Ok::<_, Failure>(speak(setting, caller, tokio::io::stdin(), tokio::io::stdout()).await?)
        })?;
        // Standard input is read on a thread that may wait for a line that never comes.
        runtime.shutdown_background();
        app.map(App::close).transpose()?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Some agents start their servers from one file, whichever folder they work in.
async fn note_other_folder(session: &Session, app: &App, caller: &Caller) {
    let here = std::env::current_dir().and_then(|folder| folder.canonicalize());
    // Where there is no such place, each tool that needs one says so.
    if let (Ok(here), Ok(place)) = (here, app.workplace(caller).await)
        && !here.starts_with(&place.workspace)
    {
        let there = place.workspace.display();
        session
            .say(&format!("commands run in {there}, where the token is good, and not in {}", here.display()));
    }
}
