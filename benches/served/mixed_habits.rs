//! Today with habits of every kind, against Today with as many yes/no habits. All have a year of history.

use jiff::ToSpan;
use serde_json::{Value, json};

use crate::comparison::HttpBench;
use crate::pages::{HABITS, rendered_requests};
use crate::server::{Member, today};
use crate::table::Table;

const DAYS: i64 = 365;

/// Measures both, and bounds their ratio.
pub async fn measure(bench: &mut HttpBench<'_>, table: &mut Table) {
    let (mut plain, mut mixed) =
        (Member::create(bench.atlas, "plain").await, Member::create(bench.atlas, "mixed").await);
    plain.import(&data_file(|_| HabitKind::YesNo)).await;
    mixed.import(&data_file(HabitKind::of_position)).await;
    let names = ["30 yes/no habits", "GET /today, 30 mixed habits"];
    let requests = |index: usize, connection| rendered_requests([&plain, &mixed][index], "/today?", connection);
    let [plain, mixed] = bench.compare_scripts(names, "20", requests).await;
    table.add(mixed.cpu_row_against(&plain).at_most(1.5));
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum HabitKind {
    YesNo,
    TimesAWeek,
    TimesAMonth,
    RollingTimes,
    EveryFiveDays,
    /// An amount to reach each day.
    Amount,
    /// An amount to reach each week.
    WeeklyAmount,
    Limit,
}

impl HabitKind {
    fn of_position(position: usize) -> Self {
        match position {
            0..10 => Self::YesNo,
            10..15 => Self::TimesAWeek,
            15..17 => Self::TimesAMonth,
            17..19 => Self::RollingTimes,
            19..22 => Self::EveryFiveDays,
            22..27 => Self::Amount,
            27..29 => Self::WeeklyAmount,
            _ => Self::Limit,
        }
    }

    fn has_amounts(self) -> bool {
        matches!(self, Self::Amount | Self::WeeklyAmount | Self::Limit)
    }

    /// Whether something is recorded on the n-th day. The current week and month get too little, so that all habits are on Today.
    fn is_used(self, number: i64) -> bool {
        match self {
            Self::TimesAWeek => number % 7 < 3 && number < DAYS - 7,
            Self::TimesAMonth => number % 4 == 0 && number < DAYS - 31,
            Self::RollingTimes => number % 2 == 0,
            Self::EveryFiveDays => number % 5 == 0,
            Self::WeeklyAmount => number < DAYS - 7,
            Self::YesNo | Self::Amount | Self::Limit => true,
        }
    }

    fn schedule(self, first: &str) -> Value {
        let times = |times: u32, window: Value| json!({ "kind": "times", "times": times, "window": window });
        let frequency = match self {
            Self::TimesAWeek => times(3, json!("week")),
            Self::TimesAMonth => times(8, json!("month")),
            Self::RollingTimes => times(3, json!({ "rolling": 7 })),
            Self::EveryFiveDays => json!({ "kind": "interval", "days": 5, "anchor": first }),
            _ => json!({ "kind": "weekdays" }),
        };
        let goal = match self {
            Self::Amount => json!({ "kind": "atLeast", "target": 10_000, "per": "day" }),
            Self::WeeklyAmount => json!({ "kind": "atLeast", "target": 10_000, "per": "week" }),
            Self::Limit => json!({ "kind": "atMost", "target": 20_000, "per": "day" }),
            _ => json!({ "kind": "yesNo" }),
        };
        json!([{ "from": first, "weekdays": [1, 2, 3, 4, 5, 6, 7], "frequency": frequency, "goal": goal }])
    }
}

/// An export of a year of habits. Where not all are yes/no habits, days are skipped and have notes now and then.
fn data_file(kind: impl Fn(usize) -> HabitKind) -> Value {
    let first = today() - DAYS.days();
    let (mut habits, mut completions, mut logs) = (Vec::new(), Vec::new(), Vec::new());
    let is_mixed = (0..HABITS).any(|position| kind(position) != HabitKind::YesNo);
    for (offset, position) in (0_i64..).zip(0..HABITS) {
        let (kind, id) = (kind(position), format!("0190c7a0-0000-7000-8000-{position:012}"));
        habits.push(json!({
            "id": id,
            "title": format!("Habit {position}"),
            "sortOrder": position,
            "createdAt": format!("{first}T00:00:00Z"),
            "activeWeekdays": [1, 2, 3, 4, 5, 6, 7],
            "schedule": kind.schedule(&first.to_string()),
        }));
        for number in (0..DAYS).filter(|number| kind.is_used(*number)) {
            let date = first + number.days();
            let is_skipped = is_mixed && (number + 3 * offset) % 41 == 0;
            let has_note = is_mixed && (number + offset) % 17 == 0;
            let mut log = json!({ "habitId": id, "date": date.to_string() });
            if kind.has_amounts() {
                let entry = format!("0190c7a0-0000-7000-8000-{:012}", number * 100 + offset);
                log["entries"] = json!([{ "id": entry, "amount": 12_000, "recordedAt": format!("{date}T12:00:00Z") }]);
            } else if is_skipped {
                log["isSkipped"] = json!(true);
            } else {
                completions.push(
                    json!({ "habitId": id, "date": date.to_string(), "completedAt": format!("{date}T07:00:00Z") }),
                );
            }
            if has_note {
                log["note"] = json!("Went well.");
            }
            if log.as_object().is_some_and(|log| log.len() > 2) {
                logs.push(log);
            }
        }
    }
    json!({ "schemaVersion": 2, "habits": habits, "completions": completions, "dayLogs": logs })
}
