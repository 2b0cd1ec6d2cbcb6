//! The tags of a habit: short labels that its owner chooses and filters by.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::domain::{FieldError, text};

/// The most tags of one habit.
pub const MAX_TAGS: usize = 10;

/// The longest tag.
pub const MAX_TAG_CHARS: usize = 30;

/// Separates tags in a form.
const SEPARATOR: char = ',';

/// One tag: a line of 1 to 30 visible characters without a comma. Clones share the text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Tag(Arc<str>);

impl Tag {
    /// Parses user input.
    ///
    /// # Errors
    /// A [`FieldError`] of the field `tags`.
    pub fn parse(raw: &str) -> Result<Self, FieldError> {
        let tag = text::parse_line("tags", "a tag", &text::collapse_blanks(raw), 1, usize::MAX)?;
        if tag.chars().count() > MAX_TAG_CHARS {
            return Err(FieldError::new("tags", format!("A tag can have up to {MAX_TAG_CHARS} characters.")));
        }
        if tag.contains(SEPARATOR) {
            return Err(FieldError::new("tags", "A tag can't contain a comma."));
        }
        Ok(Self(tag.into()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the tag is `name`, in upper or lower case.
    pub fn is_named(&self, name: &str) -> bool {
        text::is_same_ignoring_case(&self.0, name)
    }
}

impl TryFrom<String> for Tag {
    type Error = FieldError;
    fn try_from(text: String) -> Result<Self, FieldError> {
        Self::parse(&text)
    }
}

impl From<Tag> for String {
    fn from(tag: Tag) -> Self {
        tag.0.as_ref().to_owned()
    }
}

/// The tags of a habit in the order in which they were entered: up to ten, each once, no matter in which case.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "Vec<Tag>", into = "Vec<Tag>")]
pub struct Tags(Vec<Tag>);

impl Tags {
    /// Parses a list of tags. Of a tag that is there twice, the first one is kept.
    ///
    /// # Errors
    /// A [`FieldError`] of the field `tags`.
    pub fn parse<T: AsRef<str>>(list: impl IntoIterator<Item = T>) -> Result<Self, FieldError> {
        let tags: Result<Vec<Tag>, _> = list.into_iter().map(|raw| Tag::parse(raw.as_ref())).collect();
        Self::try_from(tags?)
    }

    /// Parses what a form sends: tags with commas between them. Blank ones are left out.
    ///
    /// # Errors
    /// A [`FieldError`] of the field `tags`.
    pub fn parse_text(raw: &str) -> Result<Self, FieldError> {
        // Chinese and Japanese keyboards, and Arabic ones, have commas of their own.
        let parts = raw.split([SEPARATOR, '，', '、', '،', '\n']);
        Self::parse(parts.filter(|part| !text::is_blank(part)))
    }

    /// The tags as a form shows them.
    pub fn to_text(&self) -> String {
        self.0.iter().map(Tag::as_str).collect::<Vec<_>>().join(", ")
    }

    pub fn iter(&self) -> std::slice::Iter<'_, Tag> {
        self.0.iter()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether one of the tags is `name`, in upper or lower case.
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|tag| tag.is_named(name))
    }

    /// These tags and then those of `others` that are missing.
    ///
    /// # Errors
    /// A [`FieldError`] of the field `tags` when that makes more than ten.
    pub fn with(&self, others: &Self) -> Result<Self, FieldError> {
        Self::try_from(self.0.iter().chain(&others.0).cloned().collect::<Vec<_>>())
    }

    /// These tags without those of `others`.
    #[must_use]
    pub fn without(&self, others: &Self) -> Self {
        Self(self.0.iter().filter(|tag| !others.has(tag.as_str())).cloned().collect())
    }
}

impl<'a> IntoIterator for &'a Tags {
    type Item = &'a Tag;
    type IntoIter = std::slice::Iter<'a, Tag>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl TryFrom<Vec<Tag>> for Tags {
    type Error = FieldError;
    fn try_from(list: Vec<Tag>) -> Result<Self, FieldError> {
        let mut tags = Self::default();
        for tag in list {
            if !tags.has(tag.as_str()) {
                tags.0.push(tag);
            }
        }
        if tags.0.len() > MAX_TAGS {
            return Err(FieldError::new("tags", format!("A habit can have up to {MAX_TAGS} tags.")));
        }
        Ok(tags)
    }
}

impl From<Tags> for Vec<Tag> {
    fn from(tags: Tags) -> Self {
        tags.0
    }
}

/// The different tags of `all`, sorted. Of several spellings, the first one is kept.
pub fn distinct<'a>(all: impl IntoIterator<Item = &'a Tags>) -> Vec<&'a Tag> {
    let mut tags: Vec<(String, &Tag)> =
        all.into_iter().flatten().map(|tag| (text::lower_case(tag.as_str()).collect(), tag)).collect();
    tags.sort_by(|(one, _), (other, _)| one.cmp(other));
    tags.dedup_by(|(one, _), (other, _)| one == other);
    tags.into_iter().map(|(_, tag)| tag).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn names(tags: &Tags) -> Vec<&str> {
        tags.iter().map(Tag::as_str).collect()
    }

    #[test]
    fn tags_are_separated_by_commas_and_each_is_kept_once() {
        assert_eq!(names(&Tags::parse_text(" Health , at  home,,health ,").unwrap()), ["Health", "at home"]);
        assert_eq!(names(&Tags::parse_text("健康，家、外").unwrap()), ["健康", "家", "外"]);
        assert_eq!(Tags::parse_text(" , \u{200B},").unwrap(), Tags::default());
    }

    #[test]
    fn a_tag_is_one_short_line_without_a_comma() {
        assert!(Tag::parse(&"é".repeat(MAX_TAG_CHARS)).is_ok());
        for bad in [&"é".repeat(MAX_TAG_CHARS + 1), "", " ", "a,b", "a\u{202E}b", "a\nb"] {
            assert_eq!(Tag::parse(bad).unwrap_err().field, "tags", "{bad:?}");
        }
        let many: Vec<String> = (0..=MAX_TAGS).map(|n| n.to_string()).collect();
        assert!(Tags::parse(&many[1..]).is_ok());
        assert!(Tags::parse(&many).unwrap_err().message.contains("up to 10 tags"));
    }

    #[test]
    fn tags_are_added_and_removed_in_any_case() {
        let parse = |text| Tags::parse_text(text).unwrap();
        assert_eq!(parse("a, b").with(&parse("B, c")).unwrap(), parse("a, b, c"));
        assert_eq!(parse("a, B, c").without(&parse("b, d")), parse("a, c"));
        assert!(parse("1,2,3,4,5,6").with(&parse("a,b,c,d,e")).is_err());
        assert_eq!(
            distinct([&parse("b, A"), &parse("a, c")]).iter().map(|tag| tag.as_str()).collect::<String>(),
            "Abc"
        );
    }

    proptest! {
        #[test]
        fn what_a_form_accepts_is_within_the_limits_and_is_read_back_from_forms_and_rows(text in "[a-cA-C,،é \u{200B}\u{202E}]{0,60}|\\PC{0,80}") {
            if let Ok(tags) = Tags::parse_text(&text) {
                prop_assert!(tags.iter().count() <= MAX_TAGS);
                for (index, tag) in tags.iter().enumerate() {
                    prop_assert!((1..=MAX_TAG_CHARS).contains(&tag.as_str().chars().count()));
                    prop_assert!(tags.iter().skip(index + 1).all(|other| !other.is_named(tag.as_str())));
                }
                prop_assert_eq!(&Tags::parse_text(&tags.to_text()).unwrap(), &tags);
                let row = serde_json::to_string(&tags).unwrap();
                prop_assert_eq!(serde_json::from_str::<Tags>(&row).unwrap(), tags);
            }
        }
    }
}
