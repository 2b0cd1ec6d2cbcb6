//! Which columns of a table are what, and what a person sees who has to say so.

/// The columns of a table, by their place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableColumns {
    pub date: usize,
    pub habit: Option<usize>,
    /// Without one, every row is a completion.
    pub value: Option<usize>,
    pub note: Option<usize>,
}

/// The beginning of a table whose columns are not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableSample {
    pub columns: Vec<String>,
    pub rows: Vec<Vec<String>>,
}
