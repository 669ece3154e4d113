//! Asking a person about a command line, as the engine that runs commands will; nothing runs.

use crate::app::App;
use crate::error::AppError;
use crate::rule_book::covers;
use crate::shell::{ShellCheck, ShellView};
use keep_gate::GateError;
use keep_policy::{CommandRuling, Decision, Profile};
use keep_types::{
    Act, ActFacts, Action, Asks, Audience, Caller, FieldHasher, Namespace, Offers, RuleOffer, Touch,
};
use serde::Serialize;
use serde_json::{Value, json};
use std::path::PathBuf;

/// The longest command that is asked about: the system hands no program a longer word, and it is stored
/// until somebody answers.
const MAX_ASKED_BYTES: usize = 128 << 10;
/// So much of a command stands in a summary, which is one line; the whole is in the detail.
const SUMMARY_CHARS: usize = 100;

/// What became of a command that somebody was asked about.
#[derive(Clone, Debug, Serialize)]
pub struct ShellAsked {
    /// The command as it was last, and what policy says to it.
    pub view: ShellView,
    /// Whether a person said yes to it; where policy itself allows or denies, nobody is asked.
    pub approved: bool,
}

impl App {
    /// Asks for a command as the engine that runs commands will: where policy asks, a person is asked, at
    /// the terminal or by the inbox, and their yes is used up and recorded. Nothing runs.
    ///
    /// A person at their own terminal may put another text in its place. That text starts from the
    /// beginning, policy included, because no yes was given to it. A program is told the text instead,
    /// and decides whether to ask for it.
    ///
    /// # Errors
    /// As for [`App::shell_check`], when the command is too long, and when the gate stays shut.
    pub async fn shell_ask(
        &self,
        caller: &Caller,
        mut command: String,
        profile: Option<Profile>,
    ) -> Result<ShellAsked, AppError> {
        loop {
            let (size_bytes, limit_bytes) = (command.len(), MAX_ASKED_BYTES);
            if size_bytes > limit_bytes {
                return Err(AppError::LongCommand { size_bytes, limit_bytes });
            }
            let view = self.shell_check(caller, ShellCheck { command, principal: None, profile })?;
            if view.ruling.decision != Decision::Ask {
                return Ok(ShellAsked { view, approved: false });
            }
            let act = AskForCommand { view: view.clone(), namespace: caller.home.clone() };
            match self.gate.admit(caller, act).await {
                Ok(permit) => {
                    permit.perform(|_, _| Ok::<_, GateError>(())).await?;
                    return Ok(ShellAsked { view, approved: true });
                }
                Err(GateError::Suggested { text, .. }) if caller.audience == Audience::Terminal => {
                    command = text;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// A command line that somebody is asked about. Its only effect is its record.
struct AskForCommand {
    view: ShellView,
    namespace: Namespace,
}

/// What the detail of such an act says of the command; a rule that covers it is checked by this.
pub(crate) struct CheckCommand {
    pub(crate) command: String,
    pub(crate) cwd: PathBuf,
    pub(crate) profile: Profile,
}

impl CheckCommand {
    pub(crate) fn detail(&self) -> Value {
        json!({ "command": self.command, "cwd": self.cwd, "profile": self.profile })
    }

    pub(crate) fn read(detail: &Value) -> Option<Self> {
        let text = |key: &str| detail.get(key)?.as_str();
        Some(Self {
            command: text("command")?.to_owned(),
            cwd: text("cwd")?.into(),
            profile: text("profile")?.parse().ok()?,
        })
    }
}

impl Act for AskForCommand {
    fn facts(&self) -> ActFacts {
        let ShellView { command, cwd, profile, analysis, .. } = &self.view;
        let mut shown: String = command.chars().take(SUMMARY_CHARS).collect();
        if shown.len() < command.len() {
            shown.push('…');
        }
        let asked = CheckCommand { command: command.clone(), cwd: cwd.clone(), profile: *profile };
        ActFacts {
            action: Action::of("exec.check"),
            namespace: self.namespace.clone(),
            touch: Touch::Change,
            risk: analysis.risk,
            summary: format!("check, and not run: {shown}"),
            detail: asked.detail(),
            bound: FieldHasher::new("exec.check")
                .field("command", command)
                .field("cwd", cwd.as_os_str().as_encoded_bytes())
                .field("profile", profile.as_str())
                .finish(),
            exact: Some(command.clone().into_bytes()),
        }
    }

    fn offers(&self) -> Offers {
        let rule = match (&self.view.rule, &self.view.no_rule) {
            (Some(text), _) => RuleOffer::Rule { text: text.clone(), covers: covers(text) },
            (None, Some(why)) => RuleOffer::Unsuitable(why.clone()),
            (None, None) => RuleOffer::None,
        };
        Offers { rule, edit: Some(self.view.command.clone()) }
    }

    fn asks(&self) -> Option<Asks> {
        let CommandRuling { rule, reason, .. } = &self.view.ruling;
        Some(Asks { rule: rule.id.clone(), reason: reason.clone() })
    }
}
