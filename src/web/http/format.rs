//! The format of a response: HTML pages or JSON.

/// The format in which a path responds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// HTML.
    Page,
    /// JSON.
    Api,
}

impl Format {
    /// Paths below `/api/` respond with JSON, whether they exist or not.
    pub fn from_path(path: &str) -> Self {
        if path.starts_with("/api/") { Self::Api } else { Self::Page }
    }
}
