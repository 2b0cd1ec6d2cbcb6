//! The passwords that attackers try first: a list of leaked ones, as a Bloom filter of about 260 kB.
//!
//! The filter holds each password reduced to its base, so that `Copernicus#99` and `c0pern1cus2026!` are found as well.
//! Source and license of the list are beside it in `common_passwords.txt`.

/// The filter: [`HASHES`] bits for each base.
static FILTER: &[u8] = include_bytes!("common_passwords.bloom");

/// How many bits of the filter each base sets.
pub const HASHES: u32 = 14;
/// The fewest characters of a base. A shorter word is left to the estimate.
const MIN_BASE_CHARS: usize = 8;
/// The most digits and signs around a word that people choose by habit, such as `!` and `01.02.1999`. More of them carry
/// the password's strength.
const MAX_DECORATION_CHARS: usize = 8;

/// Whether the list contains the password or another one with the same base. One in about a thousand passwords that
/// aren't on the list is taken for one that is.
pub fn is_common(password: &str) -> bool {
    bases(password).iter().any(|base| bit_positions(base, FILTER.len()).all(|at| is_set(FILTER, at)))
}

fn is_set(filter: &[u8], position: u64) -> bool {
    let byte = usize::try_from(position / 8).ok().and_then(|at| filter.get(at));
    byte.is_some_and(|byte| (byte >> (position % 8)) & 1 == 1)
}

/// The bits that a base sets in a filter of `filter_bytes` bytes.
pub fn bit_positions(base: &str, filter_bytes: usize) -> impl Iterator<Item = u64> {
    let digest = blake3::hash(base.as_bytes());
    let mut words = digest.as_bytes().chunks_exact(8).map(word);
    let (first, second) = (words.next().unwrap_or_default(), words.next().unwrap_or_default() | 1);
    let bits = filter_bytes as u64 * 8;
    (0..u64::from(HASHES)).map(move |index| first.wrapping_add(index.wrapping_mul(second)) % bits)
}

fn word(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |word, byte| (word << 8) | u64::from(*byte))
}

/// What a password may be a variation of: lowercase letters and digits, without the digits and signs around them, with letters
/// for the digits and signs that replace them. The first is the one that the filter holds.
pub fn bases(password: &str) -> Vec<String> {
    let lowercase = password.to_lowercase();
    let is_decoration = |c: char| !c.is_alphabetic();
    let cores = [
        lowercase.trim_matches(is_decoration),
        // What surrounds the word may replace letters of it: `@dministrator1`, `1mpossible$$`.
        lowercase.trim_end_matches(is_decoration),
        lowercase.trim_start_matches(is_decoration),
        &lowercase,
    ];
    let mut bases = Vec::new();
    for core in cores {
        if lowercase.chars().count() - core.chars().count() <= MAX_DECORATION_CHARS {
            bases.extend(['i', 'l'].map(|one| core.chars().map(|c| undo_substitution(c, one)).collect()));
        }
    }
    bases.push(lowercase);
    for base in &mut bases {
        base.retain(char::is_alphanumeric);
    }
    bases.retain(|base| base.chars().count() >= MIN_BASE_CHARS);
    bases
}

/// The letter that a digit or sign replaces in words. `one` is what `1` and `!` are: `i` or `l`.
fn undo_substitution(c: char, one: char) -> char {
    match c {
        '0' => 'o',
        '1' | '!' => one,
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listed_passwords_are_found_in_every_disguise() {
        for common in [
            "correcthorsebatterystaple",
            "correct horse battery staple",
            "Correct-Horse-Battery-Staple-99",
            "c0rrecth0rseb@tterystaple!",
            "1qaz2wsx3edc4rfv",
            "Copernicus#1999",
            "123C0pern1cus!",
            "leavemealone!1",
            "@dministrator2026",
        ] {
            assert!(is_common(common), "{common}");
        }
    }

    #[test]
    fn other_passwords_are_not_found() {
        let words = ["quiet", "orchard", "tram", "lemon", "basalt", "kettle", "zephyr", "mango", "quarry", "velvet"];
        let mut found = Vec::new();
        for one in words {
            for two in words {
                for three in words {
                    for tail in ["", " 7", "!"] {
                        let password = format!("{one} {two} {three}{tail}");
                        if is_common(&password) {
                            found.push(password);
                        }
                    }
                }
            }
        }
        assert!(found.len() <= 6, "{found:?}");
        assert!(!is_common("zwölf grüne Kacheln am Ofen") && !is_common("🦔🌂🪁🧭🪗🧶🥝🛶🪴🎏🦚🧊") && !is_common(""));
    }

    #[test]
    fn many_digits_around_a_word_are_more_than_decoration() {
        assert!(is_common("copernicus 83015"));
        assert!(!is_common("copernicus 8301592746"));
    }
}
