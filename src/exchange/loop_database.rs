//! The backup of Loop Habit Tracker: a database with the tables `Habits` and `Repetitions`.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::domain::habits::habit::MAX_HABITS;
use crate::domain::{Day, Weekdays, Zone};
use crate::exchange::color::{LOOP_PALETTE, Rgb};
use crate::exchange::error::ExchangeError;
use crate::exchange::habit::{DayMark, ExchangeDay, ExchangeFile, ExchangeHabit, HabitAlarm, HabitKind};
use crate::exchange::loop_values::{LOOP, join_texts, read_plan, read_value};
use crate::exchange::thousandths::to_thousandths;
use crate::formats::sqlite::reader::{SqlRow, SqliteReader};

/// The versions of its tables that exist.
const VERSIONS: std::ops::RangeInclusive<u32> = 9..=25;

/// Whether a database is such a backup.
pub fn recognizes(database: &SqliteReader<'_>) -> bool {
    database.has_table("Habits") && database.has_table("Repetitions")
}

/// Reads a backup of any version.
///
/// # Errors
/// [`ExchangeError`].
pub fn read(database: &SqliteReader<'_>) -> Result<ExchangeFile, ExchangeError> {
    let version = database.user_version();
    if !VERSIONS.contains(&version) {
        return Err(ExchangeError::LoopVersion(version));
    }
    let mut found: BTreeMap<i64, (i64, ExchangeHabit)> = BTreeMap::new();
    let mut file = ExchangeFile::new(LOOP);
    database.for_each_row::<ExchangeError>("Habits", |row| {
        if found.len() >= MAX_HABITS {
            return Err(ExchangeError::TooManyHabits);
        }
        let id = row.integer("id").unwrap_or(row.id());
        found.insert(id, (row.integer("position").unwrap_or(i64::MAX), read_habit(row, id, version)));
        Ok(())
    })?;
    let mut orphans = 0_usize;
    database.for_each_row::<ExchangeError>("Repetitions", |row| {
        match row.integer("habit").and_then(|id| found.get_mut(&id)) {
            Some((_, habit)) => read_repetition(row, habit),
            None => orphans += 1,
        }
        Ok(())
    })?;
    let mut in_order: Vec<(i64, ExchangeHabit)> = found.into_values().collect();
    in_order.sort_by_key(|(position, _)| *position);
    for (_, habit) in in_order {
        file.push(habit)?;
    }
    if orphans > 0 {
        file.left_out.push(format!("{orphans} days belong to no habit in this file."));
    }
    Ok(file)
}

fn read_habit(row: &SqlRow<'_>, id: i64, version: u32) -> ExchangeHabit {
    let integer = |column: &str| row.integer(column).unwrap_or_default();
    let uuid = row.text("uuid");
    let name = row.text("name");
    let (question, description) = match version {
        23.. => (row.text("question"), row.text("description")),
        _ => (row.text("description"), String::new()),
    };
    let kind = match integer("type") {
        1 => HabitKind::Amount {
            target: to_thousandths(row.get("target_value").as_f64().unwrap_or_default()),
            is_limit: integer("target_type") == 1,
        },
        _ => HabitKind::YesNo,
    };
    let unit = row.text("unit");
    let (frequency, goal_period) = read_plan(kind, integer("freq_num"), integer("freq_den"));
    ExchangeHabit {
        key: if uuid.is_empty() { format!("loop-{id}-{name}") } else { uuid },
        name,
        description: join_texts(&question, &description),
        color: read_color(integer("color"), version),
        kind,
        unit: if kind == HabitKind::YesNo { String::new() } else { unit },
        goal_period,
        frequency,
        is_archived: integer("archived") != 0,
        reminders: read_reminder(row).into_iter().collect(),
        ..ExchangeHabit::default()
    }
}

/// Bit 0 of the mask is Saturday, bit 1 Sunday, and so on.
fn read_reminder(row: &SqlRow<'_>) -> Option<HabitAlarm> {
    let (hour, minute) = (row.integer("reminder_hour")?, row.integer("reminder_min")?);
    let mask = row.integer("reminder_days").unwrap_or(127);
    let weekdays = (0..7).filter(|bit| mask >> bit & 1 == 1).map(|bit| (bit + 5) % 7 + 1);
    let is_time = (0..24).contains(&hour) && (0..60).contains(&minute);
    is_time.then(|| HabitAlarm {
        minute: hour * 60 + minute,
        weekdays: Weekdays::parse(weekdays).unwrap_or(Weekdays::ALL),
    })
}

/// The color by the palette of the version: an index, of an older and shorter palette before 21, and an ARGB number before 14.
fn read_color(stored: i64, version: u32) -> Option<Rgb> {
    const ARGB: [i64; 13] = [
        -2_937_041,
        -1_684_967,
        -415_707,
        -5_262_293,
        -13_070_788,
        -16_742_021,
        -16_732_991,
        -16_540_699,
        -10_603_087,
        -7_461_718,
        -2_614_432,
        -13_619_152,
        -5_592_406,
    ];
    const TO_NEW_PALETTE: [usize; 13] = [0, 1, 4, 5, 7, 8, 9, 10, 13, 14, 15, 17, 19];
    let old = if version < 14 {
        ARGB.iter().position(|argb| *argb == stored).unwrap_or(0)
    } else {
        usize::try_from(stored).ok()?
    };
    let index = if version < 21 { TO_NEW_PALETTE.get(old).copied().unwrap_or(old) } else { old };
    LOOP_PALETTE.get(index).map(|rgb| Rgb(*rgb))
}

fn read_repetition(row: &SqlRow<'_>, habit: &mut ExchangeHabit) {
    // Rows from before the column have no value, and were all completions.
    let value = row.integer("value").unwrap_or(2);
    let day = row.integer("timestamp").and_then(day_at);
    let state = read_value(habit.kind, value);
    let note = row.text("notes");
    if state != DayMark::Unknown || !note.is_empty() {
        habit.add(day, ExchangeDay { state, note });
    }
}

/// The UTC date of a time in milliseconds. Loop stores midnight; other programs that write its format are off by hours.
fn day_at(millis: i64) -> Option<Day> {
    let at = Timestamp::from_millisecond(millis).ok()?;
    let date = Zone::UTC.time_zone().to_datetime(at).date();
    Day::from_date(date).filter(|_| at.as_duration() >= SignedDuration::ZERO)
}
