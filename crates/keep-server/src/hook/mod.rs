//! What agents' own hooks say and want to hear: an agent that runs its own shell asks here first.

pub mod claude;
