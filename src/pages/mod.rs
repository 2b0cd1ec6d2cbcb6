//! First floor: what people see. The only rooms that know maud, and the embedded assets.
//!
//! A page is a function of what it shows: no app, no settings, no request.

pub mod account;
pub mod accounts;
pub mod admin;
pub mod assets;
pub mod calendar;
pub mod dev;
pub mod errors;
pub mod figures;
pub mod form;
pub mod habit;
pub mod habits;
pub mod heatmap;
pub mod insights;
pub mod landing;
pub mod layout;
pub mod letters;
pub mod mailed;
pub mod offline;
mod plain;
pub mod portable;
pub mod qr;
pub mod security;
pub mod today;
pub mod two_factor;
pub mod zones;

pub use layout::{Frame, Here};
