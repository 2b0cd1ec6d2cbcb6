//! The amounts recorded for days of habits.

pub mod api;
pub mod html;
pub mod view;
