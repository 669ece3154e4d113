use super::failure::Failure;
use super::hidden::{Answered, confirm};
use super::prompt::TerminalAsker;
use super::table::Table;
use crate::args::{Color, Global};
use keep_app::config::{Standing, Surroundings};
use keep_app::{App, AppError, Cleaner, Freshness, Settings};
use keep_gate::{Asker, GateError};
use keep_types::{Caller, ErrorKind};
use serde::Serialize;
use serde_json::json;
use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::OnceLock;

/// A token file is a line; a larger one is something else.
const MAX_TOKEN_BYTES: u64 = 4_096;
/// The width that lines are made for where no terminal tells.
const USUAL_WIDTH: usize = 100;

/// One run of the program: its flags, and how it speaks.
pub(crate) struct Session {
    global: Global,
    color: bool,
    /// Cleans messages of secret values; known once an installation was opened.
    cleaner: OnceLock<Cleaner>,
}

/// Whether what has expired is removed while somebody waits.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tidying {
    InPassing,
    Later,
}

impl Session {
    pub(crate) fn new(global: Global) -> Self {
        let set = |variable: &str| std::env::var_os(variable).is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let color = match global.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto if set("NO_COLOR") => false,
            Color::Auto if set("FORCE_COLOR") => true,
            Color::Auto => std::io::stdout().is_terminal() && !dumb,
        };
        let color = color && !global.json;
        Self { global, color, cleaner: OnceLock::new() }
    }

    /// Opens the installation; says where it put things when this is the first use.
    pub(crate) fn open(&self) -> Result<App, Failure> {
        self.open_asking(Arc::new(TerminalAsker { no_input: self.global.no_input }))
    }

    /// Opens the installation for a surface whose questions go elsewhere.
    pub(crate) fn open_asking(&self, asker: Arc<dyn Asker>) -> Result<App, Failure> {
        self.open_in(None, asker)
    }

    /// Opens the installation as from another folder.
    fn open_in(&self, folder: Option<PathBuf>, asker: Arc<dyn Asker>) -> Result<App, Failure> {
        let mut around = self.surroundings()?;
        around.cwd = folder.filter(|folder| folder.is_absolute()).unwrap_or(around.cwd);
        let around_home = around.env.get("KEEP_HOME").filter(|home| !home.is_empty()).cloned();
        let app = App::open(Settings { around, asker })?;
        if app.freshness() == Freshness::New {
            let at = app.at();
            // A mistyped name makes a new place, so it is said that nothing was there.
            let below = self.global.home.clone().or_else(|| around_home.map(PathBuf::from));
            if let Some(home) = below {
                let home = home.display();
                self.say(&format!("there was no installation in {home}: a new one was made there"));
            }
            self.say(&format!(
                "first use: the data lie in {}, settings and keys in {}, the checkpoint in {}",
                at.data.display(),
                at.config.display(),
                at.state.display()
            ));
        }
        for notice in &app.effective().notices {
            self.say(&format!("{} from {} does not count: {}", notice.key, notice.origin, notice.why));
        }
        Ok(app)
    }

    /// Opens the installation, works out who is calling, runs one operation and closes.
    pub(crate) fn with<T>(
        &self,
        operation: impl AsyncFnOnce(&App, &Caller) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        self.run(self.open()?, Tidying::InPassing, operation)
    }

    /// Like [`Session::with`], as from another folder, and with somebody else to ask. Somebody waits for every
    /// millisecond of it, so nothing is tidied in passing: the next command does that.
    pub(crate) fn with_in<T>(
        &self,
        folder: Option<PathBuf>,
        asker: Arc<dyn Asker>,
        operation: impl AsyncFnOnce(&App, &Caller) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        self.run(self.open_in(folder, asker)?, Tidying::Later, operation)
    }

    fn run<T>(
        &self,
        app: App,
        tidying: Tidying,
        operation: impl AsyncFnOnce(&App, &Caller) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let outcome = self.block(async {
            let caller = app.caller(self.token()?.as_deref()).await?;
            let value = operation(&app, &caller).await?;
            if tidying == Tidying::InPassing
                && let Err(error) = app.tidy(&caller).await
            {
                // What was asked for is done; this is somebody else's, and the next run tries again.
                let why = keep_types::chain(&error).join(": ");
                self.say(&format!("memories that have expired are still on the disk: {why}"));
            }
            Ok(value)
        });
        if let Err(Failure::App(AppError::Gate(error)) | Failure::Gate(error)) = &outcome
            && let GateError::NeedsApproval { summary, made_now: true, .. } = error
        {
            super::notice::tell(&app, summary);
        }
        // Known already when this run opened before.
        let _ = self.cleaner.set(app.cleaner());
        let closed = app.close();
        let value = outcome?;
        closed?;
        Ok(value)
    }

    /// Like [`Session::with`], for operations that end the installation's present life.
    pub(crate) fn with_owned<T>(
        &self,
        operation: impl AsyncFnOnce(App, &Caller) -> Result<T, AppError>,
    ) -> Result<T, Failure> {
        let app = self.open()?;
        self.block(async {
            let caller = app.caller(self.token()?.as_deref()).await?;
            Ok(operation(app, &caller).await?)
        })
    }

    fn block<T>(&self, future: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::Runtime)?;
        runtime.block_on(future)
    }

    /// Where this runs, and what the flags and the environment say.
    pub(crate) fn surroundings(&self) -> Result<Surroundings, Failure> {
        let cwd = std::env::current_dir()
            .map_err(|e| Failure::file("finding the working folder", Path::new("."), e))?;
        let mut flags = Vec::new();
        for setting in &self.global.set {
            let (key, value) = setting.split_once('=').ok_or_else(|| {
                Failure::usage(format!("{setting:?} is no setting"), "write --set KEY=VALUE")
            })?;
            flags.push((key.to_owned(), value.to_owned()));
        }
        let env: BTreeMap<String, String> = std::env::vars_os()
            .filter_map(|(key, value)| Some((key.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        Ok(Surroundings {
            env,
            cwd,
            home: self.global.home.clone(),
            flags,
            // The house works this out for itself.
            standing: Standing::Program,
            system: PathBuf::from("/etc/keep/config.toml"),
        })
    }

    /// How a person calls this installation's program, in a text that they may copy.
    pub(crate) fn keep(&self) -> String {
        let Some(home) = &self.global.home else { return "keep".into() };
        let home = std::path::absolute(home).unwrap_or_else(|_| home.clone()).display().to_string();
        let plain = home.chars().all(|c| c.is_alphanumeric() || "/._-".contains(c));
        if plain {
            format!("keep --home {home}")
        } else {
            format!("keep --home '{}'", home.replace('\'', "'\\''"))
        }
    }

    /// The file that names who calls, where one was named.
    pub(crate) fn token_file(&self) -> Option<PathBuf> {
        let from_env = || std::env::var_os("KEEP_TOKEN_FILE").filter(|v| !v.is_empty()).map(PathBuf::from);
        self.global.token_file.clone().or_else(from_env)
    }

    pub(crate) fn token(&self) -> Result<Option<String>, Failure> {
        let Some(path) = self.token_file() else { return Ok(None) };
        let read = || -> std::io::Result<String> {
            let mut text = String::new();
            let file = std::fs::File::open(&path)?;
            std::io::Read::read_to_string(&mut std::io::Read::take(file, MAX_TOKEN_BYTES), &mut text)?;
            Ok(text)
        };
        read().map(Some).map_err(|e| Failure::file("reading the token from", &path, e))
    }

    /// Where the installation lies, where a flag or a variable says so.
    pub(crate) fn home(&self) -> Option<PathBuf> {
        let from_env = || std::env::var_os("KEEP_HOME").filter(|home| !home.is_empty()).map(PathBuf::from);
        let home = self.global.home.clone().or_else(from_env)?;
        Some(std::path::absolute(&home).unwrap_or(home))
    }

    /// Asks for yes or no; where nobody may be asked, the hint says what to do instead.
    pub(crate) fn confirm(&self, question: &str, hint: &str) -> Result<Answered, Failure> {
        if !self.may_ask() {
            return Err(Failure::usage("this asks first, and asking is switched off", hint));
        }
        confirm(question, hint)
    }

    pub(crate) fn is_json(&self) -> bool {
        self.global.json
    }

    /// Whether questions may be put to a person.
    pub(crate) fn may_ask(&self) -> bool {
        !self.global.no_input
    }

    pub(crate) fn shows_progress(&self) -> bool {
        !self.global.quiet && !self.global.json && std::io::stderr().is_terminal()
    }

    /// Shows a result: JSON when asked for, else what the closure writes.
    pub(crate) fn show<T: Serialize>(
        &self,
        value: &T,
        text: impl FnOnce(&mut dyn Write) -> std::io::Result<()>,
    ) -> Result<ExitCode, Failure> {
        let mut shown = Vec::new();
        if self.global.json {
            serde_json::to_writer_pretty(&mut shown, value).map_err(std::io::Error::from)?;
            writeln!(shown)?;
        } else {
            text(&mut shown)?;
        }
        // What is shown may repeat what was given, or hold what was stored before it became a secret.
        let mut out = std::io::stdout().lock();
        out.write_all(&self.cleaner().bytes(&shown))?;
        out.flush()?;
        Ok(ExitCode::SUCCESS)
    }

    /// Shows a table, or a sentence when it is empty.
    pub(crate) fn show_table<T: Serialize>(
        &self,
        value: &T,
        table: &Table,
        when_empty: &str,
    ) -> Result<ExitCode, Failure> {
        self.show(value, |out| {
            if table.is_empty() {
                return writeln!(out, "{when_empty}");
            }
            for (number, line) in table.lines(self.width()).iter().enumerate() {
                let line = if number == 0 { self.dim(line) } else { line.clone() };
                writeln!(out, "{line}")?;
            }
            Ok(())
        })
    }

    /// A message beside the data.
    pub(crate) fn say(&self, message: &str) {
        let message = &self.cleaner().clean(message);
        if !self.global.quiet && !self.global.json {
            // A closed stderr leaves nobody to tell.
            let _ = writeln!(std::io::stderr(), "{}", super::visible(message));
        }
    }

    /// What cleans messages of secret values.
    pub(crate) fn cleaner(&self) -> &Cleaner {
        self.cleaner.get_or_init(|| match self.surroundings() {
            Ok(around) => Cleaner::of_place(&around),
            Err(_) => Cleaner::default(),
        })
    }

    /// An error: its message, what led to it, what to do.
    pub(crate) fn error(&self, kind: ErrorKind, messages: &[String], hint: Option<String>) {
        let cleaner = self.cleaner();
        let messages: Vec<_> = messages.iter().map(|message| cleaner.clean(message)).collect();
        let hint = hint.map(|hint| cleaner.clean(&hint));
        let mut err = std::io::stderr().lock();
        let (message, causes) = messages.split_first().map_or(("", &[][..]), |(m, c)| (m.as_str(), c));
        // A closed stderr leaves nobody to tell.
        let _ = if self.global.json {
            let error = json!({ "kind": kind, "message": message, "causes": causes, "hint": hint });
            writeln!(err, "{}", json!({ "error": error }))
        } else {
            let mut text = format!("{} {}\n", self.red("error:"), super::visible(message));
            for cause in causes {
                text.push_str(&format!("  because: {}\n", super::visible(cause)));
            }
            if let Some(hint) = hint {
                text.push_str(&format!("  hint: {}\n", super::visible(&hint)));
            }
            err.write_all(text.as_bytes())
        };
    }

    /// How wide lines may be.
    pub(crate) fn width(&self) -> usize {
        let out = std::io::stdout();
        if !out.is_terminal() {
            let columns = std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok());
            return columns.unwrap_or(USUAL_WIDTH).max(20);
        }
        let size = rustix::termios::tcgetwinsize(&out).map(|size| usize::from(size.ws_col));
        size.ok().filter(|width| *width > 0).unwrap_or(USUAL_WIDTH).max(20)
    }

    /// Writes a line whose text, wrapped to the width, hangs below its start at this column.
    pub(crate) fn hang(
        &self,
        out: &mut dyn Write,
        head: &str,
        column: usize,
        text: &str,
    ) -> std::io::Result<()> {
        super::hang(out, head, column, text, self.width())
    }

    fn paint(&self, code: &str, text: &str) -> String {
        if self.color { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    pub(crate) fn dim(&self, text: &str) -> String {
        self.paint("2", text)
    }

    pub(crate) fn red(&self, text: &str) -> String {
        self.paint("1;31", text)
    }

    pub(crate) fn green(&self, text: &str) -> String {
        self.paint("32", text)
    }

    pub(crate) fn yellow(&self, text: &str) -> String {
        self.paint("33", text)
    }
}
