//! The query of an admin list: filters, and the cursor where the page begins.

use std::fmt::{self, Display};
use std::str::FromStr;

use crate::domain::id::InvalidId;
use crate::domain::{AccountId, HabitId};
use crate::web::admin::view::PageLinks;
use crate::web::http::body::FormFields;

pub const ROWS_PER_PAGE: usize = 50;

/// Longer filters are cut.
const MAX_FILTER_LEN: usize = 200;

/// The text of a filter.
pub fn filter(query: &FormFields, name: &str) -> String {
    query.get(name).trim().chars().take(MAX_FILTER_LEN).collect()
}

/// The cursor in `?before=`. A list without a readable cursor begins with the newest row.
pub fn cursor<K: FromStr>(query: &FormFields) -> Option<K> {
    query.get("before").parse().ok()
}

/// The links from a page of the list at `path` to the next and the first page. They keep the filters.
pub fn page_links(path: &str, query: &FormFields, filters: &[(&str, &str)], next: Option<impl Display>) -> PageLinks {
    let address = |before: Option<String>| {
        let mut pairs = form_urlencoded::Serializer::new(String::new());
        pairs.extend_pairs(filters.iter().filter(|(_, value)| !value.is_empty()));
        if let Some(before) = before {
            pairs.append_pair("before", &before);
        }
        let pairs = pairs.finish();
        if pairs.is_empty() { path.to_owned() } else { format!("{path}?{pairs}") }
    };
    PageLinks {
        next: next.map(|next| address(Some(next.to_string()))),
        first: (!query.get("before").is_empty()).then(|| address(None)),
    }
}

/// The cursor of a list of all users' habits, as `<owner>.<habit>`.
pub struct HabitCursor(pub (AccountId, HabitId));

impl FromStr for HabitCursor {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let (owner, habit) = text.split_once('.').ok_or(InvalidId)?;
        Ok(Self((owner.parse()?, habit.parse()?)))
    }
}

impl Display for HabitCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0.0, self.0.1)
    }
}
