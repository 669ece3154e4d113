//! The dashboard: pages that the server writes whole. Each works without a script; with one, what changes is
//! fetched again by itself.

mod activity;
mod approval;
mod approvals;
mod assets;
mod attest;
mod form;
mod home;
mod layout;
mod memories;
mod memory;
mod page;
mod sign_in;
mod words;

pub(crate) use sign_in::sign_in_first;

use crate::door::Door;

/// All pages, and what they are drawn with.
pub(crate) fn doors() -> Vec<Door> {
    let mut doors = vec![home::door(), activity::door(), activity::record_door()];
    doors.extend(sign_in::doors());
    doors.extend(approvals::doors());
    doors.extend(attest::doors());
    doors.extend(approval::doors());
    doors.extend([memories::door(), memory::door()]);
    doors.extend(assets::doors());
    doors
}
