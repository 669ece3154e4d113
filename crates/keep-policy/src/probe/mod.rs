mod commands;

use crate::error::PolicyError;
use crate::folder::read_folder;
use crate::policy::Policy;
use crate::source::Layer;
use keep_types::{Adversary, Explain, Installation, Probe, Promise, Twin, Verdict, chain};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

/// What this crate promises, each with its check.
#[must_use]
pub fn probes() -> Vec<Probe> {
    let mut all = vec![
        Probe {
            promise: Promise {
                id: "POLICY-1",
                claim: "The rules in force are the rule files as written: each loads whole and \
                        matches its own examples",
                against: Adversary::Accident,
            },
            run: rules_load,
            twin: Twin::Installation(break_a_rule),
        },
        Probe {
            promise: Promise {
                id: "POLICY-2",
                claim: "Nobody but their owner can change the rule files",
                against: Adversary::OtherUser,
            },
            run: rules_are_the_owners,
            twin: Twin::Installation(open_a_rule),
        },
    ];
    all.extend(commands::probes());
    all
}

fn rules_of(installation: &Installation) -> PathBuf {
    installation.config.join("rules")
}

fn load(installation: &Installation) -> Result<Policy, PolicyError> {
    Policy::load(read_folder(&rules_of(installation), Layer::User)?)
}

fn told(error: &PolicyError) -> String {
    let hint = error.hint().map(|hint| format!(" ({hint})")).unwrap_or_default();
    format!("{}{hint}", chain(error).join(": "))
}

fn rules_load(installation: &Installation) -> Verdict {
    match load(installation) {
        Ok(_) => Verdict::Pass,
        Err(PolicyError::Writable { path, .. }) => Verdict::NotApplicable(format!(
            "{} is not read because others can change it; POLICY-2 tells of it",
            path.display()
        )),
        Err(error) => Verdict::Fail(format!("until it is mended nothing is allowed: {}", told(&error))),
    }
}

fn rules_are_the_owners(installation: &Installation) -> Verdict {
    match read_folder(&rules_of(installation), Layer::User) {
        Err(error @ PolicyError::Writable { .. }) => Verdict::Fail(told(&error)),
        Err(error @ PolicyError::Read { .. }) => Verdict::NotApplicable(told(&error)),
        Ok(_) | Err(_) => Verdict::Pass,
    }
}

fn write_rule(installation: &Installation, name: &str, text: &str, mode: u32) -> Result<(), String> {
    let path = rules_of(installation).join(name);
    let told = |error: std::io::Error| format!("{}: {error}", path.display());
    std::fs::create_dir_all(rules_of(installation)).map_err(told)?;
    std::fs::write(&path, text).map_err(told)?;
    std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).map_err(told)
}

fn break_a_rule(installation: &Installation) -> Result<(), String> {
    write_rule(installation, "broken.toml", "[[rule]\n", 0o600)
}

fn open_a_rule(installation: &Installation) -> Result<(), String> {
    write_rule(installation, "open.toml", "# no rules\n", 0o666)
}
