//! Rendered pages, cached for the one user each was rendered for.
//!
//! # Correctness
//!
//! Every request is authenticated before the cache is searched, so a user who signed out, was disabled, or is no longer an admin
//! gets no page. A cached page equals the page that would be rendered now, because everything that a page of a cached route shows
//! depends only on
//!
//! - the user's account, habits, completions and day logs: a commit that changes any of them invalidates every page whose rendering began
//!   before it, see [`Store::is_unchanged`](crate::store::Store::is_unchanged);
//! - the exact path and query;
//! - the [`CompletionWindow`] in the user's time zone;
//! - settings that do not change while the server runs.
//!
//! A route whose pages show anything else, such as a list of devices, must not be cached;
//! [`Route::cached`](crate::web::Route::cached) says which are.
//!
//! # Purpose
//!
//! Pages are sent with `Cache-Control: no-store`, so that the next person at a shared browser cannot look through them. Browsers
//! therefore keep no page and send no conditional requests; they benefit because a cached page need not be rendered or
//! compressed again. Programs that keep a page's `ETag` get a 304.
//!
//! # Memory
//!
//! [`MAX_CACHE_BYTES`] in total, and [`MAX_PAGES_PER_USER`] pages for each user. The least recently seen user is evicted first.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};

use headers::{HeaderMapExt, IfNoneMatch};
use jiff::Timestamp;
use parking_lot::Mutex;
use warp::http::header::{ETAG, HeaderValue};
use warp::http::{HeaderMap, StatusCode, Uri};

use crate::app::{App, random_bytes};
use crate::domain::habits::completion::CompletionWindow;
use crate::domain::{Account, AccountId, Zone};
use crate::store::CommitSeq;
use crate::web::http::conditional;
use crate::web::http::response::Response;

/// The size of all pages together: enough for some 1,800 users with thirty habits each and compressed pages.
pub const MAX_CACHE_BYTES: usize = 8 << 20;
pub const MAX_PAGES_PER_USER: usize = 16;
/// A page with a longer path and query is not cached. All links on pages are shorter.
const MAX_PATH_LEN: usize = 128;
/// A larger page is not cached, so that one page cannot evict many others.
const MAX_PAGE_BYTES: usize = MAX_CACHE_BYTES / 16;
/// The memory that a page takes besides its body: headers and entries of the maps.
const PAGE_OVERHEAD_BYTES: usize = 1_024;

/// The cached pages of all users.
pub struct PageCache {
    lru: Mutex<Lru>,
    /// The beginning of every tag. It differs after each start.
    tag_prefix: u64,
    next_tag: AtomicU64,
}

/// A request for a page: whose, which, and as of which commit.
pub struct CacheKey {
    user: AccountId,
    zone: Zone,
    page: PageKey,
    since: CommitSeq,
    /// The tags that the client already has.
    if_none_match: Option<IfNoneMatch>,
}

#[derive(Clone, PartialEq, Eq)]
struct PageKey {
    path: String,
    is_compressed: bool,
    window: CompletionWindow,
}

impl CacheKey {
    /// The page at `uri` for a user. `since` is the last commit before anything was read for it. `None` if the path and query are
    /// too long to be cached.
    pub fn new(
        account: &Account,
        uri: &Uri,
        headers: &HeaderMap,
        is_compressed: bool,
        since: CommitSeq,
        now: Timestamp,
    ) -> Option<Self> {
        let path = uri.path_and_query()?.as_str();
        if path.len() > MAX_PATH_LEN {
            return None;
        }
        let window = CompletionWindow::at(now, account.zone());
        let page = PageKey { path: path.to_owned(), is_compressed, window };
        Some(Self { user: account.id, zone: account.zone().clone(), page, since, if_none_match: headers.typed_get() })
    }

    /// The page, or 304 if the client has it.
    fn respond(&self, mut page: Response) -> Response {
        if conditional::is_not_modified(self.if_none_match.as_ref(), page.headers()) {
            *page.status_mut() = StatusCode::NOT_MODIFIED;
            page.body_mut().clear();
        }
        page
    }
}

impl Default for PageCache {
    fn default() -> Self {
        // Without random numbers, a tag may repeat one from before the restart. It then names a different page.
        let tag_prefix = random_bytes().map_or(0, u64::from_be_bytes);
        Self { lru: Mutex::default(), tag_prefix, next_tag: AtomicU64::new(0) }
    }
}

impl PageCache {
    /// The cached page, if it is still valid.
    pub fn find(&self, app: &App, key: &CacheKey) -> Option<Response> {
        let page = self.lru.lock().find(key, |since| app.store.is_unchanged(key.user, since))?;
        Some(key.respond(page))
    }

    /// Caches a page that was just rendered, and responds with it. Responses with another status than 200 are passed through.
    pub fn insert(&self, app: &App, key: &CacheKey, mut page: Response) -> Response {
        if page.status() != StatusCode::OK {
            return page;
        }
        let number = self.next_tag.fetch_add(1, Ordering::Relaxed);
        let Ok(tag) = HeaderValue::from_str(&format!("\"{:016x}-{number:x}\"", self.tag_prefix)) else { return page };
        page.headers_mut().insert(ETAG, tag);
        // A page that was rendered across midnight may show either day.
        let window = CompletionWindow::at(app.clock.now(), &key.zone);
        if window == key.page.window && app.store.is_unchanged(key.user, key.since) {
            self.lru.lock().insert(key, page.clone());
        }
        key.respond(page)
    }

    /// How many users have cached pages, and the size of the cache in bytes.
    pub fn size(&self) -> (usize, usize) {
        let lru = self.lru.lock();
        (lru.users.len(), lru.bytes)
    }
}

/// Pages by user, with the order in which users were last seen.
#[derive(Default)]
struct Lru {
    users: HashMap<AccountId, UserPages>,
    /// Users by the number of their last request, the least recently seen first.
    by_last_seen: BTreeMap<u64, AccountId>,
    last_request: u64,
    bytes: usize,
}

/// The pages of one user, the newest last.
#[derive(Default)]
struct UserPages {
    last_seen: u64,
    pages: Vec<CachedPage>,
}

struct CachedPage {
    key: PageKey,
    since: CommitSeq,
    response: Response,
}

impl CachedPage {
    fn bytes(&self) -> usize {
        self.response.body().len() + self.key.path.len() + PAGE_OVERHEAD_BYTES
    }
}

impl Lru {
    fn find(&mut self, key: &CacheKey, is_valid: impl Fn(CommitSeq) -> bool) -> Option<Response> {
        let user = self.users.get_mut(&key.user)?;
        let page = user.pages.iter().find(|page| page.key == key.page)?;
        if !is_valid(page.since) {
            self.remove(key.user);
            return None;
        }
        let response = page.response.clone();
        self.last_request += 1;
        self.by_last_seen.remove(&std::mem::replace(&mut user.last_seen, self.last_request));
        self.by_last_seen.insert(self.last_request, key.user);
        Some(response)
    }

    fn insert(&mut self, key: &CacheKey, response: Response) {
        let page = CachedPage { key: key.page.clone(), since: key.since, response };
        if page.bytes() > MAX_PAGE_BYTES {
            return;
        }
        self.last_request += 1;
        let user = self.users.entry(key.user).or_default();
        self.by_last_seen.remove(&std::mem::replace(&mut user.last_seen, self.last_request));
        self.by_last_seen.insert(self.last_request, key.user);
        let same = user.pages.iter().position(|other| other.key == page.key);
        if let Some(replaced) = same.or((user.pages.len() >= MAX_PAGES_PER_USER).then_some(0)) {
            self.bytes -= user.pages.remove(replaced).bytes();
        }
        self.bytes += page.bytes();
        user.pages.push(page);
        while self.bytes > MAX_CACHE_BYTES
            && let Some((_, least_recent)) = self.by_last_seen.first_key_value()
        {
            self.remove(*least_recent);
        }
    }

    fn remove(&mut self, user: AccountId) {
        if let Some(user) = self.users.remove(&user) {
            self.by_last_seen.remove(&user.last_seen);
            self.bytes -= user.pages.iter().map(CachedPage::bytes).sum::<usize>();
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use jiff::Timestamp;

    use super::*;

    fn cache_key(user: u8, path: &str) -> CacheKey {
        let window = CompletionWindow::at(Timestamp::UNIX_EPOCH, &Zone::UTC);
        CacheKey {
            user: AccountId::generate(Timestamp::UNIX_EPOCH, [user; 10]),
            zone: Zone::UTC,
            page: PageKey { path: path.to_owned(), is_compressed: false, window },
            since: CommitSeq::default(),
            if_none_match: None,
        }
    }

    fn page(bytes: usize) -> Response {
        Response::new(Bytes::from(vec![b'a'; bytes]))
    }

    #[test]
    fn the_total_size_is_bounded_and_the_least_recently_seen_user_is_evicted_first() {
        let mut lru = Lru::default();
        for user in 0..40 {
            lru.insert(&cache_key(user, "/today?"), page(400_000 - PAGE_OVERHEAD_BYTES - 7));
            assert!(lru.find(&cache_key(0, "/today?"), |_| true).is_some(), "a user who is seen often stays");
            assert!(lru.bytes <= MAX_CACHE_BYTES);
        }
        let held: Vec<u8> = (0..40).filter(|user| lru.users.contains_key(&cache_key(*user, "").user)).collect();
        assert_eq!(held, std::iter::once(0).chain(21..40).collect::<Vec<u8>>());
        lru.insert(&cache_key(40, "/today?"), page(MAX_PAGE_BYTES));
        assert_eq!((lru.users.len(), lru.by_last_seen.len(), lru.bytes), (20, 20, 8_000_000), "it is too large");
        assert!(lru.find(&cache_key(0, "/today?"), |_| false).is_none(), "it has changed");
        assert_eq!((lru.users.len(), lru.by_last_seen.len(), lru.bytes), (19, 19, 7_600_000));
    }

    #[test]
    fn the_number_of_pages_of_a_user_is_bounded() {
        let mut lru = Lru::default();
        for month in 0..50 {
            lru.insert(&cache_key(1, &format!("/calendar?month={month}")), page(100));
            lru.insert(&cache_key(1, "/today?"), page(100));
        }
        let found = |lru: &mut Lru, path| lru.find(&cache_key(1, path), |_| true).is_some();
        assert_eq!(lru.users.values().map(|user| user.pages.len()).sum::<usize>(), MAX_PAGES_PER_USER);
        assert!(found(&mut lru, "/today?") && found(&mut lru, "/calendar?month=49"));
        assert!(!found(&mut lru, "/calendar?month=1") && !found(&mut lru, "/calendar?"));
        lru.remove(cache_key(1, "").user);
        assert_eq!((lru.users.len(), lru.by_last_seen.len(), lru.bytes), (0, 0, 0));
    }
}
