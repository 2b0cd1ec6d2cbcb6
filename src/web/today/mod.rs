//! Today's habits, and completing and skipping them.

pub mod amount_row;
pub mod api;
pub mod html;
pub mod past_days;
pub mod sections;
pub mod skip_control;
pub mod view;
