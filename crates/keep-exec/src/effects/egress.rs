//! The way out of a run with a list of hosts.

use crate::error::ExecError;
use keep_sandbox::Running;
use keep_sandbox::egress::{Egress, EgressLimits, HostList, Listener, System};

/// Starts the proxy of a run that has one; it ends when it is dropped.
pub(super) fn proxy(running: &mut Running, hosts: Option<HostList>) -> Result<Option<Egress>, ExecError> {
    let (Some(listener), Some(hosts)) = (running.take_proxy(), hosts) else { return Ok(None) };
    Egress::start_apart(Listener::Tcp(listener), hosts, System, EgressLimits::default())
        .map(Some)
        .map_err(|error| ExecError::Sandbox(Box::new(error)))
}
