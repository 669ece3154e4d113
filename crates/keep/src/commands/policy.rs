use crate::edge::{Failure, Session, Table, visible};
use clap::{Args, Subcommand};
use keep_types::{Action, Channel, Namespace, Principal, Risk};
use serde_json::json;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Args)]
#[command(
    after_help = "EXAMPLES:\n  keep policy show\n  keep policy check my-rules.toml\n  keep policy explain agent:claude memory.write project:demo medium"
)]
pub(crate) struct Policy {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Show the rules in force
    #[command(after_help = "EXAMPLES:\n  keep policy show --json")]
    Show,
    /// Check a file of rules before it is put into the rules folder
    #[command(after_help = "EXAMPLES:\n  keep policy check my-rules.toml")]
    Check {
        /// The file
        file: PathBuf,
    },
    /// Say what the rules make of an act, and why
    #[command(after_help = "EXAMPLES:\n  keep policy explain agent:claude exec.run project:demo high")]
    Explain {
        /// Who
        principal: Principal,
        /// What
        action: Action,
        /// Where
        namespace: Namespace,
        /// How risky: low, medium, high or critical
        risk: Risk,
    },
}

impl Policy {
    pub(crate) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        match self.what {
            What::Show => {
                let view = session.with(async |app, _| Ok(app.policy()))?;
                let mut table = Table::new(&["rule", "says", "from", "why"]);
                for rule in &view.rules {
                    table.row([rule.id.as_str(), rule.decision.as_str(), rule.layer.as_str(), &rule.reason]);
                }
                if let Some(reason) = &view.closed {
                    session.say(&format!("nothing is allowed: {reason}"));
                }
                session.show_table(&view, &table, "no rules are in force")
            }
            What::Check { file } => {
                let rules = session.with(async |app, _| Ok(app.check_rules(&file)?))?;
                session.show(&json!({ "rules": rules }), |out| {
                    writeln!(
                        out,
                        "{}: {rules} rules, every example holds",
                        visible(&file.display().to_string())
                    )
                })
            }
            What::Explain { principal, action, namespace, risk } => {
                let ruling = session.with(async |app, _| {
                    Ok(app.explain(&principal, &action, &namespace, risk, Channel::Cli))
                })?;
                session.show(&ruling, |out| {
                    writeln!(out, "{}: {}", ruling.decision, visible(&ruling.reason))?;
                    writeln!(out, "  rule {} from {}", ruling.rule.id, visible(&ruling.rule.source))?;
                    for other in &ruling.considered {
                        writeln!(out, "  also {} says {}", other.rule.id, other.decision)?;
                    }
                    Ok(())
                })
            }
        }
    }
}
