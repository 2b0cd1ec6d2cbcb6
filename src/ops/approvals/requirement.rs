//! `require_verified`: production serves only a binary that passed in staging.

use jiff::Timestamp;

use super::lookup::{ApprovalLookupError, Approvals};
use crate::app::backup::binary::binary_digest;
use crate::config::Settings;
use crate::domain::Environment;
use crate::domain::backup::approval::Approval;
use crate::domain::calendar::format::format_duration;

/// Why this process's binary may not serve. Both are found before a port or the data file is opened.
#[derive(Debug, thiserror::Error)]
pub enum BinaryNotApproved {
    /// The system does not show which binary this is.
    #[error("{0} cannot tell which binary this is: its file cannot be read")]
    UnknownBinary(Environment),
    /// There is no valid approval.
    #[error(
        "{environment} does not serve this binary ({digest}, version {}), because no report from staging approves it: {found}. Expected: staging passed this very binary within {max_age}. Nothing was changed. Serve it in staging, run `atlas verify --env staging` there and `atlas release export --env staging --to FILE`, and here `atlas release import FILE --env {environment}`. If staging runs on this machine, verifying it there is enough. If staging is lost, too: `atlas serve --env {environment} --unverified {environment}`, which the audit trail records",
        env!("CARGO_PKG_VERSION")
    )]
    NotApproved {
        /// The environment that requires an approval.
        environment: Environment,
        /// The beginning of the binary's digest.
        digest: String,
        max_age: String,
        /// What is wrong at each place.
        #[source]
        found: ApprovalLookupError,
    },
}

/// Checks that this process's binary may serve. Returns the approval if only staging's folder has it.
///
/// # Errors
/// [`BinaryNotApproved`].
pub fn require_approved_binary(settings: &Settings, now: Timestamp) -> Result<Option<Approval>, BinaryNotApproved> {
    if !settings.verified.required {
        return Ok(None);
    }
    let environment = &settings.environment;
    let digest = binary_digest().ok_or_else(|| BinaryNotApproved::UnknownBinary(environment.clone()))?;
    match Approvals::new(settings).find(&digest, None, now) {
        Ok(found) => Ok(found.is_only_in_staging.then_some(found.approval)),
        Err(found) => Err(BinaryNotApproved::NotApproved {
            environment: environment.clone(),
            digest: digest.get(..12).unwrap_or(&digest).to_owned(),
            max_age: format_duration(settings.verified.max_age),
            found,
        }),
    }
}
