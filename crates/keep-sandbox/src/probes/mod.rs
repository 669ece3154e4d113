//! What confinement promises, checked on this machine with real processes.
//!
//! The confined program is the stage itself: it makes the very system calls that must fail and says what the
//! kernel answered, so that a check needs no program of the machine and no word of a shell.

mod inside;

use crate::profile::{Limits, LocalSockets, Network, Profile, Reads, Tier};
use crate::running::EndedBy;
use crate::script::Script;
use inside::{Trial, opening, unconfined};
use keep_types::{Adversary, Probe, Promise, Twin, Verdict};
use std::time::Duration;

/// The tiers that need nothing but the kernel.
const KERNEL: &[Tier] = &[Tier::Landlock, Tier::Namespaces];

/// Whether a check confines as it should, or lacks the one thing that it is about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Make {
    Sound,
    Broken,
}

/// The promises of confinement with their checks and the twins that break them. A tier that this machine lacks
/// is not applicable; `Sandbox::capabilities` says why it is missing.
#[must_use]
pub fn probes() -> Vec<Probe> {
    vec![
        probe(
            "CONFINE-1",
            "A confined command cannot read what its profile hides, nor what it does not let it read",
            |_| hidden(KERNEL, Make::Sound),
            |_| hidden(KERNEL, Make::Broken),
        ),
        probe(
            "CONFINE-2",
            "A confined command without a network reaches no host, not this machine either, and none of its sockets",
            |_| network(KERNEL, Make::Sound),
            |_| network(KERNEL, Make::Broken),
        ),
        probe(
            "CONFINE-3",
            "A confined command changes nothing that is protected, not even by making what is not there yet",
            |_| protected(KERNEL, Make::Sound),
            |_| protected(KERNEL, Make::Broken),
        ),
        probe(
            "CONFINE-4",
            "A limit of a profile holds, or nothing runs",
            |_| limits(KERNEL, Make::Sound),
            |_| limits(KERNEL, Make::Broken),
        ),
        probe(
            "CONFINE-5",
            "Everything that a confined command started ends with it",
            |_| tree(KERNEL, Make::Sound),
            |_| tree(KERNEL, Make::Broken),
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

/// Checks each of these tiers that works here. One that does not keep the promise breaks it; that none works
/// is not applicable, with why.
fn each(tiers: &[Tier], check: impl Fn(&Trial, Tier) -> Result<(), String>) -> Verdict {
    let mut missing = Vec::new();
    for &tier in tiers {
        let trial = match Trial::new() {
            Ok(trial) => trial,
            Err(why) => return Verdict::Fail(format!("it cannot be tried: {why}")),
        };
        if let Some(why) = trial.lacks(tier) {
            missing.push(format!("{tier}: {why}"));
        } else if let Err(why) = check(&trial, tier) {
            return Verdict::Fail(format!("{tier}: {why}"));
        }
    }
    if missing.len() == tiers.len() {
        return Verdict::NotApplicable(missing.join("; "));
    }
    Verdict::Pass
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

fn hidden(tiers: &[Tier], make: Make) -> Verdict {
    each(tiers, |trial, tier| {
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

fn network(tiers: &[Tier], make: Make) -> Verdict {
    each(tiers, |trial, tier| {
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

fn protected(tiers: &[Tier], make: Make) -> Verdict {
    each(tiers, |trial, tier| {
        let [there, missing] = ["there", "missing"].map(|name| trial.work.join(name));
        let outside = trial.readable.join("outside");
        for file in [&there, &outside] {
            std::fs::write(file, "").map_err(|why| why.to_string())?;
        }
        let mut profile = base(trial, tier);
        if make == Make::Sound && tier != Tier::Landlock {
            profile.protect = vec![there.clone(), missing.clone()];
        }
        let mut script = Script::new(0);
        opening(&mut script, &outside, libc::O_WRONLY);
        opening(&mut script, &there, libc::O_WRONLY);
        opening(&mut script, &missing, libc::O_WRONLY | libc::O_CREAT | libc::O_EXCL);
        opening(&mut script, &trial.work.join("free"), libc::O_WRONLY | libc::O_CREAT);
        let answers = trial.answers(&profile, tier, script)?;
        let [outside, there, missing, free] = answers[..] else {
            return Err("the confined program did not answer".to_owned());
        };
        for (answer, what) in [
            (outside, "a file that it may not write was opened for that"),
            (there, "a protected file was opened for writing"),
            (missing, "a protected file that was not there was made"),
        ] {
            if answer >= 0 {
                return Err(what.to_owned());
            }
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

fn limits(tiers: &[Tier], make: Make) -> Verdict {
    each(tiers, |trial, tier| {
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

fn tree(tiers: &[Tier], make: Make) -> Verdict {
    each(tiers, |trial, tier| {
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
