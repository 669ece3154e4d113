//! `keep secret …`, `keep unlock` and `keep lock`.

mod care;
mod guard;
mod hold;
mod keyring;
mod put;
mod see;
mod transfer;
mod unlock;

pub(crate) use hold::HoldKey;
pub(crate) use put::passphrase as new_passphrase;
pub(crate) use unlock::{Lock, Unlock};

use crate::edge::{Failure, Session};
use clap::{Args, Subcommand};
use keep_app::App;
use keep_types::{Caller, Name, Namespace};
use keep_vault::{Key, SecretName, Which};
use std::process::ExitCode;

#[derive(Args)]
#[command(
    after_help = "EXAMPLES:\n  keep secret set DATABASE_URL            type the value unseen\n  pass show db | keep secret set DATABASE_URL\n  keep secret generate SESSION_KEY --length 48\n  keep secret list\n  keep secret get DATABASE_URL --reveal   show it, at your own terminal\n  keep secret import .env\n\nA value is never an argument: arguments show in process lists and histories."
)]
pub(crate) struct Secret {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Give a secret a value
    Set(put::Set),
    /// Show what is said of a secret; with --reveal its value, at your own terminal
    Get(see::Get),
    /// List secrets by name, never by value
    List(see::List),
    /// Give a secret a random value
    Generate(put::Generate),
    /// Change the note, the end or the period of rotation
    Edit(put::Edit),
    /// Show which values a secret has had, without the values
    History(see::History),
    /// Give a secret its next value
    Rotate(put::Rotate),
    /// Remove a secret with all its versions
    Rm(put::Rm),
    /// List what has expired or is to be rotated
    Due(care::Due),
    /// List what nobody used for a while
    Unused(care::Unused),
    /// List uses that are not like those before
    Anomalies(care::Anomalies),
    /// Take over the assignments of a .env file
    Import(transfer::Import),
    /// Encrypt secrets to somebody's public key
    Export(transfer::Export),
    /// Show and change who can read the vault
    Recipients(keyring::Recipients),
    /// Give the vault a new identity, with or without a passphrase
    Rekey(keyring::Rekey),
    /// Go on with a vault file that is not the one on record
    Accept(keyring::Accept),
    /// Look for secrets in this repository
    Check(guard::Check),
    /// Have git look for secrets before each commit
    Guard(guard::Guard),
}

impl Secret {
    pub(crate) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        match self.what {
            What::Set(command) => command.run(session),
            What::Get(command) => command.run(session),
            What::List(command) => command.run(session),
            What::Generate(command) => command.run(session),
            What::Edit(command) => command.run(session),
            What::History(command) => command.run(session),
            What::Rotate(command) => command.run(session),
            What::Rm(command) => command.run(session),
            What::Due(command) => command.run(session),
            What::Unused(command) => command.run(session),
            What::Anomalies(command) => command.run(session),
            What::Import(command) => command.run(session),
            What::Export(command) => command.run(session),
            What::Recipients(command) => command.run(session),
            What::Rekey(command) => command.run(session),
            What::Accept(command) => command.run(session),
            What::Check(command) => command.run(session),
            What::Guard(command) => command.run(session),
        }
    }
}

/// Which secret is meant.
#[derive(Args, Clone)]
struct Named {
    /// Its name, that of an environment variable: DATABASE_URL
    name: SecretName,
    #[command(flatten)]
    place: Place,
}

/// Where a secret belongs.
#[derive(Args, Clone, Default)]
struct Place {
    /// Which of several values: dev, staging, production [default: the setting secrets.profile]
    #[arg(short, long)]
    profile: Option<Name>,
    /// Where it belongs: global, project:NAME [default: where you are]
    #[arg(short, long)]
    namespace: Option<Namespace>,
}

impl Named {
    /// The secret that is there, looked for from here outwards.
    async fn find(&self, app: &App, caller: &Caller) -> Result<Key, Failure> {
        let profile = self.place.profile(app);
        Ok(app.vault().find(caller, &self.name, &profile, self.place.namespace.as_ref()).await?)
    }

    /// The secret of this name right here, whether or not it is there.
    fn here(&self, app: &App, caller: &Caller) -> Key {
        Key {
            name: self.name.clone(),
            namespace: self.place.namespace.clone().unwrap_or_else(|| caller.home.clone()),
            profile: self.place.profile(app),
        }
    }
}

impl Place {
    fn profile(&self, app: &App) -> Name {
        self.profile.clone().unwrap_or_else(|| app.usual_profile())
    }
}

/// Which secrets are meant.
#[derive(Args, Clone, Default)]
struct Several {
    /// Only of this profile
    #[arg(short, long)]
    profile: Option<Name>,
    /// Only in this namespace
    #[arg(short, long)]
    namespace: Option<Namespace>,
    /// In every namespace, not only those seen from here
    #[arg(short, long, conflicts_with = "namespace")]
    all: bool,
}

impl Several {
    fn which(&self) -> Which {
        Which {
            name: None,
            profile: self.profile.clone(),
            namespace: self.namespace.clone(),
            everywhere: self.all,
        }
    }
}
