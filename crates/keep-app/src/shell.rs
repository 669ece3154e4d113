//! What a command line would do, and what policy says to it, before anything runs.

use crate::app::App;
use crate::config::Surroundings;
use crate::error::AppError;
use crate::rule_book::UserRules;
use crate::shell_ask::CheckCommand;
use keep_gate::{Covered, RuleBook};
use keep_policy::{CommandRuling, Decision, MAX_SOURCE_BYTES, Policy, Profile};
use keep_shell::Analysis;
use keep_types::{Caller, Namespace, Principal};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// What a command line would do, and what policy says to it.
#[derive(Clone, Debug, Serialize)]
pub struct ShellView {
    /// The command line.
    pub command: String,
    /// What would run, what that touches, how risky it is.
    pub analysis: Analysis,
    /// For whom it was judged.
    pub principal: Principal,
    /// The profile it was judged under.
    pub profile: Profile,
    /// The folder it would run in.
    pub cwd: PathBuf,
    /// The folder that the work is about.
    pub workspace: PathBuf,
    /// What policy says, part by part.
    pub ruling: CommandRuling,
    /// The rule that would let it run unasked, where there can be one.
    pub rule: Option<String>,
    /// Why there can be none, for what is asked about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_rule: Option<String>,
}

impl ShellView {
    /// Why policy says what it says, in a sentence, with reasons of the analysis that it does not name itself.
    #[must_use]
    pub fn why(&self) -> String {
        let said = &self.ruling.reason;
        let more = self.analysis.reasons.iter().map(|reason| reason.text.as_str());
        let more: Vec<_> = more.filter(|text| !said.contains(text)).take(3).collect();
        if more.is_empty() { said.clone() } else { format!("{said} ({})", more.join("; ")) }
    }
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
        self.shell_check_in(caller, wanted, &self.settings.around.cwd)
    }

    /// The same in another folder.
    ///
    /// # Errors
    /// Those of [`App::shell_check`].
    pub fn shell_check_in(
        &self,
        caller: &Caller,
        wanted: ShellCheck,
        folder: &Path,
    ) -> Result<ShellView, AppError> {
        // Who may run nothing has nothing to ask about, and learns no rules.
        self.gate.covers(caller, "exec.run")?;
        let around = &self.settings.around;
        let cwd = folder.canonicalize().map_err(|e| AppError::file("finding", folder, e))?;
        let principal = wanted.principal.unwrap_or_else(|| caller.principal.clone());
        let profile = wanted.profile.unwrap_or(self.effective.values.exec_profile);
        let namespace = &caller.home;
        let judging = Judging { around, cwd: &cwd, principal: &principal, namespace, profile };
        let Judged { analysis, ruling, workspace } = judge(&self.gate.policy(), &judging, &wanted.command)?;
        let asked = CheckCommand { command: wanted.command, cwd, profile };
        let (rule, no_rule) = match ruling.decision {
            Decision::Ask => match self.rule_for(&asked, &analysis, &principal, namespace) {
                Ok(rule) => (Some(rule), None),
                Err(why) => (None, Some(why)),
            },
            Decision::Allow | Decision::Deny => (None, None),
        };
        let CheckCommand { command, cwd, profile } = asked;
        Ok(ShellView { command, analysis, principal, profile, cwd, workspace, ruling, rule, no_rule })
    }

    /// The rule that would let a command run unasked; one that would not is none.
    fn rule_for(
        &self,
        asked: &CheckCommand,
        analysis: &Analysis,
        principal: &Principal,
        namespace: &Namespace,
    ) -> Result<String, String> {
        // The rule of each part carries the whole command as its example.
        if analysis.parts.len().saturating_mul(asked.command.len()) > MAX_SOURCE_BYTES {
            return Err("the rule would be longer than a rule file may be".into());
        }
        let rule = keep_policy::suggest(analysis, &asked.command).map_err(|e| e.to_string())?;
        let detail = asked.detail();
        let covered = Covered { principal, namespace, detail: &detail };
        UserRules::new(&self.at, &self.settings.around).draft(&rule, &covered)?;
        Ok(rule.trim_end().to_owned())
    }
}

/// Who would run a command, where, under what.
pub(crate) struct Judging<'a> {
    pub(crate) around: &'a Surroundings,
    pub(crate) cwd: &'a Path,
    pub(crate) principal: &'a Principal,
    pub(crate) namespace: &'a Namespace,
    pub(crate) profile: Profile,
}

/// What a command would do, and what a policy says to it.
pub(crate) struct Judged {
    pub(crate) analysis: Analysis,
    pub(crate) ruling: CommandRuling,
    pub(crate) workspace: PathBuf,
}

/// Analyses a command and asks the policy, as the engine that runs commands does.
pub(crate) fn judge(policy: &Policy, judging: &Judging<'_>, command: &str) -> Result<Judged, AppError> {
    let Judging { around, cwd, .. } = judging;
    let workspace = crate::find_root(cwd).unwrap_or_else(|| cwd.to_path_buf());
    let shown = cwd.to_string_lossy();
    let home = around.env.get("HOME").cloned().unwrap_or_else(|| "/nonexistent".into());
    // Where a command is judged that was asked for elsewhere, the shell's own account of the folder is of
    // another one.
    let here = around.cwd.canonicalize().is_ok_and(|here| here == *cwd);
    let mut variables: Vec<_> = ["OLDPWD", "PWD", "TMPDIR", "USER"]
        .iter()
        .filter(|name| here || !name.ends_with("PWD"))
        .filter_map(|name| Some((*name, around.env.get(*name)?.as_str())))
        .collect();
    if !here {
        variables.push(("PWD", &shown));
    }
    let judged = keep_exec::judge(
        policy,
        &keep_exec::Judging {
            cwd,
            workspace: &workspace,
            home: &home,
            path: around.env.get("PATH").map_or("", String::as_str),
            variables: &variables,
            principal: judging.principal,
            namespace: judging.namespace,
            profile: judging.profile,
        },
        command,
    )?;
    Ok(Judged { analysis: judged.analysis, ruling: judged.ruling, workspace })
}
