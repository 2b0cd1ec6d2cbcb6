//! Integers of one to nine bytes: seven bits in each, and eight in the ninth.

/// The integer at the beginning of `bytes`, and what follows it.
pub fn read_varint(bytes: &[u8]) -> Option<(i64, &[u8])> {
    let mut value = 0_u64;
    for at in 0..9 {
        let byte = *bytes.get(at)?;
        if at == 8 {
            value = value << 8 | u64::from(byte);
            return Some((value.cast_signed(), bytes.get(9..)?));
        }
        value = value << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some((value.cast_signed(), bytes.get(at + 1..)?));
        }
    }
    None
}

/// Appends an integer.
pub fn write_varint(out: &mut Vec<u8>, value: u64) {
    let low = |shift: u32| u8::try_from(value >> shift & 0x7f).unwrap_or_default();
    if value >> 56 != 0 {
        out.extend((0..8).map(|group| low(57 - 7 * group) | 0x80));
        out.push(u8::try_from(value & 0xff).unwrap_or_default());
        return;
    }
    let groups = (1..8).find(|groups| value >> (7 * groups) == 0).unwrap_or(8);
    out.extend((0..groups).rev().map(|group| low(7 * group) | if group == 0 { 0 } else { 0x80 }));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_integer_reads_back(value in any::<u64>(), shift in 0_u32..64) {
            let value = value >> shift;
            let mut bytes = Vec::new();
            write_varint(&mut bytes, value);
            prop_assert!(bytes.len() <= 9);
            bytes.push(7);
            prop_assert_eq!(read_varint(&bytes), Some((value.cast_signed(), &[7_u8][..])));
            prop_assert_eq!(read_varint(bytes.get(..bytes.len() - 2).unwrap()), None);
        }
    }
}
