//! What a line would do, and what policy says to it.

use crate::error::ExecError;
use keep_policy::{CommandQuestion, CommandRuling, Policy, Profile};
use keep_shell::{Analysis, Context, analyse};
use keep_types::{Namespace, Principal};
use std::path::{Path, PathBuf};

/// Who would run a line, where, under what.
#[derive(Clone, Copy, Debug)]
pub struct Judging<'a> {
    /// The folder that it would run in.
    pub cwd: &'a Path,
    /// The folder that the work is about.
    pub workspace: &'a Path,
    /// The user's home folder.
    pub home: &'a str,
    /// Where programs are looked for.
    pub path: &'a str,
    /// Variables whose values are known.
    pub variables: &'a [(&'a str, &'a str)],
    /// Who.
    pub principal: &'a Principal,
    /// For which namespace.
    pub namespace: &'a Namespace,
    /// What runs without a question where no rule speaks.
    pub profile: Profile,
}

/// What a line would do, and what policy says to it.
#[derive(Clone, Debug)]
pub struct Judged {
    /// What would run, what that touches, how risky it is.
    pub analysis: Analysis,
    /// What policy says, part by part.
    pub ruling: CommandRuling,
}

/// Analyses a line and asks the policy.
///
/// # Errors
/// When a folder is not valid Unicode: the analysis could not name paths.
pub fn judge(policy: &Policy, judging: &Judging<'_>, line: &str) -> Result<Judged, ExecError> {
    let text =
        |path: &Path| path.to_str().map(str::to_owned).ok_or_else(|| ExecError::NoText(path.to_owned()));
    let (cwd, workspace) = (text(judging.cwd)?, text(judging.workspace)?);
    let context = Context {
        cwd: &cwd,
        home: judging.home,
        workspace: &workspace,
        variables: judging.variables,
        resolve: Some(&resolve_links),
    };
    let analysis = analyse(line, &context);
    let resolve = |name: &str| {
        find_program(name, judging.path, judging.cwd)?.canonicalize().ok()?.to_str().map(str::to_owned)
    };
    let ruling = policy.decide_command(&CommandQuestion {
        principal: judging.principal,
        namespace: judging.namespace,
        analysis: &analysis,
        profile: judging.profile,
        workspace: &workspace,
        resolve: &resolve,
    });
    Ok(Judged { analysis, ruling })
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

/// The file that a program's name leads to, as it would be started.
pub(crate) fn find_program(name: &str, path: &str, cwd: &Path) -> Option<PathBuf> {
    let runs =
        |file: &PathBuf| file.is_file() && rustix::fs::access(file, rustix::fs::Access::EXEC_OK).is_ok();
    if name.contains('/') {
        return Some(cwd.join(name)).filter(runs);
    }
    std::env::split_paths(path).map(|folder| cwd.join(folder).join(name)).find(runs)
}
