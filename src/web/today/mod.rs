//! Today's habits, and completing them.

pub mod api;
pub mod html;
pub mod past_days;
pub mod view;
