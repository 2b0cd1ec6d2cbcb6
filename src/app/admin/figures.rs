//! The figures of the admins' overview. Every one is a counter or a bounded read, so that opening the page costs the same however
//! much users have completed.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::app::App;
use crate::app::error::Error;
use crate::app::list_request::SCAN_LIMIT;
use crate::domain::calendar::day::inclusive_range;
use crate::domain::{Day, Zone};
use crate::store::file::disk;
use crate::store::tables::outbox::MailCounts;
use crate::store::tables::{accounts, daily_completions, outbox, sessions};

/// The days of the charts.
const DAYS: i32 = 14;
const WEEK: SignedDuration = SignedDuration::from_hours(7 * 24);

/// The figures. Days are those of UTC.
#[derive(Debug, Clone)]
pub struct EnvironmentFigures {
    /// Sign-ups of each of the last days, today last.
    pub sign_ups: Vec<(Day, u64)>,
    /// Users who used Atlas within the last week.
    pub active_users: usize,
    /// Completions of each of the last days, today last. Counted when users mark habits; imports are left out.
    pub completions: Vec<(Day, u64)>,
    /// Mail of each of the last days, by when it was created, today last.
    pub mail: Vec<(Day, MailCounts)>,
    /// Whether there was more mail in these days than was counted. The newest was.
    pub has_more_mail: bool,
    /// What the disk of the data file has left; `None` if the system does not tell.
    pub free_bytes: Option<u64>,
}

impl EnvironmentFigures {
    /// Mail of the last seven days.
    pub fn mail_of_last_week(&self) -> MailCounts {
        self.mail.iter().rev().take(7).map(|(_, counts)| *counts).sum()
    }
}

/// The days of the charts, in UTC, today last.
pub fn chart_days(now: Timestamp) -> impl DoubleEndedIterator<Item = Day> {
    let today = Day::at(now, &Zone::UTC);
    inclusive_range(today.add_days(1 - DAYS), today)
}

/// Reads the figures. The most expensive ones examine up to [`SCAN_LIMIT`] sessions and as many emails.
///
/// # Errors
/// [`Error::Unavailable`] when the file cannot be read.
pub fn load_figures(app: &App) -> Result<EnvironmentFigures, Error> {
    let now = app.clock.now();
    let days = || chart_days(now);
    let week_ago = now.checked_sub(WEEK).unwrap_or(Timestamp::MIN);
    let chart_begin = now.checked_sub(SignedDuration::from_hours(24 * i64::from(DAYS))).unwrap_or(Timestamp::MIN);
    app.store.read(|txn| {
        let mut by_day: BTreeMap<Day, u64> = BTreeMap::new();
        accounts::for_each_sign_up(txn, chart_begin, SCAN_LIMIT, |at| {
            *by_day.entry(Day::at(at, &Zone::UTC)).or_default() += 1;
        })?;
        let mut mail: BTreeMap<Day, MailCounts> = BTreeMap::new();
        let has_more_mail = !outbox::for_each_newest(txn, chart_begin, SCAN_LIMIT, |at, status| {
            mail.entry(Day::at(at, &Zone::UTC)).or_default().add(status);
        })?;
        let completions = days().map(|day| Ok((day, daily_completions::read_day(txn, day)?)));
        Ok(EnvironmentFigures {
            sign_ups: days().map(|day| (day, by_day.get(&day).copied().unwrap_or(0))).collect(),
            active_users: sessions::count_active_accounts(txn, week_ago, SCAN_LIMIT)?,
            completions: completions.collect::<Result<_, Error>>()?,
            mail: days().map(|day| (day, mail.get(&day).copied().unwrap_or_default())).collect(),
            has_more_mail,
            free_bytes: app.store.path().parent().and_then(|folder| disk::free_bytes(folder).ok()),
        })
    })
}
