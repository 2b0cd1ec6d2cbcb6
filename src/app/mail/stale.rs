//! Stale mail, whose content is no longer true, is not sent.

use jiff::Timestamp;

use crate::app::error::Error;
use crate::domain::accounts::link::LinkStatus;
use crate::domain::mail::{Mail, TokenRef};
use crate::store::Reader;
use crate::store::tables::{accounts, links};

const DEAD_LINK: &str = "its link no longer works: it was used or replaced, or the account was deleted";

/// Why the content of a mail is no longer true at `now`; `None` if it still is.
pub(super) fn stale_reason(txn: &impl Reader, mail: &Mail, now: Timestamp) -> Result<Option<&'static str>, Error> {
    if mail.body.is_none() {
        return Ok(Some("its content was deleted"));
    }
    if mail.expires_at <= now {
        return Ok(Some("it has expired"));
    }
    let works = match mail.token {
        None => true,
        Some(TokenRef::Verification(token)) => {
            let link = links::find_link(txn, &token)?;
            let owner = link.as_ref().map(|link| accounts::find_account(txn, link.account)).transpose()?.flatten();
            let is_unverified = owner.is_some_and(|owner| owner.verified_at.is_none());
            is_unverified && link.is_some_and(|link| matches!(link.status(now), Ok(LinkStatus::Open)))
        }
        Some(TokenRef::Reset(token)) => {
            let owner = accounts::find_by_token(txn, &token)?.filter(|owner| owner.disabled_at.is_none());
            owner.and_then(|owner| owner.password_reset).is_some_and(|reset| reset.token == token)
        }
        Some(TokenRef::NewAddress(token)) => {
            let owner = accounts::find_by_token(txn, &token)?.filter(|owner| owner.disabled_at.is_none());
            owner.and_then(|owner| owner.new_address).is_some_and(|pending| pending.token == token)
        }
    };
    Ok(if works { None } else { Some(DEAD_LINK) })
}
