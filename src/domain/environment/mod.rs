//! Environments, the stamp that ties a data file to one, and the files beside it.

pub mod files;
pub mod kind;
pub mod layout;
pub mod preview;
pub mod stamp;
