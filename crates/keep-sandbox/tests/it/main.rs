//! Real processes, really confined; real sockets and real mounts.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod apart;
mod basic;
mod bypasses;
mod container;
mod corpus;
mod crash;
mod egress;
mod ending;
mod escape;
mod hostile;
mod layer;
mod layer_faults;
mod layer_property;
mod limits;
mod over;
mod overlay;
mod place;
mod properties;
mod proxy;
mod repository;
mod stand_in;
mod terminal;
mod unprivileged;
mod way_out;
