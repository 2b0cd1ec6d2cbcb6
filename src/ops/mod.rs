//! What an operator does: users, mail, snapshots, releases, rollback, migrations, previews, seeds, and the checklist. This
//! layer is beside the web and above the use cases.
//!
//! | module | subject |
//! |---|---|
//! | [`protocol`] | commands and answers as data; everything else here may use it |
//! | [`context`] | what commands work with where the data file is open |
//! | [`users`], [`mail`], [`snapshots`], [`rollback`] | commands that need the open data file |
//! | [`releases`], [`migrations`], [`previews`], [`seeds`], [`reset`] | commands that work without a server |
//! | [`execute`] | dispatches a command to its subject |
//! | [`control`] | the Unix socket on which a running server takes commands |
//! | [`isolation`], [`approvals`] | what keeps environments apart, and unverified binaries out of production |
//! | [`verify`] | the checklist |
//! | [`handbook`] | the operator's handbook as Markdown |

pub mod approvals;
pub mod context;
pub mod control;
pub mod execute;
pub mod handbook;
pub mod isolation;
pub mod mail;
pub mod migrations;
pub mod previews;
pub mod protocol;
pub mod releases;
pub mod reset;
pub mod rollback;
pub mod seeds;
pub mod snapshots;
pub mod users;
pub mod verify;
