//! Copies for places that are not trusted with people's data: encrypted in the age format (age-encryption.org/v1), so that
//! any tool that knows it opens them, and so that a copy that was cut short or changed does not open at all.

use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Write as _};
use std::iter;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use age::secrecy::SecretString;
use age::{DecryptError, Decryptor, Encryptor, scrypt, x25519};

/// How hard a passphrase is to try, as the logarithm of scrypt's N: 64 MiB and some tenths of a second each.
const WORK_FACTOR: u8 = 16;

/// What a copy is closed with.
#[derive(Clone)]
pub enum Lock {
    /// Public keys; each of the private ones opens it.
    Keys(Vec<x25519::Recipient>),
    /// A passphrase.
    Passphrase(SecretString),
}

/// What a copy is opened with.
pub enum Key {
    /// Private keys, of which one has to fit.
    Keys(Vec<Box<dyn age::Identity>>),
    /// A passphrase.
    Passphrase(SecretString),
}

/// Why a copy does not open.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The system says why.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The key is another one.
    #[error("it is encrypted with another key or passphrase")]
    WrongKey,
    /// It is no whole encrypted copy.
    #[error("it is not what was encrypted: {0}")]
    Damaged(String),
}

impl From<DecryptError> for Failure {
    fn from(error: DecryptError) -> Self {
        match error {
            DecryptError::Io(error) => Self::Io(error),
            DecryptError::NoMatchingKeys | DecryptError::DecryptionFailed | DecryptError::KeyDecryptionFailed => {
                Self::WrongKey
            }
            other => Self::Damaged(other.to_string()),
        }
    }
}

impl Lock {
    /// A passphrase.
    pub fn passphrase(words: &str) -> Self {
        Self::Passphrase(SecretString::from(words.to_owned()))
    }
}

impl Key {
    /// A passphrase.
    pub fn passphrase(words: &str) -> Self {
        Self::Passphrase(SecretString::from(words.to_owned()))
    }

    /// The private keys of a file as `age-keygen` writes it.
    ///
    /// # Errors
    /// What the system says, or [`io::ErrorKind::InvalidData`] when there is no private key in it.
    pub fn of_file(path: &Path) -> io::Result<Self> {
        let invalid = |why: String| io::Error::new(io::ErrorKind::InvalidData, why);
        let file = age::IdentityFile::from_buffer(BufReader::new(File::open(path)?))?;
        let keys = file.into_identities().map_err(|error| invalid(error.to_string()))?;
        if keys.is_empty() {
            return Err(invalid("there is no private key of age in it (AGE-SECRET-KEY-1…)".to_owned()));
        }
        Ok(Self::Keys(keys))
    }
}

/// Writes `from` encrypted into a new file and hands it to the disk.
///
/// # Errors
/// What the system says; what was written is left for the caller to remove.
pub fn encrypt(from: &Path, to: &Path, lock: &Lock) -> io::Result<()> {
    let encryptor = match lock {
        Lock::Keys(keys) => Encryptor::with_recipients(keys.iter().map(|key| key as &dyn age::Recipient)),
        Lock::Passphrase(passphrase) => {
            let mut recipient = scrypt::Recipient::new(passphrase.clone());
            recipient.set_work_factor(WORK_FACTOR);
            Encryptor::with_recipients(iter::once(&recipient as &dyn age::Recipient))
        }
    };
    let encryptor = encryptor.map_err(io::Error::other)?;
    let mut encrypted = encryptor.wrap_output(BufWriter::new(created(to)?))?;
    io::copy(&mut File::open(from)?, &mut encrypted)?;
    encrypted.finish()?.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()
}

/// Writes what an encrypted copy holds into a new file and hands it to the disk.
///
/// # Errors
/// [`Failure`]; what was written is left for the caller to remove.
pub fn decrypt(from: &Path, to: &Path, key: &Key) -> Result<(), Failure> {
    let decryptor = Decryptor::new_buffered(BufReader::new(File::open(from)?))?;
    let mut plain = match key {
        Key::Keys(keys) => decryptor.decrypt(keys.iter().map(AsRef::as_ref))?,
        Key::Passphrase(passphrase) => {
            let mut identity = scrypt::Identity::new(passphrase.clone());
            // SECURITY: whoever puts a file there does not decide how long and in how much memory it is tried.
            identity.set_max_work_factor(WORK_FACTOR);
            decryptor.decrypt(iter::once(&identity as &dyn age::Identity))?
        }
    };
    let mut file = BufWriter::new(created(to)?);
    io::copy(&mut plain, &mut file).map_err(|error| match error.kind() {
        io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => Failure::Damaged(error.to_string()),
        _ => error.into(),
    })?;
    file.flush()?;
    Ok(file.get_ref().sync_all()?)
}

fn created(path: &Path) -> io::Result<File> {
    // SECURITY: only the owner reads people's data, whatever the umask says.
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn round(lock: &Lock, key: &Key, change: impl FnOnce(&mut Vec<u8>)) -> Result<Vec<u8>, Failure> {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("plain"), (0..200_000_u32).flat_map(u32::to_le_bytes).collect::<Vec<_>>()).unwrap();
        encrypt(&at("plain"), &at("closed"), lock).unwrap();
        let mut closed = fs::read(at("closed")).unwrap();
        assert!(!closed.windows(8).any(|part| part == [1, 0, 0, 0, 2, 0, 0, 0]), "nothing of it can be read");
        change(&mut closed);
        fs::write(at("closed"), closed).unwrap();
        decrypt(&at("closed"), &at("open"), key)?;
        assert_eq!(fs::read(at("open")).unwrap(), fs::read(at("plain")).unwrap());
        Ok(fs::read(at("open")).unwrap())
    }

    fn pair() -> (Lock, Key) {
        let private = x25519::Identity::generate();
        (Lock::Keys(vec![private.to_public()]), Key::Keys(vec![Box::new(private)]))
    }

    #[test]
    fn what_was_encrypted_opens_with_its_key_and_with_no_other() {
        let (lock, key) = pair();
        round(&lock, &key, |_| ()).unwrap();
        assert!(matches!(round(&lock, &pair().1, |_| ()), Err(Failure::WrongKey)));
        let phrase = |words: &str| SecretString::from(words.to_owned());
        let lock = Lock::Passphrase(phrase("plenty of quiet mornings"));
        round(&lock, &Key::Passphrase(phrase("plenty of quiet mornings")), |_| ()).unwrap();
        let wrong = Key::Passphrase(phrase("plenty of loud evenings"));
        assert!(matches!(round(&lock, &wrong, |_| ()), Err(Failure::WrongKey)));
        assert!(matches!(round(&lock, &key, |_| ()), Err(Failure::WrongKey)));
    }

    #[test]
    fn a_copy_that_was_changed_or_cut_short_does_not_open() {
        let (lock, key) = pair();
        for at in [0, 30, 90, 150, 200, 70_000, 700_000] {
            let opened = round(&lock, &key, |bytes| bytes[at] ^= 1);
            assert!(matches!(opened, Err(Failure::Damaged(_) | Failure::WrongKey)), "byte {at}: {opened:?}");
        }
        for length in [0, 10, 170, 65_736, 400_000] {
            let opened = round(&lock, &key, |bytes| bytes.truncate(length));
            assert!(opened.is_err(), "cut to {length}");
        }
    }
}
