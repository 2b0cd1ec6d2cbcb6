//! Embedded files: style sheet, scripts and icons.

pub mod embedded;
pub mod html;
