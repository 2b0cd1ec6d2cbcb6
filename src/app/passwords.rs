//! Hashing passwords: argon2id on one thread of its own, with its memory kept and a bounded queue.
//!
//! One thread and one block of memory mean that a storm of sign-ins can neither exhaust memory nor starve the pages.
//! Parameters are OWASP's first choice for argon2id with little memory: 19 MiB, two passes, one lane (OWASP Password
//! Storage Cheat Sheet).

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};

use argon2::password_hash::phc;
use argon2::{Algorithm, Argon2, Block, Params, Version};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use subtle::ConstantTimeEq;
use tokio::sync::{Semaphore, oneshot};

use super::{Error, random};
use crate::domain::Fault;
use crate::domain::password::{Password, PasswordHash};
use crate::observe::panics::why;

const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;
const OUTPUT: usize = 32;
/// Most passwords waiting; beyond this the answer is [`Error::Busy`]. At about 15 ms each, the last one waits a second.
const LONGEST_QUEUE: usize = 64;
/// Strength estimates at a time; each takes tens of milliseconds.
const JUDGED_AT_ONCE: usize = 2;
/// SECURITY: a stored hash may not ask for more memory than this, in KiB, nor for more passes or lanes: whoever can write
/// one into the file could else stop every sign-in with it.
const MOST_MEMORY_KIB: u32 = 256 * 1024;
const MOST_PASSES: u32 = 16;
const MOST_LANES: u32 = 16;

/// The thread that hashes.
pub struct Passwords {
    queue: SyncSender<Job>,
    /// Places for those who wait for their password to be judged.
    waiting: Semaphore,
    /// How many are judged at a time.
    judging: Semaphore,
    hashed: AtomicU64,
}

type Job = Box<dyn FnOnce(&mut Scratch) + Send>;

/// The hashing thread's reused memory.
struct Scratch {
    blocks: Vec<Block>,
}

impl Passwords {
    /// Starts the thread; it ends when this is dropped.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start() -> std::io::Result<Self> {
        let (queue, jobs) = sync_channel(LONGEST_QUEUE);
        std::thread::Builder::new().name("atlas-passwords".to_owned()).spawn(move || work(&jobs))?;
        let (waiting, judging) = (Semaphore::new(LONGEST_QUEUE), Semaphore::new(JUDGED_AT_ONCE));
        Ok(Self { queue, waiting, judging, hashed: AtomicU64::new(0) })
    }

    /// How many passwords were hashed so far, to keep them or to compare them. All else that a sign-in costs is little.
    pub fn hashed(&self) -> u64 {
        self.hashed.load(Ordering::Relaxed)
    }

    /// Judges a password chosen anew. The outer error is a failure, the inner one the person's. Estimating takes longer than
    /// hashing, so it is done elsewhere, a few at a time, and nobody's sign-in waits behind it.
    ///
    /// # Errors
    /// [`Error::Busy`] when too many are waiting.
    pub async fn judge(&self, raw: String, known: Vec<String>) -> Result<Result<Password, Fault>, Error> {
        let _place = self.waiting.try_acquire().map_err(|_| Error::Busy)?;
        let _turn = self.judging.acquire().await.map_err(broken)?;
        let judged = tokio::task::spawn_blocking(move || {
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            Password::chosen(&raw, &known)
        });
        judged.await.map_err(|ended| broken(why(&ended)))
    }

    /// Hashes a password.
    ///
    /// # Errors
    /// [`Error::Busy`] when too many are waiting.
    pub async fn hash(&self, password: Password) -> Result<PasswordHash, Error> {
        let salt = random::<16>()?;
        self.run(move |scratch| scratch.hash(&password, &salt)).await?
    }

    /// Whether `password` is the one behind `hash`. Without a hash it takes the same time and says no.
    ///
    /// # Errors
    /// [`Error::Busy`] when too many are waiting; [`Error::Broken`] when the stored hash cannot be understood.
    pub async fn verify(&self, password: Password, hash: Option<PasswordHash>) -> Result<bool, Error> {
        self.run(move |scratch| scratch.verify(&password, hash.as_ref())).await?
    }

    /// Whether a stored hash costs a guesser less than one made today would. One that cannot be understood does not.
    pub fn is_weak(hash: &PasswordHash) -> bool {
        let params = phc::PasswordHash::new(&hash.0).ok().and_then(|stored| Params::try_from(&stored).ok());
        params.is_some_and(|params| params.m_cost() < MEMORY_KIB || params.t_cost() < PASSES || params.p_cost() < LANES)
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce(&mut Scratch) -> T + Send + 'static) -> Result<T, Error> {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |scratch| {
            // The person may have gone away; then nobody is there to be told.
            let _ = answer.send(work(scratch));
        });
        self.queue.try_send(job).map_err(|refused| match refused {
            TrySendError::Full(_) => Error::Busy,
            TrySendError::Disconnected(_) => Error::Broken("the hashing thread has ended".to_owned()),
        })?;
        self.hashed.fetch_add(1, Ordering::Relaxed);
        answered.await.map_err(|_| Error::Broken("hashing failed".to_owned()))
    }
}

fn work(jobs: &Receiver<Job>) {
    let mut scratch = Scratch { blocks: Vec::new() };
    while let Ok(job) = jobs.recv() {
        // A panic costs its caller an answer, not everybody their sign-in.
        let ran = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| job(&mut scratch)));
        if ran.is_err() {
            scratch.blocks = Vec::new();
        }
    }
}

impl Scratch {
    fn hash(&mut self, password: &Password, salt: &[u8]) -> Result<PasswordHash, Error> {
        let params = Params::new(MEMORY_KIB, PASSES, LANES, Some(OUTPUT)).map_err(broken)?;
        let output = self.argon2id(password, salt, params)?;
        let (salt, output) = (STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(output));
        Ok(PasswordHash(format!("$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}${salt}${output}")))
    }

    fn verify(&mut self, password: &Password, hash: Option<&PasswordHash>) -> Result<bool, Error> {
        let Some(hash) = hash else {
            // SECURITY: an unknown address costs the same time as a known one.
            self.hash(password, &[0; 16])?;
            return Ok(false);
        };
        let stored = phc::PasswordHash::new(&hash.0).map_err(broken)?;
        let (Some(salt), Some(expected)) = (&stored.salt, &stored.hash) else {
            return Err(Error::Broken("a stored password has no hash".to_owned()));
        };
        let asked = Params::try_from(&stored).map_err(broken)?;
        if asked.m_cost() > MOST_MEMORY_KIB || asked.t_cost() > MOST_PASSES || asked.p_cost() > MOST_LANES {
            return Err(Error::Broken("a stored password asks for too much".to_owned()));
        }
        let params = Params::new(asked.m_cost(), asked.t_cost(), asked.p_cost(), Some(OUTPUT)).map_err(broken)?;
        let output = self.argon2id(password, salt.as_ref(), params)?;
        Ok(output.ct_eq(expected.as_bytes()).into())
    }

    fn argon2id(&mut self, password: &Password, salt: &[u8], params: Params) -> Result<[u8; OUTPUT], Error> {
        if self.blocks.len() < params.block_count() {
            self.blocks.resize(params.block_count(), Block::default());
        }
        let mut output = [0; OUTPUT];
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into_with_memory(password.as_bytes(), salt, &mut output, &mut self.blocks)
            .map_err(broken)?;
        Ok(output)
    }
}

fn broken(error: impl std::fmt::Display) -> Error {
    Error::Broken(format!("password hashing: {error}"))
}

#[cfg(test)]
mod tests {
    use argon2::PasswordVerifier;

    use super::*;

    #[test]
    fn our_hash_is_one_that_the_library_itself_accepts() {
        let mut scratch = Scratch { blocks: Vec::new() };
        let password = Password::typed("quiet orchard tram lemon").unwrap();
        let hash = scratch.hash(&password, &[7; 16]).unwrap();
        let parsed = phc::PasswordHash::new(&hash.0).unwrap();
        assert!(Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok());
        assert!(scratch.verify(&password, Some(&hash)).unwrap());
        assert!(!scratch.verify(&Password::typed("quiet orchard tram lemons").unwrap(), Some(&hash)).unwrap());
        assert!(!scratch.verify(&password, None).unwrap());
    }

    #[test]
    fn a_long_password_counts_to_its_last_character() {
        let mut scratch = Scratch { blocks: Vec::new() };
        let long = "ü".repeat(128);
        let hash = scratch.hash(&Password::typed(&long).unwrap(), &[7; 16]).unwrap();
        let cut: String = long.chars().take(127).collect();
        assert!(scratch.verify(&Password::typed(&long).unwrap(), Some(&hash)).unwrap());
        assert!(!scratch.verify(&Password::typed(&cut).unwrap(), Some(&hash)).unwrap());
    }

    fn stored(params: &str) -> PasswordHash {
        PasswordHash(format!("$argon2id$v=19${params}$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g"))
    }

    #[test]
    fn a_stored_hash_cannot_ask_for_absurd_work() {
        let mut scratch = Scratch { blocks: Vec::new() };
        for absurd in ["m=4194304,t=1,p=1", "m=19456,t=4294967295,p=1", "m=19456,t=2,p=255"] {
            assert!(scratch.verify(&Password::typed("x").unwrap(), Some(&stored(absurd))).is_err(), "{absurd}");
        }
        assert!(scratch.blocks.is_empty(), "nothing was begun");
    }

    #[test]
    fn a_hash_is_weak_when_any_part_of_it_costs_less_than_today() {
        for (params, weak) in [
            ("m=19456,t=2,p=1", false),
            ("m=65536,t=3,p=4", false),
            ("m=19455,t=2,p=1", true),
            ("m=19456,t=1,p=1", true),
            ("m=4096,t=3,p=1", true),
        ] {
            assert_eq!(Passwords::is_weak(&stored(params)), weak, "{params}");
        }
        assert!(!Passwords::is_weak(&PasswordHash("nonsense".to_owned())));
        let hash = Scratch { blocks: Vec::new() }.hash(&Password::typed("x").unwrap(), &[7; 16]).unwrap();
        assert!(!Passwords::is_weak(&hash), "or every sign-in would hash anew");
    }
}
