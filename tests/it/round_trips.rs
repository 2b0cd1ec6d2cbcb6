//! What goes out comes back in: random accounts by way of Atlas's own export, and by way of those for Loop Habit Tracker.

use std::collections::{BTreeMap, BTreeSet};

use atlas::app::Error;
use atlas::app::identity::sessions;
use atlas::domain::habits::day_log::{AmountEntry, DayLog, Note};
use atlas::domain::habits::goal::GoalPeriod;
use atlas::domain::habits::recent_changes::RecentChanges;
use atlas::domain::habits::rule::Rule;
use atlas::domain::habits::schedule::ScheduleVersion;
use atlas::domain::{
    AccountId, Amount, Day, Description, Emoji, EntryId, Frequency, Goal, GroupName, Habit, HabitColor, HabitId,
    History, Pause, ReminderTimes, Schedule, Tags, TimeOfDay, Title, Unit, Weekdays, Window,
};
use atlas::store::tables::{completions, day_logs, habits};
use jiff::{SignedDuration, Timestamp};
use proptest::option;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::exchange::export_for;
use crate::test_user::TestUser;
use crate::world::World;

/// Everything of an account's habits.
#[derive(Debug, Clone, PartialEq)]
struct AccountData {
    /// In the user's order; their places are the numbers from 0 on.
    habits: Vec<Habit>,
    done: BTreeMap<HabitId, History>,
    logs: Vec<(Day, HabitId, DayLog)>,
}

/// A habit with its days.
type HabitWithDays = (Habit, Vec<(Day, RandomDay)>);

#[derive(Debug, Clone)]
struct RandomDay {
    /// Minutes after midnight, if the time is known.
    done: Option<Option<i64>>,
    log: DayLog,
}

fn day(offset: i32) -> Day {
    Day::parse("2026-02-12").unwrap().add_days(-offset)
}

fn pause((first, length): (i32, Option<i32>)) -> Pause {
    Pause { first: day(first), last: length.map(|days| day(first).add_days(days)) }
}

fn text(max_chars: usize) -> impl Strategy<Value = String> {
    let words = prop_oneof!["[a-zA-Z0-9 ,.;:'\"=+@#/-]", "[äßéñøçあ読書😀👍]", "\\PC"];
    prop::collection::vec(words, 1..=max_chars).prop_map(|parts| parts.concat())
}

fn paragraph() -> impl Strategy<Value = String> {
    prop::collection::vec(text(40), 1..4).prop_map(|lines| lines.join("\n"))
}

fn weekdays() -> impl Strategy<Value = Weekdays> {
    prop::collection::vec(1_i64..=7, 1..8).prop_map(|days| Weekdays::parse(days).unwrap())
}

fn frequencies() -> impl Strategy<Value = Frequency> {
    let windows = prop_oneof![
        Just(Window::CalendarWeek),
        Just(Window::CalendarMonth),
        (1_i64..=366).prop_map(|days| Window::parse_rolling(days).unwrap()),
    ];
    let times = (1_i64..=366, windows);
    let times = times.prop_filter_map("too many times", |(times, window)| Frequency::parse_times(times, window).ok());
    let interval =
        (1_i64..=366, 0..700).prop_map(|(days, anchor)| Frequency::parse_interval(days, day(anchor)).unwrap());
    prop_oneof![Just(Frequency::Weekdays), times, interval]
}

fn amounts() -> impl Strategy<Value = Amount> {
    prop_oneof![0_u64..20_000, 0..=Amount::MAX.thousandths()].prop_map(|n| Amount::from_thousandths(n).unwrap())
}

fn goals() -> impl Strategy<Value = Goal> {
    let per = prop::sample::select(vec![GoalPeriod::Day, GoalPeriod::Week, GoalPeriod::Month]);
    let amount = (amounts(), per, any::<bool>());
    let amount = amount.prop_map(
        |(target, per, is_limit)| {
            if is_limit { Goal::AtMost { target, per } } else { Goal::AtLeast { target, per } }
        },
    );
    prop_oneof![Just(Goal::YesNo), amount]
}

fn schedules(goals: impl Strategy<Value = Goal>) -> impl Strategy<Value = Schedule> {
    let rules =
        (weekdays(), frequencies(), goals).prop_map(|(weekdays, frequency, goal)| Rule { weekdays, frequency, goal });
    let later = prop::collection::vec((1..200_i32, option::weighted(0.8, rules.prop_map(Some))), 0..5);
    (800..1_000_i32, later).prop_map(|(start, mut later)| {
        // The first version plans something.
        later.insert(0, (0, Some(Some(Rule::default()))));
        let mut from = day(start);
        let versions = later.into_iter().map(|(gap, rule)| {
            from = from.add_days(gap);
            ScheduleVersion::new(from, rule.flatten())
        });
        Schedule::try_from(versions.collect::<Vec<_>>()).unwrap()
    })
}

fn times() -> impl Strategy<Value = Timestamp> {
    (1_500_000_000_i64..1_770_000_000, 0..1_000_000_000_i32).prop_map(|(s, n)| Timestamp::new(s, n).unwrap())
}

fn logs() -> impl Strategy<Value = DayLog> {
    let entry = (any::<[u8; 16]>(), amounts(), times());
    let entry =
        entry.prop_map(|(id, amount, recorded_at)| AmountEntry { id: EntryId::from_bytes(id), amount, recorded_at });
    let note = option::of(paragraph().prop_map(|text| Note::parse(&text).ok().flatten()));
    let entries = prop_oneof![3 => Just(Vec::new()), 1 => prop::collection::vec(entry, 1..4)];
    (entries, note, any::<bool>()).prop_map(|(entries, note, is_skipped)| DayLog {
        entries,
        note: note.flatten(),
        is_skipped,
    })
}

fn days() -> impl Strategy<Value = Vec<(Day, RandomDay)>> {
    let state = (option::of(option::of(0..1_440_i64)), option::weighted(0.3, logs()));
    let state = state.prop_map(|(done, log)| {
        let mut log = log.unwrap_or_default();
        // A completed day isn't skipped.
        log.is_skipped &= done.is_none();
        RandomDay { done, log }
    });
    prop::collection::btree_map(0..900_i32, state, 0..30)
        .prop_map(|days| days.into_iter().map(|(offset, state)| (day(offset), state)).collect())
}

/// A habit of which everything is set that an account can have.
fn habits_with(goals: impl Strategy<Value = Goal>) -> impl Strategy<Value = HabitWithDays> {
    let texts = (text(40).prop_filter_map("no title", |text| Title::parse(&text).ok()), option::of(paragraph()));
    let identity = (any::<[u8; 16]>(), texts, times(), times(), option::weighted(0.2, times()));
    let reminders = prop::collection::btree_set(0..1_440_i64, 0..=3);
    let looks = (
        option::of(prop::sample::select(HabitColor::ALL.to_vec())),
        option::of(prop::sample::select(vec!["📖", "❤", "👨‍👩‍👧"])),
        prop::collection::vec(text(20), 0..4),
        option::of(text(20)),
        option::of(prop::sample::select(TimeOfDay::ALL.to_vec())),
        option::of(text(15)),
        option::of(amounts()),
        prop::collection::vec((0..900_i32, option::of(0..30_i32)), 0..3),
    );
    (identity, reminders, looks, schedules(goals), days()).prop_map(|(identity, reminders, looks, schedule, days)| {
        let (id, (title, description), created_at, updated_at, archived_at) = identity;
        let (color, emoji, tags, group, time_of_day, unit, step, pauses) = looks;
        let habit = Habit {
            id: HabitId::from_bytes(id),
            title,
            description: description.and_then(|text| Description::parse(&text).ok().flatten()),
            reminder_times: ReminderTimes::parse(&Vec::from_iter(reminders)).unwrap(),
            schedule,
            position: 0,
            created_at,
            updated_at,
            archived_at,
            recent_changes: RecentChanges::default(),
            color,
            emoji: emoji.and_then(|emoji| Emoji::parse(emoji).unwrap()),
            tags: Tags::parse(tags).unwrap_or_default(),
            group: group.and_then(|group| GroupName::parse(&group).ok().flatten()),
            time_of_day,
            unit: unit.and_then(|unit| Unit::parse(&unit).ok().flatten()),
            step: step.filter(|step| !step.is_zero()),
            pauses: pauses.into_iter().map(pause).collect::<Vec<_>>().into(),
        };
        (habit, days)
    })
}

/// So many random accounts, the same in every run. `ATLAS_TESTS=long` tries fifty times as many.
fn accounts(count: usize, goals: impl Strategy<Value = Goal> + 'static) -> impl Iterator<Item = Vec<HabitWithDays>> {
    let is_long = std::env::vars_os().any(|(name, value)| name == "ATLAS_TESTS" && value == "long");
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(Config { failure_persistence: None, ..Config::default() }, rng);
    let strategy = prop::collection::vec(habits_with(goals), 1..8);
    (0..if is_long { 50 * count } else { count }).map(move |_| strategy.new_tree(&mut runner).unwrap().current())
}

fn account_id(world: &World, user: &TestUser) -> AccountId {
    let token = user.cookie("atlas-development").unwrap();
    sessions::find_member(&world.state.app, &token).unwrap().unwrap().account.id
}

/// Replaces a user's habits.
async fn store(world: &World, user: &TestUser, account: Vec<HabitWithDays>) -> AccountData {
    let me = account_id(world, user);
    let write = move |txn: &mut atlas::store::WriteTxn<'_, '_>| {
        for habit in habits::list_all(txn, me)? {
            habits::remove(txn, me, habit.id)?;
        }
        completions::remove_all(txn, me)?;
        day_logs::remove_all(txn, me)?;
        for (position, (habit, days)) in (0..).zip(&account) {
            habits::put(txn, me, &Habit { position, ..habit.clone() })?;
            for (day, state) in days {
                if let Some(minute) = state.done {
                    let mut year = completions::find_habit_year(txn, me, day.year(), habit.id)?;
                    let midnight = day.date().to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp();
                    let at = minute.map_or(Timestamp::UNIX_EPOCH, |n| midnight + SignedDuration::from_mins(n));
                    year.complete(*day, at);
                    completions::put(txn, me, day.year(), habit.id, &year);
                }
                day_logs::put(txn, me, *day, habit.id, &state.log)?;
            }
        }
        Ok::<_, Error>(())
    };
    world.state.app.store.write(write).await.unwrap();
    load(world, user)
}

fn load(world: &World, user: &TestUser) -> AccountData {
    let me = account_id(world, user);
    let load = |txn: &atlas::store::ReadTxn| {
        Ok::<_, Error>(AccountData {
            habits: habits::list_all(txn, me)?,
            done: completions::find_all(txn, me)?,
            logs: day_logs::list_all(txn, me)?,
        })
    };
    world.state.app.store.read(load).unwrap()
}

async fn import(user: &TestUser, file: &[u8]) -> serde_json::Value {
    let headers = [("content-type", "application/json")];
    user.request("POST", "/api/account/imports/self", &headers, file).await.assert_status(200).data()
}

#[tokio::test]
async fn every_account_comes_back_from_its_export_as_it_was() {
    let world = World::new().await;
    let (ada, ben) = (world.signed_in_user("ada").await, world.signed_in_user("ben").await);
    for account in accounts(12, goals()) {
        let sent = store(&world, &ada, account).await;
        store(&world, &ben, Vec::new()).await;
        let file = ada.get("/api/account/exports/self").await.assert_status(200).body;
        let report = import(&ben, &file).await;
        assert_eq!((&report["repairs"], &report["skipped"]), (&serde_json::json!([]), &serde_json::json!([])));
        pretty_assert(&load(&world, &ben), &sent);
        assert_eq!(import(&ben, &file).await["import"], serde_json::Value::Null, "importing it again adds something");
    }
}

/// Compares part by part, so that a failure is readable.
fn pretty_assert(found: &AccountData, sent: &AccountData) {
    assert_eq!(found.habits.len(), sent.habits.len());
    for (found, sent) in found.habits.iter().zip(&sent.habits) {
        assert_eq!(found, sent);
    }
    assert_eq!(found.done, sent.done);
    assert_eq!(found.logs, sent.logs);
}

/// The accounts of which Loop knows nearly everything: a habit always had one goal, and a day has an amount or not.
fn loop_accounts() -> impl Iterator<Item = Vec<HabitWithDays>> {
    accounts(6, goals()).map(|mut account| {
        for (habit, days) in &mut account {
            let goal = habit.schedule.rule().goal;
            let goal = if let Goal::AtLeast { per, .. } = goal {
                Goal::AtLeast { target: one_or_more(goal), per }
            } else {
                goal
            };
            let versions = habit.schedule.versions().map(|version| ScheduleVersion { goal, ..version });
            habit.schedule = Schedule::try_from(versions.collect::<Vec<_>>()).unwrap();
            for (_, day) in days {
                if goal.has_amounts() {
                    day.done = None;
                    day.log.is_skipped &= day.log.entries.is_empty();
                } else {
                    day.log.entries.clear();
                }
            }
        }
        account
    })
}

/// The target, unless nothing would be asked for.
fn one_or_more(goal: Goal) -> Amount {
    goal.target().map_or(Amount::ONE, |(target, _)| target.max(Amount::from_thousandths(1).unwrap()))
}

/// What Loop knows of an account, by the place of the habit.
fn known_to_loop(account: &AccountData) -> Vec<LoopHabit> {
    let habits = account.habits.iter().map(|habit| {
        let rule = habit.schedule.rule();
        let logs = account.logs.iter().filter(|(_, id, _)| *id == habit.id);
        let ratio = rule.frequency.ratio(rule.weekdays);
        let has_amounts = rule.goal.has_amounts();
        LoopHabit {
            title: habit.title.as_str().to_owned(),
            description: habit.description.clone(),
            color: habit.color,
            is_archived: habit.archived_at.is_some(),
            ratio: if has_amounts || ratio.times >= ratio.days { (1, 1) } else { (ratio.times, ratio.days) },
            goal: rule.goal,
            unit: habit.unit.clone().filter(|_| has_amounts),
            amounts: logs.clone().filter_map(|(day, _, log)| Some((*day, loop_amount(log.amount()?)?))).collect(),
            done: account.done.get(&habit.id).into_iter().flat_map(History::days).collect(),
            skipped: logs.clone().filter(|(.., log)| log.is_skipped).map(|(day, ..)| *day).collect(),
            notes: logs.filter_map(|(day, _, log)| Some((*day, log.note.clone()?))).collect(),
        }
    });
    habits.collect()
}

/// In Loop, an amount of 3 thousandths would be a skipped day, and 0 is no amount.
fn loop_amount(amount: Amount) -> Option<Amount> {
    let thousandths = amount.thousandths();
    Amount::from_thousandths(if thousandths == 3 { 4 } else { thousandths }).filter(|amount| !amount.is_zero())
}

#[derive(Debug, PartialEq)]
struct LoopHabit {
    title: String,
    description: Option<Description>,
    color: Option<HabitColor>,
    is_archived: bool,
    ratio: (u16, u16),
    goal: Goal,
    unit: Option<Unit>,
    amounts: Vec<(Day, Amount)>,
    done: BTreeSet<Day>,
    skipped: BTreeSet<Day>,
    notes: Vec<(Day, Note)>,
}

#[tokio::test]
async fn everything_that_loop_knows_comes_back_from_its_backup_and_its_tables() {
    let world = World::new().await;
    let (ada, ben) = (world.signed_in_user("ada").await, world.signed_in_user("ben").await);
    for account in loop_accounts() {
        let sent = store(&world, &ada, account).await;
        for format in ["loop", "loop-csv"] {
            store(&world, &ben, Vec::new()).await;
            let file = export_for(&ada, format).await;
            import(&ben, &file).await;
            let found = load(&world, &ben);
            assert_eq!(known_to_loop(&found), known_to_loop(&sent), "{format}");
            if format == "loop" {
                let ids = |account: &AccountData| account.habits.iter().map(|habit| habit.id).collect::<Vec<_>>();
                assert_eq!(ids(&found), ids(&sent));
                assert!(export_for(&ben, format).await == file, "the backup differs after a round trip");
            }
        }
    }
}
