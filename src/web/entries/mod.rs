//! The amounts recorded for days of habits.

pub mod api;
