//! Counting login attempts. Each is counted before its password is compared.

use futures_util::FutureExt;

use crate::app::context::App;
use crate::app::error::Error;
use crate::app::identity::address_key::stand_in;
use crate::app::identity::device_cookie::known_device;
use crate::app::identity::keys::Purpose;
use crate::app::identity::lockout::{ATTEMPT_KIND, LoginSource, WRONG_PASSWORDS};
use crate::domain::accounts::audit::{Actor, AuditAction, AuditEntry};
use crate::domain::{Account, Client};
use crate::store::tables::{accounts, attempts, audit};
use crate::store::{self, WriteTxn};

/// A counted login attempt.
#[must_use]
pub(super) struct LoginAttempt {
    source: LoginSource,
    /// Whether it is refused even with the right password.
    pub(super) blocked: bool,
    /// Whether later attempts are refused, if this one is wrong.
    locks: bool,
    /// All attempts at the address, with an account or without.
    address: LoginSource,
    /// Whether the password of a pending sign-up with the address is refused. SECURITY: this depends on no account.
    pub(super) pending_blocked: bool,
}

impl App {
    /// Counts an attempt at `address`, which belongs to the confirmed `account` if that is given. `device` is the device
    /// cookie of the browser.
    pub(super) fn begin_login_attempt(
        &self,
        address: &str,
        account: Option<&Account>,
        device: Option<&str>,
    ) -> Result<LoginAttempt, Error> {
        let now = self.clock.now();
        let address = LoginSource::Address(self.keys.hash(Purpose::Device, address));
        let source = match account.map(|account| account.id) {
            None => address.clone(),
            Some(id) => match device.and_then(|cookie| known_device(&self.keys, cookie, id)) {
                Some(device) => LoginSource::KnownDevice(id, device),
                None => LoginSource::UnknownDevices(id),
            },
        };
        // Used only after a restart, because the file may lag behind memory.
        let stored = match &source {
            LoginSource::UnknownDevices(id) => {
                Some(self.store.read(|txn| attempts::find_attempts(txn, *id, ATTEMPT_KIND, now))?)
            }
            LoginSource::KnownDevice(..) | LoginSource::Address(_) => None,
        };
        let mut counter = self.lockout.counter();
        if let Some(stored) = stored.filter(|_| !counter.contains(&source)) {
            counter.insert(&source, stored, now);
        }
        let pending_blocked = counter.blocked_for(&address, now).is_some();
        let blocked = counter.blocked_for(&source, now).is_some();
        let locks = !blocked && counter.record(&source, now).blocked_for(now).is_some();
        if source != address && !pending_blocked {
            counter.record(&address, now);
        }
        Ok(LoginAttempt { source, blocked, locks, address, pending_blocked })
    }

    /// Saves and audits a wrong password. Writes nothing while the account is locked, so a storm of attempts fills no
    /// disk.
    ///
    /// SECURITY: the caller doesn't wait for the disk, and for an address without an account the same writes are rehearsed.
    /// Otherwise the time of this response or of the next one would distinguish known from unknown addresses.
    pub(super) fn record_failed_login(&self, attempt: &LoginAttempt, client: &Client) -> Result<(), Error> {
        if attempt.blocked {
            return Ok(());
        }
        let (account, is_known, is_stored) = match &attempt.source {
            LoginSource::UnknownDevices(account) => (*account, true, true),
            LoginSource::KnownDevice(account, _) => (*account, true, false),
            LoginSource::Address(hash) => (stand_in(hash), false, true),
        };
        let entry = |action| self.audit_entry(Actor::Anonymous, action, Some(account), client);
        let failure = entry(AuditAction::SignInFailed)?;
        let lockout = attempt.locks.then(|| entry(AuditAction::LockedOut)).transpose()?;
        let now = self.clock.now();
        let written = self.store.write(move |txn| {
            // The account may have been deleted since; nothing of it must be written again.
            let is_real = is_known && accounts::find_account(txn, account)?.is_some();
            if let Some(lockout) = lockout.as_ref().filter(|_| !is_known) {
                audit::add(txn, &AuditEntry { subject: None, ..lockout.clone() });
            }
            txn.run_or_rehearse(is_real, |txn| {
                if is_stored {
                    let mut attempts = attempts::find_attempts(txn, account, ATTEMPT_KIND, now)?;
                    if attempts.blocked_for(now).is_none() {
                        attempts.record(now, WRONG_PASSWORDS);
                    }
                    attempts::put(txn, account, ATTEMPT_KIND, &attempts);
                }
                std::iter::once(&failure).chain(&lockout).for_each(|entry| audit::add(txn, entry));
                Ok::<_, store::Error>(())
            })
        });
        // Polling once queues the write. If the queue is full, the count in memory still applies.
        let _ = written.now_or_never();
        Ok(())
    }

    /// Uncounts an attempt whose password was never compared, e.g. because the hasher was busy, or was that of a pending
    /// sign-up. Earlier attempts stay counted, so an attacker's sign-up resets no count.
    pub(super) fn undo_login_attempt(&self, attempt: &LoginAttempt) {
        let mut counter = self.lockout.counter();
        if !attempt.blocked {
            counter.undo(&attempt.source);
        }
        if attempt.address != attempt.source && !attempt.pending_blocked {
            counter.undo(&attempt.address);
        }
    }

    /// Restarts the count after a right password. [`clear_failed_logins`] does the same in the file.
    pub(super) fn record_successful_login(&self, attempt: &LoginAttempt) {
        self.lockout.restart(&attempt.source, self.clock.now());
        // SECURITY: the count of the address only loses this attempt. A restart would show that its owner signed in.
        if !attempt.pending_blocked {
            self.lockout.counter().undo(&attempt.address);
        }
    }
}

/// Removes the stored count after a right password.
pub(super) fn clear_failed_logins(txn: &mut WriteTxn<'_, '_>, attempt: &LoginAttempt) {
    if let LoginSource::UnknownDevices(account) = &attempt.source {
        attempts::remove(txn, *account, ATTEMPT_KIND);
    }
}
