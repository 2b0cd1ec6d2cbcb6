//! `atlas user`: what an operator does about users.

use super::protocol::users::{
    MAX_USERS_PER_LIST, SignedOutUser, TwoFactorReset, UserAnswer, UserCommand, UserInfo, UserList, UserRef,
    UserSummary, UserTotals,
};
use crate::app::admin;
use crate::app::identity::two_factor;
use crate::app::initiator::Initiator;
use crate::app::list_request::ListRequest;
use crate::app::{App, Error};
use crate::domain::{Account, AccountId};

/// Executes a command about users.
///
/// # Errors
/// [`crate::domain::Refusal::UserNotFound`], and what the use case refuses.
pub async fn execute(app: &App, command: UserCommand) -> Result<UserAnswer, Error> {
    let by = Initiator::operator();
    Ok(match command {
        UserCommand::List { search, limit, cursor } => UserAnswer::List(list(app, &search, limit, cursor)?),
        UserCommand::Show { user } => UserAnswer::Info(detail(app, find(app, &user)?)?),
        UserCommand::Disable { user } => {
            let id = find(app, &user)?;
            admin::accounts::disable_account(app, &by, id).await?;
            UserAnswer::Disabled(detail(app, id)?)
        }
        UserCommand::Enable { user } => {
            let id = find(app, &user)?;
            admin::accounts::enable_account(app, &by, id).await?;
            UserAnswer::Enabled(detail(app, id)?)
        }
        UserCommand::SignOut { user } => {
            let id = find(app, &user)?;
            let ended_sessions = admin::accounts::end_sessions(app, &by, id).await?;
            UserAnswer::SignedOut(SignedOutUser { user: detail(app, id)?, ended_sessions })
        }
        UserCommand::ResetTwoFactor { user } => {
            let id = find(app, &user)?;
            let account = admin::queries::load_user_detail(app, id)?.account;
            let had_two_factor = two_factor::reset(app, &account, by.actor, &by.client).await?;
            UserAnswer::TwoFactorReset(TwoFactorReset { user: detail(app, id)?, had_two_factor })
        }
    })
}

fn find(app: &App, user: &UserRef) -> Result<AccountId, Error> {
    admin::queries::find_user(app, &user.to_string())
}

fn list(app: &App, search: &str, limit: usize, cursor: Option<AccountId>) -> Result<UserList, Error> {
    let counts = admin::queries::count_users(app)?;
    let request = ListRequest::newest_first(cursor, limit.clamp(1, MAX_USERS_PER_LIST));
    let page = admin::queries::list_users(app, search, request)?;
    Ok(UserList {
        users: page.rows.iter().map(summary).collect(),
        counts: UserTotals { total: counts.total, verified: counts.verified, disabled: counts.disabled },
        next_cursor: page.next,
    })
}

fn summary(account: &Account) -> UserSummary {
    UserSummary {
        id: account.id,
        email: account.email.clone(),
        display_name: account.name().to_owned(),
        created_at: account.created_at,
        email_verified_at: account.verified_at,
        disabled_at: account.disabled_at,
    }
}

fn detail(app: &App, id: AccountId) -> Result<UserInfo, Error> {
    let facts = admin::queries::load_user_detail(app, id)?;
    Ok(UserInfo {
        summary: summary(&facts.account),
        is_admin: facts.is_admin,
        two_factor_enabled: facts.account.two_factor.is_some(),
        sessions: facts.sessions,
        last_seen_at: facts.seen_at,
        active_habits: facts.active,
        archived_habits: facts.archived,
        time_zone: facts.account.zone().name().to_owned(),
    })
}
