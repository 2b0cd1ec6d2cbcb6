//! Writing the audit trail. An entry is prepared before a decision and added in its transaction.

use crate::app::identity::active_account::require_active_account;
use crate::app::{App, Error};
use crate::domain::accounts::audit::{Actor, AuditAction, AuditEntry, RETENTION};
use crate::domain::{AccountId, AuditId, Client};
use crate::store::tables::audit;

/// Entries removed in one transaction, so that other writes need not wait long.
const PURGE_BATCH: usize = 500;

/// Removes the entries that are older than [`RETENTION`] and returns how many.
///
/// # Errors
/// [`Error::Busy`], [`Error::Unavailable`]; completed batches stay removed, and another call continues.
pub async fn purge_expired(app: &App) -> Result<usize, Error> {
    let Ok(oldest) = app.clock.now().checked_sub(RETENTION) else { return Ok(0) };
    // Ids begin with their time, so this one sorts before every entry of that millisecond.
    let first = AuditId::generate(oldest, [0; 10]);
    let mut removed = 0;
    loop {
        let batch = app.store.write(move |txn| Ok::<_, Error>(audit::purge(txn, first, PURGE_BATCH)?)).await?;
        removed += batch;
        if batch < PURGE_BATCH {
            return Ok(removed);
        }
    }
}

/// Records an action that has no transaction of its own. Call it first: if the entry cannot be written, the action must
/// not happen.
///
/// # Errors
/// [`Refusal::WrongCredentials`](crate::domain::Refusal::WrongCredentials) when the actor's account was deleted;
/// [`Error::Busy`], [`Error::Unavailable`].
pub async fn record(app: &App, actor: Actor, action: AuditAction, client: &Client) -> Result<(), Error> {
    let entry = app.audit_entry(actor, action, None, client)?;
    app.store
        .write(move |txn| {
            if let Actor::User(me) = actor {
                require_active_account(txn, me)?;
            }
            audit::add(txn, &entry);
            Ok(())
        })
        .await
}

impl App {
    /// An entry for the decision to add to its own transaction with [`crate::store::tables::audit::add`].
    pub(super) fn audit_entry(
        &self,
        actor: Actor,
        action: AuditAction,
        subject: Option<AccountId>,
        client: &Client,
    ) -> Result<AuditEntry, Error> {
        Ok(AuditEntry {
            id: self.generate_audit_id()?,
            at: self.clock.now(),
            actor: actor.into(),
            action: action.into(),
            subject,
            address: client.address,
            request_id: client.request_id.clone(),
        })
    }
}
