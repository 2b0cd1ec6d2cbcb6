//! What every page is built from: the layout, forms, dates, charts and heat maps.

pub mod amount_chart;
pub mod announcement;
pub mod bar_chart;
pub mod closed_day;
pub mod confirm_dialog;
pub mod daily_chart;
pub mod date;
pub mod errors;
pub mod figures;
pub mod form;
pub mod habit_mark;
pub mod heatmap;
pub mod icon;
pub mod layout;
pub mod line_chart;
pub mod markdown;
pub mod menu;
pub mod navigation;
pub mod page_head;
pub mod qr;
pub mod render;
pub mod table;
pub mod time_zone_field;
