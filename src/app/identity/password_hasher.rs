//! Password hashing: argon2id on a dedicated thread with a bounded queue and reused memory.
//!
//! With one thread and one block of memory, a storm of sign-ins can neither exhaust memory nor starve the pages. The
//! parameters are OWASP's first choice for argon2id with little memory: 19 MiB, two passes, one lane (OWASP Password
//! Storage Cheat Sheet).

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};

use argon2::password_hash::phc;
use argon2::{Algorithm, Argon2, Block, Params, Version};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use subtle::ConstantTimeEq;
use tokio::sync::{Semaphore, oneshot};

use crate::app::error::{Error, ErrorContext};
use crate::app::random_bytes;
use crate::domain::FieldError;
use crate::domain::accounts::password::{Password, PasswordHash};
use crate::observe::panics::join_error_reason;

const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;
const OUTPUT_BYTES: usize = 32;
/// Most passwords queued; beyond this the result is [`Error::Busy`]. At about 15 ms each, the last one waits a second.
const MAX_QUEUED: usize = 64;
/// Concurrent strength estimates; each takes tens of milliseconds.
const MAX_CONCURRENT_ESTIMATES: usize = 2;
/// SECURITY: a stored hash may not demand more memory, passes or lanes than these. Otherwise anyone who can write one into
/// the file could block every sign-in with it.
const MAX_MEMORY_KIB: u32 = 256 * 1024;
const MAX_PASSES: u32 = 16;
const MAX_LANES: u32 = 16;

/// Hashes passwords on its own thread.
pub struct PasswordHasher {
    queue: SyncSender<Job>,
    /// Limits the strength estimates that wait.
    estimate_queue: Semaphore,
    /// Limits the strength estimates that run.
    estimates: Semaphore,
    hashed: AtomicU64,
}

type Job = Box<dyn FnOnce(&mut Scratch) + Send>;

/// The hashing thread's reused memory.
struct Scratch {
    blocks: Vec<Block>,
}

impl PasswordHasher {
    /// Starts the thread, which ends when this is dropped.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub fn start() -> std::io::Result<Self> {
        let (queue, jobs) = sync_channel(MAX_QUEUED);
        std::thread::Builder::new().name("atlas-passwords".to_owned()).spawn(move || work(&jobs))?;
        Ok(Self {
            queue,
            estimate_queue: Semaphore::new(MAX_QUEUED),
            estimates: Semaphore::new(MAX_CONCURRENT_ESTIMATES),
            hashed: AtomicU64::new(0),
        })
    }

    /// How many passwords were hashed so far, to store or to verify them. Hashing is nearly all that a sign-in costs.
    pub fn hashed(&self) -> u64 {
        self.hashed.load(Ordering::Relaxed)
    }

    /// Checks the strength of a new password. The inner error is for the user. `known` are words that make a password
    /// weak, e.g. the user's name. Estimates take longer than hashing, so they run on other threads, a few at a time,
    /// and delay no sign-in.
    ///
    /// # Errors
    /// [`Error::Busy`] when too many are waiting.
    pub async fn check_strength(&self, raw: String, known: Vec<String>) -> Result<Result<Password, FieldError>, Error> {
        let _queued = self.estimate_queue.try_acquire().map_err(|_| Error::Busy)?;
        let _running = self.estimates.acquire().await.map_err(broken)?;
        let checked = tokio::task::spawn_blocking(move || {
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            Password::parse_new(&raw, &known)
        });
        checked.await.map_err(|ended| broken(join_error_reason(&ended)))
    }

    /// Hashes a password.
    ///
    /// # Errors
    /// [`Error::Busy`] when too many are waiting.
    pub async fn hash(&self, password: Password) -> Result<PasswordHash, Error> {
        let salt = random_bytes::<16>()?;
        self.run(move |scratch| scratch.hash(&password, &salt)).await?
    }

    /// Whether `password` matches `hash`. Without a hash the result is `false` and takes as long.
    ///
    /// # Errors
    /// [`Error::Busy`] when too many are waiting; [`Error::Broken`] when the stored hash is malformed.
    pub async fn verify(&self, password: Password, hash: Option<PasswordHash>) -> Result<bool, Error> {
        self.run(move |scratch| scratch.verify(&password, hash.as_ref())).await?
    }

    /// Whether a stored hash has weaker parameters than today's. A malformed one counts as not weak.
    pub fn needs_rehash(hash: &PasswordHash) -> bool {
        let params = phc::PasswordHash::new(&hash.0).ok().and_then(|stored| Params::try_from(&stored).ok());
        params.is_some_and(|params| params.m_cost() < MEMORY_KIB || params.t_cost() < PASSES || params.p_cost() < LANES)
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce(&mut Scratch) -> T + Send + 'static) -> Result<T, Error> {
        let (sender, result) = oneshot::channel();
        let job: Job = Box::new(move |scratch| {
            // Fails if the client has disconnected, which doesn't matter.
            let _ = sender.send(work(scratch));
        });
        self.queue.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => Error::Busy,
            TrySendError::Disconnected(_) => Error::broken("the hashing thread has ended"),
        })?;
        self.hashed.fetch_add(1, Ordering::Relaxed);
        result.await.map_err(|_| Error::broken("hashing failed"))
    }
}

fn work(jobs: &Receiver<Job>) {
    let mut scratch = Scratch { blocks: Vec::new() };
    while let Ok(job) = jobs.recv() {
        // A panic fails one request; the thread goes on.
        let ran = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| job(&mut scratch)));
        if ran.is_err() {
            scratch.blocks = Vec::new();
        }
    }
}

impl Scratch {
    fn hash(&mut self, password: &Password, salt: &[u8]) -> Result<PasswordHash, Error> {
        let output = self.argon2id(password.as_bytes(), salt, todays_params()?)?;
        let (salt, output) = (STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(output));
        Ok(PasswordHash(format!("$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}${salt}${output}")))
    }

    fn verify(&mut self, password: &Password, hash: Option<&PasswordHash>) -> Result<bool, Error> {
        let Some(hash) = hash else {
            // SECURITY: an unknown address takes as long as a known one.
            self.hash(password, &[0; 16])?;
            if let Some(older) = password.older_bytes() {
                self.argon2id(older, &[0; 16], todays_params()?)?;
            }
            return Ok(false);
        };
        let stored = phc::PasswordHash::new(&hash.0).map_err(broken)?;
        let (Some(salt), Some(expected)) = (&stored.salt, &stored.hash) else {
            return Err(Error::broken("a stored password has no hash"));
        };
        let costs = Params::try_from(&stored).map_err(broken)?;
        if costs.m_cost() > MAX_MEMORY_KIB || costs.t_cost() > MAX_PASSES || costs.p_cost() > MAX_LANES {
            return Err(Error::broken("a stored password demands too much work"));
        }
        let params = Params::new(costs.m_cost(), costs.t_cost(), costs.p_cost(), Some(OUTPUT_BYTES)).map_err(broken)?;
        let output = self.argon2id(password.as_bytes(), salt.as_ref(), params.clone())?;
        let is_equal = bool::from(output.ct_eq(expected.as_bytes()));
        match password.older_bytes().filter(|_| !is_equal) {
            None => Ok(is_equal),
            Some(older) => {
                let output = self.argon2id(older, salt.as_ref(), params)?;
                Ok(output.ct_eq(expected.as_bytes()).into())
            }
        }
    }

    fn argon2id(&mut self, password: &[u8], salt: &[u8], params: Params) -> Result<[u8; OUTPUT_BYTES], Error> {
        if self.blocks.len() < params.block_count() {
            self.blocks.resize(params.block_count(), Block::default());
        }
        let mut output = [0; OUTPUT_BYTES];
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into_with_memory(password, salt, &mut output, &mut self.blocks)
            .map_err(broken)?;
        Ok(output)
    }
}

fn todays_params() -> Result<Params, Error> {
    Params::new(MEMORY_KIB, PASSES, LANES, Some(OUTPUT_BYTES)).map_err(broken)
}

fn broken(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    let error = error.into();
    Error::broken(ErrorContext::new(format!("password hashing: {error}"), error))
}

#[cfg(test)]
mod tests {
    use argon2::PasswordVerifier;

    use super::*;

    #[test]
    fn our_hash_is_accepted_by_the_library() {
        let mut scratch = Scratch { blocks: Vec::new() };
        let password = Password::parse("quiet orchard tram lemon").unwrap();
        let hash = scratch.hash(&password, &[7; 16]).unwrap();
        let parsed = phc::PasswordHash::new(&hash.0).unwrap();
        assert!(Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok());
        assert!(scratch.verify(&password, Some(&hash)).unwrap());
        assert!(!scratch.verify(&Password::parse("quiet orchard tram lemons").unwrap(), Some(&hash)).unwrap());
        assert!(!scratch.verify(&password, None).unwrap());
    }

    #[test]
    fn a_long_password_matters_to_its_last_character() {
        let mut scratch = Scratch { blocks: Vec::new() };
        let long = "ü".repeat(128);
        let hash = scratch.hash(&Password::parse(&long).unwrap(), &[7; 16]).unwrap();
        let cut: String = long.chars().take(127).collect();
        assert!(scratch.verify(&Password::parse(&long).unwrap(), Some(&hash)).unwrap());
        assert!(!scratch.verify(&Password::parse(&cut).unwrap(), Some(&hash)).unwrap());
    }

    #[test]
    fn a_password_with_another_space_matches_its_hash_of_today_and_of_an_older_version() {
        let mut scratch = Scratch { blocks: Vec::new() };
        let typed = Password::parse("quiet\u{a0}orchard tram lemon").unwrap();
        let today = scratch.hash(&typed, &[7; 16]).unwrap();
        let output = scratch.argon2id(typed.older_bytes().unwrap(), &[7; 16], todays_params().unwrap()).unwrap();
        let (head, _) = today.0.rsplit_once('$').unwrap();
        let older = PasswordHash(format!("{head}${}", STANDARD_NO_PAD.encode(output)));
        assert_ne!(today, older);
        for hash in [today.clone(), older.clone()] {
            assert!(scratch.verify(&typed, Some(&hash)).unwrap());
        }
        let plain = Password::parse("quiet orchard tram lemon").unwrap();
        assert!(scratch.verify(&plain, Some(&today)).unwrap() && !scratch.verify(&plain, Some(&older)).unwrap());
        assert!(!scratch.verify(&typed, None).unwrap());
    }

    fn stored(params: &str) -> PasswordHash {
        PasswordHash(format!("$argon2id$v=19${params}$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g"))
    }

    #[test]
    fn a_stored_hash_cannot_demand_absurd_work() {
        let mut scratch = Scratch { blocks: Vec::new() };
        for absurd in ["m=4194304,t=1,p=1", "m=19456,t=4294967295,p=1", "m=19456,t=2,p=255"] {
            assert!(scratch.verify(&Password::parse("x").unwrap(), Some(&stored(absurd))).is_err(), "{absurd}");
        }
        assert!(scratch.blocks.is_empty(), "hashing was started");
    }

    #[test]
    fn a_hash_needs_rehashing_when_any_parameter_is_weaker_than_today() {
        for (params, weak) in [
            ("m=19456,t=2,p=1", false),
            ("m=65536,t=3,p=4", false),
            ("m=19455,t=2,p=1", true),
            ("m=19456,t=1,p=1", true),
            ("m=4096,t=3,p=1", true),
        ] {
            assert_eq!(PasswordHasher::needs_rehash(&stored(params)), weak, "{params}");
        }
        assert!(!PasswordHasher::needs_rehash(&PasswordHash("nonsense".to_owned())));
        let hash = Scratch { blocks: Vec::new() }.hash(&Password::parse("x").unwrap(), &[7; 16]).unwrap();
        assert!(!PasswordHasher::needs_rehash(&hash), "every sign-in would hash again");
    }
}
