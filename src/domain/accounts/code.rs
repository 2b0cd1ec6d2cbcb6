//! Codes as people type and paste them: with any keyboard's digits, grouped, and with words around them.

use crate::domain::text::fold_width;

/// The zeros of the decimal digits of other scripts; each is followed by its one to nine (Unicode, general category Nd).
const ZEROS: [u32; 18] = [
    0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66, 0x0E50, 0x0ED0,
    0x0F20, 0x1040, 0x17E0, 0x1810,
];

/// The digits of a numeric code, as ASCII. Everything else is left out: “Code: 123 456” is 123456.
pub fn normalize_digits(input: &str) -> String {
    input.chars().map(fold_digit).filter(char::is_ascii_digit).collect()
}

/// The letters and digits of a recovery code, in upper case, without a label before a colon. Text that is no recovery code
/// matches none.
///
/// Recovery codes are hexadecimal, so O, I, and L can only be misread digits.
pub fn normalize_recovery_code(input: &str) -> String {
    let code = input.rsplit([':', '：']).next().unwrap_or(input);
    let symbols = code.chars().map(fold_digit).filter(char::is_ascii_alphanumeric);
    symbols
        .map(|c| match c.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        })
        .collect()
}

/// The ASCII form of a full-width character and of a decimal digit of any script.
fn fold_digit(c: char) -> char {
    let digit = ZEROS.into_iter().filter_map(|zero| u32::from(c).checked_sub(zero)).find(|digit| *digit <= 9);
    digit.and_then(|digit| char::from_digit(digit, 10)).unwrap_or_else(|| fold_width(c))
}

#[cfg(test)]
mod tests {
    use std::iter::once;

    use proptest::prelude::*;

    use super::*;
    use crate::domain::accounts::two_factor::format_recovery_code;

    #[test]
    fn a_code_is_read_from_other_scripts_and_with_words_around_it() {
        for typed in [
            "123456",
            " 123 456\n",
            "123-456",
            "123\u{2011}456",
            "１２３４５６",
            "١٢٣٤٥٦",
            "۱۲۳۴۵۶",
            "१२३४५६",
            "123\u{a0}456",
            "\u{200e}123\u{200b}456\u{feff}",
            "Code: 123 456",
            "Code：１２３ ４５６",
        ] {
            assert_eq!(normalize_digits(typed), "123456", "{typed:?}");
        }
        for odd in ["", "-", "💥", "ſ", "Ⅷ", "½", "②"] {
            assert_eq!(normalize_digits(odd), "", "{odd}");
        }
    }

    #[test]
    fn recovery_codes_are_accepted_in_any_format() {
        let code = format_recovery_code([0x00, 0x1f, 0xa2, 0xb3, 0xc4, 0xd5, 0xe6, 0xf7, 0x89, 0x9a]);
        assert_eq!(code, "001F-A2B3-C4D5-E6F7-899A");
        for input in [
            "001f-a2b3-c4d5-e6f7-899a",
            " 001FA2B3 C4D5E6F7 899A ",
            "001f\u{2013}a2b3c4d5e6f7/899a\n",
            "oolf-a2b3-c4d5-e6f7-899a",
            "OOIF-A2B3-C4D5-E6F7-899A",
            "００１Ｆ－Ａ２Ｂ３－Ｃ４Ｄ５－Ｅ６Ｆ７－８９９Ａ",
            "Recovery code: 001f-a2b3-c4d5-e6f7-899a",
        ] {
            assert_eq!(normalize_recovery_code(input), "001FA2B3C4D5E6F7899A", "{input}");
        }
        for odd in ["", "-", "💥", "ſ", "\u{0}", "ÀÉ"] {
            assert_eq!(normalize_recovery_code(odd), "", "{odd}");
        }
    }

    proptest! {
        #[test]
        fn separators_and_scripts_never_change_a_code(
            digits in "[0-9]{6}",
            separators in proptest::collection::vec("[ \u{a0}\u{2009}\u{200b}\u{200e}\u{feff}.\u{2011}\u{2013}_-]{0,2}", 6),
            script in 0..=ZEROS.len(),
        ) {
            let zero = ZEROS.get(script).copied().unwrap_or(0xFF10);
            let in_script = |digit: char| char::from_u32(zero + digit.to_digit(10).unwrap()).unwrap();
            let typed: String =
                digits.chars().zip(&separators).flat_map(|(digit, after)| once(in_script(digit)).chain(after.chars())).collect();
            prop_assert_eq!(normalize_digits(&typed), digits.clone());
            prop_assert_eq!(normalize_recovery_code(&typed), digits);
        }

        #[test]
        fn normalizing_twice_changes_nothing(text in any::<String>()) {
            let once = normalize_digits(&text);
            prop_assert_eq!(normalize_digits(&once), once);
            let once = normalize_recovery_code(&text);
            prop_assert_eq!(normalize_recovery_code(&once), once);
        }
    }
}
