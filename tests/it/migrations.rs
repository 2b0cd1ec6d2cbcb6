//! Data files written by older versions.

use std::collections::BTreeMap;
use std::path::Path;

use atlas::app::Error;
use atlas::domain::accounts::preferences::Preferences;
use atlas::domain::habits::day_log::{DayLog, Note};
use atlas::domain::habits::goal::GoalPeriod;
use atlas::domain::habits::import_record::{ImportRecord, RecordedHabit};
use atlas::domain::habits::rule::Rule;
use atlas::domain::{
    Amount, Day, Emoji, Environment, Frequency, Goal, GroupName, HabitColor, ImportId, Tags, TimeOfDay, Unit, Window,
};
use atlas::store::backup::verification;
use atlas::store::migrations::Migrations;
use atlas::store::tables::{accounts, completions, day_logs, habits, imports, schema};
use atlas::store::{Store, migrations};

/// A file of schema 1: Ada in Los Angeles has two active habits and an archived one.
const SCHEMA_1: &str = "tests/old/schema-1.redb";

#[test]
fn schedules_of_a_schema_1_file_start_in_the_owners_time_zone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("atlas.redb");
    std::fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join(SCHEMA_1), &path).unwrap();
    let before = std::fs::read(&path).unwrap();
    let refused =
        Store::open(&path, &Environment::development(), Migrations::BUILT_IN).map(drop).unwrap_err().to_string();
    assert!(refused.contains("has schema 1") && refused.contains("atlas migrate up"), "{refused}");
    assert_eq!(std::fs::read(&path).unwrap(), before, "the refused open changed the file");
    let newest = Migrations::BUILT_IN.newest_schema();
    migrations::migrate_file(&path, &Environment::development(), Migrations::BUILT_IN, newest).unwrap();
    for _ in 0..2 {
        let store = Store::open(&path, &Environment::development(), Migrations::BUILT_IN).unwrap();
        let ada = store
            .read(|view| accounts::find_by_email(view, &atlas::domain::Email::parse("ada@example.com").unwrap()))
            .unwrap()
            .unwrap();
        assert_eq!(ada.preferences, Preferences::default(), "new preferences do not have their defaults");
        let habits = store.read(|view| habits::list_all(view, ada.id)).unwrap();
        let summaries: Vec<_> = habits
            .iter()
            .map(|habit| {
                (
                    habit.title.as_str(),
                    habit.schedule.start().to_string(),
                    habit.schedule.weekdays().summary(),
                    habit.is_active(),
                )
            })
            .collect();
        // Midnight UTC is still the previous day in Los Angeles.
        let expected = [
            ("Read 10 pages", "2026-01-04", "Every day", true),
            ("Bins out", "2026-01-05", "Mon", true),
            ("Given up", "2026-01-06", "Tue, Thu", false),
        ];
        assert_eq!(
            summaries,
            expected.map(|(title, began, days, is_active)| (title, began.to_owned(), days.to_owned(), is_active))
        );
        assert!(
            !habits[2].schedule.is_scheduled(Day::parse("2199-12-31").unwrap()),
            "an archived habit is still scheduled"
        );
        let done = store.read(|view| completions::find_all(view, ada.id)).unwrap();
        let days: Vec<String> = done[&habits[0].id].days().map(|day| day.to_string()).collect();
        assert_eq!(days, ["2026-02-10", "2026-02-11", "2026-02-12"]);
    }
}

/// Ada's habits in every file under tests/old: title and whether it is active.
const HABITS: [(&str, bool); 3] = [("Read 10 pages", true), ("Bins out", true), ("Given up", false)];

#[test]
fn a_file_of_every_schema_opens_migrates_up_and_back_down() {
    let newest = Migrations::BUILT_IN.newest_schema();
    for number in 1..=schema::VERSION {
        let what = format!("schema {number}");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("atlas.redb");
        let old = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/old/schema-{number}.redb"));
        std::fs::copy(old, &path).unwrap();
        let development = Environment::development();
        let before = verification::verify(&path, &development).unwrap();
        assert_eq!(before.schema, number, "{what}");
        if number < newest {
            let refused = Store::open(&path, &development, Migrations::BUILT_IN).map(drop).unwrap_err().to_string();
            assert!(refused.contains(&format!("has schema {number}")), "{refused}");
            migrations::migrate_file(&path, &development, Migrations::BUILT_IN, newest).unwrap();
        }
        let store = Store::open(&path, &development, Migrations::BUILT_IN).unwrap();
        let email = atlas::domain::Email::parse("ada@example.com").unwrap();
        let ada = store.read(|view| accounts::find_by_email(view, &email)).unwrap().unwrap();
        let habits = store.read(|view| habits::list_all(view, ada.id)).unwrap();
        let found: Vec<_> = habits.iter().map(|habit| (habit.title.as_str(), habit.is_active())).collect();
        assert_eq!(found, HABITS, "{what}");
        let done = store.read(|view| completions::find_all(view, ada.id)).unwrap();
        let days: Vec<String> = done[&habits[0].id].days().map(|day| day.to_string()).collect();
        assert_eq!(days, ["2026-02-10", "2026-02-11", "2026-02-12"], "{what}");
        drop(store);
        if number < newest {
            migrations::migrate_file(&path, &development, Migrations::BUILT_IN, number).unwrap();
            let after = verification::verify(&path, &development).unwrap();
            // Opening an older file adds the MAC of its stamp to the table `key`.
            let expected =
                before.rows.into_iter().map(|(table, rows)| if table == "key" { (table, 2) } else { (table, rows) });
            assert_eq!(
                (after.schema, after.rows),
                (number, expected.collect()),
                "{what}: migrating up and down changed the file"
            );
        }
    }
}

#[tokio::test]
async fn migrating_down_counts_everything_that_older_schemas_have_no_place_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("atlas.redb");
    let newest = format!("tests/old/schema-{}.redb", schema::VERSION);
    std::fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join(newest), &path).unwrap();
    let development = Environment::development();
    let store = Store::open(&path, &development, Migrations::BUILT_IN).unwrap();
    let email = atlas::domain::Email::parse("ada@example.com").unwrap();
    let ada = store.read(|view| accounts::find_by_email(view, &email)).unwrap().unwrap().id;
    let day = Day::parse("2026-02-12").unwrap();
    store
        .write(move |txn| {
            let mut habits = habits::list_all(txn, ada)?;
            // One of the three habits has tags, two have a group, and all have a time of day.
            habits[0].tags = Tags::parse(["home"]).unwrap();
            habits[0].unit = Unit::parse("km").unwrap();
            habits[0].color = Some(HabitColor::Teal);
            habits[1].emoji = Emoji::parse("📖").unwrap();
            let frequency = Frequency::parse_times(3, Window::CalendarWeek).unwrap();
            let goal = Goal::AtMost { target: Amount::ONE, per: GoalPeriod::Day };
            let rule = habits[0].schedule.rule();
            habits[0].schedule.change_from(day, Rule { frequency, ..rule });
            habits[1].schedule.change_from(day, Rule { goal, ..rule });
            for habit in &mut habits[..2] {
                habit.group = GroupName::parse("Health").unwrap();
            }
            for habit in &mut habits {
                habit.time_of_day = Some(TimeOfDay::Morning);
                habit.step = Some(Amount::ONE);
                habits::put(txn, ada, habit)?;
            }
            let log = DayLog { note: Note::parse("far").unwrap(), ..DayLog::default() };
            day_logs::put(txn, ada, day, habits[0].id, &log)?;
            let id = ImportId::from_bytes([7; 16]);
            let added = BTreeMap::from([(habits[2].id, RecordedHabit::default())]);
            imports::add(txn, ada, &ImportRecord::new(id, jiff::Timestamp::UNIX_EPOCH, None, added, None).unwrap())?;
            Ok::<_, Error>(())
        })
        .await
        .unwrap();
    drop(store);
    let losses = migrations::count_losses(&path, &development, Migrations::BUILT_IN, 4).unwrap();
    let losses: Vec<(&str, u64)> = losses.iter().map(|loss| (loss.what.as_str(), loss.number)).collect();
    assert_eq!(
        losses,
        [
            ("records for undoing imports", 1),
            ("colors of habits", 1),
            ("emoji of habits", 1),
            ("tags of habits", 1),
            ("groups of habits", 2),
            ("times of day of habits", 3),
            ("units of habits", 1),
            ("amounts of one tap of habits", 3),
            ("frequencies other than days of the week", 1),
            ("goals with amounts", 1),
            ("days with amounts, notes or skips", 1),
        ]
    );
    migrations::migrate_file(&path, &development, Migrations::BUILT_IN, 4).unwrap();
    assert_eq!(migrations::count_losses(&path, &development, Migrations::BUILT_IN, 3).unwrap(), []);
}
