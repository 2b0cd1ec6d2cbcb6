//! The group of a habit: a name that habits have in common, under which lists show them together.
//!
//! A group is nothing but that name. It comes to be with its first habit and ends with its last one. The order of groups is the
//! order of their first habits, so that one order of habits, which users change and files contain, says everything.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::domain::{FieldError, text};

/// The longest name of a group.
pub const MAX_GROUP_CHARS: usize = 60;

/// The name of a group: a line of 1 to 60 visible characters. Clones share the text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct GroupName(Arc<str>);

impl GroupName {
    /// Parses user input; `None` when it is blank.
    ///
    /// # Errors
    /// A [`FieldError`] of the field `group`.
    pub fn parse(raw: &str) -> Result<Option<Self>, FieldError> {
        let raw = text::collapse_blanks(raw);
        if text::is_blank(&raw) {
            return Ok(None);
        }
        text::parse_line("group", "a group", &raw, 1, MAX_GROUP_CHARS).map(|name| Some(Self(name.into())))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether both name the same group: upper and lower case make no difference.
    pub fn is_same(&self, other: &Self) -> bool {
        text::is_same_ignoring_case(&self.0, &other.0)
    }
}

impl TryFrom<String> for GroupName {
    type Error = FieldError;
    fn try_from(text: String) -> Result<Self, FieldError> {
        Self::parse(&text)?.ok_or_else(|| FieldError::new("group", "empty group"))
    }
}

impl From<GroupName> for String {
    fn from(name: GroupName) -> Self {
        name.0.as_ref().to_owned()
    }
}

/// The different groups of `all`, in the order in which they come. Of several spellings, the first one is kept.
pub fn distinct<'a>(all: impl IntoIterator<Item = &'a GroupName>) -> Vec<&'a GroupName> {
    let mut groups: Vec<&GroupName> = Vec::new();
    for group in all {
        if !groups.iter().any(|known| known.is_same(group)) {
            groups.push(group);
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_group_is_one_line_and_blank_text_is_none() {
        let parse = |text: &str| GroupName::parse(text).unwrap().unwrap();
        assert_eq!(parse("  Morning   routine ").as_str(), "Morning routine");
        assert_eq!(GroupName::parse(" \u{200B} ").unwrap(), None);
        assert!(parse("École").is_same(&parse("éCOLE")) && !parse("Work").is_same(&parse("Works")));
        for bad in [&"é".repeat(MAX_GROUP_CHARS + 1), "a\u{202E}b", "a\nb"] {
            assert_eq!(GroupName::parse(bad).unwrap_err().field, "group", "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn an_accepted_name_is_within_its_limit_and_parses_to_itself(text in "\\PC{0,80}") {
            if let Ok(Some(name)) = GroupName::parse(&text) {
                prop_assert!((1..=MAX_GROUP_CHARS).contains(&name.as_str().chars().count()));
                prop_assert_eq!(GroupName::parse(name.as_str()), Ok(Some(name)));
            }
        }
    }
}
