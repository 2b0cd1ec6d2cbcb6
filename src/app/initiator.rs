//! Who acts on other people's accounts: an admin or an operator.

use crate::app::error::Error;
use crate::app::identity::active_account::require_active_account;
use crate::domain::Client;
use crate::domain::accounts::audit::Actor;
use crate::store::WriteTxn;

/// The actor behind a change to someone else's account, and where the request came from.
#[derive(Debug, Clone)]
pub struct Initiator {
    pub actor: Actor,
    pub client: Client,
}

impl Initiator {
    /// An operator at the host's terminal.
    pub fn operator() -> Self {
        Self { actor: Actor::Operator, client: Client::default() }
    }

    /// Requires that an admin still has an account, so that one deleted since the request began changes nothing.
    pub(in crate::app) fn require_active_account(&self, txn: &WriteTxn<'_, '_>) -> Result<(), Error> {
        match self.actor {
            Actor::User(me) => require_active_account(txn, me),
            Actor::Anonymous | Actor::Operator => Ok(()),
        }
    }
}
