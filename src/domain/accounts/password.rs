//! Passwords: which ones users may choose, and the stored form.
//!
//! Length, a list of common passwords, and estimated strength decide; there are no composition rules
//! (NIST SP 800-63B-4 §3.1.1.2).
//! Hashing, which is slow, is in `app::identity::password_hasher`.

use std::fmt;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;
use zxcvbn::{Entropy, Score, zxcvbn};

use crate::domain::FieldError;
use crate::domain::accounts::common_passwords::is_common;

/// The fewest code points of a new password.
pub const MIN_CHARS: usize = 12;
/// The most code points of a password. Longer ones are rejected, never truncated.
pub const MAX_CHARS: usize = 128;

/// How many code points the strength estimate reads. Its time grows with the square of the length, and a strong beginning makes
/// the whole password strong. For a longer keyboard walk on the number pad, its count of possible paths would overflow 64 bits.
const ESTIMATED_CHARS: usize = 28;

/// How many attempts the parts of a password must take: what [`Score::Three`] requires of the whole.
const MIN_ATTEMPTS: u64 = 100_000_000;

/// A password in plain text, the same from every keyboard: in NFC, with every kind of space as U+0020 (the profile
/// `OpaqueString` of RFC 8265).
///
/// SECURITY: it is never printed or stored, only hashed.
#[derive(Clone, PartialEq, Eq)]
pub struct Password {
    text: String,
    /// The form that older versions hashed, which kept other spaces, if it differs. Tried last, so that nobody is locked out.
    older_form: Option<String>,
}

impl Password {
    /// Parses a password entered to sign in or to confirm an action. Every length that could have been chosen is accepted.
    ///
    /// # Errors
    /// A [`FieldError`] of the field `password` when it is empty or longer than [`MAX_CHARS`].
    pub fn parse(raw: &str) -> Result<Self, FieldError> {
        let older_form: String = raw.nfc().collect();
        // U+3000 and the others are what keyboards type for a space, some of them only by accident.
        let text: String = older_form.chars().map(|c| if is_other_space(c) { ' ' } else { c }).collect();
        let older_form = (older_form != text).then_some(older_form);
        match text.chars().count() {
            0 => Err(FieldError::new("password", "Enter your password.")),
            n if n > MAX_CHARS => Err(FieldError::new("password", format!("Use no more than {MAX_CHARS} characters."))),
            _ => Ok(Self { text, older_form }),
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
        let length = password.text.chars().count();
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
        if is_common(&password.text) {
            return Err(FieldError::new(
                "password",
                "This password is easy to guess: it, or one much like it, is on lists of leaked passwords. Four unrelated words work well.",
            ));
        }
        let beginning: String = password.text.chars().take(ESTIMATED_CHARS).collect();
        if consists_of_words(&password.text, &words) || is_weak(&beginning, &words) {
            return Err(FieldError::new(
                "password",
                "This password is easy to guess, because it follows a common pattern or contains your name. Four unrelated words work well.",
            ));
        }
        Ok(password)
    }

    /// The bytes that are hashed.
    pub fn as_bytes(&self) -> &[u8] {
        self.text.as_bytes()
    }

    /// The bytes that an older version may have hashed instead.
    pub fn older_bytes(&self) -> Option<&[u8]> {
        self.older_form.as_deref().map(str::as_bytes)
    }
}

/// Whether a password was entered twice alike. Two that no account can have are alike if they are the same text.
pub fn is_same(one: &str, other: &str) -> bool {
    one == other
        || matches!((Password::parse(one), Password::parse(other)), (Ok(one), Ok(other)) if one.text == other.text)
}

/// A space other than U+0020 (Unicode, general category Zs).
fn is_other_space(c: char) -> bool {
    matches!(c, '\u{A0}' | '\u{1680}' | '\u{2000}'..='\u{200A}' | '\u{202F}' | '\u{205F}' | '\u{3000}')
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

/// Whether a password can be guessed too soon.
///
/// The score takes three parts or more for strong, however common each is: `Summer2026!!`. Attackers try common parts in
/// every order, so the parts must hold by themselves, too, and without the signs between them: `Winter-2025-!`.
fn is_weak(password: &str, words: &[&str]) -> bool {
    let spoken: String = password.chars().filter(|c| c.is_alphanumeric()).collect();
    let is_mostly_signs = spoken.chars().count() * 2 < password.chars().count();
    has_weak_parts(&zxcvbn(password, words))
        || (spoken != password && !is_mostly_signs && has_weak_parts(&zxcvbn(&spoken, words)))
}

fn has_weak_parts(estimate: &Entropy) -> bool {
    let parts = estimate.sequence();
    let attempts = parts.iter().map(|part| part.guesses.unwrap_or(1));
    let attempts = (1..=parts.len() as u64).chain(attempts).fold(1, u64::saturating_mul);
    estimate.score() < Score::Three || attempts < MIN_ATTEMPTS
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
    use proptest::prelude::*;

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
    fn a_common_word_with_the_usual_additions_is_rejected() {
        for bad in [
            "Summer2026!!",
            "Winter-2025-!",
            "Welcome12345!",
            "Spring2024!!!",
            "Monday!2026!",
            "Password123!Password",
            "correcthorsebatterystaple",
            "Correct Horse Battery Staple 1!",
        ] {
            assert!(Password::parse_new(bad, &[]).is_err(), "{bad}");
        }
        let refusal = Password::parse_new("correcthorsebatterystaple", &[]).unwrap_err();
        assert!(refusal.message.contains("leaked passwords") && refusal.message.contains("Four unrelated words"));
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
    fn every_kind_of_space_is_the_same_and_the_form_of_older_versions_is_kept() {
        let plain = Password::parse("quiet orchard").unwrap();
        assert_eq!(plain.older_bytes(), None);
        for space in ["\u{a0}", "\u{3000}", "\u{2009}"] {
            let typed = format!("quiet{space}orchard");
            let password = Password::parse(&typed).unwrap();
            assert_eq!((password.as_bytes(), password.older_bytes()), (plain.as_bytes(), Some(typed.as_bytes())));
            assert!(is_same(&typed, "quiet orchard"));
        }
        assert!(is_same("Cafe\u{301}", "Caf\u{e9}") && !is_same("quiet", "Quiet") && !is_same("", "quiet"));
    }

    proptest! {
        #[test]
        fn normalizing_a_password_twice_changes_nothing(text in any::<String>()) {
            if let Ok(password) = Password::parse(&text) {
                let again = Password::parse(&password.text).unwrap();
                prop_assert_eq!((again.text, again.older_form), (password.text, None));
            }
        }
    }

    #[test]
    fn a_password_is_never_printed() {
        assert_eq!(format!("{:?}", Password::parse("secret").unwrap()), "Password(…)");
    }
}
