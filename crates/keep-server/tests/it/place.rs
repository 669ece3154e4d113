//! An installation of a test's own, with a server that runs.

use crate::client::Client;
use keep_app::config::{Standing, Surroundings};
use keep_app::{App, Settings};
use keep_gate::{Answer, Asker, NewToken, Question};
use keep_server::{AskDashboard, Gateway, Log, Names, Quiet, Server, Setting};
use keep_types::{Audience, Caller, Channel, Namespace, Principal, Reach, Scopes};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use tokio::sync::oneshot;

/// Says yes, in installations that hold nothing of anybody's.
pub(crate) struct SayYes;

impl Asker for SayYes {
    fn ask(&self, _: &Question<'_>) -> Answer {
        Answer::Yes { code: None }
    }
}

/// An installation and what a person gave out in it.
pub(crate) struct Place {
    pub(crate) folder: tempfile::TempDir,
    /// Where servers are started.
    pub(crate) cwd: PathBuf,
}

/// A server that runs until this goes.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) names: Names,
    pub(crate) gateways: Vec<Gateway>,
    /// Signs a person in to the dashboard, once.
    pub(crate) code: String,
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// A person at their own terminal.
pub(crate) fn person() -> Caller {
    Caller {
        principal: "user:ann".parse().unwrap(),
        home: Namespace::Global,
        reach: Reach::Everything,
        scopes: Scopes::all(),
        channel: Channel::Terminal,
        audience: Audience::Terminal,
        lineage: Vec::new(),
        acting: Vec::new(),
    }
}

pub(crate) fn block<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}

impl Place {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { cwd: folder.path().to_owned(), folder }
    }

    /// One whose servers are started in a project of the name `demo`.
    pub(crate) fn in_project() -> Self {
        let mut place = Self::new();
        place.cwd = place.folder.path().join("demo");
        std::fs::create_dir_all(place.cwd.join(".git/hooks")).unwrap();
        place
    }

    pub(crate) fn open(&self, asker: Arc<dyn Asker>) -> App {
        self.open_in(&self.cwd, asker)
    }

    /// The installation as somebody sees it who works in this folder.
    pub(crate) fn open_in(&self, folder: &Path, asker: Arc<dyn Asker>) -> App {
        self.open_with(folder, asker, &[])
    }

    /// The same with variables of its environment.
    fn open_with(&self, folder: &Path, asker: Arc<dyn Asker>, more: &[(&str, &str)]) -> App {
        let env = [("PATH", "/usr/bin:/bin")].iter().chain(more);
        let around = Surroundings {
            env: env.map(|(name, value)| ((*name).into(), (*value).into())).collect(),
            cwd: folder.to_owned(),
            home: Some(self.folder.path().join("home")),
            flags: Vec::new(),
            standing: Standing::Program,
            system: self.folder.path().join("no-system/config.toml"),
        };
        App::open(Settings { around, asker }).unwrap()
    }

    /// Runs something as a person who says yes.
    pub(crate) fn as_person<T>(&self, work: impl AsyncFnOnce(&App, &Caller) -> T) -> T {
        let app = self.open(Arc::new(SayYes));
        let value = block(work(&app, &person()));
        app.close().unwrap();
        value
    }

    /// A token of this agent's for everything in one project.
    pub(crate) fn token(&self, agent: &str, project: &str) -> String {
        self.token_for(agent, project, "*")
    }

    /// The same for one scope.
    pub(crate) fn token_for(&self, agent: &str, project: &str, scope: &str) -> String {
        let principal: Principal = agent.parse().unwrap();
        let namespaces = vec![format!("project:{project}").parse().unwrap()];
        let scopes = vec![scope.parse().unwrap()];
        let new = NewToken { principal, scopes, namespaces, label: "test".into(), lifetime: None };
        self.as_person(async |app, person| app.gate().create_token(person, new).await.unwrap().token)
    }

    /// A code that signs a person in, as `keep open` makes it.
    pub(crate) fn code(&self) -> String {
        self.as_person(async |app, person| app.offer_sign_in(person).await.unwrap())
    }

    /// A server on a port of its own.
    pub(crate) fn serve(&self) -> Running {
        self.serve_as(|server| server)
    }

    /// A server that is changed before it runs.
    pub(crate) fn serve_as(&self, change: impl FnOnce(Server) -> Server + Send + 'static) -> Running {
        self.serve_changed(self.open(Arc::new(AskDashboard)), Arc::new(Quiet), change)
    }

    /// One that writes down what it did.
    pub(crate) fn serve_logged(&self, log: Arc<dyn Log>) -> Running {
        self.serve_changed(self.open(Arc::new(AskDashboard)), log, |server| server)
    }

    /// One with variables of its environment.
    pub(crate) fn serve_with(&self, env: &[(&str, &str)]) -> Running {
        let app = self.open_with(&self.cwd, Arc::new(AskDashboard), env);
        self.serve_changed(app, Arc::new(Quiet), |server| server)
    }

    /// One that is started in this folder.
    pub(crate) fn serve_in(&self, folder: &Path) -> Running {
        let app = self.open_in(folder, Arc::new(AskDashboard));
        self.serve_changed(app, Arc::new(Quiet), |server| server)
    }

    fn serve_changed(
        &self,
        app: App,
        log: Arc<dyn Log>,
        change: impl FnOnce(Server) -> Server + Send + 'static,
    ) -> Running {
        let (tell, told) = mpsc::channel();
        let (end, ended) = oneshot::channel();
        let thread = std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
            runtime.block_on(async {
                let setting = Setting { app, log };
                let server = change(Server::bind(setting, "127.0.0.1:0".parse().unwrap()).await.unwrap());
                let code = server.sign_in_code(&person().principal).unwrap().unwrap();
                let agent = server.sign_in_code(&Principal::unknown_agent()).unwrap();
                assert_eq!(agent, None, "an agent can sign in");
                tell.send((server.names().clone(), server.gateways(), code)).unwrap();
                let app = server.run(async { drop(ended.await) }).await;
                app.expect("everything ended").close().unwrap();
            });
        });
        let (names, gateways, code) = told.recv().unwrap();
        let address = names.programs().strip_prefix("http://").unwrap().parse().unwrap();
        Running { address, names, gateways, code, end: Some(end), thread: Some(thread) }
    }
}

impl Running {
    pub(crate) fn client(&self, token: &str) -> Client {
        Client::new(self.address).bearer(token)
    }

    pub(crate) fn nobody(&self) -> Client {
        Client::new(self.address)
    }

    /// The dashboard's own host.
    pub(crate) fn dashboard_host(&self) -> String {
        self.names.dashboard().trim_start_matches("http://").trim_end_matches('/').to_owned()
    }

    /// Ends it and waits until it has ended.
    pub(crate) fn end(mut self) {
        self.stop();
    }

    fn stop(&mut self) {
        if let Some(end) = self.end.take() {
            let _ = end.send(());
        }
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            if !std::thread::panicking() {
                ended.unwrap();
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop();
    }
}
