//! Writing the audit trail. A line is prepared before a decision and added in its transaction.

use super::accounts::demand;
use super::{App, Error};
use crate::domain::audit::{Actor, Deed, KEPT_FOR, Line};
use crate::domain::{AccountId, AuditId, Client};
use crate::store::audit;

/// Most lines that go in one transaction, so that nobody waits for it.
const BATCH: usize = 500;

/// Removes the lines that are older than they are kept. Answers how many went.
///
/// # Errors
/// [`Error::Busy`], [`Error::Unavailable`]; what went before stays gone, and asking again goes on.
pub async fn purge(app: &App) -> Result<usize, Error> {
    let Ok(oldest) = app.clock.now().checked_sub(KEPT_FOR) else { return Ok(0) };
    // Ids begin with their time, so this one comes before every line of that millisecond.
    let first = AuditId::mint(oldest, [0; 10]);
    let mut gone = 0;
    loop {
        let went = app.store.write(move |draft| Ok::<_, Error>(audit::purge(draft, first, BATCH)?)).await?;
        gone += went;
        if went < BATCH {
            return Ok(gone);
        }
    }
}

/// Writes down a deed that changes nothing itself, before it is done: without its line there is no deed.
///
/// # Errors
/// [`Refusal::WrongCredentials`](crate::domain::Refusal::WrongCredentials) when the account of whoever does it is gone;
/// [`Error::Busy`], [`Error::Unavailable`].
pub async fn note(app: &App, actor: Actor, deed: Deed, client: &Client) -> Result<(), Error> {
    let line = app.line(actor, deed, None, client)?;
    app.store
        .write(move |draft| {
            if let Actor::Person(me) = actor {
                demand(draft, me)?;
            }
            audit::add(draft, &line);
            Ok(())
        })
        .await
}

impl App {
    /// A line that tells that `actor` did `deed`, to be added with [`crate::store::audit::add`] by the decision itself.
    pub(super) fn line(
        &self,
        actor: Actor,
        deed: Deed,
        whom: Option<AccountId>,
        client: &Client,
    ) -> Result<Line, Error> {
        let (id, at, request) = (self.mint_audit()?, self.clock.now(), client.request.clone());
        Ok(Line { id, at, actor, deed, whom, address: client.address, request })
    }
}
