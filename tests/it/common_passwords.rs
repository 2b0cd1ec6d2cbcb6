//! The list of common passwords: what users are told, and how the filter in the binary is made from published lists.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use atlas::domain::accounts::common_passwords::{bases, bit_positions, is_common};
use atlas::domain::accounts::password::{MIN_CHARS, Password};

const FILTER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/domain/accounts/common_passwords.bloom");
/// With [`HASHES`](atlas::domain::accounts::common_passwords::HASHES), one base in 15,000 is found by mistake.
const BITS_PER_BASE: usize = 20;

/// `.github/update-common-passwords` sets the variable to the folder with the lists.
#[test]
fn the_filter_is_written_from_the_published_lists() {
    let Some(folder) = std::env::var_os("ATLAS_COMMON_PASSWORDS") else { return };
    let read = |name: &str| fs::read(Path::new(&folder).join(name)).unwrap();
    let (leaked, most_used) = (read("leaked.txt"), read("most-used.txt"));
    let (leaked, most_used) = (String::from_utf8_lossy(&leaked), String::from_utf8_lossy(&most_used));
    let long_enough = |list: &'_ &str| list.chars().count() >= MIN_CHARS;
    let base = |password: &str| bases(password).into_iter().next();
    // Of the leaked passwords, those that several share the base of: the others are one person's.
    let mut shared: BTreeMap<String, u32> = BTreeMap::new();
    for base in leaked.lines().filter(long_enough).filter_map(base) {
        *shared.entry(base).or_default() += 1;
    }
    let mut listed: BTreeSet<String> =
        shared.into_iter().filter(|(_, count)| *count > 1).map(|(base, _)| base).collect();
    listed.extend(most_used.lines().filter(long_enough).filter_map(base));

    let mut filter = vec![0_u8; listed.len() * BITS_PER_BASE / 8];
    for base in &listed {
        for position in bit_positions(base, filter.len()) {
            filter[usize::try_from(position / 8).unwrap()] |= 1 << (position % 8);
        }
    }
    fs::write(FILTER, filter).unwrap();
}

#[test]
fn the_filter_is_small_and_not_saturated() {
    let filter = fs::read(FILTER).unwrap();
    let set: usize = filter.iter().map(|byte| byte.count_ones() as usize).sum();
    assert!(filter.len() < 300_000, "{}", filter.len());
    assert!((set * 100 / filter.len() / 8) < 55, "{set} bits of {} bytes", filter.len());
}

#[test]
fn an_account_whose_password_is_on_the_list_can_still_sign_in() {
    assert!(is_common("correcthorsebatterystaple"));
    assert!(Password::parse_new("correcthorsebatterystaple", &[]).is_err());
    assert!(Password::parse("correcthorsebatterystaple").is_ok());
}
