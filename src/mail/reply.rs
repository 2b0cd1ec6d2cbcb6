//! A relay's reply to a command.

/// Longest reply that is kept, in characters.
const MAX_REPLY_CHARS: usize = 300;

/// A reply, which may have several lines.
#[derive(Debug, Clone)]
pub(super) struct Reply {
    pub(super) code: u16,
    /// The enhanced status code of RFC 3463; zeros when there is none.
    pub(super) enhanced: [u8; 3],
    pub(super) text: String,
}

impl Reply {
    /// The reply on one line, without control characters and shortened to [`MAX_REPLY_CHARS`].
    pub(super) fn single_line(&self) -> String {
        let [class, subject, detail] = self.enhanced;
        let enhanced = if class == 0 { String::new() } else { format!("{class}.{subject}.{detail} ") };
        let text: String = self.text.split_whitespace().collect::<Vec<_>>().join(" ");
        let text: String = text.chars().filter(|c| !c.is_control()).take(MAX_REPLY_CHARS).collect();
        format!("{} {enhanced}{text}", self.code).trim_end().to_owned()
    }
}
