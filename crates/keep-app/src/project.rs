//! Projects: a random id bound to a canonical root folder, with a name made from the folder's.

use crate::app::App;
use crate::config::Trusted;
use crate::error::AppError;
use keep_gate::fresh_id;
use keep_types::{
    Act, ActFacts, Action, Caller, FieldHasher, Id, Name, Namespace, ProjectKind, Risk, Timestamp, Touch,
};
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Serialize;
use serde_json::json;
use std::path::{Path, PathBuf};

/// What marks the root of a project.
const MARKERS: [&str; 2] = [".keep", ".git"];

/// A project as it is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProjectView {
    /// Its id.
    pub id: Id<ProjectKind>,
    /// Its name, part of its namespaces.
    pub name: Name,
    /// Its root folder.
    pub root: PathBuf,
    /// When it was first used.
    pub created: Timestamp,
}

/// The root of the project that a folder lies in: the nearest one with a `.keep` folder or a `.git`.
/// Links are resolved first, so that one folder is one project. `git` is never run.
#[must_use]
pub fn find_root(folder: &Path) -> Option<PathBuf> {
    let folder = folder.canonicalize().ok()?;
    folder
        .ancestors()
        .find(|ancestor| MARKERS.iter().any(|marker| ancestor.join(marker).exists()))
        .map(Path::to_owned)
}

struct BindProject {
    name: Name,
    root: PathBuf,
}

impl Act for BindProject {
    fn facts(&self) -> ActFacts {
        let root = self.root.display().to_string();
        ActFacts {
            action: Action::of("project.bind"),
            namespace: Namespace::Project(self.name.clone()),
            touch: Touch::Change,
            risk: Risk::Low,
            summary: format!("bind the project {} to {root}", self.name),
            detail: json!({ "name": self.name, "root": root }),
            bound: FieldHasher::new("project.bind").field("root", root).finish(),
            exact: None,
        }
    }
}

struct RenameProject {
    project: ProjectView,
    to: Name,
}

impl Act for RenameProject {
    fn facts(&self) -> ActFacts {
        ActFacts {
            action: Action::of("project.rename"),
            namespace: Namespace::Project(self.project.name.clone()),
            touch: Touch::Change,
            risk: Risk::Medium,
            summary: format!("rename the project {} to {}", self.project.name, self.to),
            detail: json!({ "id": self.project.id, "from": self.project.name, "to": self.to }),
            bound: FieldHasher::new("project.rename")
                .field("id", self.project.id.to_string())
                .field("to", self.to.as_str())
                .finish(),
            exact: None,
        }
    }
}

struct MergeProject {
    from: ProjectView,
    into: ProjectView,
}

impl Act for MergeProject {
    fn facts(&self) -> ActFacts {
        ActFacts {
            action: Action::of("project.merge"),
            namespace: Namespace::Project(self.into.name.clone()),
            touch: Touch::Change,
            risk: Risk::Critical,
            summary: format!("merge the project {} into {}", self.from.name, self.into.name),
            detail: json!({ "from": self.from.name, "into": self.into.name }),
            bound: FieldHasher::new("project.merge")
                .field("from", self.from.id.to_string())
                .field("into", self.into.id.to_string())
                .finish(),
            exact: None,
        }
    }
}

impl App {
    /// All projects by name.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn projects(&self, caller: &Caller) -> Result<Vec<ProjectView>, AppError> {
        let caller = caller.clone();
        self.db
            .read(move |tx| {
                let mut statement = tx.sql().prepare_cached("SELECT * FROM house_project ORDER BY name")?;
                let rows = statement.query_map([], |row| Ok(read_row(row)))?;
                let all = rows.map(|row| row?).collect::<Result<Vec<_>, AppError>>()?;
                let seen = |view: &ProjectView| caller.may_read(&Namespace::Project(view.name.clone()));
                Ok(all.into_iter().filter(seen).collect())
            })
            .await
    }

    /// The project at a root folder, bound now if it never was.
    ///
    /// # Errors
    /// When the gate refuses or the database fails.
    pub async fn bind_project(&self, caller: &Caller, root: PathBuf) -> Result<ProjectView, AppError> {
        if let Some(known) = self.project_at(root.clone()).await? {
            return Ok(known);
        }
        let name = self.free_name(&root).await?;
        let (id, created) = (fresh_id(self.now())?, self.now());
        let permit = self.gate.admit(caller, BindProject { name, root }).await?;
        permit
            .perform(move |tx, act| {
                if let Some(known) = by_root(tx.sql(), &act.root)? {
                    return Ok(known);
                }
                let view = ProjectView { id, name: act.name.clone(), root: act.root.clone(), created };
                tx.sql().execute(
                    "INSERT INTO house_project VALUES (?1, ?2, ?3, ?4)",
                    params![id.to_string(), view.name.as_str(), path_text(&view.root)?, created.ms()],
                )?;
                Ok(view)
            })
            .await
    }

    /// The project bound to a root folder.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn project_at(&self, root: PathBuf) -> Result<Option<ProjectView>, AppError> {
        self.db.read(move |tx| by_root(tx.sql(), &root)).await
    }

    /// The name of the project at a root folder, bound or as it would be.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn project_name(&self, root: &Path) -> Result<Name, AppError> {
        match self.project_at(root.to_owned()).await? {
            Some(known) => Ok(known.name),
            None => self.free_name(root).await,
        }
    }

    /// The namespace of whoever works in a folder: its project's, bound or as it would be, or `global`.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn home_of(&self, folder: &Path) -> Result<Namespace, AppError> {
        let Some(root) = find_root(folder) else { return Ok(Namespace::Global) };
        Ok(Namespace::Project(self.project_name(&root).await?))
    }

    /// The project's own name where it is free or trusted, else one made from the folder's; a second
    /// folder of that name gets a number.
    async fn free_name(&self, root: &Path) -> Result<Name, AppError> {
        if let Some(own) = self.effective.values.project_name.clone() {
            let name = own.clone();
            let taken = self.db.read(move |tx| name_taken(tx.sql(), &name)).await?;
            if !taken || self.project.trusted() == Trusted::Yes {
                return Ok(own);
            }
        }
        let folder = root.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let slug = Name::slug(&folder)
            .unwrap_or_else(|| "project".parse().expect("a literal of lower-case letters is a name"));
        self.db
            .read(move |tx| {
                let mut number = 1;
                let mut name = slug.clone();
                while name_taken(tx.sql(), &name)? {
                    number += 1;
                    let suffix = format!("-{number}");
                    let stem: String = slug.as_str().chars().take(64 - suffix.len()).collect();
                    name = format!("{stem}{suffix}")
                        .parse()
                        .map_err(|source| AppError::BadName { given: folder.clone(), source })?;
                }
                Ok(name)
            })
            .await
    }

    /// Gives a project another name.
    ///
    /// # Errors
    /// When there is no such project, the name is taken, or the gate refuses.
    pub async fn rename_project(
        &self,
        caller: &Caller,
        from: &str,
        to: &str,
    ) -> Result<ProjectView, AppError> {
        let project = self.project_named(caller, from).await?;
        let to = to.parse().map_err(|source| AppError::BadName { given: to.to_owned(), source })?;
        let permit = self.gate.admit(caller, RenameProject { project, to }).await?;
        permit
            .perform(|tx, act| {
                if name_taken(tx.sql(), &act.to)? {
                    return Err(AppError::NameTaken(act.to.to_string()));
                }
                tx.sql().execute(
                    "UPDATE house_project SET name = ?2 WHERE id = ?1",
                    params![act.project.id.to_string(), act.to.as_str()],
                )?;
                Ok(ProjectView { name: act.to.clone(), ..act.project.clone() })
            })
            .await
    }

    /// Makes one project part of another: its name leads there from now on.
    ///
    /// # Errors
    /// When either is unknown, or the gate refuses.
    pub async fn merge_project(
        &self,
        caller: &Caller,
        from: &str,
        into: &str,
    ) -> Result<ProjectView, AppError> {
        let (from, into) = (self.project_named(caller, from).await?, self.project_named(caller, into).await?);
        if from.id == into.id {
            return Err(AppError::NameTaken(from.name.to_string()));
        }
        let permit = self.gate.admit(caller, MergeProject { from, into }).await?;
        permit
            .perform(|tx, MergeProject { from, into }| {
                let (from_id, into_id) = (from.id.to_string(), into.id.to_string());
                tx.sql().execute(
                    "UPDATE house_project_alias SET project = ?2 WHERE project = ?1",
                    params![from_id, into_id],
                )?;
                tx.sql().execute("DELETE FROM house_project WHERE id = ?1", [from_id])?;
                tx.sql().execute(
                    "INSERT INTO house_project_alias VALUES (?1, ?2)",
                    params![from.name.as_str(), into_id],
                )?;
                Ok(into.clone())
            })
            .await
    }

    async fn project_named(&self, caller: &Caller, name: &str) -> Result<ProjectView, AppError> {
        let all = self.projects(caller).await?;
        all.into_iter()
            .find(|view| view.name.as_str() == name)
            .ok_or_else(|| AppError::NoSuchProject(name.to_owned()))
    }
}

fn name_taken(sql: &Connection, name: &Name) -> Result<bool, AppError> {
    Ok(sql
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM house_project WHERE name = ?1)
                 OR EXISTS (SELECT 1 FROM house_project_alias WHERE name = ?1)",
        )?
        .query_row([name.as_str()], |row| row.get(0))?)
}

fn by_root(sql: &Connection, root: &Path) -> Result<Option<ProjectView>, AppError> {
    let root = path_text(root)?;
    sql.prepare_cached("SELECT * FROM house_project WHERE root = ?1")?
        .query_row([root], |row| Ok(read_row(row)))
        .optional()?
        .transpose()
}

/// Paths are stored as text; one that is no text could not be shown or compared.
fn path_text(path: &Path) -> Result<&str, AppError> {
    path.to_str().ok_or_else(|| AppError::BadHome {
        path: path.to_owned(),
        reason: "its name is not valid Unicode".into(),
    })
}

fn read_row(row: &Row<'_>) -> Result<ProjectView, AppError> {
    let corrupt = |what: String| AppError::Corrupt { table: "house_project", what };
    let id: String = row.get("id")?;
    let name: String = row.get("name")?;
    let root: String = row.get("root")?;
    Ok(ProjectView {
        id: id.parse().map_err(|e| corrupt(format!("id: {e}")))?,
        name: name.parse().map_err(|e| corrupt(format!("name: {e}")))?,
        root: root.into(),
        created: Timestamp::from_ms(row.get("created_ms")?),
    })
}
