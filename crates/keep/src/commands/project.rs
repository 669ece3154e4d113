use crate::edge::{Failure, Session, Table};
use clap::{Args, Subcommand};
use keep_app::ProjectView;
use std::process::ExitCode;

#[derive(Args)]
#[command(
    after_help = "EXAMPLES:\n  keep project list\n  keep project rename demo shop\n  keep project merge shop-old shop"
)]
pub(crate) struct Project {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// List the projects
    #[command(after_help = "EXAMPLES:\n  keep project list --json")]
    List,
    /// Give a project another name
    #[command(after_help = "EXAMPLES:\n  keep project rename demo shop")]
    Rename {
        /// Its name now
        from: String,
        /// Its new name
        to: String,
    },
    /// Make one project part of another
    #[command(after_help = "EXAMPLES:\n  keep project merge shop-old shop")]
    Merge {
        /// The one that goes
        from: String,
        /// The one that stays
        into: String,
    },
}

impl Project {
    pub(crate) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        match self.what {
            What::List => {
                let projects = session.with(async |app, caller| Ok(app.projects(caller).await?))?;
                let mut table = Table::new(&["name", "root", "since"]);
                for project in &projects {
                    let root = project.root.display().to_string();
                    table.row([project.name.as_str(), &root, &project.created.to_string()]);
                }
                session.show_table(&projects, &table, "no project was used yet")
            }
            What::Rename { from, to } => {
                let view =
                    session.with(async |app, caller| Ok(app.rename_project(caller, &from, &to).await?))?;
                show(session, &view)
            }
            What::Merge { from, into } => {
                let view =
                    session.with(async |app, caller| Ok(app.merge_project(caller, &from, &into).await?))?;
                show(session, &view)
            }
        }
    }
}

fn show(session: &Session, view: &ProjectView) -> Result<ExitCode, Failure> {
    session.show(view, |out| writeln!(out, "{} at {}", view.name, view.root.display()))
}
