//! Refusals: the rules' "no", worded for the user who made the request.
//!
//! A refusal is an answer and not a failure: nothing was changed and nothing is broken. Which type to use:
//!
//! - [`Refusal::InvalidFields`] for input that the user can correct, with one [`FieldError`] for each field.
//! - Another [`Refusal`] for a request that a rule forbids. `web` maps each to a status and an error code.
//! - [`Refusal::OperationRefused`] for an operator's command that a rule forbids.
//! - The error type of the layer that failed, such as `app::Error`, for faults, which are logged.

use std::fmt;

use jiff::SignedDuration;

use crate::domain::accounts::preferences::Backfill;
use crate::domain::field_error::{FieldError, FieldErrors};

/// Why Atlas refused a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The values of one or more fields were rejected.
    InvalidFields(Vec<FieldError>),
    /// SECURITY: does not say whether the address or the password is wrong.
    WrongCredentials,
    /// The password is right, but the address is not confirmed yet.
    EmailNotVerified,
    /// The link is unknown, was replaced by a newer one, or is for another purpose.
    LinkInvalid,
    LinkExpired,
    /// The address was used for several sign-ups, and none of their passwords was entered.
    PasswordRequired,
    /// The session does not exist or belongs to another user.
    SessionNotFound,
    /// The habit does not exist, belongs to another user, or is archived.
    HabitNotFound,
    /// The day has no such entry.
    EntryNotFound,
    /// The import does not exist, belongs to another user, or is too old to be undone.
    ImportNotFound,
    ImportAlreadyUndone,
    /// The habit is not scheduled for that day of the week.
    NotScheduled,
    /// The day has not begun in the user's time zone.
    FutureDay,
    /// Yesterday closed at 02:00.
    GracePeriodOver,
    /// The day is further back than the user's settings allow.
    DayClosed(Backfill),
    /// The day is before the habit's first day.
    BeforeHabitStart,
    /// A completion that was saved offline arrived too late.
    CompletionTooOld,
    /// Too many attempts; the next one is accepted after this time.
    TooManyAttempts(SignedDuration),
    /// A protected action was requested without a recent step-up verification.
    StepUpRequired,
    /// The password or code of a step-up verification is wrong.
    StepUpFailed,
    /// The code is not that of a confirmation mail that is still valid.
    WrongCode,
    /// The sign-in or step-up verification took too long and has to be started again.
    ChallengeExpired,
    /// App codes cannot be checked, because the key that encrypts the TOTP secret was changed.
    TwoFactorUnreadable,
    /// A 2FA code was requested for an account without 2FA.
    TwoFactorNotEnabled,
    /// Admins of this environment cannot turn off 2FA.
    CannotDisableTwoFactor,
    /// An admin disabled the account.
    AccountDisabled,
    /// Only an admin may do that.
    AdminRequired,
    /// An admin has to set up 2FA first.
    TwoFactorRequired,
    UserNotFound,
    /// A list is too long for one response.
    ListTooLong,
    /// Admins cannot disable their own accounts.
    CannotDisableSelf,
    /// An operator's command that a rule forbids. The text names the rule, what was found, and the fix.
    OperationRefused(String),
    /// The new order does not name every active habit exactly once.
    OrderMismatch,
}

impl Refusal {
    /// Refuses an operator's command.
    pub fn operation(message: impl Into<String>) -> Self {
        Self::OperationRefused(message.into())
    }

    /// Rejects the value of a single field.
    pub fn field(field: &'static str, message: impl Into<String>) -> Self {
        Self::InvalidFields(vec![FieldError::new(field, message)])
    }

    /// The errors of single fields; empty for other refusals.
    pub fn field_errors(&self) -> &[FieldError] {
        match self {
            Self::InvalidFields(errors) => errors,
            _ => &[],
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::InvalidFields(errors) => match errors.first() {
                Some(error) => &error.message,
                None => "Check the form and try again.",
            },
            Self::WrongCredentials => "Wrong email or password.",
            Self::EmailNotVerified => {
                "Please confirm your email first. Open the link we emailed you, then sign in."
            }
            Self::LinkInvalid => "This link doesn't work. It's incomplete, or a newer link has replaced it.",
            Self::PasswordRequired => {
                "This address was used for several sign-ups. Enter your password so we know which is yours."
            }
            Self::LinkExpired => "This link has expired.",
            Self::SessionNotFound => "That device is no longer signed in.",
            Self::HabitNotFound => "Habit not found.",
            Self::EntryNotFound => "Entry not found.",
            Self::ImportNotFound => "This import can't be undone anymore.",
            Self::ImportAlreadyUndone => "This import was undone already.",
            Self::NotScheduled => "This habit isn't scheduled for that day.",
            Self::FutureDay => "You can't complete future days.",
            Self::GracePeriodOver => "Yesterday closed at 02:00. To edit older days, change “Edit past days” in Account.",
            Self::DayClosed(Backfill::Week) => "You can edit up to seven days back. To edit older days, go to Account.",
            Self::DayClosed(_) => "You can only edit today, and yesterday until 02:00. To edit older days, go to Account.",
            Self::BeforeHabitStart => "The habit hadn't started yet.",
            Self::CompletionTooOld => "This change is more than a month old, so it wasn't saved.",
            Self::TooManyAttempts(remaining) => return write!(f, "Too many attempts. Try again in {}.", format_wait(*remaining)),
            Self::StepUpRequired => "Confirm it's you first.",
            Self::StepUpFailed => "Wrong password or code. Nothing was changed.",
            Self::WrongCode => "That code is wrong or has expired. Request a new one below.",
            Self::ChallengeExpired => "That took too long. Start over.",
            Self::TwoFactorUnreadable => {
                "Codes from your app don't work because this server's encryption key changed. Use a recovery code, or ask your administrator to reset two-factor authentication."
            }
            Self::TwoFactorNotEnabled => "Two-factor authentication is off, so no code is needed.",
            Self::CannotDisableTwoFactor => "Admins of this environment need two-factor authentication, so you can't turn it off.",
            Self::AccountDisabled => "This account is disabled. Contact your administrator.",
            Self::TwoFactorRequired => "Admins of this environment need two-factor authentication. Set it up first.",
            Self::AdminRequired => "Admins only.",
            Self::UserNotFound => "User not found.",
            Self::ListTooLong => "This list is too long to export at once. Use the API, which returns it page by page.",
            Self::CannotDisableSelf => {
                "You can't disable your own account, because there might be no one left to enable it. Ask another admin."
            }
            Self::OperationRefused(message) => message,
            Self::OrderMismatch => "The order must contain each of your active habits once. Reload the page and try again.",
        })
    }
}

impl std::error::Error for Refusal {}

/// A waiting time for users, rounded up.
fn format_wait(remaining: SignedDuration) -> String {
    match remaining.as_secs() {
        ..=60 => "a minute".to_owned(),
        7_201.. => format!("{} hours", (remaining.as_secs() + 3_599) / 3_600),
        seconds => format!("{} minutes", (seconds + 59) / 60),
    }
}

impl FieldErrors {
    /// Turns the collected errors into one refusal.
    pub fn into_refusal(self) -> Refusal {
        Refusal::InvalidFields(self.into_vec())
    }

    /// Succeeds when no error was collected.
    ///
    /// # Errors
    /// [`Refusal::InvalidFields`] when at least one error was collected.
    pub fn check(self) -> Result<(), Refusal> {
        let errors = self.into_vec();
        if errors.is_empty() { Ok(()) } else { Err(Refusal::InvalidFields(errors)) }
    }
}

impl From<FieldError> for Refusal {
    fn from(error: FieldError) -> Self {
        Self::InvalidFields(vec![error])
    }
}
