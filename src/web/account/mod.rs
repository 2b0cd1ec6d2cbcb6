//! A person's account in four parts: profile, preferences, security and data.

pub mod api;
pub mod data;
pub mod preferences;
pub mod profile;
pub mod view;
