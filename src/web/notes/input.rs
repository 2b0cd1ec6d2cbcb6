//! The form of a note: what it contains, and how it is read.

use crate::app::habits::notes::{DayNote, NoteChange};
use crate::domain::field_error::FieldErrors;
use crate::domain::habits::day_log::Note;
use crate::domain::{Day, FieldError, HabitId, Refusal};
use crate::web::http::body::FormFields;

/// What the form contains.
#[derive(Debug, Clone, Default)]
pub struct NoteFormInput {
    /// The id of the habit, or what was sent instead.
    pub habit: String,
    /// `YYYY-MM-DD`, or what was typed instead.
    pub date: String,
    pub note: String,
    /// The note that the form was opened with; blank for a new one.
    pub replaces: String,
    pub errors: Vec<FieldError>,
}

impl NoteFormInput {
    /// The form that edits a note.
    pub fn edit(DayNote { day, habit, note }: &DayNote) -> Self {
        let text = note.as_str().to_owned();
        let (habit, date) = (habit.id.to_string(), day.to_string());
        Self { habit, date, note: text.clone(), replaces: text, errors: Vec::new() }
    }

    /// The form for a new note of a day.
    pub fn new(day: Option<Day>) -> Self {
        Self { date: day.map(|day| day.to_string()).unwrap_or_default(), ..Self::default() }
    }

    /// Reads a form. The button that deletes the note takes its text away.
    pub fn from_form(form: &FormFields) -> Self {
        let [habit, date, note, replaces] =
            ["habitId", "date", "note", "replaces"].map(|name| form.get(name).to_owned());
        let note = if form.maybe("delete").is_some() { String::new() } else { note };
        Self { habit, date, note, replaces, errors: Vec::new() }
    }

    /// Whether the form is about a note that exists.
    pub fn is_edit(&self) -> bool {
        !self.replaces.trim().is_empty()
    }

    /// Whether it edits this note.
    pub fn edits(&self, note: &DayNote) -> bool {
        self.is_edit() && self.habit == note.habit.id.to_string() && self.date == note.day.to_string()
    }

    /// # Errors
    /// [`Refusal::InvalidFields`].
    pub fn parse(&self) -> Result<NoteChange, Refusal> {
        let mut errors = FieldErrors::default();
        let no_habit = |_| FieldError::new("habitId", "Choose a habit.");
        let habit = errors.record(self.habit.parse::<HabitId>().map_err(no_habit));
        let day = errors.record(Day::parse(&self.date).map_err(|_| FieldError::new("date", "Choose a day.")));
        let note = errors.record(self.parse_note());
        let (Some(habit), Some(day), Some(note)) = (habit, day, note) else { return Err(errors.into_refusal()) };
        let seen = Note::parse(&self.replaces).ok().flatten();
        Ok(NoteChange { habit, day, note, replaces: Some(seen) })
    }

    /// Only a note that exists can be emptied.
    fn parse_note(&self) -> Result<Option<Note>, FieldError> {
        let note = Note::parse(&self.note)?;
        if note.is_none() && !self.is_edit() { Err(FieldError::new("note", "Enter a note.")) } else { Ok(note) }
    }
}
