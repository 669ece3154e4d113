//! What every request passes before anything looks at it.

mod gatekeeper;
mod identify;
mod limits;
mod outer;

pub(crate) use gatekeeper::gatekeeper;
pub(crate) use identify::{Known, SESSION, as_person, identify, session_key};
pub(crate) use limits::{Counted, Held, Limits};
pub(crate) use outer::outer;
