use super::document::{Reader, read};
use super::error::ConfigError;
use super::layers::read_text;
use keep_types::{Adversary, Explain, Installation, Probe, Promise, Twin, Verdict, chain};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

/// What the configuration promises, each with its check.
#[must_use]
pub fn probes() -> Vec<Probe> {
    vec![
        Probe {
            promise: Promise {
                id: "CONFIG-1",
                claim: "The settings in force are the settings as written: a file with an unknown key \
                        or a wrong value is refused whole",
                against: Adversary::Accident,
            },
            run: loads,
            twin: Twin::Installation(mistype),
        },
        Probe {
            promise: Promise {
                id: "CONFIG-2",
                claim: "Nobody but their owner can change the settings",
                against: Adversary::OtherUser,
            },
            run: is_the_owners,
            twin: Twin::Installation(open_to_all),
        },
    ]
}

fn file_of(at: &Installation) -> PathBuf {
    at.config.join("config.toml")
}

fn check(at: &Installation) -> Result<(), ConfigError> {
    let path = file_of(at);
    let Some(text) = read_text(&path)? else {
        return Ok(());
    };
    read(&path.display().to_string(), &text, Reader::House).map(drop)
}

fn told(error: &ConfigError) -> String {
    let hint = error.hint().map(|hint| format!(" ({hint})")).unwrap_or_default();
    format!("{}{hint}", chain(error).join(": "))
}

fn loads(at: &Installation) -> Verdict {
    match check(at) {
        Ok(()) => Verdict::Pass,
        Err(ConfigError::Writable { path, .. }) => Verdict::NotApplicable(format!(
            "{} is not read because others can change it; CONFIG-2 tells of it",
            path.display()
        )),
        Err(error) => Verdict::Fail(told(&error)),
    }
}

fn is_the_owners(at: &Installation) -> Verdict {
    match check(at) {
        Err(error @ ConfigError::Writable { .. }) => Verdict::Fail(told(&error)),
        Err(error @ ConfigError::Read { .. }) => Verdict::NotApplicable(told(&error)),
        Ok(()) | Err(_) => Verdict::Pass,
    }
}

fn write(at: &Installation, text: &str, mode: u32) -> Result<(), String> {
    let path = file_of(at);
    let told = |error: std::io::Error| format!("{}: {error}", path.display());
    std::fs::create_dir_all(&at.config).map_err(told)?;
    std::fs::write(&path, text).map_err(told)?;
    std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).map_err(told)
}

fn mistype(at: &Installation) -> Result<(), String> {
    write(at, "[approvals]\ntopt = true\n", 0o600)
}

fn open_to_all(at: &Installation) -> Result<(), String> {
    write(at, "[approvals]\ntotp = true\n", 0o666)
}
