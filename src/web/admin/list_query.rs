//! A list as its address describes it: filters, order, and the cursor where the page begins.
//!
//! Lists are paged by keys, never by offsets, so no row is skipped or repeated when others are added or removed. Hence a list of
//! many rows sorts only by what its table or an index is ordered by; other columns would take a scan of all rows. Lists that are in
//! memory anyway sort by any column.

use std::cmp::Ordering;
use std::fmt::{self, Display};
use std::str::FromStr;

use maud::{Markup, html};

use crate::app::list_request::ListRequest;
use crate::domain::id::InvalidId;
use crate::domain::{AccountId, HabitId};
use crate::store::SortDirection::{self, Ascending, Descending};
use crate::web::http::body::FormFields;
use crate::web::http::redirect;
use crate::web::ui::table::{Column, ColumnSort};

const ROWS_PER_PAGE: usize = 50;

/// Longer filters are cut.
const MAX_FILTER_LEN: usize = 200;

/// The parameter with the page that a form leads back to.
const RETURN_FIELD: &str = "from";

/// The text of a filter.
pub fn filter(query: &FormFields, name: &str) -> String {
    query.get(name).trim().chars().take(MAX_FILTER_LEN).collect()
}

/// A column by which a list can be sorted: its name in addresses, and the direction that comes first.
pub type SortKey = (&'static str, SortDirection);

/// Filters, order, and cursor of a list.
#[derive(Debug, Clone)]
pub struct ListQuery {
    path: &'static str,
    /// Without empty ones.
    filters: Vec<(&'static str, String)>,
    /// The first is the order of the list without a choice.
    sort_keys: &'static [SortKey],
    sort: SortKey,
    cursor: String,
}

impl ListQuery {
    /// Reads `?sort=`, `?dir=` and the cursor of the list at `path`. Unknown values become the defaults.
    pub fn new(
        path: &'static str,
        query: &FormFields,
        sort_keys: &'static [SortKey],
        filters: &[(&'static str, &str)],
    ) -> Self {
        let default = sort_keys.first().copied().unwrap_or(("", Descending));
        let (name, first) = sort_keys.iter().copied().find(|(name, _)| *name == query.get("sort")).unwrap_or(default);
        let direction = match query.get("dir") {
            "asc" => Ascending,
            "desc" => Descending,
            _ => first,
        };
        let filters = filters.iter().filter(|(_, value)| !value.is_empty());
        Self {
            path,
            filters: filters.map(|(name, value)| (*name, (*value).to_owned())).collect(),
            sort_keys,
            sort: (name, direction),
            cursor: query.get(cursor_name(direction)).to_owned(),
        }
    }

    /// The path of the list.
    pub fn path(&self) -> &'static str {
        self.path
    }

    /// The name of the column that the list is sorted by.
    pub fn sort_name(&self) -> &'static str {
        self.sort.0
    }

    /// The page that the address asks for. A list without a readable cursor begins with its first row.
    pub fn request<K: FromStr>(&self) -> ListRequest<K> {
        self.request_with(|text| text.parse().ok())
    }

    /// The same with a cursor that `parse` reads.
    pub fn request_with<K>(&self, parse: impl FnOnce(&str) -> Option<K>) -> ListRequest<K> {
        ListRequest { cursor: parse(&self.cursor), direction: self.sort.1, limit: ROWS_PER_PAGE }
    }

    /// Sorts rows that are in memory. Equal ones stay in their order.
    pub fn sort_rows<T>(&self, rows: &mut [T], compare: impl Fn(&T, &T) -> Ordering) {
        rows.sort_by(|left, right| match self.sort.1 {
            Ascending => compare(left, right),
            Descending => compare(right, left),
        });
    }

    /// The column that sorts the list by `name`. A list that has it already is turned around.
    pub fn column(&self, label: &'static str, name: &'static str) -> Column {
        let first = self.sort_keys.iter().find(|(key, _)| *key == name).map_or(Ascending, |(_, first)| *first);
        let current = (self.sort.0 == name).then_some(self.sort.1);
        let direction = match current {
            None => first,
            Some(Ascending) => Descending,
            Some(Descending) => Ascending,
        };
        let sorted = Self { sort: (name, direction), cursor: String::new(), ..self.clone() };
        Column::sorted_by(label, ColumnSort { address: sorted.address(), current })
    }

    /// The links from this page to the next and the first.
    pub fn links(&self, next: Option<impl Display>) -> PageLinks {
        let at = |cursor: String| Self { cursor, ..self.clone() }.address();
        PageLinks {
            next: next.map(|next| at(next.to_string())),
            first: (!self.cursor.is_empty()).then(|| at(String::new())),
        }
    }

    /// The address of this page.
    pub fn address(&self) -> String {
        let pairs = form_urlencoded::Serializer::new(String::new()).extend_pairs(self.pairs()).finish();
        if pairs.is_empty() { self.path.to_owned() } else { format!("{}?{pairs}", self.path) }
    }

    /// The address that a form posts to, so that it leads back to this page.
    pub fn action(&self, path: &str) -> String {
        let pair = form_urlencoded::Serializer::new(String::new()).append_pair(RETURN_FIELD, &self.address()).finish();
        format!("{path}?{pair}")
    }

    /// The parameters of this page as fields of a form.
    pub fn fields(&self) -> Markup {
        hidden_fields(self.pairs())
    }

    /// The order as fields of a form that filters the list.
    pub fn order_fields(&self) -> Markup {
        hidden_fields(self.order())
    }

    fn pairs(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let cursor = (!self.cursor.is_empty()).then_some((cursor_name(self.sort.1), self.cursor.as_str()));
        let filters = self.filters.iter().map(|(name, value)| (*name, value.as_str()));
        filters.chain(self.order()).chain(cursor)
    }

    /// Nothing for the order of the list without a choice.
    fn order<'a>(&self) -> impl Iterator<Item = (&'static str, &'a str)> + use<'a> {
        let is_default = self.sort_keys.first().is_none_or(|default| *default == self.sort);
        let direction = match self.sort.1 {
            Ascending => "asc",
            Descending => "desc",
        };
        (!is_default).then_some([("sort", self.sort.0), ("dir", direction)]).into_iter().flatten()
    }
}

fn hidden_fields<'a>(pairs: impl Iterator<Item = (&'static str, &'a str)>) -> Markup {
    html! { @for (name, value) in pairs { input type="hidden" name=(name) value=(value); } }
}

/// The parameter with the key of the last row of the page before. Newest first, the rows of a page are older.
fn cursor_name(direction: SortDirection) -> &'static str {
    match direction {
        Ascending => "after",
        Descending => "before",
    }
}

/// The page of the list at `path` that a form leads back to, with more parameters. `None` if the form is not on such a page.
pub fn return_address(query: &FormFields, path: &str, more: &[(&str, &str)]) -> Option<String> {
    let from = redirect::after_sign_in(query.get(RETURN_FIELD));
    let rest = from.strip_prefix(path)?;
    if !(rest.is_empty() || rest.starts_with('?')) || rest.contains('#') {
        return None;
    }
    let more = form_urlencoded::Serializer::new(String::new()).extend_pairs(more).finish();
    let separator = if rest.is_empty() { '?' } else { '&' };
    Some(format!("{from}{separator}{more}"))
}

/// Links from one page of a list to others.
#[derive(Debug, Clone, Default)]
pub struct PageLinks {
    /// The address of the next page, if there is one.
    pub next: Option<String>,
    /// The address of the first page, unless this is the first.
    pub first: Option<String>,
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

#[cfg(test)]
mod tests {
    use super::*;

    const SORT_KEYS: &[SortKey] = &[("joined", Descending), ("email", Ascending)];

    fn list(query: &str) -> ListQuery {
        let query = FormFields::parse(query.as_bytes());
        ListQuery::new("/admin/users", &query, SORT_KEYS, &[("search", &filter(&query, "search"))])
    }

    fn link(list: &ListQuery, name: &'static str) -> String {
        format!("{:?}", list.column("", name))
    }

    #[test]
    fn an_address_has_only_what_differs_from_the_defaults() {
        for query in ["", "sort=joined", "dir=desc", "sort=password", "dir=up", "after=x", "search=+"] {
            assert_eq!(list(query).address(), "/admin/users", "{query}");
        }
        let page = list("search=a%26b&sort=email&after=ada%40example.com");
        let address = "/admin/users?search=a%26b&sort=email&dir=asc&after=ada%40example.com";
        assert_eq!((page.address(), page.sort_name()), (address.to_owned(), "email"));
        assert_eq!(page.links(None::<u8>).first.unwrap(), "/admin/users?search=a%26b&sort=email&dir=asc");
        assert_eq!(list("").links(Some(7)).next.unwrap(), "/admin/users?before=7");
    }

    #[test]
    fn a_header_sorts_by_its_column_and_turns_the_order_around() {
        let page = list("search=ada&before=7");
        assert!(link(&page, "joined").contains("\"/admin/users?search=ada&sort=joined&dir=asc\""));
        assert!(link(&page, "email").contains("\"/admin/users?search=ada&sort=email&dir=asc\""));
        assert!(link(&list("sort=email"), "email").contains("sort=email&dir=desc"));
        assert!(link(&list("sort=joined&dir=asc"), "joined").contains("\"/admin/users\""));
    }

    #[test]
    fn a_form_leads_back_to_its_list_and_nowhere_else() {
        let back = |from: &str| {
            let pairs = form_urlencoded::Serializer::new(String::new()).append_pair(RETURN_FIELD, from).finish();
            return_address(&FormFields::parse(pairs.as_bytes()), "/admin/users", &[("done", "enable")])
        };
        assert_eq!(back("/admin/users").unwrap(), "/admin/users?done=enable");
        assert_eq!(back("/admin/users?search=ada").unwrap(), "/admin/users?search=ada&done=enable");
        for other in ["", "/admin", "/admin/users2", "/admin/users/x", "//evil.example", "https://evil.example"] {
            assert_eq!(back(other), None, "{other}");
        }
    }
}
