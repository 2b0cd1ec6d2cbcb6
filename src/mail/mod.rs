//! First floor: the only rooms that know SMTP.

mod smtp;

pub use smtp::{Relay, Trouble};
