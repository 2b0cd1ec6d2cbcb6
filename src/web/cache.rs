//! Pages as they were last rendered, each for the one person it was rendered for.
//!
//! # What keeps a page right
//!
//! Who asks is found out anew for every request, before anything is looked up here: whoever signed out, was switched off
//! or is no admin any more gets no further. What is found here is then the page that would be rendered now, because
//! everything that a page of a cached route shows follows from
//!
//! - the person's account, habits and completions: a commit that touches one of them makes every page that was begun
//!   before it worthless, see [`Store::is_unchanged`](crate::store::Store::is_unchanged);
//! - the address that was asked for, word by word;
//! - the [`Window`] of time, where the person lives;
//! - settings that do not change while the server runs.
//!
//! A route whose pages show anything else, such as a device list, must not be cached; [`super::routes`] says which are.
//!
//! # What it is good for, and what not
//!
//! Pages stay `Cache-Control: no-store`: nobody but the person may leave through what somebody did, least of all the next
//! one in front of a shared browser. So browsers keep no page and never ask whether it has changed; they profit from pages
//! that need not be rendered or compressed again. Programs that keep a page's `ETag` are answered 304.
//!
//! # How much memory it takes
//!
//! [`MOST_BYTES`] in all, whoever asks for what, and [`MOST_PAGES`] pages of each person; who was not seen for the
//! longest time goes first.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use warp::http::header::{ETAG, HeaderValue, IF_NONE_MATCH};
use warp::http::{HeaderMap, StatusCode};

use super::conditional;
use super::reply::Answer;
use super::visit::Visit;
use crate::app::{App, random};
use crate::domain::completion::Window;
use crate::domain::{AccountId, Zone};
use crate::store::Moment;

/// What all pages together may take: those of some 1,800 people as browsers ask for them, with thirty habits each.
pub const MOST_BYTES: usize = 8 << 20;
/// Most pages of one person.
pub const MOST_PAGES: usize = 16;
/// A page whose address is longer is not kept. All that pages link to are shorter.
const LONGEST_ADDRESS: usize = 128;
/// A larger page is not kept, or one would push out what many others need.
const LARGEST: usize = MOST_BYTES / 16;
/// What a page takes besides its text: headers, its place in the lists.
const OVERHEAD: usize = 1_024;

/// The pages of everybody.
pub(super) struct PageCache {
    shelf: Mutex<Shelf>,
    /// The beginning of every tag: another one after each start.
    origin: u64,
    tags: AtomicU64,
}

/// What is asked for: whose page, which, and as of when.
pub(super) struct Wanted {
    person: AccountId,
    zone: Zone,
    key: Key,
    since: Moment,
    /// The tags that the client has, as it sent them.
    known: HeaderMap,
}

#[derive(Clone, PartialEq, Eq)]
struct Key {
    address: String,
    /// Whether it is compressed.
    packed: bool,
    window: Window,
}

impl Wanted {
    /// The page that a visit is about, when it is somebody's. `since` is a moment before anything was read for it.
    pub(super) fn of(visit: &Visit, packed: bool, since: Moment) -> Option<Self> {
        let me = visit.maybe_member()?;
        let address = visit.uri.path_and_query()?.as_str();
        if address.len() > LONGEST_ADDRESS {
            return None;
        }
        let mut known = HeaderMap::new();
        for line in visit.headers.get_all(IF_NONE_MATCH) {
            known.append(IF_NONE_MATCH, line.clone());
        }
        let window = Window::at(visit.site.app.clock.now(), me.zone());
        let key = Key { address: address.to_owned(), packed, window };
        (key.address.len() <= LONGEST_ADDRESS).then(|| Self {
            person: me.id,
            zone: me.zone().clone(),
            key,
            since,
            known,
        })
    }

    /// The page, or that it is the one the client has.
    fn answer(&self, mut page: Answer) -> Answer {
        if page.headers().get(ETAG).is_some_and(|tag| conditional::names(&self.known, tag)) {
            *page.status_mut() = StatusCode::NOT_MODIFIED;
            page.body_mut().clear();
        }
        page
    }
}

impl PageCache {
    /// An empty one.
    pub(super) fn new() -> Self {
        // Without random numbers a tag may be one from before the last start; the next page of that start is another.
        let origin = random().map_or(0, u64::from_be_bytes);
        Self { shelf: Mutex::default(), origin, tags: AtomicU64::new(0) }
    }

    /// The answer to what is wanted, if it is here and still right.
    pub(super) fn find(&self, app: &App, wanted: &Wanted) -> Option<Answer> {
        let page = self.shelf().find(wanted, |since| app.store.is_unchanged(wanted.person, since))?;
        Some(wanted.answer(page))
    }

    /// Keeps a page that was just rendered, and answers with it. What is no page, such as a refusal, is let through.
    pub(super) fn keep(&self, app: &App, wanted: &Wanted, mut page: Answer) -> Answer {
        if page.status() != StatusCode::OK {
            return page;
        }
        let number = self.tags.fetch_add(1, Ordering::Relaxed);
        let Ok(tag) = HeaderValue::from_str(&format!("\"{:016x}-{number:x}\"", self.origin)) else { return page };
        page.headers_mut().insert(ETAG, tag);
        // Rendered across midnight it may be of either day.
        let window = Window::at(app.clock.now(), &wanted.zone);
        if window == wanted.key.window && app.store.is_unchanged(wanted.person, wanted.since) {
            self.shelf().keep(wanted, page.clone());
        }
        wanted.answer(page)
    }

    /// How many people's pages there are, and what they take.
    pub(super) fn size(&self) -> (usize, usize) {
        let shelf = self.shelf();
        (shelf.people.len(), shelf.bytes)
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Default)]
struct Shelf {
    people: HashMap<AccountId, Person>,
    /// Who was seen when, the longest ago first.
    seen: BTreeMap<u64, AccountId>,
    visits: u64,
    bytes: usize,
}

/// The pages of one person, the newest last.
#[derive(Default)]
struct Person {
    seen: u64,
    pages: Vec<Page>,
}

struct Page {
    key: Key,
    since: Moment,
    answer: Answer,
}

impl Page {
    fn bytes(&self) -> usize {
        self.answer.body().len() + self.key.address.len() + OVERHEAD
    }
}

impl Shelf {
    fn find(&mut self, wanted: &Wanted, is_right: impl Fn(Moment) -> bool) -> Option<Answer> {
        let person = self.people.get_mut(&wanted.person)?;
        let page = person.pages.iter().find(|page| page.key == wanted.key)?;
        if !is_right(page.since) {
            self.forget(wanted.person);
            return None;
        }
        let answer = page.answer.clone();
        self.visits += 1;
        self.seen.remove(&std::mem::replace(&mut person.seen, self.visits));
        self.seen.insert(self.visits, wanted.person);
        Some(answer)
    }

    fn keep(&mut self, wanted: &Wanted, answer: Answer) {
        let page = Page { key: wanted.key.clone(), since: wanted.since, answer };
        if page.bytes() > LARGEST {
            return;
        }
        self.visits += 1;
        let person = self.people.entry(wanted.person).or_default();
        self.seen.remove(&std::mem::replace(&mut person.seen, self.visits));
        self.seen.insert(self.visits, wanted.person);
        let same = person.pages.iter().position(|other| other.key == page.key);
        if let Some(goes) = same.or((person.pages.len() >= MOST_PAGES).then_some(0)) {
            self.bytes -= person.pages.remove(goes).bytes();
        }
        self.bytes += page.bytes();
        person.pages.push(page);
        while self.bytes > MOST_BYTES
            && let Some((_, longest_ago)) = self.seen.first_key_value()
        {
            self.forget(*longest_ago);
        }
    }

    fn forget(&mut self, person: AccountId) {
        if let Some(person) = self.people.remove(&person) {
            self.seen.remove(&person.seen);
            self.bytes -= person.pages.iter().map(Page::bytes).sum::<usize>();
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use jiff::Timestamp;

    use super::*;

    fn wanted(person: u8, address: &str) -> Wanted {
        let window = Window::at(Timestamp::UNIX_EPOCH, &Zone::UTC);
        Wanted {
            person: AccountId::mint(Timestamp::UNIX_EPOCH, [person; 10]),
            zone: Zone::UTC,
            key: Key { address: address.to_owned(), packed: false, window },
            since: Moment::default(),
            known: HeaderMap::new(),
        }
    }

    fn page(bytes: usize) -> Answer {
        Answer::new(Bytes::from(vec![b'a'; bytes]))
    }

    #[test]
    fn all_pages_together_are_bounded_and_who_was_not_seen_for_the_longest_time_goes_first() {
        let mut shelf = Shelf::default();
        for person in 0..40 {
            shelf.keep(&wanted(person, "/today?"), page(400_000 - OVERHEAD - 7));
            assert!(shelf.find(&wanted(0, "/today?"), |_| true).is_some(), "whoever comes again and again stays");
            assert!(shelf.bytes <= MOST_BYTES);
        }
        let held: Vec<u8> = (0..40).filter(|person| shelf.people.contains_key(&wanted(*person, "").person)).collect();
        assert_eq!(held, std::iter::once(0).chain(21..40).collect::<Vec<u8>>());
        shelf.keep(&wanted(40, "/today?"), page(LARGEST));
        assert_eq!((shelf.people.len(), shelf.seen.len(), shelf.bytes), (20, 20, 8_000_000), "it is too large");
        assert!(shelf.find(&wanted(0, "/today?"), |_| false).is_none(), "it has changed");
        assert_eq!((shelf.people.len(), shelf.seen.len(), shelf.bytes), (19, 19, 7_600_000));
    }

    #[test]
    fn a_person_has_so_many_pages_and_no_more() {
        let mut shelf = Shelf::default();
        for month in 0..50 {
            shelf.keep(&wanted(1, &format!("/calendar?month={month}")), page(100));
            shelf.keep(&wanted(1, "/today?"), page(100));
        }
        let found = |shelf: &mut Shelf, address| shelf.find(&wanted(1, address), |_| true).is_some();
        assert_eq!(shelf.people.values().map(|person| person.pages.len()).sum::<usize>(), MOST_PAGES);
        assert!(found(&mut shelf, "/today?") && found(&mut shelf, "/calendar?month=49"));
        assert!(!found(&mut shelf, "/calendar?month=1") && !found(&mut shelf, "/calendar?"));
        shelf.forget(wanted(1, "").person);
        assert_eq!((shelf.people.len(), shelf.seen.len(), shelf.bytes), (0, 0, 0));
    }
}
