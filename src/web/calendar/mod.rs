//! The calendar of completed habits.

pub mod html;
pub mod view;
