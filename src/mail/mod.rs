//! First floor: the only rooms that know SMTP.
//!
//! [`Relay`] is where mail is handed over and how it is reached; [`Connection`] is one conversation with it, good for many
//! mails; [`Trouble`] says what became of a mail that was not taken. Nothing here knows the outbox or when to try again.

mod connection;
mod message;
mod relay;
mod trouble;

pub use connection::Connection;
pub use relay::{Patience, Relay};
pub use trouble::{Fault, Trouble, Verdict};
