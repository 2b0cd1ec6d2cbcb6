//! Your data: export, import, and deletion of the account.

pub mod html;
pub mod view;
