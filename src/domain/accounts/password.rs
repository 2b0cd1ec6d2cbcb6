//! Passwords: which ones users may choose, and the stored form.
//!
//! Length and estimated strength decide; there are no composition rules (NIST SP 800-63B-4 §3.1.1.2).
//! Hashing, which is slow, is in `app::identity::password_hasher`.

use std::fmt;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;
use zxcvbn::{Score, zxcvbn};

use crate::domain::FieldError;

/// The fewest code points of a new password.
pub const MIN_CHARS: usize = 12;
/// The most code points of a password. Longer ones are rejected, never truncated.
pub const MAX_CHARS: usize = 128;

/// How many code points the strength estimate reads. Its time grows with the square of the length, and a strong beginning makes
/// the whole password strong. For a longer keyboard walk on the number pad, its count of possible paths would overflow 64 bits.
const ESTIMATED_CHARS: usize = 28;

/// A password in plain text, normalized to NFC so that it is the same from every keyboard.
///
/// SECURITY: it is never printed, stored or compared, only hashed.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl Password {
    /// Parses a password entered to sign in or to confirm an action. Every length that could have been chosen is accepted.
    ///
    /// # Errors
    /// A [`FieldError`] of the field `password` when it is empty or longer than [`MAX_CHARS`].
    pub fn parse(raw: &str) -> Result<Self, FieldError> {
        let text: String = raw.nfc().collect();
        match text.chars().count() {
            0 => Err(FieldError::new("password", "Enter your password.")),
            n if n > MAX_CHARS => Err(FieldError::new("password", format!("Use no more than {MAX_CHARS} characters."))),
            _ => Ok(Self(text)),
        }
    }

    /// Parses a new password. `known` holds words that an attacker would try first: the user's name and address.
    ///
    /// Takes milliseconds, because the estimate searches lists of common passwords.
    ///
    /// # Errors
    /// A [`FieldError`] of the field `password` that says how to choose a better one.
    pub fn parse_new(raw: &str, known: &[&str]) -> Result<Self, FieldError> {
        let password = Self::parse(raw)?;
        let length = password.0.chars().count();
        if length < MIN_CHARS {
            return Err(FieldError::new(
                "password",
                format!("Use at least {MIN_CHARS} characters; this has {length}."),
            ));
        }
        let mut words = vec!["atlas", "habit", "habits"];
        for word in known {
            words.push(word);
            words.extend(word.split(|c: char| !c.is_alphanumeric()).filter(|part| part.chars().count() > 2));
        }
        let beginning: String = password.0.chars().take(ESTIMATED_CHARS).collect();
        if consists_of_words(&password.0, &words) || zxcvbn(&beginning, &words).score() < Score::Three {
            return Err(FieldError::new(
                "password",
                "This password is easy to guess, because it follows a common pattern or contains your name. Four unrelated words work well.",
            ));
        }
        Ok(password)
    }

    /// The bytes that are hashed.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

/// Whether little of a password is left without `words`. The estimate alone accepts two such words separated by a space.
fn consists_of_words(password: &str, words: &[&str]) -> bool {
    let mut rest = password.to_lowercase();
    let full_len = rest.len();
    for word in words.iter().filter(|word| word.chars().count() > 2) {
        rest = rest.replace(&word.to_lowercase(), "");
    }
    rest.len() < full_len && rest.chars().filter(|c| c.is_alphanumeric()).count() < MIN_CHARS / 2
}

/// A hashed password in PHC string format, salt and parameters included.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PasswordHash(pub String);

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_and_unusual_passwords_of_any_composition_are_accepted() {
        for good in
            ["quiet orchard tram lemon", "zwölf grüne Kacheln am Ofen", "🦔🌂🪁🧭🪗🧶🥝🛶🪴🎏🦚🧊", "kd8#fjQ2!mv9Lx"]
        {
            assert!(Password::parse_new(good, &[]).is_ok(), "{good}");
        }
    }

    #[test]
    fn length_is_counted_in_code_points() {
        assert!(Password::parse_new("ébène-ñandú", &[]).unwrap_err().message.contains("at least 12"));
        assert!(Password::parse_new(&"pqzmvw ".repeat(19), &[]).unwrap_err().message.contains("no more than 128"));
        assert!(Password::parse(&"x".repeat(128)).is_ok());
    }

    #[test]
    fn common_and_personal_passwords_are_rejected() {
        for bad in ["password1234", "qwertyuiop12", "aaaaaaaaaaaa", "123456789012", "atlas habits", "Habits-Atlas-2026"]
        {
            assert!(Password::parse_new(bad, &[]).is_err(), "{bad}");
        }
        assert!(Password::parse_new("wilhelmina.krog", &["Wilhelmina Krog", "wilhelmina.krog@example.com"]).is_err());
    }

    #[test]
    fn the_longest_number_pad_walk_does_not_overflow() {
        for walk in ["20", "2014", "1476", "5456"] {
            assert!(Password::parse_new(&walk.repeat(MAX_CHARS / walk.len()), &[]).is_err(), "{walk}");
        }
    }

    #[test]
    fn composed_and_decomposed_forms_are_equal() {
        assert_eq!(Password::parse("Cafe\u{301}").unwrap(), Password::parse("Caf\u{e9}").unwrap());
    }

    #[test]
    fn a_password_is_never_printed() {
        assert_eq!(format!("{:?}", Password::parse("secret").unwrap()), "Password(…)");
    }
}
