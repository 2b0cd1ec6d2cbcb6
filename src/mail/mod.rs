//! SMTP delivery and the text of every message.
//!
//! [`Relay`] is the server that mail is sent through, [`Connection`] one SMTP session with it for any number of messages, and
//! [`DeliveryError`] the reason why a message was not accepted. Nothing here knows the outbox or decides when to retry.

mod connection;
pub mod error;
mod message;
mod relay;
pub mod templates;

pub use connection::Connection;
pub use error::{DeliveryError, Disposition, RelayFault};
pub use relay::{Relay, RelayTimeouts};
