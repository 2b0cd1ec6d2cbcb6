//! Mail: the outbox, delivery, and the health of the relay.

pub mod backlog;
pub mod delivery;
mod delivery_round;
pub mod health;
pub(super) mod in_transit;
pub mod outbox;
pub mod policy;
pub(super) mod probe_mailbox;
pub mod relay_monitor;
mod relay_outcome;
mod stale;
