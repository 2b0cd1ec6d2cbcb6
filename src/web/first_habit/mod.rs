//! The page on which a new user picks a first habit.

pub mod html;
pub mod view;
