//! In which form a path talks.

/// A form of talking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Face {
    /// HTML.
    Page,
    /// JSON.
    Api,
}

impl Face {
    /// Paths below `/api/` talk JSON, known or not.
    pub fn of(path: &str) -> Self {
        if path.starts_with("/api/") { Self::Api } else { Self::Page }
    }
}
