//! What a page says about the form that led to it. The answer to the form redirects to the page with a code in the query, and the
//! page shows the text in the toast, with or without JavaScript.

/// The outcome of a posted form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Announcement {
    HabitCreated,
    HabitSaved,
    HabitMoved,
    HabitArchived,
    HabitRestored,
    HabitDeleted,
    DeviceSignedOut,
}

const ALL: [Announcement; 7] = [
    Announcement::HabitCreated,
    Announcement::HabitSaved,
    Announcement::HabitMoved,
    Announcement::HabitArchived,
    Announcement::HabitRestored,
    Announcement::HabitDeleted,
    Announcement::DeviceSignedOut,
];

/// The field of the query that holds the code.
pub const FIELD: &str = "done";

impl Announcement {
    /// The announcement with that code.
    pub fn from_code(code: &str) -> Option<Self> {
        ALL.into_iter().find(|announcement| announcement.code() == code)
    }

    /// The address of `path` with this announcement. The focus goes to the element whose id is `focus`.
    pub fn on_page(self, path: &str, focus: &str) -> String {
        format!("{path}?{FIELD}={}#{focus}", self.code())
    }

    fn code(self) -> &'static str {
        match self {
            Self::HabitCreated => "habit-created",
            Self::HabitSaved => "habit-saved",
            Self::HabitMoved => "habit-moved",
            Self::HabitArchived => "habit-archived",
            Self::HabitRestored => "habit-restored",
            Self::HabitDeleted => "habit-deleted",
            Self::DeviceSignedOut => "device-signed-out",
        }
    }

    /// The text. It names no habit: the page may show the name only once.
    pub fn message(self) -> &'static str {
        match self {
            Self::HabitCreated => "Habit created.",
            Self::HabitSaved => "Changes saved.",
            Self::HabitMoved => "Order saved.",
            Self::HabitArchived => "Habit archived.",
            Self::HabitRestored => "Habit restored.",
            Self::HabitDeleted => "Habit deleted.",
            Self::DeviceSignedOut => "Device signed out.",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_recognizes_the_code_in_its_address() {
        for announcement in ALL {
            let address = announcement.on_page("/habits", "page-title");
            let code = address.strip_prefix("/habits?done=").unwrap().strip_suffix("#page-title").unwrap();
            assert_eq!(Announcement::from_code(code), Some(announcement));
        }
        assert_eq!(Announcement::from_code("<b>"), None);
    }
}
