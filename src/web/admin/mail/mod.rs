//! The outbox and its messages.

pub mod html;
pub mod view;
