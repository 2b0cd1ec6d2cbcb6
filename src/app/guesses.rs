//! Wrong passwords: counted by account, and apart for each device its owner has signed in from.
//!
//! Five wrong ones within five minutes, and for ten minutes even the right one is refused, in the words and at the price
//! of a wrong one: nobody can tell a pause from a mistake, nor an account from an address nobody has. The count outlives
//! a restart. A wrong password is counted before it is looked at, so guesses sent all at once are no more than five.
//!
//! SECURITY: such a pause alone would let anybody lock out the owner. So every browser that has signed in carries a
//! cookie that says so, which only its owner can have, and counts for itself: a storm of strangers does not pause it
//! (OWASP, "Slow Down Online Guessing Attacks with Device Cookies"). Whoever has neither cookie nor patience asks for a
//! new password, which ends the pause.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::FutureExt;
use jiff::Timestamp;
use subtle::ConstantTimeEq;

use super::keys::{Keys, Purpose};
use super::{App, Error, random};
use crate::domain::attempts::{Attempts, Rule};
use crate::domain::audit::{Actor, Deed};
use crate::domain::tally::Tally;
use crate::domain::{Account, AccountId, Client};
use crate::store::schema::TokenHash;
use crate::store::{self, Draft, attempts};

/// Wrong passwords for one account before it pauses.
pub const WRONG_PASSWORDS: Rule = Rule::minutes(4, 5, 10);
/// Under which kind they are stored.
const KIND: &str = "sign-in";
/// Most accounts, devices and unknown addresses remembered; what is forgotten of an account still stands in the file.
const MOST: usize = 16_384;
/// Most people whose device one browser can be.
const MOST_PEOPLE: usize = 4;
/// Characters of sixteen bytes as base64url.
const WORD: usize = 22;

/// Whose wrong passwords are counted together.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Guesser {
    /// All who try from a device the account does not know.
    Strangers(AccountId),
    /// A device the account knows.
    Device(AccountId, String),
    /// All who try an address nobody has.
    AtNobody(TokenHash),
}

/// What was guessed lately. Cheap to clone.
#[derive(Clone)]
pub struct Guesses(Arc<Mutex<Tally<Guesser>>>);

impl Default for Guesses {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Tally::new(WRONG_PASSWORDS, MOST))))
    }
}

impl Guesses {
    fn tally(&self) -> MutexGuard<'_, Tally<Guesser>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets everything that was counted against an account, as when a mailed link has proved who its owner is. To be
    /// called by the decision itself.
    ///
    /// # Errors
    /// [`store::Error`] when the file cannot be read.
    pub fn forgive(&self, draft: &mut Draft<'_, '_>, account: AccountId, now: Timestamp) -> Result<(), store::Error> {
        self.tally().forget(|guesser| matches!(guesser, Guesser::Device(at, _) if *at == account));
        self.clear(&Guesser::Strangers(account), now);
        attempts::remove(draft, account, KIND);
        Ok(())
    }

    /// Begins anew. It is not forgotten: then the next try would go on from the file, which may not be written yet.
    fn clear(&self, guesser: &Guesser, now: Timestamp) {
        self.tally().put(guesser, Attempts::none(now), now);
    }
}

/// One try to sign in, counted.
#[must_use]
pub(super) struct Guess {
    guesser: Guesser,
    /// Whether it is refused whatever was typed.
    pub(super) paused: bool,
    /// Whether the next ones are refused, should this one be wrong.
    pauses: bool,
}

impl App {
    /// Counts a try with `typed` as address, which is that of `account`, if of anybody, from a browser that brings the
    /// cookie `device`.
    pub(super) fn guess(&self, typed: &str, account: Option<&Account>, device: Option<&str>) -> Result<Guess, Error> {
        let now = self.clock.now();
        let guesser = match account.map(|account| account.id) {
            None => Guesser::AtNobody(self.keys.hash(Purpose::Device, &typed.trim().to_ascii_lowercase())),
            Some(id) => match device.and_then(|cookie| known(&self.keys, cookie, id)) {
                Some(device) => Guesser::Device(id, device),
                None => Guesser::Strangers(id),
            },
        };
        // From the file only after a restart; what is written there may still be on its way.
        let stored = match &guesser {
            Guesser::Strangers(id) => Some(self.store.read(|view| attempts::get(view, *id, KIND, now))?),
            Guesser::Device(..) | Guesser::AtNobody(_) => None,
        };
        let mut tally = self.guesses.tally();
        if let Some(stored) = stored.filter(|_| !tally.knows(&guesser)) {
            tally.put(&guesser, stored, now);
        }
        let paused = tally.blocked_for(&guesser, now).is_some();
        let pauses = !paused && tally.count(&guesser, now).blocked_for(now).is_some();
        Ok(Guess { guesser, paused, pauses })
    }

    /// Writes down that a guess was wrong. While an account pauses, nothing is written, so a storm fills no disk.
    ///
    /// SECURITY: nobody waits for the disk, or known addresses would be told from unknown ones by the time it takes.
    pub(super) fn guessed_wrong(&self, guess: &Guess, client: &Client) -> Result<(), Error> {
        let (account, stored) = match &guess.guesser {
            Guesser::Strangers(account) => (Some(*account), true),
            Guesser::Device(account, _) => (Some(*account), false),
            Guesser::AtNobody(_) => (None, false),
        };
        // Of an address nobody has, only the pause is told.
        if guess.paused || (account.is_none() && !guess.pauses) {
            return Ok(());
        }
        let line = |deed| self.line(Actor::Stranger, deed, account, client);
        let missed = account.map(|_| line(Deed::SignInFailed)).transpose()?;
        let paused = guess.pauses.then(|| line(Deed::GuessesPaused)).transpose()?;
        let now = self.clock.now();
        let written = self.store.write(move |draft| {
            if let Some(account) = account {
                // The account may have been deleted since the password was typed; then nothing of it comes back.
                if store::accounts::get(draft, account)?.is_none() {
                    return Ok(());
                }
                if stored {
                    let mut attempts = attempts::get(draft, account, KIND, now)?;
                    if attempts.blocked_for(now).is_none() {
                        attempts.count(now, WRONG_PASSWORDS);
                    }
                    attempts::put(draft, account, KIND, &attempts);
                }
            }
            missed.iter().chain(&paused).for_each(|line| store::audit::add(draft, line));
            Ok::<_, store::Error>(())
        });
        // Asking once puts it into the queue. Were the queue full, the count in memory would still hold.
        let _ = written.now_or_never();
        Ok(())
    }

    /// Takes a guess back that was never compared, as when too many wait: nobody pauses for that.
    pub(super) fn not_guessed(&self, guess: &Guess) {
        if !guess.paused {
            self.guesses.tally().uncount(&guess.guesser);
        }
    }

    /// Begins to count anew, for a guess was right. What it leaves in the file is for [`forgiven`] to remove.
    pub(super) fn guessed_right(&self, guess: &Guess) {
        self.guesses.clear(&guess.guesser, self.clock.now());
    }

    /// The cookie of a browser that has just signed in to `account` and brought `device`: it stays the device of whoever
    /// signed in with it before.
    pub(super) fn remember_device(&self, device: Option<&str>, account: AccountId) -> Result<String, Error> {
        let mut words = device.map(words).unwrap_or_default().into_iter();
        let browser = match words.next() {
            Some(browser) => browser.to_owned(),
            None => URL_SAFE_NO_PAD.encode(random::<16>()?),
        };
        let ours = proof(&self.keys, &browser, account);
        let others = words.filter(|word| *word != ours).take(MOST_PEOPLE - 1);
        let people = std::iter::once(ours.as_str()).chain(others).collect::<Vec<_>>().join(".");
        Ok(format!("{browser}.{people}"))
    }
}

/// Removes what wrong guesses left in the file, when a guess was right.
pub(super) fn forgiven(draft: &mut Draft<'_, '_>, guess: &Guess) {
    if let Guesser::Strangers(account) = &guess.guesser {
        attempts::remove(draft, *account, KIND);
    }
}

/// A device cookie is a random word of the browser, then a proof for each person who signed in with it.
fn words(cookie: &str) -> Vec<&str> {
    let ours = |word: &str| word.len() == WORD && URL_SAFE_NO_PAD.decode(word).is_ok();
    let words: Vec<&str> = cookie.split('.').collect();
    if words.iter().all(|word| ours(word)) { words } else { Vec::new() }
}

/// The browser's word, when `cookie` proves that `account` has signed in with it.
fn known(keys: &Keys, cookie: &str, account: AccountId) -> Option<String> {
    let words = words(cookie);
    let (browser, people) = words.split_first()?;
    let expected = proof(keys, browser, account);
    let proved = people.iter().any(|proof| proof.as_bytes().ct_eq(expected.as_bytes()).into());
    proved.then(|| (*browser).to_owned())
}

/// What only Atlas can write: that `account` has signed in with the browser of that word.
fn proof(keys: &Keys, browser: &str, account: AccountId) -> String {
    let hash = keys.hash(Purpose::Device, &format!("{browser}.{account}"));
    URL_SAFE_NO_PAD.encode(hash.first_chunk::<16>().unwrap_or(&[0; 16]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Environment;

    #[test]
    fn a_device_is_known_to_whom_its_cookie_was_given_and_to_nobody_else() {
        let keys = Keys::derive(None, &[1; 32], &Environment::development());
        let id = |n| AccountId::mint(Timestamp::UNIX_EPOCH, [n; 10]);
        let browser = URL_SAFE_NO_PAD.encode([7; 16]);
        let cookie = format!("{browser}.{}.{}", proof(&keys, &browser, id(1)), proof(&keys, &browser, id(2)));
        assert_eq!(known(&keys, &cookie, id(1)), Some(browser.clone()));
        assert_eq!(known(&keys, &cookie, id(2)), Some(browser.clone()));
        assert_eq!(known(&keys, &cookie, id(3)), None);
        let elsewhere = Keys::derive(None, &[2; 32], &Environment::development());
        assert_eq!(known(&elsewhere, &cookie, id(1)), None);
        for forged in ["", ".", &browser, &format!("{browser}."), &format!("{browser}.{browser}"), &cookie[1..]] {
            assert_eq!(known(&keys, forged, id(1)), None, "{forged}");
        }
    }
}
