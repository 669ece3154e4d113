//! What a run is told when something is not reached.

use super::address::Special;
use super::host::Target;
use std::net::IpAddr;

/// Why a target was not reached.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No entry of the list covers it.
    #[error("{target} is not among the hosts that this run may reach; its list: {list}")]
    NotListed {
        /// What was asked for.
        target: Target,
        /// The list, shortened where it is long.
        list: String,
    },
    /// Its name is listed, but leads to where no name may lead.
    #[error(
        "{target} leads to {address}, which is {kind}; only an entry for that address itself may allow it"
    )]
    Special {
        /// What was asked for.
        target: Target,
        /// Where it leads.
        address: IpAddr,
        /// What that is.
        kind: Special,
    },
    /// Its name leads nowhere.
    #[error("{target} has no address")]
    NoAddress {
        /// What was asked for.
        target: Target,
    },
}
