//! Parsers that can be called by themselves.

use std::collections::BTreeMap;

use atlas::config::{self, Dsn, Flags};
use atlas::domain::client::{Client, Proxies};
use atlas::domain::month::Month;
use atlas::domain::password::Password;
use atlas::domain::snapshot::SnapshotId;
use atlas::domain::{
    Day, Description, DisplayName, Email, Environment, FileId, HabitId, PreviewName, Title, Zone, day,
};
use atlas::observe::tunnel::Tunnel;
use atlas::store::Store;
use jiff::Timestamp;

use super::mutation::feed;

/// What may never stand in a line that a person typed.
fn lies(text: &str) -> bool {
    text.chars().any(|c| {
        c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}')
    })
}

/// Accepted text is within its limits, holds nothing that lies about what is shown, and reads back as itself.
fn line(text: &str) {
    if let Ok(title) = Title::parse(text) {
        assert!(!lies(title.as_str()) && (1..=200).contains(&title.as_str().chars().count()), "{text:?}");
        assert_eq!(Title::parse(title.as_str()), Ok(title));
    }
    if let Ok(name) = DisplayName::parse(text) {
        assert!(!lies(name.as_str()) && name.as_str().chars().count() <= 200, "{text:?}");
    }
    if let Ok(Some(description)) = Description::parse(text) {
        assert!(!description.as_str().contains('\0') && description.as_str().chars().count() <= 10_000);
    }
    if let Ok(email) = Email::parse(text) {
        assert!(!lies(email.as_str()) && email.as_str().len() <= 254, "{text:?}");
        assert_eq!(Email::parse(email.as_str()).as_ref(), Ok(&email), "{text:?}");
    }
}

fn value(text: &str) {
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
    let _ = (text.parse::<SnapshotId>(), text.parse::<PreviewName>(), PreviewName::of_branch(text));
    let _ = (Proxies::network(text), Password::typed(text), Client::new(None, text));
}

#[test]
fn lines_days_ids_and_names_are_taken_as_they_are_meant_or_not_at_all() {
    feed("text", 3_000, |input| {
        let text = String::from_utf8_lossy(input);
        line(&text);
        value(&text);
    });
}

#[test]
fn a_new_password_is_judged_in_bounded_time_whatever_it_is() {
    feed("text", 40, |input| drop(Password::chosen(&String::from_utf8_lossy(input), &["ada", "ada@example.com"])));
}

#[test]
fn what_proxies_say_names_an_address_or_the_peer() {
    let networks = ["127.0.0.1", "10.0.0.0/8", "fd00::/8"].map(|text| Proxies::network(text).unwrap());
    let proxies = Proxies::new(networks.to_vec());
    let peer = "127.0.0.1".parse().unwrap();
    feed("forwarded", 2_000, |input| {
        let text = String::from_utf8_lossy(input);
        let client = proxies.client(peer, text.split(','));
        assert_eq!(client, client.to_canonical(), "{text:?}");
    });
}

/// What the first line of an envelope says of its address.
#[derive(serde::Deserialize)]
struct Head {
    dsn: String,
}

#[test]
fn only_an_envelope_for_our_address_is_let_through_however_it_is_packed() {
    let tunnel = Tunnel::to(&Dsn("https://key@sentry.example.com/2".to_owned())).unwrap();
    feed("envelope", 2_000, |input| {
        for encoding in [None, Some("gzip"), Some("br"), Some("deflate"), Some("identity"), Some("zstd")] {
            if tunnel.check(input, encoding).is_ok() {
                let line = input.split(|byte| *byte == b'\n').next().unwrap();
                let head: Head = serde_json::from_slice(line).unwrap();
                let dsn = url::Url::parse(&head.dsn).unwrap();
                assert_eq!((dsn.scheme(), dsn.host_str()), ("https", Some("sentry.example.com")), "{dsn}");
                // Slashes too many are none to the SDKs' own reading of an address.
                assert_eq!((dsn.username(), dsn.path().trim_matches('/')), ("key", "2"), "{dsn}");
            }
        }
    });
}

#[test]
fn any_atlas_toml_is_settled_or_refused_with_words() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("atlas.toml");
    feed("toml", 400, |input| {
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

/// Files that begin like ours, or like none, each as long as a sound one. Faults in the pages behind the first are the
/// stories of storage.
#[test]
fn a_file_that_is_no_data_file_or_a_broken_one_is_refused_and_never_a_crash() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data/development/atlas.redb");
    let development = Environment::development();
    let born = (FileId::mint(Timestamp::UNIX_EPOCH, [1; 10]), [2; 32], Timestamp::UNIX_EPOCH);
    drop(Store::open_or_create(&path, &development, || born).unwrap());
    let sound = std::fs::read(&path).unwrap();
    feed("header", 150, |input| {
        // In front of the pages of another file, in front of pages it names, by itself, and cut short.
        let mut bent = sound.clone();
        let length = input.len().min(512);
        bent[..length].copy_from_slice(&input[..length]);
        let mut own = sound.clone();
        for (byte, bend) in own.iter_mut().zip(input).take(64) {
            *byte ^= bend & 0x11;
        }
        for bytes in [bent.as_slice(), &own, input, &sound[..sound.len().min(input.len() * 40)]] {
            std::fs::write(&path, bytes).unwrap();
            match Store::open(&path, &development) {
                Ok(store) => assert_eq!(store.stamp().environment, development),
                Err(error) => assert!(!error.to_string().is_empty()),
            }
        }
    });
}
