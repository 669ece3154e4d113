//! Memory: what agents and people want to find again, and how it is found: by its words, by its meaning,
//! by what was said around it, by who said it and when. No language model and no network.
//!
//! Today there is the ranking ([`rank`]), measured by `cargo xtask eval memory`; the store, and the
//! commands over it, are still to come.
//!
//! **Must not know:** surfaces, other engines, the environment, the home folder and the terminal.

#![cfg_attr(test, expect(clippy::unwrap_used, reason = "a test that cannot go on should stop"))]

pub mod alike;
pub mod care;
pub mod context;
pub mod decay;
pub mod model;
pub mod picture;
pub mod portable;
pub mod rank;
