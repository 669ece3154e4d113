//! Commands that an agent's own shell runs: judged and recorded here, run there.

use crate::app::App;
use crate::error::AppError;
use crate::shell::{ShellCheck, ShellView};
use keep_policy::Decision;
use keep_shell::Sort;
use keep_types::{Act, ActFacts, Action, Caller, FieldHasher, Namespace, Risk, Touch};
use serde::Serialize;
use serde_json::json;

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
            summary: format!("{answer} a command that the agent's own shell runs"),
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
        let moves =
            view.analysis.parts.iter().all(|part| {
                part.argv.first().is_some_and(|word| word.sort == Sort::Known && word.text == "cd")
            });
        let rewritten = protocol.rewrites && !deny && !moves;
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
        permit.perform(|_, _| Ok::<_, AppError>(())).await?;
        Ok(DelegatedView { view, answer, rewritten })
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
