//! What a command line would do, and what policy says to it, before anything runs.

use crate::app::App;
use crate::error::AppError;
use keep_policy::{CommandQuestion, CommandRuling, Profile};
use keep_shell::{Analysis, Context, analyse};
use keep_types::{Caller, Principal};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// What a command line would do, and what policy says to it.
#[derive(Clone, Debug, Serialize)]
pub struct ShellView {
    /// What would run, what that touches, how risky it is.
    pub analysis: Analysis,
    /// For whom it was judged.
    pub principal: Principal,
    /// The profile it was judged under.
    pub profile: Profile,
    /// The folder that the work is about.
    pub workspace: PathBuf,
    /// What policy says, part by part.
    pub ruling: CommandRuling,
    /// The rule that would let it run unasked, where there can be one.
    pub rule: Option<String>,
}

/// What a command line is judged by, beside the caller.
#[derive(Clone, Debug, Default)]
pub struct ShellCheck {
    /// The command line.
    pub command: String,
    /// For whom, when that is not the caller.
    pub principal: Option<Principal>,
    /// Under which profile, when that is not the one that is set.
    pub profile: Option<Profile>,
}

impl App {
    /// What a command line would do here, and what policy says to it. Nothing runs.
    ///
    /// # Errors
    /// When the working folder is not valid Unicode: the analysis could not name paths.
    pub fn shell_check(&self, caller: &Caller, wanted: ShellCheck) -> Result<ShellView, AppError> {
        let around = &self.settings.around;
        let cwd = around.cwd.canonicalize().map_err(|e| AppError::file("finding", &around.cwd, e))?;
        let workspace = crate::find_root(&cwd).unwrap_or_else(|| cwd.clone());
        let text = |path: &Path| {
            path.to_str().map(str::to_owned).ok_or_else(|| AppError::BadHome {
                path: path.to_owned(),
                reason: "its name is not valid Unicode".into(),
            })
        };
        let (cwd, root) = (text(&cwd)?, text(&workspace)?);
        let home = around.env.get("HOME").cloned().unwrap_or_else(|| "/nonexistent".into());
        let variables: Vec<_> = ["PWD", "OLDPWD", "USER", "TMPDIR"]
            .iter()
            .filter_map(|name| Some((*name, around.env.get(*name)?.as_str())))
            .collect();
        let context = Context {
            cwd: &cwd,
            home: &home,
            workspace: &root,
            variables: &variables,
            resolve: Some(&resolve_links),
        };
        let analysis = analyse(&wanted.command, &context);
        let principal = wanted.principal.unwrap_or_else(|| caller.principal.clone());
        let profile = wanted.profile.unwrap_or(self.effective.values.exec_profile);
        let path = around.env.get("PATH").cloned().unwrap_or_default();
        let ruling = self.gate.policy().decide_command(&CommandQuestion {
            principal: &principal,
            namespace: &caller.home,
            analysis: &analysis,
            profile,
            workspace: &root,
            resolve: &|name| resolve_program(name, &path, &cwd),
        });
        let rule = match ruling.decision {
            keep_policy::Decision::Ask => keep_policy::suggest(&analysis, &wanted.command).ok(),
            keep_policy::Decision::Allow | keep_policy::Decision::Deny => None,
        };
        Ok(ShellView { analysis, principal, profile, workspace, ruling, rule })
    }
}

/// Follows links as far as the path exists; the rest stays as it is.
fn resolve_links(path: &str) -> Option<String> {
    let path = Path::new(path);
    for ancestor in path.ancestors() {
        if let Ok(real) = ancestor.canonicalize() {
            let rest = path.strip_prefix(ancestor).ok()?;
            let whole = if rest.as_os_str().is_empty() { real } else { real.join(rest) };
            return whole.to_str().map(str::to_owned);
        }
    }
    None
}

/// The file that a program's name leads to.
fn resolve_program(name: &str, path: &str, cwd: &str) -> Option<String> {
    let found = if name.contains('/') {
        Path::new(cwd).join(name)
    } else {
        std::env::split_paths(path).map(|folder| folder.join(name)).find(|file| file.is_file())?
    };
    found.canonicalize().ok()?.to_str().map(str::to_owned)
}
