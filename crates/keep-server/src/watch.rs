//! Looks after the server itself: what it uses, how it fares, and what is due. What is not as it should be is an
//! alert: on the dashboard while it lasts, in the log of the program, and once on record, which makes it an event.

use crate::guard::as_person;
use crate::house::House;
use crate::notices;
use keep_types::{Duration, PrincipalKind, Timestamp};
use keep_vault::Which;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration as Span;

/// How often everything is looked at.
const LOOK: Span = Span::from_secs(15);
/// The vault is opened for its secrets less often: nothing there is due within minutes.
const LOOK_AT_SECRETS: Duration = Duration::from_ms(3_600_000);
/// What is due so soon is said.
const SOON: Duration = Duration::from_ms(3 * 86_400_000);
/// An alert that comes and goes is put on record once in this time.
const ON_RECORD: Duration = Duration::from_ms(3_600_000);
/// Ten times what the server takes with a large installation in use.
const MOST_RESIDENT_BYTES: u64 = 1 << 30;
/// Of one processor, on average between two looks: an interactive server idles.
const MOST_PROCESSOR: f64 = 0.95;
/// Looks in a row before a busy processor is one: a long search or a check of everything takes seconds.
const BUSY_LOOKS: u32 = 8;
/// Below this the next backup or model may not fit.
const LEAST_FREE_BYTES: u64 = 1 << 30;
/// Requests that are open at once; below the limit of one principal.
const MOST_OPEN: u64 = 96;
/// Answers that failed inside the server, between two looks.
const MOST_FAILED: u64 = 5;
/// Sign-ins and tokens that were no good, between two looks: nobody mistypes so often.
const MOST_REFUSED: u64 = 10;

/// The kernel's unit of processor time as it tells programs, whatever it counts in itself.
const TICKS_PER_SECOND: u64 = 100;

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Alert {
    /// Which of the things that are watched.
    pub(crate) key: &'static str,
    /// What is wrong, in a sentence.
    pub(crate) says: String,
    /// What to do.
    pub(crate) hint: String,
}

/// What is wrong now.
#[derive(Default)]
pub(crate) struct Watch(Mutex<Vec<Alert>>);

impl Watch {
    pub(crate) fn alerts(&self) -> Vec<Alert> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, alerts: Vec<Alert>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = alerts;
    }
}

/// Numbers at one look.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Look {
    pub(crate) resident_bytes: u64,
    /// Of one processor since the look before.
    pub(crate) processor: f64,
    /// Looks in a row that found the processor busy.
    pub(crate) busy_looks: u32,
    pub(crate) free_bytes: Option<u64>,
    pub(crate) open: u64,
    /// Since the look before.
    pub(crate) failed: u64,
    pub(crate) refused: u64,
}

impl Look {
    /// What of these numbers is not as it should be.
    fn alerts(&self) -> Vec<Alert> {
        let mib = |bytes: u64| bytes >> 20;
        let mut all = Vec::new();
        let mut say = |key, says: String, hint: &str| all.push(Alert { key, says, hint: hint.into() });
        if self.resident_bytes > MOST_RESIDENT_BYTES {
            let says = format!("The server takes {} MiB of memory.", mib(self.resident_bytes));
            say("memory", says, "Starting it again lets it go; please report what was being done.");
        }
        if self.busy_looks >= BUSY_LOOKS {
            let says = format!(
                "The server has kept a processor busy for {} s.",
                u64::from(self.busy_looks) * LOOK.as_secs()
            );
            say("processor", says, "Activity shows who asks for so much.");
        }
        if let Some(free) = self.free_bytes.filter(|free| *free < LEAST_FREE_BYTES) {
            let says = format!("{} MiB are left on the disk of the data folder.", mib(free));
            say("disk", says, "`keep artifact gc` removes what nothing leads to; `keep doctor` shows sizes.");
        }
        if self.open > MOST_OPEN {
            let says = format!("{} requests are open at once.", self.open);
            say("queue", says, "Activity shows who sends them.");
        }
        if self.failed >= MOST_FAILED {
            let says =
                format!("{} answers failed inside the server in the last {} s.", self.failed, LOOK.as_secs());
            say("errors", says, "Its log on standard error says why.");
        }
        if self.refused >= MOST_REFUSED {
            let says =
                format!("{} tokens or sign-ins were refused in the last {} s.", self.refused, LOOK.as_secs());
            say(
                "sign-ins",
                says,
                "Somebody may be guessing. Tokens shows which were used lately; unknown ones can be revoked.",
            );
        }
        all
    }
}

/// What is remembered from one look to the next.
#[derive(Default)]
struct Before {
    processor: Option<(u64, Timestamp)>,
    failed: u64,
    refused: u64,
    busy_looks: u32,
    secrets: Vec<Alert>,
    looked_at_secrets: Option<Timestamp>,
    on_record: HashMap<&'static str, Timestamp>,
}

/// Watches until the server ends.
pub(crate) async fn watch(house: House) {
    let mut before = Before::default();
    loop {
        let look = take(&house, &mut before);
        house.counts.resident(look.resident_bytes);
        let mut alerts = look.alerts();
        alerts.extend(rules(&house));
        alerts.extend(secrets(&house, &mut before).await);
        let known = house.watch.alerts();
        let fresh: Vec<Alert> =
            alerts.iter().filter(|one| known.iter().all(|other| other.key != one.key)).cloned().collect();
        house.watch.set(alerts);
        for alert in &fresh {
            raise(&house, &mut before, alert).await;
        }
        tokio::select! {
            () = house.ending.cancelled() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

fn take(house: &House, before: &mut Before) -> Look {
    let (failed, refused) = house.counts.troubles();
    let now = house.app.now();
    let used = processor_ms();
    let processor = match (used, before.processor) {
        (Some(used), Some((then_used, then))) => {
            let passed = u64::try_from(now.ms() - then.ms()).unwrap_or(0).max(1);
            used.saturating_sub(then_used) as f64 / passed as f64
        }
        _ => 0.0,
    };
    before.processor = used.map(|used| (used, now));
    before.busy_looks = if processor > MOST_PROCESSOR { before.busy_looks + 1 } else { 0 };
    let look = Look {
        resident_bytes: resident_bytes().unwrap_or(0),
        processor,
        busy_looks: before.busy_looks,
        free_bytes: free_bytes(&house.app.at().data),
        open: house.counts.open(),
        failed: failed - before.failed,
        refused: refused - before.refused,
    };
    (before.failed, before.refused) = (failed, refused);
    look
}

/// Memory that this process holds, where the system says it.
fn resident_bytes() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().trim_end_matches(" kB").parse().ok()?;
    Some(kib << 10)
}

/// Processor time of this process so far.
fn processor_ms() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The name may hold anything, and ends with the last bracket.
    let fields: Vec<&str> = text.rsplit(')').next()?.split_whitespace().collect();
    let ticks: u64 = fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
    Some(ticks * 1_000 / TICKS_PER_SECOND)
}

pub(crate) fn free_bytes(folder: &std::path::Path) -> Option<u64> {
    let stat = rustix::fs::statvfs(folder).ok()?;
    Some(stat.f_bavail * stat.f_frsize)
}

/// Whether the rules that lie there are others than those in force.
fn rules(house: &House) -> Option<Alert> {
    let why = house.app.broken_rules()?;
    let says = format!("The rules were changed and do not load; those from before stay in force: {why}.");
    Some(Alert { key: "rules", says, hint: "`keep policy check FILE` says where it is wrong.".into() })
}

/// What of the vault is due, as whoever started the server sees it. A vault that does not open says nothing here:
/// the dashboard says that it is shut.
async fn secrets(house: &House, before: &mut Before) -> Vec<Alert> {
    let now = house.app.now();
    if before.looked_at_secrets.is_some_and(|at| now < at.plus(LOOK_AT_SECRETS)) {
        return before.secrets.clone();
    }
    before.looked_at_secrets = Some(now);
    let owner = house.app.identity().principal.clone();
    if owner.kind() != PrincipalKind::User {
        return Vec::new();
    }
    let which = Which { everywhere: true, ..Which::default() };
    let due = house.app.vault().due(&as_person(owner), &which, SOON).await.unwrap_or_default();
    before.secrets = if due.is_empty() {
        Vec::new()
    } else {
        let names: Vec<String> = due.iter().take(3).map(|one| one.secret.name.to_string()).collect();
        let more = if due.len() > names.len() { ", and more" } else { "" };
        let says = format!("Secrets want a new value: {}{more}.", names.join(", "));
        vec![Alert { key: "secrets", says, hint: "`keep secret rotate NAME` gives one a new value.".into() }]
    };
    before.secrets.clone()
}

/// Says it in the program's log and, where the person who started the server wants that, on their desktop, and puts
/// it on record.
async fn raise(house: &House, before: &mut Before, alert: &Alert) {
    let now = house.app.now();
    house.log.line(&format!("alert: {}", alert.says));
    if before.on_record.get(alert.key).is_some_and(|at| now < at.plus(ON_RECORD)) {
        return;
    }
    before.on_record.insert(alert.key, now);
    notices::show(house, "something is not as it should be", &alert.says).await;
    let owner = house.app.identity().principal.clone();
    if owner.kind() != PrincipalKind::User {
        return;
    }
    if let Err(error) = house.app.note_alert(&as_person(owner), alert.key, &alert.says).await {
        house.log.line(&format!("putting an alert on record: {error}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_limit_raises_its_own_alert() {
        let sound = Look { free_bytes: Some(10 << 30), resident_bytes: 50 << 20, ..Look::default() };
        assert_eq!(sound.alerts(), []);
        for (look, key) in [
            (Look { resident_bytes: MOST_RESIDENT_BYTES + 1, ..sound }, "memory"),
            (Look { busy_looks: BUSY_LOOKS, ..sound }, "processor"),
            (Look { free_bytes: Some(LEAST_FREE_BYTES - 1), ..sound }, "disk"),
            (Look { open: MOST_OPEN + 1, ..sound }, "queue"),
            (Look { failed: MOST_FAILED, ..sound }, "errors"),
            (Look { refused: MOST_REFUSED, ..sound }, "sign-ins"),
        ] {
            let keys: Vec<_> = look.alerts().iter().map(|alert| alert.key).collect();
            assert_eq!(keys, [key]);
        }
    }

    #[test]
    fn the_system_says_what_the_process_uses() {
        assert!(resident_bytes().unwrap() > 1 << 20);
        assert!(processor_ms().is_some());
        assert!(free_bytes(std::path::Path::new("/")).unwrap() > 0);
    }
}
