//! Insights: the last 90 days, and one habit over a year.

pub mod api;
pub mod by_habit_view;
pub mod figures_api;
pub mod habit_view;
pub mod history_view;
pub mod html;
pub mod strength_view;
pub mod targets_view;
pub mod view;
pub mod year_view;
