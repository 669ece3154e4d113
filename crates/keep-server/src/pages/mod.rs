//! The dashboard: pages that the server writes whole. Each works without a script; with one, what changes is
//! fetched again by itself.

mod activity;
mod approval;
mod approvals;
mod artifacts;
mod assets;
mod attest;
mod chart;
mod form;
mod home;
mod layout;
mod line_tree;
mod memories;
mod memory;
mod output;
mod page;
mod processes;
mod run;
mod run_tree;
mod runs;
mod secrets;
mod setting;
mod settings;
mod sign_in;
mod tokens;
mod words;

pub(crate) use layout::trouble;
pub(crate) use sign_in::sign_in_first;

use crate::door::Door;

/// All pages, and what they are drawn with.
pub(crate) fn doors() -> Vec<Door> {
    let mut doors = vec![home::door(), runs::door(), memories::door(), secrets::door()];
    doors.extend(sign_in::doors());
    doors.extend(approvals::doors());
    doors.extend(approval::doors());
    doors.extend(activity::doors());
    doors.extend(run::doors());
    doors.extend(memory::doors());
    doors.extend(artifacts::doors());
    doors.extend(tokens::doors());
    doors.extend(settings::doors());
    doors.extend(attest::doors());
    doors.extend(assets::doors());
    doors
}
