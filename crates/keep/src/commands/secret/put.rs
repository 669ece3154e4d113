use super::Named;
use crate::edge::{Failure, Session, ask_hidden, choose_hidden, visible};
use clap::{Args, ValueEnum};
use keep_types::{Duration, Timestamp};
use keep_vault::{Alphabet, MAX_VALUE_BYTES, NewValue, Recipe, Short, Source, Terms, Value};
use std::io::{IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use zeroize::Zeroizing;

/// Where a value comes from: a file, standard input, or a prompt.
#[derive(Args)]
struct From {
    /// Read the value from this file; - is standard input
    #[arg(short, long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Keep the line end that a file or standard input ends with
    #[arg(long)]
    raw: bool,
    /// Store a value under 8 bytes, which cannot be kept out of output and records
    #[arg(long)]
    allow_short: bool,
}

/// What is said of a secret.
#[derive(Args, Default)]
struct Said {
    /// A line for people
    #[arg(long)]
    note: Option<String>,
    /// When it stops being good: a span (90d), a time (2027-01-31T00:00:00Z), or never
    #[arg(long, value_name = "WHEN")]
    expires: Option<String>,
    /// How often its value is to change: a span, or never
    #[arg(long, value_name = "SPAN")]
    rotate_every: Option<String>,
}

#[derive(Args)]
#[command(
    after_help = "EXAMPLES:\n  keep secret set DATABASE_URL\n  pass show db | keep secret set DATABASE_URL --profile production\n  keep secret set TLS_KEY --file key.pem --raw --expires 90d\n\nThe value comes from a prompt, standard input or a file, never from an argument."
)]
pub(super) struct Set {
    #[command(flatten)]
    named: Named,
    #[command(flatten)]
    from: From,
    #[command(flatten)]
    said: Said,
}

#[derive(Args)]
#[command(
    after_help = "EXAMPLES:\n  keep secret rotate SESSION_KEY              draw a new random value\n  keep secret rotate DATABASE_URL --file -    read the new value\n\nEarlier values stay in `keep secret history`, the last ten."
)]
pub(super) struct Rotate {
    #[command(flatten)]
    named: Named,
    /// Type the new value instead of drawing it
    #[arg(long, conflicts_with = "file")]
    prompt: bool,
    #[command(flatten)]
    from: From,
    #[command(flatten)]
    recipe: RecipeWords,
}

#[derive(Args)]
#[command(
    after_help = "EXAMPLES:\n  keep secret generate SESSION_KEY\n  keep secret generate API_KEY --length 64 --of hex --profile staging"
)]
pub(super) struct Generate {
    #[command(flatten)]
    named: Named,
    #[command(flatten)]
    recipe: RecipeWords,
    #[command(flatten)]
    said: Said,
}

/// What a random value is made of.
#[derive(Args)]
struct RecipeWords {
    /// How many characters
    #[arg(short, long, default_value_t = Recipe::default().length)]
    length: usize,
    /// Of which characters
    #[arg(long, value_enum, default_value_t)]
    of: Of,
}

#[derive(Clone, Copy, Default, ValueEnum)]
enum Of {
    /// Letters and digits
    #[default]
    Letters,
    /// Hex digits
    Hex,
    /// Letters, digits and punctuation
    Symbols,
}

impl RecipeWords {
    fn recipe(&self) -> Recipe {
        let alphabet = match self.of {
            Of::Letters => Alphabet::Letters,
            Of::Hex => Alphabet::Hex,
            Of::Symbols => Alphabet::Symbols,
        };
        Recipe { alphabet, length: self.length }
    }
}

#[derive(Args)]
#[command(
    after_help = "EXAMPLES:\n  keep secret edit DATABASE_URL --note \"the read replica\"\n  keep secret edit DATABASE_URL --expires never --rotate-every 30d\n\nValues are not edited: an editor leaves copies behind. `keep secret set` gives a new one."
)]
pub(super) struct Edit {
    #[command(flatten)]
    named: Named,
    #[command(flatten)]
    said: Said,
}

#[derive(Args)]
#[command(
    after_help = "EXAMPLES:\n  keep secret rm OLD_TOKEN\n  keep secret rm DATABASE_URL --profile staging"
)]
pub(super) struct Rm {
    #[command(flatten)]
    named: Named,
}

impl Set {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        // Nobody types a value for words that make no sense; whether a moment has passed is seen later.
        self.said.terms(Timestamp::from_ms(0))?;
        let value = self.from.read(session, self.named.name.as_str())?;
        let (short, named, said) = (self.from.short(), self.named, self.said);
        let stored = session.with(async |app, caller| {
            let key = named.here(app, caller);
            Ok(app.vault().set(caller, key, value, said.terms(app.now())?, short).await?)
        })?;
        session.show(&stored, |out| writeln!(out, "{}: version {}", stored.secret, stored.version))
    }
}

impl Generate {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        let (named, said, value) = (self.named, self.said, NewValue::Generated(self.recipe.recipe()));
        let stored = session.with(async |app, caller| {
            let key = named.here(app, caller);
            Ok(app.vault().set(caller, key, value, said.terms(app.now())?, Short::Refuse).await?)
        })?;
        session.show(&stored, |out| writeln!(out, "{}: version {}", stored.secret, stored.version))
    }
}

impl Rotate {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        let value = match (&self.from.file, self.prompt) {
            (None, false) => NewValue::Generated(self.recipe.recipe()),
            (_, true) => NewValue::Given { value: typed(self.named.name.as_str())?, source: Source::Prompt },
            (Some(_), false) => self.from.read(session, self.named.name.as_str())?,
        };
        let (short, named) = (self.from.short(), self.named);
        let stored = session.with(async |app, caller| {
            let key = named.find(app, caller).await?;
            Ok(app.vault().rotate(caller, key, value, short).await?)
        })?;
        session.show(&stored, |out| writeln!(out, "{}: version {}", stored.secret, stored.version))
    }
}

impl Edit {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        let (named, said) = (self.named, self.said);
        if said.is_silent() {
            return Err(Failure::usage(
                "there is nothing to change",
                "give --note, --expires or --rotate-every",
            ));
        }
        let key = session.with(async |app, caller| {
            let key = named.find(app, caller).await?;
            app.vault().edit(caller, key.clone(), said.terms(app.now())?).await?;
            Ok(key)
        })?;
        session.show(&serde_json::json!({ "edited": key }), |out| writeln!(out, "{key}: changed"))
    }
}

impl Rm {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        let named = self.named;
        let key = session.with(async |app, caller| {
            let key = named.find(app, caller).await?;
            app.vault().remove(caller, key.clone()).await?;
            Ok(key)
        })?;
        session.show(&serde_json::json!({ "removed": key }), |out| writeln!(out, "{key}: removed"))
    }
}

impl From {
    fn short(&self) -> Short {
        if self.allow_short { Short::Allow } else { Short::Refuse }
    }

    /// The value: from the file, from standard input when that is no terminal, else typed.
    fn read(&self, session: &Session, name: &str) -> Result<NewValue, Failure> {
        let stdin = Path::new("-");
        let (bytes, source) = match self.file.as_deref() {
            Some(path) if path != stdin => (read_file(path)?, Source::File),
            None if std::io::stdin().is_terminal() && session.may_ask() => {
                return Ok(NewValue::Given { value: typed(name)?, source: Source::Prompt });
            }
            _ => {
                let failed = |e| Failure::file("reading", Path::new("standard input"), e);
                (read_whole(std::io::stdin().lock()).map_err(failed)?, Source::Stdin)
            }
        };
        let mut bytes = bytes;
        if !self.raw && bytes.ends_with(b"\n") {
            bytes.pop();
            if bytes.ends_with(b"\r") {
                bytes.pop();
            }
        }
        Ok(NewValue::Given { value: Value::new(std::mem::take(&mut *bytes)), source })
    }
}

/// A value typed unseen. Long ones cannot be typed twice the same, so it is asked once when pasted.
fn typed(name: &str) -> Result<Value, Failure> {
    let mut bytes = ask_hidden(&format!("Value of {name} (unseen): "))?;
    Ok(Value::new(std::mem::take(&mut *bytes)))
}

/// A passphrase that is chosen now.
pub(crate) fn passphrase() -> Result<keep_vault::PassphraseText, Failure> {
    as_text(choose_hidden("New passphrase")?)
}

pub(super) fn as_text(mut bytes: Zeroizing<Vec<u8>>) -> Result<keep_vault::PassphraseText, Failure> {
    String::from_utf8(std::mem::take(&mut *bytes))
        .map(keep_vault::PassphraseText::from)
        .map_err(|_| Failure::usage("a passphrase is text", "type it again"))
}

fn read_file(path: &Path) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let failed = |e| Failure::file("reading", path, e);
    read_whole(std::fs::File::open(path).map_err(failed)?).map_err(failed)
}

/// Reads no more than a value may have, and a byte to tell that there was more.
fn read_whole(from: impl Read) -> std::io::Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_VALUE_BYTES + 3));
    from.take(MAX_VALUE_BYTES as u64 + 3).read_to_end(&mut bytes)?;
    Ok(bytes)
}

impl Said {
    fn is_silent(&self) -> bool {
        self.note.is_none() && self.expires.is_none() && self.rotate_every.is_none()
    }

    fn terms(&self, now: Timestamp) -> Result<Terms, Failure> {
        let expires = self.expires.as_deref().map(|text| when(text, now)).transpose()?;
        let rotate_every = match self.rotate_every.as_deref() {
            None => None,
            Some("never") => Some(None),
            Some(text) => {
                let span: Duration =
                    text.parse().map_err(|e| Failure::usage(format!("{e}"), "write 30d, 12w or never"))?;
                Some(Some(span))
            }
        };
        Ok(Terms { note: self.note.clone(), expires, rotate_every })
    }
}

/// A moment, as a span from now, as a time, or none.
fn when(text: &str, now: Timestamp) -> Result<Option<Timestamp>, Failure> {
    if text == "never" {
        return Ok(None);
    }
    let moment = match (text.parse::<Duration>(), text.parse::<Timestamp>()) {
        (Ok(span), _) => now.plus(span),
        (_, Ok(moment)) => moment,
        _ => {
            let message = format!("{:?} is neither a span nor a time", visible(text));
            return Err(Failure::usage(message, "write 90d, 2027-01-31T00:00:00Z or never"));
        }
    };
    if moment <= now {
        return Err(Failure::usage(format!("{moment} has passed"), "name a time to come"));
    }
    Ok(Some(moment))
}
