//! Reading JSON of other programs: lists are folded while they are read, so that memory is proportional to what is kept.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeOwned, Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::domain::Day;
use crate::domain::habits::habit::MAX_HABITS;
use crate::exchange::habit::{ExchangeDay, ExchangeHabit};

/// A list of at most as many habits as an account can have.
pub struct HabitList<T>(pub Vec<T>);

impl<T> Default for HabitList<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for HabitList<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(HabitListVisitor(PhantomData))
    }
}

struct HabitListVisitor<T>(PhantomData<T>);

impl<'de, T: DeserializeOwned> Visitor<'de> for HabitListVisitor<T> {
    type Value = HabitList<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of habits")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
        let mut habits = Vec::new();
        while let Some(habit) = elements.next_element()? {
            if habits.len() >= MAX_HABITS {
                return Err(A::Error::custom(format_args!("it has more than {MAX_HABITS} habits")));
            }
            habits.push(habit);
        }
        Ok(HabitList(habits))
    }
}

/// The habits of a file, under the key `habits` or as the whole file.
#[derive(Deserialize)]
#[serde(untagged, bound = "T: DeserializeOwned")]
pub enum HabitsFile<T> {
    Object { habits: HabitList<T> },
    List(HabitList<T>),
}

impl<T> HabitsFile<T> {
    /// The habits, in the order of the file.
    pub fn into_habits(self) -> Vec<T> {
        let (Self::Object { habits } | Self::List(habits)) = self;
        habits.0
    }
}

/// A record of a day, as a program writes it.
pub trait DayRecord: DeserializeOwned {
    /// The day, if it can be read, and what is known of it.
    fn into_day(self) -> (Option<Day>, ExchangeDay);
}

/// The records of a habit.
pub struct DayList<R> {
    habit: ExchangeHabit,
    record: PhantomData<R>,
}

impl<R> Default for DayList<R> {
    fn default() -> Self {
        Self { habit: ExchangeHabit::default(), record: PhantomData }
    }
}

impl<R> DayList<R> {
    /// Moves the days to their habit.
    pub fn move_to(self, habit: &mut ExchangeHabit) {
        habit.days = self.habit.days;
        habit.unreadable_days += self.habit.unreadable_days;
    }
}

impl<'de, R: DayRecord> Deserialize<'de> for DayList<R> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(DayListVisitor(PhantomData))
    }
}

struct DayListVisitor<R>(PhantomData<R>);

impl<'de, R: DayRecord> Visitor<'de> for DayListVisitor<R> {
    type Value = DayList<R>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of days")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
        let mut days = DayList::default();
        while let Some(record) = elements.next_element::<R>()? {
            let (day, found) = record.into_day();
            days.habit.add(day, found);
        }
        Ok(days)
    }
}

/// How often each text of a list occurs after `T` has read it; unreadable ones are counted.
pub struct CountedList<T: CountedText> {
    pub counts: BTreeMap<T, u64>,
    pub unreadable: usize,
}

/// A text that is counted.
pub trait CountedText: Ord {
    fn parse_text(text: &str) -> Option<Self>
    where
        Self: Sized;
}

impl<T: CountedText> Default for CountedList<T> {
    fn default() -> Self {
        Self { counts: BTreeMap::new(), unreadable: 0 }
    }
}

impl<'de, T: CountedText> Deserialize<'de> for CountedList<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(CountedListVisitor(PhantomData))
    }
}

struct CountedListVisitor<T>(PhantomData<T>);

impl<'de, T: CountedText> Visitor<'de> for CountedListVisitor<T> {
    type Value = CountedList<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of times")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
        let mut list = CountedList::default();
        while let Some(text) = elements.next_element::<String>()? {
            match T::parse_text(&text) {
                Some(found) => *list.counts.entry(found).or_default() += 1,
                None => list.unreadable += 1,
            }
        }
        Ok(list)
    }
}

/// The text of a value that may have another type.
pub fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    }
}

/// A whole number, also of a text or a decimal number that is one.
pub fn integer(value: &Value) -> Option<i64> {
    #[allow(clippy::cast_possible_truncation, reason = "checked")]
    let whole = |number: f64| (number.fract() == 0.0 && number.abs() < 9e15).then_some(number as i64);
    match value {
        Value::Number(number) => number.as_i64().or_else(|| number.as_f64().and_then(whole)),
        Value::String(text) => text.trim().parse().ok(),
        Value::Bool(bool) => Some((*bool).into()),
        _ => None,
    }
}

/// The day that begins so many days after January 1, 1970.
pub fn epoch_day(value: &Value) -> Option<Day> {
    let days = integer(value).and_then(|days| i32::try_from(days).ok()).filter(|days| *days >= 0)?;
    let first = Day::parse("1970-01-01").ok()?;
    let day = first.add_days(days);
    (days == 0 || day != first).then_some(day)
}

/// The day in a text that begins with `YYYY-MM-DD`.
pub fn day_in(text: &str) -> Option<Day> {
    text.get(..10).and_then(|date| Day::parse(date).ok())
}
