//! The way out of a confined run: a proxy that reaches the hosts of a list and nothing else.
//!
//! The run's only socket to the outside is this proxy's, so what is checked here is all that is needed, and
//! all that there is. A name is brought to one form before it is compared; it is resolved here, never by
//! the run; and the connection goes to the very address that was checked, so that a second answer of a name
//! server changes nothing. An empty list lets nothing through. What a tunnel carries is not looked at: who
//! may reach one host of a shared front may reach what else that front serves.

mod address;
mod connection;
mod forward;
mod framing;
mod host;
mod http;
mod list;
mod outside;
mod pump;
mod refusal;
mod response;
mod serve;
mod socks;
mod traffic;

pub use address::{Special, special};
pub use framing::Chunks;
pub use host::{Host, HostError, Target};
pub use http::{BadRequest, Request, parse_request};
pub use list::{HostList, ListError};
pub use outside::{Outside, Reply, System};
pub use refusal::Refusal;
pub use serve::{Egress, EgressLimits, Listener};
pub use socks::{BadSocks, Greeting, SocksRequest, parse_greeting, parse_socks_request};
pub use traffic::{Counts, Traffic};
