//! SMTP delivery and the text of every message.
//!
//! [`Relay`] is the server that mail is sent through, [`Connection`] one SMTP session with it for any number of messages, and
//! [`DeliveryError`] the reason why a message was not accepted. Nothing here knows the outbox or decides when to retry.

mod capabilities;
mod command;
mod connection;
mod dial;
pub mod error;
mod message;
mod relay;
mod reply;
mod session;
pub mod templates;
mod timeouts;

pub use connection::Connection;
pub use dial::Lookup;
pub use error::{DeliveryError, Disposition, RelayFault};
pub use relay::Relay;
pub use timeouts::RelayTimeouts;
