//! Files that older binaries wrote.

use std::path::Path;

use atlas::domain::preferences::Preferences;
use atlas::domain::{Day, Environment};
use atlas::store::{Store, accounts, completions, habits, migrations, schema, snapshot};

/// A real file of schema 1: Ada in Los Angeles keeps two habits, and put one away.
const SCHEMA_1: &str = "tests/old/schema-1.redb";

#[test]
fn a_file_of_schema_1_opens_with_schedules_that_began_where_its_owner_lives() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("atlas.redb");
    std::fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join(SCHEMA_1), &path).unwrap();
    let before = std::fs::read(&path).unwrap();
    let refused = Store::open(&path, &Environment::development()).map(drop).unwrap_err().to_string();
    assert!(refused.contains("has schema 1") && refused.contains("atlas migrate up"), "{refused}");
    assert_eq!(std::fs::read(&path).unwrap(), before, "looking changes nothing");
    migrations::lead(&path, &Environment::development(), migrations::newest()).unwrap();
    for _ in 0..2 {
        let store = Store::open(&path, &Environment::development()).unwrap();
        let ada = store
            .read(|view| accounts::with_email(view, &atlas::domain::Email::parse("ada@example.com").unwrap()))
            .unwrap()
            .unwrap();
        assert_eq!(ada.preferences, Preferences::default(), "what she was never asked is as it is for everybody");
        let habits = store.read(|view| habits::all(view, ada.id)).unwrap();
        let told: Vec<_> = habits
            .iter()
            .map(|habit| {
                (
                    habit.title.as_str(),
                    habit.schedule.began().to_string(),
                    habit.schedule.weekdays().summary(),
                    habit.is_active(),
                )
            })
            .collect();
        // Midnight in Greenwich is still the day before in Los Angeles.
        let expected = [
            ("Read 10 pages", "2026-01-04", "Every day", true),
            ("Bins out", "2026-01-05", "Mon", true),
            ("Given up", "2026-01-06", "Tue, Thu", false),
        ];
        assert_eq!(told, expected.map(|(title, began, days, kept)| (title, began.to_owned(), days.to_owned(), kept)));
        assert!(!habits[2].schedule.plans(Day::parse("2199-12-31").unwrap()), "what was put away is planned no more");
        let done = store.read(|view| completions::of_account(view, ada.id)).unwrap();
        let days: Vec<String> = done[&habits[0].id].days().map(|day| day.to_string()).collect();
        assert_eq!(days, ["2026-02-10", "2026-02-11", "2026-02-12"]);
    }
}

/// What every file under tests/old holds of Ada: title and whether it is kept.
const HABITS: [(&str, bool); 3] = [("Read 10 pages", true), ("Bins out", true), ("Given up", false)];

#[test]
fn a_file_of_every_schema_opens_goes_up_and_comes_back() {
    for number in 1..=schema::VERSION {
        let what = format!("schema {number}");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("atlas.redb");
        let old = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/old/schema-{number}.redb"));
        std::fs::copy(old, &path).unwrap();
        let development = Environment::development();
        let before = snapshot::prove(&path, &development).unwrap();
        assert_eq!(before.schema, number, "{what}");
        if number < migrations::newest() {
            let refused = Store::open(&path, &development).map(drop).unwrap_err().to_string();
            assert!(refused.contains(&format!("has schema {number}")), "{refused}");
            migrations::lead(&path, &development, migrations::newest()).unwrap();
        }
        let store = Store::open(&path, &development).unwrap();
        let email = atlas::domain::Email::parse("ada@example.com").unwrap();
        let ada = store.read(|view| accounts::with_email(view, &email)).unwrap().unwrap();
        let habits = store.read(|view| habits::all(view, ada.id)).unwrap();
        let found: Vec<_> = habits.iter().map(|habit| (habit.title.as_str(), habit.is_active())).collect();
        assert_eq!(found, HABITS, "{what}");
        let done = store.read(|view| completions::of_account(view, ada.id)).unwrap();
        let days: Vec<String> = done[&habits[0].id].days().map(|day| day.to_string()).collect();
        assert_eq!(days, ["2026-02-10", "2026-02-11", "2026-02-12"], "{what}");
        drop(store);
        if number < migrations::newest() {
            migrations::lead(&path, &development, number).unwrap();
            let after = snapshot::prove(&path, &development).unwrap();
            // Opening seals the stamp of a file from before there were seals, beside the file's key.
            let sealed =
                before.rows.into_iter().map(|(table, rows)| if table == "key" { (table, 2) } else { (table, rows) });
            assert_eq!((after.schema, after.rows), (number, sealed.collect()), "{what}: it came back as it was");
        }
    }
}
