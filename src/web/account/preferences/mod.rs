//! The preferences: how days, pages and lists look and work.

pub mod html;
pub mod view;
