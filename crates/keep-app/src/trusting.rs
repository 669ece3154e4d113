//! `keep trust`: pinning the files that a project's settings consist of, as a person has seen them.

use crate::app::App;
use crate::config::Trusted;
use crate::error::AppError;
use crate::trust::{Change, Closure};
use keep_types::{Act, ActFacts, Action, Caller, FieldHasher, Namespace, Risk, Touch};
use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;
use serde_json::json;
use std::path::{Path, PathBuf};

/// A project's files and how they stand to their pin.
#[derive(Clone, Debug, Serialize)]
pub struct TrustView {
    /// The project's root.
    pub root: PathBuf,
    /// Whether these very files are pinned.
    pub trusted: bool,
    /// The files, by path below the root.
    pub files: Vec<String>,
    /// What differs from the pin; everything when there is none.
    pub changes: Vec<Change>,
}

struct Pin(Closure);

impl Act for Pin {
    fn facts(&self) -> ActFacts {
        let Closure { root, files } = &self.0;
        let root = root.display();
        ActFacts {
            action: Action::of("trust.pin"),
            namespace: Namespace::Global,
            touch: Touch::Change,
            risk: Risk::Critical,
            summary: format!("trust {root}: its settings may widen what is allowed here"),
            detail: json!({ "root": root.to_string(), "files": files }),
            bound: FieldHasher::new("trust.pin").field("closure", self.0.digest().as_bytes()).finish(),
            exact: Some(self.0.digest().as_bytes().to_vec()),
        }
    }
}

struct Unpin(PathBuf);

impl Act for Unpin {
    fn facts(&self) -> ActFacts {
        let root = self.0.display().to_string();
        ActFacts {
            action: Action::of("trust.unpin"),
            namespace: Namespace::Global,
            touch: Touch::Change,
            risk: Risk::Critical,
            summary: format!("trust {root} no longer"),
            detail: json!({ "root": root }),
            bound: FieldHasher::new("trust.unpin").field("root", root).finish(),
            exact: None,
        }
    }
}

impl App {
    /// The files that the project here rests on, and how they stand to their pin.
    ///
    /// # Errors
    /// When there is no project with a `.keep` folder here.
    pub fn trust_here(&self) -> Result<TrustView, AppError> {
        let cwd = || AppError::NoProjectHere(self.settings.around.cwd.clone());
        let walked = self.project.walked.as_ref().ok_or_else(cwd)?;
        let now = &walked.closure;
        let nothing = Closure { root: now.root.clone(), files: Default::default() };
        let changes = self.project.pinned.as_ref().unwrap_or(&nothing).diff(now);
        Ok(TrustView {
            root: now.root.clone(),
            trusted: self.project.trusted() == Trusted::Yes,
            files: now.files.keys().cloned().collect(),
            changes,
        })
    }

    /// Pins the project's files as they were read when this installation was opened.
    ///
    /// # Errors
    /// When there is no project here, or no person confirms it.
    pub async fn trust_project(&self, caller: &Caller) -> Result<TrustView, AppError> {
        let view = self.trust_here()?;
        let closure = self.project.walked.as_ref().map(|walked| walked.closure.clone());
        let closure = closure.ok_or_else(|| AppError::NoProjectHere(view.root.clone()))?;
        let permit = self.gate.admit(caller, Pin(closure)).await?;
        let (by, now) = (caller.principal.to_string(), self.now());
        permit
            .perform(move |tx, Pin(closure)| {
                let files = serde_json::to_string(closure)
                    .map_err(|e| AppError::Corrupt { table: "house_trust", what: e.to_string() })?;
                tx.sql().execute(
                    "INSERT INTO house_trust VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET
                     closure = excluded.closure, by = excluded.by, pinned_ms = excluded.pinned_ms",
                    params![closure.root.to_string_lossy(), files, by, now.ms()],
                )?;
                Ok::<_, AppError>(())
            })
            .await?;
        Ok(TrustView { trusted: true, changes: Vec::new(), ..view })
    }

    /// Forgets the pin: from the next command on, the project only narrows.
    ///
    /// # Errors
    /// When there is no project here, or no person confirms it.
    pub async fn untrust_project(&self, caller: &Caller) -> Result<TrustView, AppError> {
        let view = self.trust_here()?;
        let permit = self.gate.admit(caller, Unpin(view.root.clone())).await?;
        permit
            .perform(|tx, Unpin(root)| {
                tx.sql().execute("DELETE FROM house_trust WHERE root = ?1", [root.to_string_lossy()])?;
                Ok::<_, AppError>(())
            })
            .await?;
        Ok(TrustView { trusted: false, ..view })
    }
}

/// The closure pinned for a root.
pub(crate) fn pinned(sql: &Connection, root: &Path) -> Result<Option<Closure>, AppError> {
    let text: Option<String> = sql
        .prepare_cached("SELECT closure FROM house_trust WHERE root = ?1")?
        .query_row([root.to_string_lossy()], |row| row.get(0))
        .optional()?;
    text.map(|text| {
        serde_json::from_str(&text)
            .map_err(|e| AppError::Corrupt { table: "house_trust", what: e.to_string() })
    })
    .transpose()
}
