//! Progress of long-running work.

/// Called with a short description of each step that a long operation reaches.
pub type Progress<'a> = &'a mut (dyn FnMut(&str) + Send);
