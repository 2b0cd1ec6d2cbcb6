//! Encrypted copies, for places that are not trusted with people's data. They have the age format (age-encryption.org/v1), so
//! that any tool for that format decrypts them, and a truncated or changed copy does not decrypt at all.

use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Write as _};
use std::iter;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use age::secrecy::SecretString;
use age::{DecryptError, Decryptor, Encryptor, scrypt, x25519};

/// The cost of trying one passphrase, as the logarithm of scrypt's N: 64 MiB and some tenths of a second.
const SCRYPT_LOG_N: u8 = 16;

/// What a copy is encrypted with.
#[derive(Clone)]
pub enum EncryptionKey {
    /// Public keys. Any one of the private keys decrypts the copy.
    Keys(Vec<x25519::Recipient>),
    Passphrase(SecretString),
}

/// What a copy is decrypted with.
pub enum DecryptionKey {
    /// Private keys, of which one must match.
    Keys(Vec<Box<dyn age::Identity>>),
    Passphrase(SecretString),
}

/// Why a copy was not decrypted.
#[derive(Debug, thiserror::Error)]
pub enum DecryptionError {
    /// A file could not be read or written.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The copy is encrypted with another key.
    #[error("it is encrypted with another key or passphrase")]
    WrongKey,
    /// The header of the copy is not one of an encrypted file.
    #[error("it was changed or truncated: {0}")]
    CorruptHeader(#[source] DecryptError),
    /// The contents of the copy were changed or truncated.
    #[error("it was changed or truncated: {0}")]
    CorruptContents(#[source] io::Error),
}

impl From<DecryptError> for DecryptionError {
    fn from(error: DecryptError) -> Self {
        match error {
            DecryptError::Io(error) => Self::Io(error),
            DecryptError::NoMatchingKeys | DecryptError::DecryptionFailed | DecryptError::KeyDecryptionFailed => {
                Self::WrongKey
            }
            other => Self::CorruptHeader(other),
        }
    }
}

impl EncryptionKey {
    /// A key from a passphrase.
    pub fn from_passphrase(passphrase: &str) -> Self {
        Self::Passphrase(SecretString::from(passphrase.to_owned()))
    }
}

impl DecryptionKey {
    /// A key from a passphrase.
    pub fn from_passphrase(passphrase: &str) -> Self {
        Self::Passphrase(SecretString::from(passphrase.to_owned()))
    }

    /// The private keys in a file that `age-keygen` wrote.
    ///
    /// # Errors
    /// An I/O error; [`io::ErrorKind::InvalidData`] when the file has no private key.
    pub fn from_file(path: &Path) -> io::Result<Self> {
        let file = age::IdentityFile::from_buffer(BufReader::new(File::open(path)?))?;
        let keys = file.into_identities().map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        if keys.is_empty() {
            let message = "it has no private key of age (AGE-SECRET-KEY-1…)";
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        Ok(Self::Keys(keys))
    }
}

/// Encrypts `from` into a new file, and syncs it.
///
/// # Errors
/// An I/O error; the caller removes what was written.
pub fn encrypt(from: &Path, to: &Path, key: &EncryptionKey) -> io::Result<()> {
    let encryptor = match key {
        EncryptionKey::Keys(keys) => Encryptor::with_recipients(keys.iter().map(|key| key as &dyn age::Recipient)),
        EncryptionKey::Passphrase(passphrase) => {
            let mut recipient = scrypt::Recipient::new(passphrase.clone());
            recipient.set_work_factor(SCRYPT_LOG_N);
            Encryptor::with_recipients(iter::once(&recipient as &dyn age::Recipient))
        }
    };
    let encryptor = encryptor.map_err(io::Error::other)?;
    let mut encrypted = encryptor.wrap_output(BufWriter::new(create_new(to)?))?;
    io::copy(&mut File::open(from)?, &mut encrypted)?;
    encrypted.finish()?.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()
}

/// Decrypts a copy into a new file, and syncs it.
///
/// # Errors
/// [`DecryptionError`]; the caller removes what was written.
pub fn decrypt(from: &Path, to: &Path, key: &DecryptionKey) -> Result<(), DecryptionError> {
    let decryptor = Decryptor::new_buffered(BufReader::new(File::open(from)?))?;
    let mut plain = match key {
        DecryptionKey::Keys(keys) => decryptor.decrypt(keys.iter().map(AsRef::as_ref))?,
        DecryptionKey::Passphrase(passphrase) => {
            let mut identity = scrypt::Identity::new(passphrase.clone());
            // SECURITY: the file must not decide how much time and memory an attempt to decrypt it takes.
            identity.set_max_work_factor(SCRYPT_LOG_N);
            decryptor.decrypt(iter::once(&identity as &dyn age::Identity))?
        }
    };
    let mut file = BufWriter::new(create_new(to)?);
    io::copy(&mut plain, &mut file).map_err(|error| match error.kind() {
        io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => DecryptionError::CorruptContents(error),
        _ => error.into(),
    })?;
    file.flush()?;
    Ok(file.get_ref().sync_all()?)
}

fn create_new(path: &Path) -> io::Result<File> {
    // SECURITY: only the owner can read people's data regardless of the umask.
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn round_trip(
        encryption_key: &EncryptionKey,
        decryption_key: &DecryptionKey,
        change: impl FnOnce(&mut Vec<u8>),
    ) -> Result<Vec<u8>, DecryptionError> {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("plain"), (0..200_000_u32).flat_map(u32::to_le_bytes).collect::<Vec<_>>()).unwrap();
        encrypt(&at("plain"), &at("encrypted"), encryption_key).unwrap();
        let mut encrypted = fs::read(at("encrypted")).unwrap();
        assert!(!encrypted.windows(8).any(|part| part == [1, 0, 0, 0, 2, 0, 0, 0]), "the plain text is not in it");
        change(&mut encrypted);
        fs::write(at("encrypted"), encrypted).unwrap();
        decrypt(&at("encrypted"), &at("decrypted"), decryption_key)?;
        assert_eq!(fs::read(at("decrypted")).unwrap(), fs::read(at("plain")).unwrap());
        Ok(fs::read(at("decrypted")).unwrap())
    }

    fn key_pair() -> (EncryptionKey, DecryptionKey) {
        let private = x25519::Identity::generate();
        (EncryptionKey::Keys(vec![private.to_public()]), DecryptionKey::Keys(vec![Box::new(private)]))
    }

    #[test]
    fn a_copy_decrypts_with_its_key_and_with_no_other() {
        let (public, private) = key_pair();
        round_trip(&public, &private, |_| ()).unwrap();
        assert!(matches!(round_trip(&public, &key_pair().1, |_| ()), Err(DecryptionError::WrongKey)));
        let passphrase = |words: &str| SecretString::from(words.to_owned());
        let public = EncryptionKey::Passphrase(passphrase("plenty of quiet mornings"));
        round_trip(&public, &DecryptionKey::Passphrase(passphrase("plenty of quiet mornings")), |_| ()).unwrap();
        let wrong = DecryptionKey::Passphrase(passphrase("plenty of loud evenings"));
        assert!(matches!(round_trip(&public, &wrong, |_| ()), Err(DecryptionError::WrongKey)));
        assert!(matches!(round_trip(&public, &private, |_| ()), Err(DecryptionError::WrongKey)));
    }

    #[test]
    fn a_changed_or_truncated_copy_does_not_decrypt() {
        let (public, private) = key_pair();
        for at in [0, 30, 90, 150, 200, 70_000, 700_000] {
            let decrypted = round_trip(&public, &private, |bytes| bytes[at] ^= 1);
            assert!(
                matches!(
                    decrypted,
                    Err(DecryptionError::CorruptHeader(_)
                        | DecryptionError::CorruptContents(_)
                        | DecryptionError::WrongKey)
                ),
                "byte {at}: {decrypted:?}"
            );
        }
        for length in [0, 10, 170, 65_736, 400_000] {
            let decrypted = round_trip(&public, &private, |bytes| bytes.truncate(length));
            assert!(decrypted.is_err(), "truncated to {length}");
        }
    }
}
