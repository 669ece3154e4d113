//! `keep serve`: the server in the foreground, and nothing said but where it is.

use super::unit::text;
use crate::edge::{Failure, Holder, Session, StderrLog, ended};
use clap::Args;
use keep_app::App;
use keep_server::{Abroad, AskDashboard, Certificate, Server, Setting};
use keep_types::Principal;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::json;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

/// Where the server is when nobody says.
pub(super) const USUAL_PORT: u16 = 8717;
/// Threads that answer. The work itself is done by the database's threads and others made for it.
const THREADS: usize = 2;

#[derive(Args)]
#[command(
    after_help = "EXAMPLES:\n  keep serve\n  keep serve --port 0 --json     any free port, said as JSON\n  keep serve --listen 192.0.2.7:8718   other machines, too, with encryption\n\nIt serves until Ctrl-C or SIGTERM, which end the runs that it began. Programs show a token from `keep token create`."
)]
pub(crate) struct Serve {
    #[command(flatten)]
    at: At,
}

/// Where to listen.
#[derive(Args, Clone)]
pub(crate) struct At {
    /// The port; 0 is any that is free
    #[arg(long, default_value_t = USUAL_PORT)]
    pub(super) port: u16,
    /// Serve programs of other machines, too, at this address, with encryption
    #[arg(long, value_name = "ADDRESS:PORT", value_parser = address)]
    listen: Option<SocketAddr>,
    /// A name that this address is reached by; may be given again
    #[arg(long, value_name = "NAME", requires = "listen")]
    name: Vec<String>,
    /// The certificate to show there, as PEM; without it, one is made and stays
    #[arg(long, value_name = "FILE", requires_all = ["listen", "key"])]
    certificate: Option<PathBuf>,
    /// Its key, as PEM
    #[arg(long, value_name = "FILE", requires = "certificate")]
    key: Option<PathBuf>,
}

/// What the certificate of this machine's own lies in, below the settings.
const OWN: &str = "tls";

/// An address with its port. A name would be looked up, and could lead elsewhere tomorrow.
fn address(text: &str) -> Result<SocketAddr, String> {
    let wanted = "it takes an address and a port, such as 192.0.2.7:8718; a name goes to --name beside it";
    text.parse().map_err(|_| wanted.to_owned())
}

impl At {
    /// Refuses what could not be reached with a certificate that anybody accepts: every address of this machine has no
    /// name of its own.
    pub(super) fn check(&self) -> Result<(), Failure> {
        match self.listen {
            Some(address) if address.ip().is_unspecified() && self.name.is_empty() => Err(Failure::usage(
                format!(
                    "{} is no address that others can come to, and its certificate would be for nobody",
                    address.ip()
                ),
                "say by which name or address they come, with --name, or listen on one address",
            )),
            _ => Ok(()),
        }
    }

    /// These again, for a command line of another folder.
    pub(super) fn words(&self, folder: &Path) -> Result<Vec<String>, Failure> {
        let mut words = vec!["--port".to_owned(), self.port.to_string()];
        if let Some(address) = self.listen {
            words.extend(["--listen".to_owned(), address.to_string()]);
        }
        for name in &self.name {
            words.extend(["--name".to_owned(), name.clone()]);
        }
        for (flag, path) in [("--certificate", &self.certificate), ("--key", &self.key)] {
            if let Some(path) = path {
                words.extend([flag.to_owned(), text(&folder.join(path))?]);
            }
        }
        Ok(words)
    }

    /// Where programs of other machines come in, if they may.
    fn abroad(&self, config: &Path) -> Result<Option<Abroad>, Failure> {
        let Some(address) = self.listen else { return Ok(None) };
        let certificate = match (&self.certificate, &self.key) {
            (Some(certificate), Some(key)) => Certificate::read(certificate, key)?,
            _ => Certificate::own(&config.join(OWN), address.ip(), &self.name)?,
        };
        Ok(Some(Abroad { address, names: self.name.clone(), certificate }))
    }
}

/// Says to people what other machines pin.
fn say_abroad(session: &Session, abroad: &Abroad) {
    let Abroad { address, certificate, .. } = abroad;
    let path = certificate.path.display();
    session.say(&format!("other machines: https://{address}, with the certificate {path}"));
    session.say(&format!("its fingerprint, to be pinned: sha256 {}", certificate.fingerprint));
}

impl Serve {
    pub(crate) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        serve(session, &self.at, |server, _| {
            let names = server.names();
            let view = json!({ "address": names.programs(), "pid": std::process::id() });
            session.show(&view, |out| writeln!(out, "serving at {}", names.programs())).map(|_| ())
        })
    }
}

/// As many files as the most connections and what the house opens beside them need, with room to spare. Not all that
/// the system would give: what runs here inherits it, and some programs look at each number.
const FILES: u64 = 16_384;

/// Lets this process open more files, where the system's usual limit for a process is lower than it has to be.
fn open_more_files() {
    let limit = getrlimit(Resource::Nofile);
    let wanted = limit.maximum.map_or(FILES, |most| most.min(FILES));
    if limit.current.is_some_and(|now| now < wanted) {
        // Without it there are fewer places for connections, which the server finds out by itself.
        let _ = setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), ..limit });
    }
}

/// Serves until it is told to end. `announce` says what there is to say once clients may come.
pub(super) fn serve(
    session: &Session,
    at: &At,
    announce: impl FnOnce(&Server, &Principal) -> Result<(), Failure>,
) -> Result<ExitCode, Failure> {
    at.check()?;
    open_more_files();
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
        let abroad = at.abroad(&app.at().config)?;
        if let Some(abroad) = &abroad {
            say_abroad(session, abroad);
        }
        let setting = Setting { app, log: Arc::new(StderrLog) };
        let server = Server::bind_both(setting, address, abroad).await?;
        holder.says(&server.names().programs(), &server.names().dashboard())?;
        announce(&server, &who)?;
        Ok::<_, Failure>(server.run(ended).await)
    })?;
    drop(runtime);
    app.map(App::close).transpose()?;
    Ok(ExitCode::SUCCESS)
}
