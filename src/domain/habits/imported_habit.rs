//! A habit in an imported file. What can be repaired is repaired, and each repair is reported in a sentence.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::domain::habits::group::MAX_GROUP_CHARS;
use crate::domain::habits::habit::{MAX_DESCRIPTION_CHARS, MAX_REMINDER_TIMES, MAX_TITLE_CHARS};
use crate::domain::habits::pauses::MAX_PAUSES;
use crate::domain::habits::recent_changes::RecentChanges;
use crate::domain::habits::rule::Rule;
use crate::domain::habits::schedule::ScheduleVersion;
use crate::domain::habits::tag::{MAX_TAG_CHARS, MAX_TAGS};
use crate::domain::habits::unit::MAX_UNIT_CHARS;
use crate::domain::text_repair::{RepairedText, repair_line, repair_paragraph};
use crate::domain::{
    Amount, Day, Description, Emoji, Frequency, Goal, GroupName, Habit, HabitColor, HabitId, Pause, Pauses,
    ReminderTimes, Schedule, Tag, Tags, TimeOfDay, Title, Unit, Weekdays, Zone,
};

/// The longest name of a habit that a note quotes.
const MAX_QUOTED_CHARS: usize = 60;

/// What was repaired in a habit, or why it was left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ImportNote {
    /// The title, or what the file has in its place.
    pub habit: String,
    /// The field of the file.
    pub field: &'static str,
    /// A sentence for the user.
    pub message: String,
}

/// A habit that can be stored, except for its place in the user's order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedHabit {
    pub id: HabitId,
    pub title: Title,
    pub description: Option<Description>,
    /// The place in the file's order.
    pub sort_order: i64,
    pub archived_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub weekdays: Weekdays,
    /// All versions of the schedule; missing in files of version 1.
    pub schedule: Option<Schedule>,
    pub reminder_times: ReminderTimes,
    pub color: Option<HabitColor>,
    pub emoji: Option<Emoji>,
    pub tags: Tags,
    pub group: Option<GroupName>,
    pub time_of_day: Option<TimeOfDay>,
    pub unit: Option<Unit>,
    pub step: Option<Amount>,
    pub pauses: Pauses,
    pub repairs: Vec<ImportNote>,
}

impl ImportedHabit {
    /// Reads a habit in the form in which a file has it, with its reminder times in minutes after midnight.
    ///
    /// # Errors
    /// The reason why it cannot be imported.
    pub fn from_json(habit: Value, reminder_minutes: &[f64]) -> Result<Self, ImportNote> {
        serde_json::from_value::<RawHabit>(habit).unwrap_or_default().repair(reminder_minutes)
    }

    /// The habit to store in the account of a user in `zone`. Without a schedule, its first day is the one it was created on.
    pub fn to_habit(&self, position: u32, zone: &Zone) -> Habit {
        let schedule = self.schedule.clone().unwrap_or_else(|| {
            let mut schedule = Schedule::new(Day::at(self.created_at, zone), self.weekdays);
            if let Some(end) = self.archived_at {
                schedule.pause_from(Day::at(end, zone));
            }
            schedule
        });
        Habit {
            id: self.id,
            title: self.title.clone(),
            description: self.description.clone(),
            reminder_times: self.reminder_times.clone(),
            schedule,
            position,
            created_at: self.created_at,
            updated_at: self.updated_at,
            archived_at: self.archived_at,
            recent_changes: RecentChanges::default(),
            color: self.color,
            emoji: self.emoji.clone(),
            tags: self.tags.clone(),
            group: self.group.clone(),
            time_of_day: self.time_of_day,
            unit: self.unit.clone(),
            step: self.step,
            pauses: self.pauses.clone(),
        }
    }
}

/// The habit that a file names. Ids of Atlas are kept; any other text is hashed, so that the same habit is recognized again.
pub fn to_habit_id(text: &str) -> HabitId {
    text.parse().unwrap_or_else(|_| {
        let digest = Sha256::digest(text.as_bytes());
        let mut bytes = [0; 16];
        for (byte, digested) in bytes.iter_mut().zip(digest.iter()) {
            *byte = *digested;
        }
        HabitId::from_bytes(bytes)
    })
}

/// A habit as the file has it. Every field is read in any form.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct RawHabit {
    id: Value,
    title: Value,
    description: Value,
    sort_order: Value,
    archived_at: Value,
    created_at: Value,
    updated_at: Value,
    active_weekdays: Value,
    schedule: Value,
    color: Value,
    emoji: Value,
    tags: Value,
    group: Value,
    time_of_day: Value,
    unit: Value,
    step: Value,
    pauses: Value,
}

impl RawHabit {
    pub(super) fn id(&self) -> Option<HabitId> {
        match &self.id {
            Value::String(text) => Some(to_habit_id(text)),
            Value::Number(number) => Some(to_habit_id(&number.to_string())),
            _ => None,
        }
    }

    /// The habit with its reminder times, in minutes after midnight.
    ///
    /// # Errors
    /// The reason why it cannot be imported.
    pub(super) fn repair(self, reminder_minutes: &[f64]) -> Result<ImportedHabit, ImportNote> {
        let mut notes = Notes { habit: self.name(), notes: Vec::new() };
        let id = self.id().ok_or_else(|| notes.note("id", "It has no id."))?;
        let title = notes.title(&self.title)?;
        let created_at = timestamp(&self.created_at)
            .ok_or_else(|| notes.note("createdAt", "The time at which it was created can't be read."))?;
        let updated_at = timestamp(&self.updated_at).unwrap_or(created_at);
        Ok(ImportedHabit {
            id,
            title,
            description: notes.description(&self.description),
            sort_order: self.sort_order.as_i64().unwrap_or(i64::MAX),
            archived_at: notes.archived_at(&self.archived_at, updated_at),
            created_at,
            updated_at,
            weekdays: notes.weekdays(&self.active_weekdays),
            schedule: notes.schedule(&self.schedule),
            reminder_times: notes.reminder_times(reminder_minutes),
            color: notes.color(&self.color),
            emoji: notes.emoji(&self.emoji),
            tags: notes.tags(&self.tags),
            group: notes.group(&self.group),
            time_of_day: notes.time_of_day(&self.time_of_day),
            unit: notes.unit(&self.unit),
            step: notes.step(&self.step),
            pauses: notes.pauses(&self.pauses),
            repairs: notes.notes,
        })
    }

    /// What a note calls the habit.
    fn name(&self) -> String {
        let named = [&self.title, &self.id].into_iter().filter_map(Value::as_str);
        let mut names = named.filter_map(|text| Title::parse(&repair_line(text, MAX_QUOTED_CHARS).text).ok());
        names.next().map_or_else(|| "Untitled".to_owned(), String::from)
    }
}

/// Collects what is repaired in one habit.
struct Notes {
    habit: String,
    notes: Vec<ImportNote>,
}

impl Notes {
    fn note(&self, field: &'static str, message: impl Into<String>) -> ImportNote {
        ImportNote { habit: self.habit.clone(), field, message: message.into() }
    }

    fn add(&mut self, field: &'static str, message: impl Into<String>) {
        self.notes.push(self.note(field, message));
    }

    fn add_text(&mut self, field: &'static str, repaired: &RepairedText, max_chars: usize) {
        let noun = if field == "tags" { "tag" } else { field };
        if repaired.was_cleaned {
            self.add(field, format!("Characters that can't be displayed were removed from its {noun}."));
        }
        if repaired.was_cut {
            self.add(field, format!("Its {noun} was shortened to {max_chars} characters."));
        }
    }

    fn title(&mut self, raw: &Value) -> Result<Title, ImportNote> {
        let repaired = repair_line(raw.as_str().unwrap_or_default(), MAX_TITLE_CHARS);
        let title = Title::parse(&repaired.text).map_err(|_| self.note("title", "It has no title."))?;
        self.add_text("title", &repaired, MAX_TITLE_CHARS);
        Ok(title)
    }

    fn description(&mut self, raw: &Value) -> Option<Description> {
        let repaired = repair_paragraph(raw.as_str().unwrap_or_default(), MAX_DESCRIPTION_CHARS);
        self.add_text("description", &repaired, MAX_DESCRIPTION_CHARS);
        Description::parse(&repaired.text).ok().flatten()
    }

    /// A habit that was archived stays archived, even if it is unknown when.
    fn archived_at(&mut self, raw: &Value, updated_at: Timestamp) -> Option<Timestamp> {
        if matches!(raw, Value::Null | Value::Bool(false)) {
            return None;
        }
        Some(timestamp(raw).unwrap_or_else(|| {
            self.add("archivedAt", "The time at which it was archived can't be read, so its last change was used.");
            updated_at
        }))
    }

    fn weekdays(&mut self, raw: &Value) -> Weekdays {
        let (weekdays, is_intact) = weekdays(raw);
        match (weekdays, is_intact) {
            (Some(weekdays), true) => weekdays,
            (Some(weekdays), false) => {
                self.add("activeWeekdays", "Numbers that are no days of the week were removed.");
                weekdays
            }
            (None, _) => {
                self.add("activeWeekdays", "It had no days of the week, so it's scheduled for every day.");
                Weekdays::ALL
            }
        }
    }

    fn schedule(&mut self, raw: &Value) -> Option<Schedule> {
        let raw = raw.as_array()?;
        let versions: Vec<ScheduleVersion> = raw.iter().filter_map(schedule_version).collect();
        let mut by_day = versions.clone();
        // Of several versions from one day, the last one applies.
        by_day.reverse();
        by_day.sort_by_key(|version| version.from);
        by_day.dedup_by_key(|version| version.from);
        if by_day.len() < raw.len() || by_day != versions {
            self.add("schedule", "The versions of its schedule were put in order, and unreadable ones left out.");
        }
        Schedule::try_from(by_day).ok()
    }

    fn color(&mut self, raw: &Value) -> Option<HabitColor> {
        let parsed = parse_optional(raw, HabitColor::parse);
        parsed.unwrap_or_else(|| {
            self.add("color", "Its color isn't one that Atlas has, so it was left out.");
            None
        })
    }

    fn emoji(&mut self, raw: &Value) -> Option<Emoji> {
        let parsed = parse_optional(raw, Emoji::parse);
        parsed.unwrap_or_else(|| {
            self.add("emoji", "Its emoji isn't a single emoji, so it was left out.");
            None
        })
    }

    /// Long tags are shortened, and those that can't be kept are left out, one by one.
    fn tags(&mut self, raw: &Value) -> Tags {
        let raw = raw.as_array().map_or(&[][..], Vec::as_slice);
        let mut tags: Vec<Tag> = Vec::new();
        for text in raw.iter().filter_map(Value::as_str) {
            // A comma separates tags where they are typed.
            let repaired = repair_line(&text.replace(',', " "), MAX_TAG_CHARS);
            let Ok(tag) = Tag::parse(&repaired.text) else { continue };
            if tags.len() < MAX_TAGS && !tags.iter().any(|kept| kept.is_named(tag.as_str())) {
                self.add_text("tags", &repaired, MAX_TAG_CHARS);
                tags.push(tag);
            }
        }
        if tags.len() < raw.len() {
            self.add("tags", format!("Only its first {MAX_TAGS} tags were kept, each once."));
        }
        Tags::try_from(tags).unwrap_or_default()
    }

    fn group(&mut self, raw: &Value) -> Option<GroupName> {
        let repaired = repair_line(raw.as_str().unwrap_or_default(), MAX_GROUP_CHARS);
        self.add_text("group", &repaired, MAX_GROUP_CHARS);
        GroupName::parse(&repaired.text).ok().flatten()
    }

    fn time_of_day(&mut self, raw: &Value) -> Option<TimeOfDay> {
        let parsed = parse_optional(raw, TimeOfDay::parse);
        parsed.unwrap_or_else(|| {
            self.add("timeOfDay", "Its time of day isn't one that Atlas has, so it was left out.");
            None
        })
    }

    fn unit(&mut self, raw: &Value) -> Option<Unit> {
        let repaired = repair_line(raw.as_str().unwrap_or_default(), MAX_UNIT_CHARS);
        self.add_text("unit", &repaired, MAX_UNIT_CHARS);
        Unit::parse(&repaired.text).ok().flatten()
    }

    /// The step in thousandths, as amounts are in the file.
    fn step(&mut self, raw: &Value) -> Option<Amount> {
        if raw.is_null() {
            return None;
        }
        let step = raw.as_u64().and_then(Amount::from_thousandths).filter(|step| !step.is_zero());
        if step.is_none() {
            self.add("step", "The amount of one tap couldn't be read, so it's 1.");
        }
        step
    }

    fn pauses(&mut self, raw: &Value) -> Pauses {
        let (pauses, is_intact) = read_pauses(raw);
        if !is_intact {
            self.add("pauses", format!("Only its first {MAX_PAUSES} pauses that can be read were kept."));
        }
        pauses
    }

    fn reminder_times(&mut self, minutes: &[f64]) -> ReminderTimes {
        // Minutes are whole; anything else is no time of day.
        let is_time = |minute: &&f64| (0.0..1440.0).contains(*minute) && minute.fract() == 0.0;
        let mut times: Vec<f64> = minutes.iter().filter(is_time).copied().collect();
        times.sort_by(f64::total_cmp);
        times.dedup();
        if times.len() > MAX_REMINDER_TIMES {
            let message =
                format!("It had {} reminder times. The earliest {MAX_REMINDER_TIMES} were kept.", times.len());
            self.add("reminderTimes", message);
            times.truncate(MAX_REMINDER_TIMES);
        } else if times.len() < minutes.len() {
            self.add("reminderTimes", "Reminder times that were repeated or aren't times of day were removed.");
        }
        #[allow(clippy::cast_possible_truncation, reason = "whole numbers below 1440")]
        let times: Vec<i64> = times.into_iter().map(|minute| minute as i64).collect();
        ReminderTimes::parse(&times).unwrap_or_default()
    }
}

/// An optional text, which is absent, null, or blank when there is none; `None` when it cannot be read.
fn parse_optional<T, E>(raw: &Value, parse: impl Fn(&str) -> Result<Option<T>, E>) -> Option<Option<T>> {
    if raw.is_null() { Some(None) } else { parse(raw.as_str()?).ok() }
}

/// The days of the week in a list of numbers, and whether the list has nothing else.
fn weekdays(raw: &Value) -> (Option<Weekdays>, bool) {
    let raw = raw.as_array().map_or(&[][..], Vec::as_slice);
    let days: Vec<i64> = raw.iter().filter_map(Value::as_i64).filter(|day| (1..=7).contains(day)).collect();
    let is_intact = days.len() == raw.len();
    (Weekdays::parse(days).ok(), is_intact)
}

/// The pauses in a list, at most [`MAX_PAUSES`] of them, and whether these are all that the list has.
pub(super) fn read_pauses(raw: &Value) -> (Pauses, bool) {
    let raw = raw.as_array().map_or(&[][..], Vec::as_slice);
    let pauses: Vec<Pause> = raw.iter().filter_map(|raw| Pause::deserialize(raw).ok()).collect();
    let is_readable = |pause: &&Pause| pause.last.is_none_or(|last| pause.first <= last);
    let readable = pauses.iter().filter(is_readable).count();
    let all = Pauses::from(pauses);
    let kept: Vec<Pause> = all.iter().take(MAX_PAUSES).collect();
    (kept.into(), readable == raw.len() && !all.are_too_many())
}

fn schedule_version(raw: &Value) -> Option<ScheduleVersion> {
    let from = raw.get("from").and_then(Value::as_str).and_then(|text| Day::parse(text).ok())?;
    let raw_weekdays = raw.get("weekdays").unwrap_or(&Value::Null);
    let weekdays = if raw_weekdays.is_null() { None } else { Some(weekdays(raw_weekdays).0?) };
    let frequency = raw.get("frequency").and_then(|raw| Frequency::deserialize(raw).ok()).unwrap_or_default();
    let goal = raw.get("goal").and_then(|raw| Goal::deserialize(raw).ok()).unwrap_or_default();
    Some(ScheduleVersion::new(from, weekdays.map(|weekdays| Rule { weekdays, frequency, goal })))
}

fn timestamp(raw: &Value) -> Option<Timestamp> {
    raw.as_str().and_then(|text| text.parse().ok())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn repair(change: &Value, minutes: &[f64]) -> Result<ImportedHabit, ImportNote> {
        let mut habit = json!({
            "id": "cl1", "title": "Read", "createdAt": "2026-01-05T00:00:00.000Z", "activeWeekdays": [1, 3],
        });
        habit.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        serde_json::from_value::<RawHabit>(habit).unwrap().repair(minutes)
    }

    #[test]
    fn each_repair_of_a_habit_is_reported() {
        let long = format!("{}\t\u{202E}", "a".repeat(130));
        let habit = repair(
            &json!({
                "title": long, "description": "x".repeat(2_001), "sortOrder": "first", "archivedAt": true,
                "activeWeekdays": [0, 7], "updatedAt": "2026-01-09T00:00:00Z",
                "schedule": [
                    { "from": "2026-01-09", "weekdays": null }, { "from": "2026-01-05", "weekdays": [1] },
                    { "from": "2026-01-09", "weekdays": [2] }, { "from": "soon", "weekdays": [3] },
                ],
                "color": "ultraviolet", "emoji": "🦀🦀",
                "tags": ["home", "Home", 7, "a,b", "t".repeat(31)], "group": "g".repeat(61), "timeOfDay": "noon",
            }),
            &[600.0, 480.0, 480.0, 1440.0, 700.0, 800.0],
        )
        .unwrap();
        assert_eq!(habit.title.as_str(), "a".repeat(120));
        assert_eq!(habit.reminder_times.minutes(), [480, 600, 700]);
        assert_eq!(habit.archived_at, Some("2026-01-09T00:00:00Z".parse().unwrap()));
        assert_eq!(habit.weekdays.iso_numbers(), [7]);
        let schedule: Vec<ScheduleVersion> = habit.schedule.unwrap().into();
        assert_eq!(schedule.len(), 2);
        assert_eq!(schedule[1].weekdays.unwrap().iso_numbers(), [2]);
        assert_eq!(habit.tags.to_text(), format!("home, a b, {}", "t".repeat(30)));
        assert_eq!(habit.group.unwrap().as_str().len(), 60);
        let fields: Vec<&str> = habit.repairs.iter().map(|note| note.field).collect();
        assert_eq!(
            fields,
            [
                "title",
                "title",
                "description",
                "archivedAt",
                "activeWeekdays",
                "schedule",
                "reminderTimes",
                "color",
                "emoji",
                "tags",
                "tags",
                "group",
                "timeOfDay"
            ]
        );
    }

    #[test]
    fn a_valid_habit_needs_no_repair() {
        let habit = repair(&json!({ "archivedAt": null, "description": null, "sortOrder": 3 }), &[480.0]).unwrap();
        assert_eq!((habit.repairs, habit.sort_order, habit.archived_at), (Vec::new(), 3, None));
        let habit = repair(&json!({ "color": "teal", "emoji": "❤" }), &[]).unwrap();
        assert_eq!((habit.repairs, habit.color), (Vec::new(), Some(HabitColor::Teal)));
        assert_eq!(habit.emoji.unwrap().as_str(), "❤\u{FE0F}", "spelled like one that was entered");
        let none = json!({ "color": null, "emoji": "", "tags": null, "group": null, "timeOfDay": null });
        let habit = repair(&none, &[]).unwrap();
        assert_eq!((habit.repairs, habit.color, habit.emoji), (Vec::new(), None, None));
        assert_eq!((habit.tags, habit.group, habit.time_of_day), (Tags::default(), None, None));
        let habit = repair(&json!({ "tags": ["home"], "group": "Work", "timeOfDay": "evening" }), &[]).unwrap();
        assert_eq!((habit.repairs, habit.time_of_day), (Vec::new(), Some(TimeOfDay::Evening)));
        assert_eq!(repair(&json!({ "activeWeekdays": [] }), &[]).unwrap().weekdays, Weekdays::ALL);
    }

    #[test]
    fn a_habit_without_a_title_or_a_beginning_is_left_out_by_name() {
        for (change, name, field) in [
            (json!({ "title": "\u{200B}\t" }), "cl1", "title"),
            (json!({ "title": 7 }), "cl1", "title"),
            (json!({ "createdAt": "last year" }), "Read", "createdAt"),
            (json!({ "id": null }), "Read", "id"),
        ] {
            let note = repair(&change, &[]).unwrap_err();
            assert_eq!((note.habit.as_str(), note.field), (name, field), "{change}");
        }
    }
}
