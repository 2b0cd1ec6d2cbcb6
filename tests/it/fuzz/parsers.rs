//! Parsers that can be called directly.

use std::collections::BTreeMap;

use atlas::config::{self, Dsn, Flags};
use atlas::domain::accounts::client::{Client, TrustedProxies};
use atlas::domain::accounts::password::Password;
use atlas::domain::backup::snapshot_id::SnapshotId;
use atlas::domain::calendar::day;
use atlas::domain::calendar::month::Month;
use atlas::domain::habits::export_digest::compute_digest;
use atlas::domain::habits::foreign_file;
use atlas::domain::habits::import_file::ImportFile;
use atlas::domain::{
    Day, Description, DisplayName, Email, Emoji, Environment, FileId, GroupName, Habit, HabitId, PreviewName, Tags,
    Title, Zone,
};
use atlas::observe::tunnel::{SentryEnvelope, Tunnel};
use atlas::store::Store;
use atlas::store::migrations::Migrations;
use jiff::Timestamp;

use super::mutation::fuzz;

/// Whether the text has control or bidirectional characters, which no single-line value may contain.
fn has_forbidden_chars(text: &str) -> bool {
    text.chars().any(|c| {
        c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}')
    })
}

/// Asserts that accepted text is within its limits, has no deceptive characters and parses to itself.
fn check_lines(text: &str) {
    if let Ok(title) = Title::parse(text) {
        assert!(
            !has_forbidden_chars(title.as_str()) && (1..=200).contains(&title.as_str().chars().count()),
            "{text:?}"
        );
        assert_eq!(Title::parse(title.as_str()), Ok(title));
    }
    if let Ok(name) = DisplayName::parse(text) {
        assert!(!has_forbidden_chars(name.as_str()) && name.as_str().chars().count() <= 200, "{text:?}");
    }
    if let Ok(Some(description)) = Description::parse(text) {
        assert!(!description.as_str().contains('\0') && description.as_str().chars().count() <= 10_000);
    }
    if let Ok(Some(emoji)) = Emoji::parse(text) {
        assert!(emoji.as_str().chars().count() <= 16 && Emoji::parse(emoji.as_str()) == Ok(Some(emoji)), "{text:?}");
    }
    if let Ok(tags) = Tags::parse_text(text) {
        assert!(tags.iter().all(|tag| tag.as_str().chars().count() <= 30 && !has_forbidden_chars(tag.as_str())));
        assert_eq!(Tags::parse_text(&tags.to_text()), Ok(tags), "{text:?}");
    }
    if let Ok(Some(group)) = GroupName::parse(text) {
        assert!(
            !has_forbidden_chars(group.as_str()) && GroupName::parse(group.as_str()) == Ok(Some(group)),
            "{text:?}"
        );
    }
    if let Ok(email) = Email::parse(text) {
        assert!(!has_forbidden_chars(email.as_str()) && email.as_str().len() <= 254, "{text:?}");
        assert_eq!(Email::parse(email.as_str()).as_ref(), Ok(&email), "{text:?}");
    }
}

fn check_values(text: &str) {
    if let Ok(parsed) = Day::parse(text) {
        assert!(parsed.to_string() == text && day::YEARS.contains(&parsed.year()), "{text:?}");
    }
    let _ = Month::parse(text).map(|month| (month.first(), month.last(), month.next(), month.previous()));
    if let Ok(zone) = Zone::parse(text) {
        let _ = Day::at(Timestamp::MAX, &zone);
        let _ = Day::at(Timestamp::MIN, &zone);
    }
    if let Ok(id) = text.parse::<HabitId>() {
        assert_eq!(id.to_string(), text);
    }
    if let Ok(environment) = text.parse::<Environment>() {
        assert_eq!(environment.to_string().parse(), Ok(environment));
    }
    let _ = (text.parse::<SnapshotId>(), text.parse::<PreviewName>(), PreviewName::from_branch(text));
    let _ = (TrustedProxies::parse_network(text), Password::parse(text), Client::new(None, text));
}

#[test]
fn lines_days_ids_and_names_are_parsed_exactly_or_rejected() {
    fuzz("text", 3_000, |input| {
        let text = String::from_utf8_lossy(input);
        check_lines(&text);
        check_values(&text);
    });
}

#[test]
fn any_new_password_is_checked_in_bounded_time() {
    fuzz("text", 40, |input| drop(Password::parse_new(&String::from_utf8_lossy(input), &["ada", "ada@example.com"])));
}

#[test]
fn any_forwarded_header_yields_a_canonical_address() {
    let networks = ["127.0.0.1", "10.0.0.0/8", "fd00::/8"].map(|text| TrustedProxies::parse_network(text).unwrap());
    let proxies = TrustedProxies::new(networks.to_vec());
    let peer = "127.0.0.1".parse().unwrap();
    fuzz("forwarded", 2_000, |input| {
        let text = String::from_utf8_lossy(input);
        let client = proxies.client_address(peer, text.split(','));
        assert_eq!(client, client.to_canonical(), "{text:?}");
    });
}

#[test]
fn any_imported_file_is_repaired_or_rejected() {
    fuzz("import", 400, |input| {
        let _ = (foreign_file::recognize(input), compute_digest(input));
        let Ok(file) = ImportFile::read(input) else { return };
        for habit in file.habits {
            assert!(!has_forbidden_chars(habit.title.as_str()) && habit.title.as_str().chars().count() <= 120);
            // What was repaired is stored, and stored rows are read strictly.
            let row = serde_json::to_string(&habit.to_habit(0, &Zone::UTC)).unwrap();
            assert!(serde_json::from_str::<Habit>(&row).is_ok(), "{row}");
        }
    });
}

/// The header line of an envelope.
#[derive(serde::Deserialize)]
struct EnvelopeHeader {
    dsn: String,
}

#[test]
fn the_tunnel_accepts_only_envelopes_for_our_dsn_in_any_encoding() {
    let tunnel = Tunnel::from_dsn(&Dsn("https://key@sentry.example.com/2".to_owned()), &[]).unwrap();
    fuzz("envelope", 2_000, |input| {
        for encoding in [None, Some("gzip"), Some("br"), Some("deflate"), Some("identity"), Some("zstd")] {
            if tunnel.check(SentryEnvelope { body: input, encoding, auth: None }).is_ok() {
                let line = input.split(|byte| *byte == b'\n').next().unwrap();
                let header: EnvelopeHeader = serde_json::from_slice(line).unwrap();
                let dsn = url::Url::parse(&header.dsn).unwrap();
                assert_eq!((dsn.scheme(), dsn.host_str()), ("https", Some("sentry.example.com")), "{dsn}");
                // Sentry's SDKs ignore extra slashes in the path.
                assert_eq!((dsn.username(), dsn.path().trim_matches('/')), ("key", "2"), "{dsn}");
            }
        }
    });
}

#[test]
fn any_atlas_toml_is_resolved_or_rejected_with_a_message() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("atlas.toml");
    fuzz("toml", 400, |input| {
        std::fs::write(&file, input).unwrap();
        for name in ["development", "staging"] {
            let flags = Flags { environment: Some(name.to_owned()), config: Some(file.clone()), ..Flags::default() };
            match config::check(&flags, &BTreeMap::new()) {
                Ok(checked) => assert!(checked.problems.iter().all(|problem| !problem.message.is_empty())),
                Err(error) => assert!(!error.to_string().is_empty()),
            }
        }
    });
}

/// Mutates the header only; the tests in `faults` cover the other pages.
#[test]
fn a_corrupted_or_foreign_file_is_rejected_without_a_panic() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data/development/atlas.redb");
    let development = Environment::development();
    let identity = (FileId::generate(Timestamp::UNIX_EPOCH, [1; 10]), [2; 32], Timestamp::UNIX_EPOCH);
    drop(Store::open_or_create(&path, &development, Migrations::BUILT_IN, || identity).unwrap());
    let intact = std::fs::read(&path).unwrap();
    fuzz("header", 150, |input| {
        // The input as the header of an intact file, mixed into its header, and alone; then a truncated file.
        let mut replaced = intact.clone();
        let length = input.len().min(512);
        replaced[..length].copy_from_slice(&input[..length]);
        let mut mixed = intact.clone();
        for (byte, mask) in mixed.iter_mut().zip(input).take(64) {
            *byte ^= mask & 0x11;
        }
        for bytes in [replaced.as_slice(), &mixed, input, &intact[..intact.len().min(input.len() * 40)]] {
            std::fs::write(&path, bytes).unwrap();
            match Store::open(&path, &development, Migrations::BUILT_IN) {
                Ok(store) => assert_eq!(store.stamp().environment, development),
                Err(error) => assert!(!error.to_string().is_empty()),
            }
        }
    });
}
