//! Where a caller's work is. It is found out from where the caller is or from what its token names, and never
//! taken from a request: a folder does not become readable or writable because somebody named it.

use crate::app::App;
use crate::error::AppError;
use crate::exec::own;
use keep_artifact::Fence;
use keep_gate::GateError;
use keep_types::{Caller, Channel, Namespace};
use std::path::PathBuf;

/// Where a caller's work is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workplace {
    /// The folder that the work is about.
    pub workspace: PathBuf,
    /// The folder that the caller is in.
    pub folder: PathBuf,
    /// Whether that is a project, and not merely a folder.
    pub project: bool,
}

impl App {
    /// Where this caller's work is: in the folder that this program was started in, where that is the caller's.
    /// A caller that came over the network or the protocol is in no folder; its work is then about the project
    /// that its token names, where that is bound to its folder.
    ///
    /// # Errors
    /// When the working folder cannot be found, or belongs to a project that is not the caller's.
    pub async fn workplace(&self, caller: &Caller) -> Result<Workplace, AppError> {
        let cwd = &self.settings.around.cwd;
        let folder = cwd.canonicalize().map_err(|e| AppError::file("finding", cwd, e))?;
        let place = self.home_of(&folder).await?;
        // A token names its namespaces; the folder that its holder stands in is none of them by that alone.
        if caller.may_write(&place) && caller.home.project() == place.project() {
            let root = crate::find_root(&folder);
            let project = root.is_some();
            return Ok(Workplace { workspace: root.unwrap_or_else(|| folder.clone()), folder, project });
        }
        if let Some(root) = self.bound_root(caller).await? {
            return Ok(Workplace { workspace: root.clone(), folder: root, project: true });
        }
        let principal = caller.principal.clone();
        Err(GateError::OutOfReach { principal, namespace: place }.into())
    }

    /// The folder of the project that a caller from elsewhere works for.
    async fn bound_root(&self, caller: &Caller) -> Result<Option<PathBuf>, AppError> {
        let Some(name) = caller.home.project() else { return Ok(None) };
        let elsewhere = matches!(caller.channel, Channel::Http | Channel::Mcp);
        if !elsewhere || !caller.may_write(&Namespace::Project(name.clone())) {
            return Ok(None);
        }
        let bound = self.projects(caller).await?.into_iter().find(|view| view.name == *name);
        // A folder that was moved or is no project any more is not the one that was bound.
        Ok(bound.map(|view| view.root).filter(|root| crate::find_root(root).as_ref() == Some(root)))
    }

    /// What a caller may have read from its workplace into the house.
    #[must_use]
    pub fn readable(&self, place: &Workplace) -> Fence {
        Fence { within: place.workspace.clone(), except: own(&self.at) }
    }

    /// What a caller may have written there by the house: what a run of its own may write.
    #[must_use]
    pub fn writable(&self, place: &Workplace) -> Fence {
        let home = self.settings.around.env.get("HOME").map_or_else(|| "/nonexistent".into(), PathBuf::from);
        let mut except = own(&self.at);
        except.extend(keep_sandbox::runs_later(&place.workspace, &home));
        except.extend(keep_exec::leads(&place.workspace));
        Fence { within: place.workspace.clone(), except }
    }
}
