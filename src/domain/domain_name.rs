//! Internationalized domain names: the form with A-labels (`xn--…`) that DNS, mail, and certificates use.
//!
//! The library that parses URLs comes without Unicode's tables, which are larger than the rest of it, so names are converted here
//! before it sees them. This covers what people register: letters, digits, and marks of any script. Any other name is refused and
//! must be written with A-labels.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The longest label that DNS allows.
const MAX_LABEL_BYTES: usize = 63;

/// A name cannot be converted. The message follows the name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDomainName {
    #[error("“{}” can't be part of a domain name", .0.escape_debug())]
    Character(char),
    #[error("the part “{0}” is too long for a domain name")]
    TooLong(String),
}

/// The name with A-labels, in lower case. A name in ASCII is returned as it is.
///
/// # Errors
/// [`InvalidDomainName`].
pub fn to_ascii(name: &str) -> Result<String, InvalidDomainName> {
    if name.is_ascii() {
        return Ok(name.to_owned());
    }
    // Compatible forms, such as full-width letters, and all spellings of a composed letter become one; then the ideographic dot.
    let name: String =
        name.nfkc().collect::<String>().to_lowercase().nfkc().collect::<String>().replace('\u{3002}', ".");
    let labels: Result<Vec<String>, _> = name.split('.').map(label_to_ascii).collect();
    Ok(labels?.join("."))
}

fn label_to_ascii(label: &str) -> Result<String, InvalidDomainName> {
    if label.is_ascii() {
        return Ok(label.to_owned());
    }
    let is_allowed = |c: char| c == '-' || c.is_alphanumeric() || is_combining_mark(c);
    // A mark at the beginning of a label would attach itself to the dot before it.
    let starts_with_mark = label.chars().next().filter(|c| is_combining_mark(*c));
    if let Some(character) = starts_with_mark.or_else(|| label.chars().find(|c| !is_allowed(*c))) {
        return Err(InvalidDomainName::Character(character));
    }
    let encoded = encode_punycode(label).map(|encoded| format!("xn--{encoded}"));
    encoded.filter(|label| label.len() <= MAX_LABEL_BYTES).ok_or_else(|| InvalidDomainName::TooLong(label.to_owned()))
}

/// Punycode (RFC 3492 section 6.3); `None` on overflow, which only absurdly long labels cause.
fn encode_punycode(label: &str) -> Option<String> {
    const BASE: u32 = 36;
    const T_MIN: u32 = 1;
    const T_MAX: u32 = 26;
    let mut output: String = label.chars().filter(char::is_ascii).collect();
    let basic = u32::try_from(output.len()).ok()?;
    let mut handled = basic;
    let mut bias = 72;
    let (mut code, mut delta) = (128_u32, 0_u32);
    if basic > 0 {
        output.push('-');
    }
    let total = u32::try_from(label.chars().count()).ok()?;
    while handled < total {
        let next = label.chars().map(u32::from).filter(|c| *c >= code).min()?;
        delta = (next - code).checked_mul(handled + 1)?.checked_add(delta)?;
        code = next;
        for c in label.chars().map(u32::from) {
            if c < code {
                delta = delta.checked_add(1)?;
            }
            if c == code {
                let mut q = delta;
                let mut k = BASE;
                loop {
                    let threshold = k.saturating_sub(bias).clamp(T_MIN, T_MAX);
                    if q < threshold {
                        break;
                    }
                    output.push(digit(threshold + (q - threshold) % (BASE - threshold))?);
                    q = (q - threshold) / (BASE - threshold);
                    k += BASE;
                }
                output.push(digit(q)?);
                bias = adapt(delta, handled + 1, handled == basic);
                delta = 0;
                handled += 1;
            }
        }
        delta = delta.checked_add(1)?;
        code = code.checked_add(1)?;
    }
    Some(output)
}

/// The bias for the next number (RFC 3492 section 6.1).
fn adapt(delta: u32, points: u32, is_first: bool) -> u32 {
    let mut delta = if is_first { delta / 700 } else { delta / 2 };
    delta += delta / points;
    let mut k = 0;
    while delta > 455 {
        delta /= 35;
        k += 36;
    }
    k + 36 * delta / (delta + 38)
}

fn digit(value: u32) -> Option<char> {
    char::from_digit(value + 10, 36).filter(|_| value < 26).or_else(|| char::from_digit(value.checked_sub(26)?, 10))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_other_scripts_are_converted() {
        for (name, ascii) in [
            ("example.com", "example.com"),
            ("bücher.example", "xn--bcher-kva.example"),
            ("BÜCHER.Example", "xn--bcher-kva.example"),
            ("bu\u{308}cher.example", "xn--bcher-kva.example"),
            ("ｂücher．example", "xn--bcher-kva.example"),
            ("straße.example", "xn--strae-oqa.example"),
            ("日本語。jp", "xn--wgv71a119e.jp"),
            ("пример.испытание", "xn--e1afmkfd.xn--80akhbyknj4f"),
            ("مثال.example", "xn--mgbh0fb.example"),
            ("उदाहरण.example", "xn--p1b6ci4b4b3a.example"),
            ("παράδειγμα.example", "xn--hxajbheg2az3al.example"),
            ("a.bücher.b", "a.xn--bcher-kva.b"),
        ] {
            assert_eq!(to_ascii(name).as_deref(), Ok(ascii), "{name}");
        }
    }

    #[test]
    fn what_belongs_in_no_domain_name_is_named() {
        for (name, character) in [
            ("i❤.example", '❤'),
            ("ü b.example", ' '),
            ("ü\u{200d}.x", '\u{200d}'),
            ("\u{308}ü.x", '\u{308}'),
            ("ü/x", '/'),
        ] {
            assert_eq!(to_ascii(name), Err(InvalidDomainName::Character(character)), "{name}");
        }
        let long = "ü".repeat(64);
        assert_eq!(to_ascii(&long), Err(InvalidDomainName::TooLong(long.clone())));
        assert!(to_ascii(&"ü".repeat(100_000)).is_err());
    }
}
