//! What a page says about the form that led to it. The answer to the form redirects to the page with a code in the query, and the
//! page shows the text in the toast, with or without JavaScript.

use crate::domain::HabitId;

/// The outcome of a posted form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Announcement {
    HabitCreated,
    HabitSaved,
    HabitMoved,
    /// The toast offers to undo it.
    HabitArchived(HabitId),
    /// The habit and others, which the toast offers to undo together.
    HabitsArchived(HabitId),
    HabitRestored,
    HabitsRestored,
    HabitDeleted,
    PauseSaved,
    PauseRemoved,
    Resumed,
    DeviceSignedOut,
}

/// Those that are about no particular object.
const PLAIN: [Announcement; 10] = [
    Announcement::HabitCreated,
    Announcement::HabitSaved,
    Announcement::HabitMoved,
    Announcement::HabitRestored,
    Announcement::HabitsRestored,
    Announcement::HabitDeleted,
    Announcement::PauseSaved,
    Announcement::PauseRemoved,
    Announcement::Resumed,
    Announcement::DeviceSignedOut,
];

/// The field of the query that holds the code.
pub const FIELD: &str = "done";

/// The field of the query that holds the id of an archived habit.
pub const HABIT_FIELD: &str = "habit";

impl Announcement {
    /// The announcement with that code; `habit` is the id of the habit that was archived.
    pub fn parse(code: &str, habit: &str) -> Option<Self> {
        let id = habit.parse().ok();
        let archived = [id.map(Self::HabitArchived), id.map(Self::HabitsArchived)];
        PLAIN.into_iter().chain(archived.into_iter().flatten()).find(|announcement| announcement.code() == code)
    }

    /// The address of `path` with this announcement. The focus goes to the element whose id is `focus`.
    pub fn on_page(self, path: &str, focus: &str) -> String {
        let code = self.code();
        match self.archived_habit() {
            Some(habit) => format!("{path}?{FIELD}={code}&{HABIT_FIELD}={habit}#{focus}"),
            None => format!("{path}?{FIELD}={code}#{focus}"),
        }
    }

    /// The habit that was archived, which the toast offers to undo.
    pub fn archived_habit(self) -> Option<HabitId> {
        match self {
            Self::HabitArchived(habit) | Self::HabitsArchived(habit) => Some(habit),
            _ => None,
        }
    }

    fn code(self) -> &'static str {
        match self {
            Self::HabitCreated => "habit-created",
            Self::HabitSaved => "habit-saved",
            Self::HabitMoved => "habit-moved",
            Self::HabitArchived(_) => "habit-archived",
            Self::HabitsArchived(_) => "habits-archived",
            Self::HabitRestored => "habit-restored",
            Self::HabitsRestored => "habits-restored",
            Self::HabitDeleted => "habit-deleted",
            Self::PauseSaved => "pause-saved",
            Self::PauseRemoved => "pause-removed",
            Self::Resumed => "resumed",
            Self::DeviceSignedOut => "device-signed-out",
        }
    }

    /// The text. It names no habit: the page may show the name only once.
    pub fn message(self) -> &'static str {
        match self {
            Self::HabitCreated => "Habit created.",
            Self::HabitSaved => "Changes saved.",
            Self::HabitMoved => "Order saved.",
            Self::HabitArchived(_) => "Habit archived.",
            Self::HabitsArchived(_) => "Habits archived.",
            Self::HabitRestored => "Habit restored.",
            Self::HabitsRestored => "Habits restored.",
            Self::HabitDeleted => "Habit deleted.",
            Self::PauseSaved => "Pause saved.",
            Self::PauseRemoved => "Pause removed.",
            Self::Resumed => "Resumed.",
            Self::DeviceSignedOut => "Device signed out.",
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    #[test]
    fn a_page_recognizes_the_announcement_in_its_address() {
        let id = HabitId::generate(Timestamp::UNIX_EPOCH, [7; 10]);
        for announcement in PLAIN {
            let address = announcement.on_page("/habits", "page-title");
            let code = address.strip_prefix("/habits?done=").unwrap().strip_suffix("#page-title").unwrap();
            assert_eq!(Announcement::parse(code, ""), Some(announcement));
        }
        let address = Announcement::HabitArchived(id).on_page("/habits", "page-title");
        assert_eq!(address, format!("/habits?done=habit-archived&habit={id}#page-title"));
        assert_eq!(Announcement::parse("habit-archived", &id.to_string()), Some(Announcement::HabitArchived(id)));
        for (code, habit) in [("<b>", ""), ("habit-archived", ""), ("habit-archived", "<b>")] {
            assert_eq!(Announcement::parse(code, habit), None, "{code} {habit}");
        }
    }
}
