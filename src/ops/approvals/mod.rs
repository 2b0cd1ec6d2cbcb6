//! Approvals: staging's signed report on a binary. Staging signs it when the binary passes the checklist, it is carried to
//! production as a file, and production requires it before it serves that binary.
//!
//! If both run on one machine, production reads the reports beside staging's data file and nothing has to be carried.
//!
//! | file | subject |
//! |---|---|
//! | `signed` | signing a report, and reading a signed one |
//! | `lookup` | where an environment keeps and finds approvals |
//! | `requirement` | what happens without one |

mod lookup;
mod requirement;
mod signed;

pub use lookup::{ApprovalLookupError, Approvals, FoundApproval};
pub use requirement::{BinaryNotApproved, require_approved_binary};
pub use signed::{ApprovalError, SignedApproval, approve_release};
