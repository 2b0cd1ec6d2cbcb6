//! Commands of `atlas user` and their answers.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::response::{ControlResponse, parse_as};
use crate::domain::{AccountId, Email};

/// The most users in one answer.
pub const MAX_USERS_PER_LIST: usize = 500;

/// A user as an operator names one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum UserRef {
    Id(AccountId),
    Email(Email),
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("“{}” is neither an email address nor a user id; `atlas user list` shows them", .0.escape_debug())]
pub struct InvalidUserRef(String);

impl FromStr for UserRef {
    type Err = InvalidUserRef;

    fn from_str(text: &str) -> Result<Self, InvalidUserRef> {
        match (text.parse(), Email::parse(text)) {
            (Ok(id), _) => Ok(Self::Id(id)),
            (Err(_), Ok(email)) => Ok(Self::Email(email)),
            (Err(_), Err(_)) => Err(InvalidUserRef(text.to_owned())),
        }
    }
}

impl TryFrom<String> for UserRef {
    type Error = InvalidUserRef;
    fn try_from(text: String) -> Result<Self, InvalidUserRef> {
        text.parse()
    }
}

impl fmt::Display for UserRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => id.fmt(f),
            Self::Email(email) => email.fmt(f),
        }
    }
}

impl From<UserRef> for String {
    fn from(user: UserRef) -> Self {
        user.to_string()
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UserCommand {
    /// Newest first.
    List {
        /// What the address or name contains.
        search: String,
        limit: usize,
        /// Continues the list whose `nextCursor` this was.
        cursor: Option<AccountId>,
    },
    Show {
        #[serde(rename = "who")]
        user: UserRef,
    },
    Disable {
        #[serde(rename = "who")]
        user: UserRef,
    },
    Enable {
        #[serde(rename = "who")]
        user: UserRef,
    },
    /// Ends every session of the user.
    SignOut {
        #[serde(rename = "who")]
        user: UserRef,
    },
    /// Removes the second factor of a user who lost it.
    #[serde(rename = "reset-2fa")]
    ResetTwoFactor {
        #[serde(rename = "who")]
        user: UserRef,
    },
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum UserAnswer {
    List(UserList),
    Info(UserInfo),
    Disabled(UserInfo),
    Enabled(UserInfo),
    SignedOut(SignedOutUser),
    TwoFactorReset(TwoFactorReset),
}

impl UserCommand {
    pub(super) fn parse_response(&self, line: &str) -> serde_json::Result<ControlResponse<UserAnswer>> {
        match self {
            Self::List { .. } => parse_as(line, UserAnswer::List),
            Self::Show { .. } => parse_as(line, UserAnswer::Info),
            Self::Disable { .. } => parse_as(line, UserAnswer::Disabled),
            Self::Enable { .. } => parse_as(line, UserAnswer::Enabled),
            Self::SignOut { .. } => parse_as(line, UserAnswer::SignedOut),
            Self::ResetTwoFactor { .. } => parse_as(line, UserAnswer::TwoFactorReset),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserSummary {
    pub id: AccountId,
    pub email: Email,
    pub display_name: String,
    pub created_at: Timestamp,
    pub email_verified_at: Option<Timestamp>,
    pub disabled_at: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserList {
    pub users: Vec<UserSummary>,
    pub counts: UserTotals,
    pub next_cursor: Option<AccountId>,
}

/// How many users the environment has; a search does not change it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserTotals {
    pub total: u64,
    pub verified: u64,
    pub disabled: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserInfo {
    #[serde(flatten)]
    pub summary: UserSummary,
    pub is_admin: bool,
    pub two_factor_enabled: bool,
    pub sessions: usize,
    pub last_seen_at: Option<Timestamp>,
    pub active_habits: usize,
    pub archived_habits: usize,
    pub time_zone: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SignedOutUser {
    #[serde(flatten)]
    pub user: UserInfo,
    pub ended_sessions: usize,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TwoFactorReset {
    #[serde(flatten)]
    pub user: UserInfo,
    pub had_two_factor: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_named_by_id_or_by_email_in_any_case() {
        assert!(matches!("0190c7a0-0000-7000-8000-000000000000".parse(), Ok(UserRef::Id(_))));
        assert_eq!("Ada@Example.com".parse::<UserRef>().unwrap().to_string(), "ada@example.com");
        for invalid in ["", "ada", "0190C7A0-0000-7000-8000-000000000000", "ada@localhost"] {
            assert!(invalid.parse::<UserRef>().is_err(), "{invalid}");
        }
    }
}
