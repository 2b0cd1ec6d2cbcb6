//! What admins and operators may read and do about other people's accounts. Pages, JSON, commands and the control
//! socket all come here.
//!
//! Every change is recorded in the audit trail in its own transaction. Password hashes and session tokens are never
//! returned.

pub mod access;
pub mod accounts;
pub mod attention;
pub mod environment;
pub mod figures;
pub mod overview;
pub mod queries;
