//! What every request passes before anything looks at it.

mod body;
mod gatekeeper;
mod identify;
mod limits;
mod outer;

pub(crate) use body::MOST_BODY_BYTES;
pub(crate) use gatekeeper::gatekeeper;
pub(crate) use identify::{Known, SESSION, Shown, as_person, identify, session_keys};
pub(crate) use limits::{Counted, Held, Limits};
pub(crate) use outer::outer;
