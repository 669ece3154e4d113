use crate::commands::secret::new_passphrase;
use crate::edge::{Answered, Failure, Session, confirm, visible};
use clap::Args;
use keep_app::App;
use keep_types::{Caller, PrincipalKind};
use keep_vault::{NewVault, Value, Vault, VaultState};
use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;
use serde_json::json;
use std::io::{IsTerminal, Write};
use std::process::ExitCode;

#[derive(Args)]
#[command(
    after_help = "EXAMPLES:\n  keep init\n  keep init --totp           also demand one-time codes for high and critical acts\n  keep init --passphrase     protect the vault with a passphrase\n\nAt a terminal it offers a passphrase and a recovery key for the vault."
)]
pub(crate) struct Init {
    /// Set up one-time codes, and demand them for high and critical acts
    #[arg(long)]
    totp: bool,
    /// Protect the vault with a passphrase, typed twice
    #[arg(long)]
    passphrase: bool,
    /// Let somebody else read the vault, too: age1…; may be given several times
    #[arg(long, value_name = "KEY")]
    recipient: Vec<String>,
}

impl Init {
    pub(crate) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        let (at, project, codes, made) = session.with(async |app, caller| {
            let root = std::env::current_dir().ok().and_then(|folder| keep_app::find_root(&folder));
            let project = match root {
                Some(root) => Some(app.bind_project(caller, root).await?),
                None => None,
            };
            let codes = if self.totp { Some(app.enrol_codes(caller).await?) } else { None };
            let made = match app.vault().state() {
                VaultState::Absent if caller.principal.kind() == PrincipalKind::User => {
                    Some(self.make_vault(session, app, caller).await?)
                }
                _ => None,
            };
            Ok((app.at().clone(), project, codes, made))
        })?;
        let view = json!({
            "data": at.data, "config": at.config, "state": at.state, "project": project,
            "totp": codes.as_ref().map(|codes| &codes.address),
            "vault": made.as_ref().map(|made| json!({
                "recipient": made.public, "passphrase": made.protected == Answered::Yes,
            })),
        });
        session.show(&view, |out| {
            writeln!(out, "data        {}", visible(&at.data.display().to_string()))?;
            writeln!(out, "config      {}", visible(&at.config.display().to_string()))?;
            writeln!(out, "checkpoint  {}", visible(&at.state.join("checkpoint").display().to_string()))?;
            if let Some(project) = &project {
                writeln!(
                    out,
                    "project     {} at {}",
                    project.name,
                    visible(&project.root.display().to_string())
                )?;
            }
            if let Some(made) = &made {
                made.describe(out)?;
            }
            if let Some(codes) = &codes {
                writeln!(out, "\nScan this with your authenticator, or enter {}:\n", codes.secret)?;
                if let Ok(code) = QrCode::new(&codes.address) {
                    writeln!(out, "{}", code.render::<Dense1x2>().quiet_zone(true).build())?;
                }
            }
            Ok(())
        })
    }
}

/// What was made with the vault.
struct Made {
    public: String,
    protected: Answered,
    /// The private half of the recovery key, to be shown once.
    recovery: Option<Value>,
}

impl Init {
    /// Makes the vault, and offers a person at a terminal what is best decided at the start.
    async fn make_vault(&self, session: &Session, app: &App, caller: &Caller) -> Result<Made, Failure> {
        let asks = session.may_ask()
            && !session.is_json()
            && std::io::stdin().is_terminal()
            && std::io::stdout().is_terminal();
        let wants =
            |question: &str| if asks { confirm(question, "run it at a terminal") } else { Ok(Answered::No) };
        let protected = match self.passphrase {
            true => Answered::Yes,
            false => wants("Protect the vault with a passphrase?")?,
        };
        let passphrase = match protected {
            Answered::Yes => Some(new_passphrase()?),
            Answered::No => None,
        };
        let mut recipients: Vec<_> =
            self.recipient.iter().map(|recipient| (recipient.clone(), String::new())).collect();
        let recovery = match wants("Make a recovery key, to be kept on paper?")? {
            Answered::No => None,
            Answered::Yes => {
                let (identity, public) = Vault::recovery_key()?;
                recipients.push((public, "recovery key".into()));
                Some(identity)
            }
        };
        let public = app.vault().make(caller, NewVault { passphrase, recipients }).await?;
        Ok(Made { public, protected, recovery })
    }
}

impl Made {
    fn describe(&self, out: &mut dyn Write) -> std::io::Result<()> {
        writeln!(out, "vault       {}", self.public)?;
        match self.protected {
            Answered::Yes => writeln!(out, "            locked with a passphrase: `keep unlock`")?,
            Answered::No => {
                writeln!(out, "            no passphrase: `keep secret rekey --passphrase` gives it one")?;
            }
        }
        if let Some(identity) = &self.recovery {
            writeln!(
                out,
                "\nThe recovery key opens the vault. Keep it away from this machine; it is shown this once:\n"
            )?;
            out.write_all(identity.reveal())?;
        }
        Ok(())
    }
}
