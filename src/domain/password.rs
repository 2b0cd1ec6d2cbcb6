//! Passwords: what may be chosen, and the shape in which they are kept.
//!
//! Length and a strength estimate decide; there are no composition rules (NIST SP 800-63B-4 §3.1.1.2).
//! Hashing itself is slow work and lives upstairs, in `app::passwords`.

use std::fmt;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;
use zxcvbn::{Score, zxcvbn};

use super::Fault;

/// Fewest code points a new password may have.
pub const SHORTEST: usize = 12;
/// Most code points a password may have; longer ones are refused, never cut.
pub const LONGEST: usize = 128;

/// How much of a password the strength estimate looks at, in code points. It takes time that grows with the square of
/// the length, and a beginning that is strong enough makes the whole strong enough. Of a walk on the number pad that is longer
/// than this it would count the ways to go on past what 64 bits hold.
const ESTIMATED: usize = 28;

/// A password as typed, composed to NFC once so that every keyboard spells it alike.
///
/// Never printed, stored or compared: it only goes into the hash, whole.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl Password {
    /// A password typed to prove who one is. Any length that could have been chosen is taken.
    ///
    /// # Errors
    /// A [`Fault`] of the field `password` when it is empty or longer than [`LONGEST`].
    pub fn typed(raw: &str) -> Result<Self, Fault> {
        let text: String = raw.nfc().collect();
        match text.chars().count() {
            0 => Err(Fault::new("password", "Type your password.")),
            n if n > LONGEST => Err(Fault::new("password", format!("A password has at most {LONGEST} characters."))),
            _ => Ok(Self(text)),
        }
    }

    /// A password chosen anew. `known` are words a guesser would try first: the person's own name and address.
    ///
    /// Takes milliseconds: the estimate looks the words up in lists of common passwords.
    ///
    /// # Errors
    /// A [`Fault`] of the field `password` that says what would make it acceptable.
    pub fn chosen(raw: &str, known: &[&str]) -> Result<Self, Fault> {
        let password = Self::typed(raw)?;
        let length = password.0.chars().count();
        if length < SHORTEST {
            return Err(Fault::new(
                "password",
                format!("Use at least {SHORTEST} characters; this one has {length}. Four unrelated words work well."),
            ));
        }
        let mut words = vec!["atlas", "habit", "habits"];
        for word in known {
            words.push(word);
            words.extend(word.split(|c: char| !c.is_alphanumeric()).filter(|part| part.chars().count() > 2));
        }
        let beginning: String = password.0.chars().take(ESTIMATED).collect();
        if rests_on(&password.0, &words) || zxcvbn(&beginning, &words).score() < Score::Three {
            return Err(Fault::new(
                "password",
                "This password is easy to guess: it follows a common pattern or uses your own name. Four unrelated words work well.",
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

/// Whether little is left of a password without the words a guesser would try first. The estimate alone lets two such
/// words with a blank between them pass.
fn rests_on(password: &str, words: &[&str]) -> bool {
    let mut rest = password.to_lowercase();
    let whole = rest.len();
    for word in words.iter().filter(|word| word.chars().count() > 2) {
        rest = rest.replace(&word.to_lowercase(), "");
    }
    rest.len() < whole && rest.chars().filter(|c| c.is_alphanumeric()).count() < SHORTEST / 2
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
    fn any_composition_works_when_it_is_long_and_unusual() {
        for good in
            ["quiet orchard tram lemon", "zwölf grüne Kacheln am Ofen", "🦔🌂🪁🧭🪗🧶🥝🛶🪴🎏🦚🧊", "kd8#fjQ2!mv9Lx"]
        {
            assert!(Password::chosen(good, &[]).is_ok(), "{good}");
        }
    }

    #[test]
    fn length_counts_code_points_and_both_ends_are_stated() {
        assert!(Password::chosen("ébène-ñandú", &[]).unwrap_err().message.contains("at least 12"));
        assert!(Password::chosen(&"pqzmvw ".repeat(19), &[]).unwrap_err().message.contains("at most 128"));
        assert!(Password::typed(&"x".repeat(128)).is_ok());
    }

    #[test]
    fn the_common_and_the_personal_are_refused() {
        for bad in ["password1234", "qwertyuiop12", "aaaaaaaaaaaa", "123456789012", "atlas habits", "Habits-Atlas-2026"]
        {
            assert!(Password::chosen(bad, &[]).is_err(), "{bad}");
        }
        assert!(Password::chosen("wilhelmina.krog", &["Wilhelmina Krog", "wilhelmina.krog@example.com"]).is_err());
    }

    #[test]
    fn the_longest_walk_on_the_number_pad_is_counted() {
        for walk in ["20", "2014", "1476", "5456"] {
            assert!(Password::chosen(&walk.repeat(LONGEST / walk.len()), &[]).is_err(), "{walk}");
        }
    }

    #[test]
    fn one_password_however_the_keyboard_composes_it() {
        assert_eq!(Password::typed("Cafe\u{301}").unwrap(), Password::typed("Caf\u{e9}").unwrap());
    }

    #[test]
    fn a_password_is_never_printed() {
        assert_eq!(format!("{:?}", Password::typed("secret").unwrap()), "Password(…)");
    }
}
