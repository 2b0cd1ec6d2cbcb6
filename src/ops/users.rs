//! What an operator does about people, as one list of verbs with their answers.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::app::admin::{self, By};
use crate::app::{App, Error, two_factor};
use crate::domain::{Account, AccountId, Refusal};

/// Most people in one answer.
pub const MOST: usize = 500;

/// A verb of `atlas user`. `who` is an address or an id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verb {
    /// People, newest first.
    List {
        /// What the address or name contains.
        search: String,
        /// How many.
        limit: usize,
        /// Where to go on, as the list before says.
        cursor: Option<String>,
    },
    /// One person.
    Show {
        /// Who.
        who: String,
    },
    /// Switches an account off.
    Disable {
        /// Whose.
        who: String,
    },
    /// Switches an account on again.
    Enable {
        /// Whose.
        who: String,
    },
    /// Ends every session of a person.
    SignOut {
        /// Whose.
        who: String,
    },
    /// Takes the second factor of somebody who lost it away.
    #[serde(rename = "reset-2fa")]
    ResetTwoFactor {
        /// Whose.
        who: String,
    },
}

/// Does what the verb says.
///
/// # Errors
/// [`Refusal::NoSuchPerson`] and whatever the use case refuses.
pub async fn obey(app: &App, verb: Verb) -> Result<Value, Error> {
    let by = By::operator();
    match verb {
        Verb::List { search, limit, cursor } => list(app, &search, limit, cursor.as_deref()),
        Verb::Show { who } => one(app, admin::find(app, &who)?),
        Verb::Disable { who } => {
            let id = admin::find(app, &who)?;
            admin::disable(app, &by, id).await?;
            one(app, id)
        }
        Verb::Enable { who } => {
            let id = admin::find(app, &who)?;
            admin::enable(app, &by, id).await?;
            one(app, id)
        }
        Verb::SignOut { who } => {
            let id = admin::find(app, &who)?;
            let ended = admin::sign_out(app, &by, id).await?;
            let mut shown = one(app, id)?;
            if let Some(shown) = shown.as_object_mut() {
                shown.insert("endedSessions".to_owned(), json!(ended));
            }
            Ok(shown)
        }
        Verb::ResetTwoFactor { who } => {
            let id = admin::find(app, &who)?;
            let account = admin::facts(app, id)?.account;
            let was_on = two_factor::reset(app, &account, by.actor, &by.client).await?;
            let mut shown = one(app, id)?;
            if let Some(shown) = shown.as_object_mut() {
                shown.insert("hadTwoFactor".to_owned(), json!(was_on));
            }
            Ok(shown)
        }
    }
}

fn list(app: &App, search: &str, limit: usize, cursor: Option<&str>) -> Result<Value, Error> {
    let below: Option<AccountId> = match cursor.map(str::parse) {
        None => None,
        Some(Ok(id)) => Some(id),
        Some(Err(_)) => return Err(Refusal::field("cursor", "The cursor is none of ours.").into()),
    };
    let counts = admin::count_people(app)?;
    let page = admin::people(app, search, below, limit.clamp(1, MOST))?;
    Ok(json!({
        "users": page.rows.iter().map(shown).collect::<Vec<_>>(),
        "counts": { "total": counts.total, "verified": counts.verified, "disabled": counts.disabled },
        "nextCursor": page.next,
    }))
}

fn shown(person: &Account) -> Value {
    json!({
        "id": person.id,
        "email": person.email,
        "displayName": person.name(),
        "createdAt": person.created_at,
        "emailVerifiedAt": person.verified_at,
        "disabledAt": person.disabled_at,
    })
}

fn one(app: &App, id: AccountId) -> Result<Value, Error> {
    let facts = admin::facts(app, id)?;
    let mut value = shown(&facts.account);
    if let Some(value) = value.as_object_mut() {
        value.insert("isAdmin".to_owned(), json!(facts.is_admin));
        value.insert("twoFactorEnabled".to_owned(), json!(facts.account.two_factor.is_some()));
        value.insert("sessions".to_owned(), json!(facts.sessions));
        value.insert("lastSeenAt".to_owned(), json!(facts.seen_at));
        value.insert("activeHabits".to_owned(), json!(facts.active));
        value.insert("archivedHabits".to_owned(), json!(facts.archived));
        value.insert("timeZone".to_owned(), json!(facts.account.zone().name()));
    }
    Ok(value)
}
