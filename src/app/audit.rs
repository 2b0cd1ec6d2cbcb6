//! Writing the audit trail. A line is prepared before a decision and added in its transaction.

use super::{App, Error};
use crate::domain::audit::{Actor, Deed, Line};
use crate::domain::{AccountId, Client};

impl App {
    /// A line that tells that `actor` did `deed`, to be added with [`crate::store::audit::add`] by the decision itself.
    pub(super) fn line(
        &self,
        actor: Actor,
        deed: Deed,
        whom: Option<AccountId>,
        client: &Client,
    ) -> Result<Line, Error> {
        Ok(Line { id: self.mint_audit()?, at: self.clock.now(), actor, deed, whom, address: client.address })
    }
}
