//! Commands that an agent's own shell runs: judged and recorded here, run there.

use crate::app::App;
use crate::error::AppError;
use crate::shell::{ShellCheck, ShellView};
use keep_policy::Decision;
use keep_types::{Act, ActFacts, Action, Caller, FieldHasher, Namespace, Risk, Touch};
use serde::Serialize;
use serde_json::json;

/// Characters of a command that a record's summary holds; its detail holds all.
const LONGEST_SUMMARY: usize = 80;

/// What was said to a command that another program will run.
#[derive(Clone, Debug, Serialize)]
pub struct DelegatedView {
    /// The command, and what policy says to it.
    pub view: ShellView,
    /// What the other program is told. Nothing holds what it runs, so it is told `allow` only where policy
    /// allows what risks next to nothing; what policy would allow in a sandbox is asked about.
    pub answer: Decision,
    /// Whether it is told to run it through `keep sh`, which judges it once more, confines and records it.
    pub rewritten: bool,
}

/// What another program can be told beside yes and no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Protocol {
    /// To run it through `keep sh`.
    pub rewrites: bool,
    /// To ask the person who sits there.
    pub asks: bool,
}

/// Telling another program what to do with a command. Its only effect is its record.
struct Delegate {
    view: ShellView,
    namespace: Namespace,
    answer: Decision,
    rewritten: bool,
    call: Option<String>,
}

impl Act for Delegate {
    fn facts(&self) -> ActFacts {
        let ShellView { command, cwd, analysis, .. } = &self.view;
        let answer = self.answer.as_str();
        ActFacts {
            action: Action::of("exec.delegate"),
            namespace: self.namespace.clone(),
            touch: Touch::Change,
            // Of saying so, not of the command: what that may do stands in the detail and was judged.
            risk: Risk::Low,
            summary: format!("{answer} the agent's own shell: {}", first_line(command)),
            detail: json!({ "command": command, "cwd": cwd, "call": self.call, "answer": answer,
                            "rewritten": self.rewritten, "risk": analysis.risk }),
            bound: FieldHasher::new("exec.delegate")
                .field("command", command)
                .field("cwd", cwd.as_os_str().as_encoded_bytes())
                .field("answer", answer)
                .field("rewritten", [u8::from(self.rewritten)])
                .finish(),
            exact: Some(command.clone().into_bytes()),
        }
    }
}

/// Whether a line does nothing but change the folder that its shell stands in, word for word: a shell that stays
/// would keep a function or an alias of such a line.
fn moves(line: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_./~-".contains(c);
    let is_cd = |step: &str| {
        let rest = step.trim_matches(' ').strip_prefix("cd")?;
        let to = rest.trim_start_matches(' ');
        let apart = to.is_empty() || rest.starts_with(' ');
        let quoted =
            to.strip_prefix('\'').and_then(|to| to.strip_suffix('\'')).filter(|to| !to.contains('\''));
        let named = quoted.is_some_and(|to| !to.contains(char::is_control)) || to.chars().all(plain);
        Some(apart && named && !to.starts_with('-'))
    };
    line.split("&&").all(|step| is_cd(step).unwrap_or(false))
}

/// What fits in a line of a list.
fn first_line(command: &str) -> String {
    let line = command.lines().next().unwrap_or_default();
    match line.char_indices().nth(LONGEST_SUMMARY) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None if line.len() < command.trim_end().len() => format!("{line} …"),
        None => line.to_owned(),
    }
}

/// That such a command has ended.
struct DelegatedEnded {
    call: String,
    namespace: Namespace,
}

impl Act for DelegatedEnded {
    fn facts(&self) -> ActFacts {
        ActFacts {
            action: Action::of("exec.delegated"),
            namespace: self.namespace.clone(),
            touch: Touch::Change,
            risk: Risk::Low,
            summary: "note that a command of the agent's own shell has ended".into(),
            detail: json!({ "call": self.call }),
            bound: FieldHasher::new("exec.delegated").field("call", &self.call).finish(),
            exact: None,
        }
    }
}

impl App {
    /// Judges a command that another program is about to run itself, and records what it was told. `call` is
    /// that program's own name for it.
    ///
    /// # Errors
    /// When it cannot be judged or recorded; the other program is then to run nothing.
    pub async fn delegate(
        &self,
        caller: &Caller,
        command: String,
        call: Option<String>,
        protocol: Protocol,
    ) -> Result<DelegatedView, AppError> {
        let view = self.shell_check(caller, ShellCheck { command, principal: None, profile: None })?;
        let deny = view.ruling.decision == Decision::Deny || view.analysis.risk == Risk::Critical;
        // Where the program's own shell stands is its own business, and no confined run can change it.
        let rewritten = protocol.rewrites && !deny && !moves(&view.command);
        let answer = match (view.ruling.decision, view.analysis.risk) {
            _ if rewritten => Decision::Allow,
            // The question would be the other program's, and what destroys or escalates is asked here.
            (Decision::Deny, _) | (_, Risk::Critical) => Decision::Deny,
            (Decision::Allow, Risk::Low) => Decision::Allow,
            (Decision::Allow | Decision::Ask, _) if protocol.asks => Decision::Ask,
            (Decision::Allow | Decision::Ask, _) => Decision::Deny,
        };
        let namespace = caller.home.clone();
        let act = Delegate { view: view.clone(), namespace, answer, rewritten, call };
        let permit = self.gate.admit(caller, act).await?;
        let refused = (answer == Decision::Deny).then(|| view.why());
        let told =
            permit.perform(|_, _| refused.map_or(Ok(()), |why| Err(AppError::NotDelegated(why)))).await;
        match told {
            // That is on record as what it is, a refusal; and it was said, which is all that was to be done.
            Ok(()) | Err(AppError::NotDelegated(_)) => Ok(DelegatedView { view, answer, rewritten }),
            Err(error) => Err(error),
        }
    }

    /// Records that a command which another program ran has ended.
    ///
    /// # Errors
    /// When it cannot be recorded.
    pub async fn delegated_ended(&self, caller: &Caller, call: String) -> Result<(), AppError> {
        let act = DelegatedEnded { call, namespace: caller.home.clone() };
        let permit = self.gate.admit(caller, act).await?;
        permit.perform(|_, _| Ok::<_, AppError>(())).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_change_of_folder_is_one() {
        for line in ["cd", "cd src", "cd  ../a-b_c", " cd ~ ", "cd 'a b'", "cd src && cd lib"] {
            assert!(moves(line), "{line}");
        }
        for line in [
            "",
            "cd() { id; }",
            "cd . ; cd() { id; }",
            "cd .; id",
            "cd . && id",
            "cd $(id)",
            "cd `id`",
            "cd . > f",
            "cd -",
            "cdx",
            "cd \"$(id)\"",
            "cd 'a' 'b'",
            "cd a\nid",
            "alias cd=id",
            "select x in a; do id; done",
            "cd . &",
            "cd . || id",
        ] {
            assert!(!moves(line), "{line}");
        }
    }

    #[test]
    fn a_summary_is_a_line() {
        assert_eq!(first_line("ls"), "ls");
        assert_eq!(first_line("ls\nrm x"), "ls …");
        assert_eq!(first_line(&"ä".repeat(200)).chars().count(), LONGEST_SUMMARY + 1);
    }
}
