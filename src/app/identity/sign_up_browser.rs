//! The cookie of a browser that has signed up. Confirming the address in that browser signs it in, so that its user need not
//! enter the password again.
//!
//! SECURITY: the rule. A session begins only when these three come together, once and within an hour of the sign-up:
//!
//! - the code or the link from the mail, which prove access to the inbox;
//! - the cookie, a random token whose keyed hash is stored with the link of that very sign-up. So the mail of one sign-up
//!   signs in no browser that made another one, and a link that a mail scanner or another device opens signs nobody in;
//! - a link that is still open. A cookie that is stolen after it was used opens nothing.
//!
//! The browser with the cookie made the sign-up, so its user knows the password. The session grants nothing that a sign-in
//! would refuse: a disabled account gets none, and neither does one with a second factor. Every sign-up gets a cookie, also one
//! with an address that has an account, so the cookie reveals nothing.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::app::identity::address_key::stand_in;
use crate::app::identity::keys::{Keys, Purpose};
use crate::app::{App, Error};
use crate::domain::accounts::attempts::is_recent;
use crate::domain::accounts::link::SIGN_UP_DRAFT_LIFETIME;
use crate::domain::accounts::two_factor::EncryptedSecret;
use crate::domain::{DisplayName, Email, Zone};
use crate::store::tables::schema::TokenHash;

/// What the sign-up form contained, without the password. It is in the cookie, encrypted, because for an address that has an
/// account nothing is stored.
///
/// SECURITY: others may use the browser afterwards, so it is read for a quarter of an hour only, and the cookie goes when anyone
/// signs in or out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignUpDraft {
    pub email: Email,
    pub name: DisplayName,
    pub zone: Zone,
    pub signed_up_at: Timestamp,
}

/// The token of a browser that signs up.
pub(super) struct BrowserToken {
    /// The cookie: the token, a dot, and the encrypted draft.
    pub(super) cookie: String,
    /// The hash of the token.
    pub(super) hash: TokenHash,
}

impl BrowserToken {
    pub(super) fn generate(keys: &Keys, draft: &SignUpDraft) -> Result<Self, Error> {
        let token = keys.generate_token(Purpose::SignUp)?;
        let draft = serde_json::to_vec(draft).map_err(|error| Error::broken(error.to_string()))?;
        let encrypted = keys.encrypt(Purpose::SignUp, stand_in(&token.hash), &draft)?;
        Ok(Self { cookie: format!("{}.{}", token.text, encrypted.0), hash: token.hash })
    }
}

/// The hash of the token in a cookie. Any text can be hashed.
pub(super) fn hash_token(keys: &Keys, cookie: &str) -> TokenHash {
    keys.hash(Purpose::SignUp, cookie.split_once('.').map_or(cookie, |(token, _)| token))
}

/// The sign-up that a cookie belongs to; `None` if that was too long ago, and for a cookie of another environment or a forged one.
pub fn read_draft(app: &App, cookie: &str) -> Option<SignUpDraft> {
    let (_, encrypted) = cookie.split_once('.')?;
    let owner = stand_in(&hash_token(&app.keys, cookie));
    let draft = app.keys.decrypt(Purpose::SignUp, owner, &EncryptedSecret(encrypted.to_owned()))?;
    let draft: SignUpDraft = serde_json::from_slice(&draft.plaintext).ok()?;
    is_recent(draft.signed_up_at, app.clock.now(), SIGN_UP_DRAFT_LIFETIME).then_some(draft)
}

/// The cookies of a browser that confirms an address. A script has none.
#[derive(Debug, Clone, Copy, Default)]
pub struct BrowserCookies<'a> {
    /// Of a sign-up.
    pub sign_up: Option<&'a str>,
    /// Of the session that a new one replaces.
    pub session: Option<&'a str>,
    pub device: Option<&'a str>,
}
