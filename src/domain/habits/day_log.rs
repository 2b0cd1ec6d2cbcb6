//! What is known of one day of a habit besides its completion: amounts with their times, a note, and whether it was skipped.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::habits::amount::Amount;
use crate::domain::habits::summary_year::DaySummary;
use crate::domain::{EntryId, FieldError, text};

/// The most entries of one habit and day.
pub const MAX_ENTRIES: usize = 100;

/// The longest note.
pub const MAX_NOTE_CHARS: usize = 2_000;

/// An amount that was recorded at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AmountEntry {
    /// The device that records an entry chooses its id, so that an entry that arrives twice counts once.
    pub id: EntryId,
    pub amount: Amount,
    pub recorded_at: Timestamp,
}

/// A note: 1 to 2,000 characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Note(String);

impl Note {
    /// Parses user input; `None` when it is blank.
    ///
    /// # Errors
    /// A [`FieldError`] of the field `note`.
    pub fn parse(raw: &str) -> Result<Option<Self>, FieldError> {
        let text = text::parse_paragraph("note", raw, MAX_NOTE_CHARS)?;
        Ok((!text.is_empty()).then_some(Self(text)))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Note {
    type Error = FieldError;
    fn try_from(text: String) -> Result<Self, FieldError> {
        Self::parse(&text)?.ok_or_else(|| FieldError::new("note", "empty note"))
    }
}

impl From<Note> for String {
    fn from(note: Note) -> Self {
        note.0
    }
}

/// The log of one day of a habit.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DayLog {
    /// In the order in which they were added.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub entries: Vec<AmountEntry>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Note>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_skipped: bool,
}

/// The outcome of [`DayLog::add`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryAdded {
    Added,
    /// The day has this entry already.
    Known,
    /// The day has [`MAX_ENTRIES`].
    Full,
}

impl DayLog {
    /// Adds an entry, unless it is there already.
    pub fn add(&mut self, entry: AmountEntry) -> EntryAdded {
        if self.entries.iter().any(|known| known.id == entry.id) {
            return EntryAdded::Known;
        }
        if self.entries.len() >= MAX_ENTRIES {
            return EntryAdded::Full;
        }
        self.entries.push(entry);
        EntryAdded::Added
    }

    /// Removes an entry and returns it.
    pub fn remove(&mut self, id: EntryId) -> Option<AmountEntry> {
        let at = self.entries.iter().position(|entry| entry.id == id)?;
        Some(self.entries.remove(at))
    }

    /// This log with what another one knows besides. A completed day isn't skipped, and entries that were recorded here stay alone.
    #[must_use]
    pub fn merged_with(mut self, other: &Self, is_done: bool) -> Self {
        if self.entries.is_empty() {
            self.entries.clone_from(&other.entries);
        }
        if self.note.is_none() {
            self.note.clone_from(&other.note);
        }
        self.is_skipped |= other.is_skipped && !is_done;
        self
    }

    /// The sum of the entries; `None` when there is none.
    pub fn amount(&self) -> Option<Amount> {
        (!self.entries.is_empty()).then(|| self.entries.iter().map(|entry| entry.amount).sum())
    }

    /// What the pages of many days show of it.
    pub fn summary(&self) -> DaySummary {
        DaySummary { amount: self.amount(), is_skipped: self.is_skipped, has_note: self.note.is_some() }
    }

    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(number: u8, thousandths: u64) -> AmountEntry {
        AmountEntry {
            id: EntryId::generate(Timestamp::UNIX_EPOCH, [number; 10]),
            amount: Amount::from_thousandths(thousandths).unwrap(),
            recorded_at: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn entries_add_up_and_one_that_arrives_twice_counts_once() {
        let mut log = DayLog::default();
        assert_eq!(log.amount(), None);
        assert_eq!(
            [log.add(entry(1, 500)), log.add(entry(2, 250)), log.add(entry(1, 500))],
            [EntryAdded::Added, EntryAdded::Added, EntryAdded::Known]
        );
        assert_eq!(log.amount(), Amount::from_thousandths(750));
        assert_eq!(log.remove(entry(1, 0).id).map(|entry| entry.amount), Amount::from_thousandths(500));
        assert_eq!(log.remove(entry(1, 0).id), None);
        assert_eq!(log.summary().amount, Amount::from_thousandths(250));
    }

    #[test]
    fn a_day_has_a_limit_of_entries() {
        let mut log = DayLog::default();
        for number in 0..MAX_ENTRIES {
            assert_eq!(log.add(entry(u8::try_from(number).unwrap(), 1)), EntryAdded::Added);
        }
        assert_eq!(log.add(entry(200, 1)), EntryAdded::Full);
        assert_eq!(log.add(entry(0, 1)), EntryAdded::Known);
    }

    #[test]
    fn a_blank_note_is_none() {
        assert_eq!(Note::parse(" \n ").unwrap(), None);
        assert!(Note::parse(&"x".repeat(2_001)).is_err());
    }
}
