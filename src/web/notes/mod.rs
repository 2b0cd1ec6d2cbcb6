//! Notes about days of habits: the part of a habit's page and of the calendar's open day, the timeline of all notes, and the JSON.

pub mod api;
pub mod html;
pub mod input;
pub mod part_view;
pub mod timeline_view;
