//! The security policy as a program: every promise has a probe, every probe a twin that breaks
//! exactly that promise.

use crate::error::AppError;
use crate::scratch;
use keep_types::{Installation, Probe, Promise, Verdict};
use serde::Serialize;

/// What one probe found.
#[derive(Clone, Debug, Serialize)]
pub struct Attested {
    /// The promise.
    #[serde(flatten)]
    pub promise: Promise,
    /// Whether it holds here.
    #[serde(flatten)]
    pub verdict: Verdict,
}

/// What one probe made of its twin.
#[derive(Clone, Debug, Serialize)]
pub struct SelfTested {
    /// The promise.
    #[serde(flatten)]
    pub promise: Promise,
    /// What the probe said of the sound scratch installation.
    pub sound: Verdict,
    /// What it said after the twin broke it.
    pub broken: Verdict,
}

impl SelfTested {
    /// Whether the probe told the two apart.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.sound == Verdict::Pass && matches!(self.broken, Verdict::Fail(_))
    }
}

/// The probes of the house and everything below it, in the order of the layers. Surfaces have their own.
#[must_use]
pub fn probes() -> Vec<Probe> {
    let mut all = keep_db::probes();
    all.extend(keep_sandbox::probes());
    all.extend(keep_ledger::probes());
    all.extend(keep_policy::probes());
    all.extend(keep_gate::probes());
    all.extend(keep_vault::probes());
    all.extend(keep_artifact::probes());
    all.extend(keep_memory::probes());
    all.extend(keep_exec::probes());
    all.extend(crate::config::probes());
    all
}

/// Runs these probes on an installation. Nothing of it is changed.
pub fn attest(probes: &[Probe], at: &Installation, mut progress: impl FnMut(&Promise)) -> Vec<Attested> {
    let run = |probe: &Probe| {
        progress(&probe.promise);
        Attested { promise: probe.promise, verdict: (probe.run)(at) }
    };
    probes.iter().map(run).collect()
}

/// Runs these probes on a sound scratch installation, and again after its twin broke it.
///
/// # Errors
/// When a scratch installation cannot be made or broken.
pub fn self_test(probes: &[Probe], mut progress: impl FnMut(&Promise)) -> Result<Vec<SelfTested>, AppError> {
    let mut results = Vec::new();
    for probe in probes {
        progress(&probe.promise);
        let failed = |step, reason| AppError::Scratch { promise: probe.promise.id.into(), step, reason };
        let scratch = scratch::make().map_err(|e| failed("made", keep_types::chain(&e).join(": ")))?;
        let sound = (probe.run)(scratch.at());
        let broken = probe.run_broken(scratch.at()).map_err(|reason| failed("broken", reason))?;
        results.push(SelfTested { promise: probe.promise, sound, broken });
    }
    Ok(results)
}
