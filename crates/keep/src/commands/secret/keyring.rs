use super::put::passphrase;
use crate::edge::{Failure, Session, Table, visible};
use clap::{Args, Subcommand};
use keep_vault::{Identity, Passphrase};
use serde_json::json;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Args)]
#[command(
    after_help = "EXAMPLES:\n  keep secret recipients\n  keep secret recipients add age1… --label ann\n  keep secret recipients rm age1…\n\nA recipient can read the whole vault file, but not write one that Keep takes for its own."
)]
pub(super) struct Recipients {
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Subcommand)]
enum What {
    /// Let somebody else read the vault
    #[command(after_help = "EXAMPLES:\n  keep secret recipients add age1… --label ann")]
    Add {
        /// Their public key: age1…
        recipient: String,
        /// Whose it is
        #[arg(long, default_value = "")]
        label: String,
    },
    /// No longer write the vault for somebody
    #[command(after_help = "EXAMPLES:\n  keep secret recipients rm age1…")]
    Rm {
        /// Their public key: age1…
        recipient: String,
    },
    /// Make a recovery key: shown once, to be kept away from this machine
    #[command(after_help = "EXAMPLES:\n  keep secret recipients recovery")]
    Recovery,
}

#[derive(Args)]
#[command(
    after_help = "EXAMPLES:\n  keep secret rekey                                a new identity without a passphrase\n  keep secret rekey --passphrase                   … with one, typed twice\n  keep secret rekey --recover-with recovery.txt    … when the vault's own identity is lost\n\nOld copies of vault.age still open with the old identity."
)]
pub(super) struct Rekey {
    /// Protect the new identity with a passphrase
    #[arg(long)]
    passphrase: bool,
    /// The identity of another recipient, such as the recovery key
    #[arg(long, value_name = "FILE")]
    recover_with: Option<PathBuf>,
}

#[derive(Args)]
#[command(
    after_help = "EXAMPLES:\n  keep secret accept --reason \"restored the laptop from last week's disk image\""
)]
pub(super) struct Accept {
    /// Why; it is recorded
    #[arg(long)]
    reason: String,
}

impl Recipients {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        match self.what {
            None => list(session),
            Some(What::Add { recipient, label }) => {
                session.with(async |app, caller| Ok(app.vault().share(caller, &recipient, label).await?))?;
                session.show(&json!({ "added": recipient }), |out| {
                    writeln!(out, "{recipient} can read the vault")
                })
            }
            Some(What::Rm { recipient }) => {
                session.with(async |app, caller| Ok(app.vault().unshare(caller, &recipient).await?))?;
                session.say("what they could read before they may have kept: rotate what matters");
                session.show(&json!({ "removed": recipient }), |out| {
                    writeln!(out, "{recipient} cannot read what is written from now on")
                })
            }
            Some(What::Recovery) => recovery(session),
        }
    }
}

fn list(session: &Session) -> Result<ExitCode, Failure> {
    let (own, others) = session.with(async |app, caller| Ok(app.vault().recipients(caller).await?))?;
    let mut table = Table::new(&["recipient", "since", "whose"]);
    if !own.is_empty() {
        table.row([own.as_str(), "", "the vault's own identity"]);
    }
    for entry in &others {
        table.row([entry.recipient.clone(), entry.added.to_string(), entry.label.clone()]);
    }
    session.show_table(&json!({ "own": own, "others": others }), &table, "there is no vault yet")
}

/// The private half goes to the terminal and nowhere else; the public half joins the recipients.
fn recovery(session: &Session) -> Result<ExitCode, Failure> {
    use std::io::{IsTerminal, Write};
    if session.is_json() || !std::io::stdout().is_terminal() {
        return Err(Failure::usage(
            "a recovery key is shown at a terminal only",
            "make one elsewhere with `age-keygen`, and `keep secret recipients add` its public key",
        ));
    }
    let (identity, public) = keep_vault::Vault::recovery_key()?;
    session
        .with(async |app, caller| Ok(app.vault().share(caller, &public, "recovery key".into()).await?))?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "Keep this away from this machine, on paper or on a key of its own. It opens the vault.")?;
    writeln!(out, "It is shown this once.\n")?;
    out.write_all(identity.reveal())?;
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

impl Rekey {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        let recover_with = self.recover_with.as_deref().map(read_identity).transpose()?;
        let passphrase = if self.passphrase { Passphrase::New(passphrase()?) } else { Passphrase::None };
        let public = session
            .with(async |app, caller| Ok(app.vault().rekey(caller, passphrase, recover_with).await?))?;
        session.show(&json!({ "recipient": public }), |out| {
            writeln!(out, "the vault has a new identity; its public key is {public}")
        })
    }
}

fn read_identity(path: &std::path::Path) -> Result<Identity, Failure> {
    // An identity is a few lines; more is another file.
    const MOST: u64 = 64 << 10;
    let read = || -> std::io::Result<String> {
        let mut text = String::with_capacity(4 << 10);
        let file = std::fs::File::open(path)?;
        std::io::Read::read_to_string(&mut std::io::Read::take(file, MOST), &mut text)?;
        Ok(text)
    };
    let text = zeroize::Zeroizing::new(read().map_err(|e| Failure::file("reading", path, e))?);
    Ok(Identity::parse(&text)?)
}

impl Accept {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        let reason = self.reason;
        let version = session.with(async |app, caller| Ok(app.vault().accept(caller, reason).await?))?;
        session.show(&json!({ "version": version }), |out| match version {
            Some(version) => writeln!(out, "going on from version {version} of the vault"),
            None => writeln!(out, "starting with an empty vault"),
        })?;
        session.say(&visible("the acceptance is on record: `keep audit log --action secret.accept`"));
        Ok(ExitCode::SUCCESS)
    }
}
