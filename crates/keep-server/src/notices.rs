//! Notices on the desktop of whoever started the server, where they want them: of requests that wait for a person,
//! and of alerts. They say who asks and how grave it is; the rest is on the dashboard, behind its door.

use crate::guard::as_person;
use crate::house::House;
use keep_app::config::NoticeBy;
use keep_gate::{ApprovalView, InboxFilter};
use keep_types::{Duration, PrincipalKind, Timestamp};
use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration as Span, Instant};

/// How soon a request is told: a person who waits for nothing notices no difference.
const LOOK: Span = Span::from_secs(2);
/// What shows a notice and does not come back is ended: nobody waits for it.
const PATIENCE: Span = Span::from_secs(5);
/// How often that is looked at.
const LOOK_AGAIN: Span = Span::from_millis(50);
/// Notices within [`WHILE`] at most: more of them are read by nobody.
const MOST: usize = 5;
/// The time that they are counted in.
const WHILE: Duration = Duration::from_ms(60_000);

/// When notices were shown lately.
#[derive(Default)]
pub(crate) struct Notices(Mutex<Bound>);

#[derive(Default)]
struct Bound {
    shown: Vec<Timestamp>,
    held_back: usize,
}

impl Bound {
    /// Whether one more may be shown now, and how many were held back since the last one.
    fn one_more(&mut self, now: Timestamp) -> Option<usize> {
        self.shown.retain(|at| now < at.plus(WHILE));
        if self.shown.len() >= MOST {
            self.held_back += 1;
            return None;
        }
        self.shown.push(now);
        Some(std::mem::take(&mut self.held_back))
    }
}

/// Whether the person who started the server wants notices on their desktop.
fn wanted(house: &House) -> bool {
    house.app.effective().values.notice == NoticeBy::Desktop
        && house.app.identity().principal.kind() == PrincipalKind::User
}

/// Tells of requests until the server ends. Those that waited before are on the dashboard.
pub(crate) async fn watch(house: House) {
    if !wanted(&house) {
        return;
    }
    if let Err(why) = house.app.desktop() {
        house.log.line(&format!("notices are wanted on the desktop, and none can be shown: {why}"));
        return;
    }
    let owner = as_person(house.app.identity().principal.clone());
    let mut known: Option<HashSet<String>> = None;
    loop {
        match house.app.gate().inbox(&owner, InboxFilter::Waiting).await {
            Ok(waiting) => {
                for one in &waiting {
                    if known.as_ref().is_some_and(|known| !known.contains(&one.id.to_string())) {
                        let (title, text) = told(one);
                        show(&house, &title, &text).await;
                    }
                }
                known = Some(waiting.iter().map(|one| one.id.to_string()).collect());
            }
            Err(error) => house.log.line(&format!("looking what waits: {error}")),
        }
        tokio::select! {
            () = house.ending.cancelled() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

/// A request, without what it is about: a notice stands on a screen that others may see, locked or not.
fn told(one: &ApprovalView) -> (String, String) {
    let title = format!("{} waits for you", one.requester);
    (title, format!("{} in {}, {} risk. The dashboard shows all of it.", one.action, one.namespace, one.risk))
}

/// Shows a notice, where the person wants any. What cannot be shown is in the server's log.
pub(crate) async fn show(house: &House, title: &str, text: &str) {
    if !wanted(house) {
        return;
    }
    let Ok(desktop) = house.app.desktop() else { return };
    let held_back = {
        let mut bound = house.notices.0.lock().unwrap_or_else(PoisonError::into_inner);
        bound.one_more(house.app.now())
    };
    let text = match held_back {
        None => return,
        Some(0) => text.to_owned(),
        Some(more) => format!("{text} (and {more} more before)"),
    };
    let title = format!("Keep: {title}");
    let shown = tokio::task::spawn_blocking(move || {
        let mut child = desktop.show(&title, &text)?;
        let until = Instant::now() + PATIENCE;
        while child.try_wait()?.is_none() {
            if Instant::now() >= until {
                child.kill()?;
                child.wait()?;
                return Err(std::io::Error::other("it did not come back"));
            }
            std::thread::sleep(LOOK_AGAIN);
        }
        Ok(())
    });
    if let Ok(Err(error)) = shown.await {
        house.log.line(&format!("showing a notice on the desktop: {error}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_buried_in_notices() {
        let mut bound = Bound::default();
        let at = |s: i64| Timestamp::from_ms(1_000_000 + s * 1_000);
        for s in 0..5 {
            assert_eq!(bound.one_more(at(s)), Some(0));
        }
        assert_eq!((bound.one_more(at(6)), bound.one_more(at(7))), (None, None));
        // The first was shown a minute ago, and says how many were not.
        assert_eq!(bound.one_more(at(60)), Some(2));
        assert_eq!(bound.one_more(at(60)), None);
    }
}
