//! What confinement promises, checked on this machine with real processes.
//!
//! The confined program is the stage itself: it makes the very system calls that must fail and says what the
//! kernel answered, so that a check needs no program of the machine and no word of a shell.

mod inside;

use crate::engine::Engine;
use crate::profile::{Limits, LocalSockets, Network, Profile, Reads, Tier};
use crate::running::EndedBy;
use crate::script::Script;
use crate::usual::runs_later;
use inside::{Trial, opening, unconfined};
use keep_types::{Adversary, Probe, Promise, Twin, Verdict};
use std::path::Path;
use std::time::Duration;

/// Whether a check confines as it should, or lacks the one thing that it is about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Make {
    Sound,
    Broken,
}

/// The promises of confinement with their checks and the twins that break them. Each is checked in every tier
/// that works here, containers of an engine at the usual places included; where none works it is not applicable.
/// `Sandbox::capabilities` says which tiers are missing, and why.
#[must_use]
pub fn probes() -> Vec<Probe> {
    vec![
        probe(
            "CONFINE-1",
            "A confined command cannot read what its profile hides, nor what it does not let it read",
            |_| hidden(&Engine::default(), Make::Sound),
            |_| hidden(&Engine::default(), Make::Broken),
        ),
        probe(
            "CONFINE-2",
            "A confined command without a network reaches no host, not this machine either, and none of its sockets",
            |_| network(&Engine::default(), Make::Sound),
            |_| network(&Engine::default(), Make::Broken),
        ),
        probe(
            "CONFINE-3",
            "A confined command changes nothing that is protected, not even by making what is not there yet",
            |_| protected(&Engine::default(), Make::Sound),
            |_| protected(&Engine::default(), Make::Broken),
        ),
        probe(
            "CONFINE-4",
            "A limit of a profile holds, or nothing runs",
            |_| limits(&Engine::default(), Make::Sound),
            |_| limits(&Engine::default(), Make::Broken),
        ),
        probe(
            "CONFINE-5",
            "Everything that a confined command started ends with it",
            |_| tree(&Engine::default(), Make::Sound),
            |_| tree(&Engine::default(), Make::Broken),
        ),
    ]
}

fn probe(
    id: &'static str,
    claim: &'static str,
    run: fn(&keep_types::Installation) -> Verdict,
    broken: fn(&keep_types::Installation) -> Verdict,
) -> Probe {
    Probe {
        promise: Promise { id, claim, against: Adversary::Confined },
        run,
        // What a profile lacks is lacking in the program, and in no file of an installation.
        twin: Twin::Program(broken),
    }
}

/// What the probes find with containers of this engine, for a caller that knows where it is. Twins are not run.
#[must_use]
pub fn verdicts(engine: &Engine) -> Vec<(&'static str, Verdict)> {
    let checks = [hidden, network, protected, limits, tree];
    probes().iter().zip(checks).map(|(probe, check)| (probe.promise.id, check(engine, Make::Sound))).collect()
}

/// Checks each tier that works here. One that does not keep the promise breaks it; that none works is not
/// applicable, with why.
fn each(engine: &Engine, check: impl Fn(&Trial, Tier) -> Result<(), String>) -> Verdict {
    let mut missing = Vec::new();
    for tier in Tier::ALL {
        let trial = match Trial::new(tier, engine) {
            Ok(trial) => trial,
            Err(why) => return Verdict::Fail(format!("it cannot be tried: {why}")),
        };
        if let Some(why) = missing_here(&trial, tier) {
            missing.push(format!("{tier}: {why}"));
        } else if let Err(why) = check(&trial, tier) {
            return Verdict::Fail(format!("{tier}: {why}"));
        }
    }
    if missing.len() == Tier::ALL.len() {
        return Verdict::NotApplicable(missing.join("; "));
    }
    Verdict::Pass
}

/// Why a tier does not work here. An engine that answers may still be unable to make a container, and then
/// nothing runs in one.
fn missing_here(trial: &Trial, tier: Tier) -> Option<String> {
    let tried = || trial.run(&base(trial, tier), tier, Script::new(0)).err();
    trial.lacks(tier).or_else(|| (tier == Tier::Container).then(tried)?)
}

/// What each kind of tier is tried with: the landlock tier reads little and writes nothing.
fn base(trial: &Trial, tier: Tier) -> Profile {
    let own = trial.readable.clone();
    Profile {
        read: if tier == Tier::Landlock { Reads::Only(vec![own]) } else { Reads::Everything },
        write: if tier == Tier::Landlock { Vec::new() } else { vec![trial.work.clone()] },
        hide: Vec::new(),
        protect: Vec::new(),
        private_tmp: false,
        network: Network::None,
        local_sockets: LocalSockets::None,
        environment: crate::profile::Environment::default(),
        limits: Limits::default(),
    }
}

fn hidden(engine: &Engine, make: Make) -> Verdict {
    each(engine, |trial, tier| {
        let mut profile = base(trial, tier);
        match (make, tier) {
            (Make::Sound, Tier::Landlock) => {}
            (Make::Broken, Tier::Landlock) => profile.read = Reads::Everything,
            (Make::Sound, _) => profile.hide = vec![trial.secret.clone()],
            (Make::Broken, _) => {}
        }
        let mut script = Script::new(0);
        opening(&mut script, &trial.program, libc::O_RDONLY);
        opening(&mut script, &trial.secret, libc::O_RDONLY);
        let answers = trial.answers(&profile, tier, script)?;
        match answers[..] {
            [seen, _] if seen < 0 => Err("what may be read cannot be".to_owned()),
            [_, secret] if secret >= 0 => Err("a hidden file could be opened".to_owned()),
            [_, _] => Ok(()),
            _ => Err("the confined program did not answer".to_owned()),
        }
    })
}

fn network(engine: &Engine, make: Make) -> Verdict {
    each(engine, |trial, tier| {
        let mut profile = base(trial, tier);
        if make == Make::Broken {
            profile.network = Network::All;
        }
        let (_server, address) = inside::server()?;
        let (_local, path) = trial.local_server()?;
        let mut script = Script::new(0);
        for (family, address) in [(libc::AF_INET, address), (libc::AF_UNIX, path)] {
            let kind = libc::SOCK_STREAM;
            let socket = script.try_for(libc::SYS_socket, [family.into(), kind.into(), 0.into()]);
            let length = i64::try_from(address.len()).unwrap_or(i64::MAX);
            let address = script.bytes(&address);
            script.ask(libc::SYS_connect, [socket.into(), address.into(), length.into()]);
        }
        match trial.answers(&profile, tier, script)?[..] {
            [host, _] if host >= 0 => Err("a server of this machine was reached".to_owned()),
            [_, local] if local >= 0 => Err("a local socket of this machine was reached".to_owned()),
            [_, _] => Ok(()),
            _ => Err("the confined program did not answer".to_owned()),
        }
    })
}

/// What agents and git obey in a workspace, of each kind one: in a folder that is not there, a file that is not,
/// a file in a folder that other things lie in, words that are there, and a file of a repository that is.
const OBEYED: [&str; 7] = [
    ".claude/settings.local.json",
    ".codex/hooks.json",
    ".cursor/mcp.json",
    ".github/copilot/settings.local.json",
    "AGENTS.md",
    ".cargo/config.toml",
    ".git/info/attributes",
];

fn protected(engine: &Engine, make: Make) -> Verdict {
    each(engine, |trial, tier| {
        let [there, missing] = ["there", "missing"].map(|name| trial.work.join(name));
        std::fs::write(trial.work.join("AGENTS.md"), "").map_err(|why| why.to_string())?;
        trial.hand_over(&trial.work.join("AGENTS.md"))?;
        let repository = trial.work.join(".git");
        for folder in [&repository, &repository.join("info")] {
            std::fs::create_dir_all(folder).map_err(|why| why.to_string())?;
            trial.hand_over(folder)?;
        }
        let outside = trial.readable.join("outside");
        for file in [&there, &outside] {
            std::fs::write(file, "").map_err(|why| why.to_string())?;
            trial.hand_over(file)?;
        }
        let mut profile = base(trial, tier);
        if make == Make::Sound && tier != Tier::Landlock {
            profile.protect = vec![there.clone(), missing.clone()];
            profile.protect.extend(runs_later(&trial.work, Path::new("/nonexistent")));
        }
        let mut script = Script::new(0);
        opening(&mut script, &outside, libc::O_WRONLY);
        opening(&mut script, &there, libc::O_WRONLY);
        opening(&mut script, &missing, libc::O_WRONLY | libc::O_CREAT | libc::O_EXCL);
        opening(&mut script, &trial.work.join("free"), libc::O_WRONLY | libc::O_CREAT);
        for path in OBEYED.map(|path| trial.work.join(path)) {
            path.parent().into_iter().for_each(|folder| inside::making(&mut script, folder));
            opening(&mut script, &path, libc::O_WRONLY | libc::O_CREAT);
        }
        let answers = trial.answers(&profile, tier, script)?;
        let [outside, there, missing, free, ref obeyed @ ..] = answers[..] else {
            return Err("the confined program did not answer".to_owned());
        };
        if obeyed.len() != OBEYED.len() {
            return Err("the confined program did not answer".to_owned());
        }
        for (answer, what) in [
            (outside, "a file that it may not write was opened for that"),
            (there, "a protected file was opened for writing"),
            (missing, "a protected file that was not there was made"),
        ] {
            if answer >= 0 {
                return Err(what.to_owned());
            }
        }
        if let Some((_, path)) = obeyed.iter().zip(OBEYED).find(|(answer, _)| **answer >= 0) {
            return Err(format!("`{path}`, which other programs obey, was written"));
        }
        // A command that can write nothing at all would pass for the wrong reason.
        if (free >= 0) == (tier == Tier::Landlock) {
            return Err(format!("a free file was answered with {free}"));
        }
        Ok(())
    })
}

/// More than a program without a library needs, and less than is asked for.
const MEMORY: u64 = 48 << 20;

fn limits(engine: &Engine, make: Make) -> Verdict {
    each(engine, |trial, tier| {
        let limited = |limits| {
            let limits = if make == Make::Sound { limits } else { Limits::default() };
            Profile { limits, ..base(trial, tier) }
        };
        // Sleeps longer than it may.
        let profile = limited(Limits { wall: Some(Duration::from_millis(100)), ..Limits::default() });
        let mut script = Script::new(0);
        inside::sleep(&mut script, Duration::from_secs(1));
        if trial.run(&profile, tier, script)?.ended.by != EndedBy::Wall {
            return Err("it ran longer than it may".to_owned());
        }
        let profile = limited(Limits { open_files: Some(8), ..Limits::default() });
        let mut script = Script::new(0);
        (0..8).for_each(|_| opening(&mut script, &trial.program, libc::O_RDONLY));
        if trial.answers(&profile, tier, script)?.iter().all(|answer| *answer >= 0) {
            return Err("it opened more files than it may".to_owned());
        }
        let profile = limited(Limits { memory: Some(MEMORY), ..Limits::default() });
        let mut script = Script::new(0);
        inside::use_memory(&mut script, 3 * MEMORY);
        match trial.run(&profile, tier, script)?.answers[..] {
            [memory, _] if memory >= 0 => Err("it used more memory than it may".to_owned()),
            // Told that there is no more, or killed on the way.
            _ => Ok(()),
        }
    })
}

fn tree(engine: &Engine, make: Make) -> Verdict {
    each(engine, |trial, tier| {
        let mut script = Script::new(0);
        inside::leave_something(&mut script, Duration::from_secs(2));
        let line = match make {
            Make::Sound => trial.run(&base(trial, tier), tier, script)?.line,
            Make::Broken => unconfined(&script)?,
        };
        if line.is_closed().map_err(|why| why.to_string())? {
            Ok(())
        } else {
            Err("a process outlived the command that started it".to_owned())
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use keep_types::Installation;

    #[test]
    fn each_promise_holds_here_and_its_twin_breaks_it() {
        let at =
            Installation { data: "/nowhere".into(), config: "/nowhere".into(), state: "/nowhere".into() };
        for probe in probes() {
            let sound = (probe.run)(&at);
            let broken = probe.run_broken(&at).unwrap();
            if let (Verdict::NotApplicable(why), Verdict::NotApplicable(_)) = (&sound, &broken) {
                println!("SKIPPED {}: {why}", probe.promise.id);
                continue;
            }
            assert_eq!(sound, Verdict::Pass, "{}", probe.promise.id);
            assert!(matches!(broken, Verdict::Fail(_)), "{}: {broken:?}", probe.promise.id);
        }
    }
}
