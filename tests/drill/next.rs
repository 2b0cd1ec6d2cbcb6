//! A fictional next release of Atlas for the rollback drill: the same binary with two more schema migrations.
//!
//! The first adds a note that a binary of this library's schema ignores and preserves, so its migration allows that binary to open the file.
//! The second appends a star to the titles of habits, and no older binary may open the file.

use std::path::Path;
use std::process::ExitCode;

use atlas::domain::Title;
use atlas::store::migrations::{LossCounts, Migration, Migrations};
use atlas::store::tables::schema::{COUNTS, HABITS, VERSION};
use atlas::store::{Error, Reader, WriteTxn};

const NOTE_KEY: &str = "drill";

static STEPS: [Migration; 7] = {
    let &[schedules, session_index, checksums, day_logs, imports] = Migrations::BUILT_IN.steps() else {
        panic!("the library has other migrations than the drill")
    };
    let note = Migration {
        to: VERSION + 1,
        about: "a note for the drill",
        min_reader: VERSION,
        up: |txn| {
            txn.put(&COUNTS, &NOTE_KEY.to_owned(), &1);
            Ok(())
        },
        down: |txn| {
            txn.remove(&COUNTS, &NOTE_KEY.to_owned());
            Ok(())
        },
        count_losses: |_| Ok(vec![("note of the drill", 1)]),
    };
    let stars = Migration {
        to: VERSION + 2,
        about: "stars behind the titles of habits",
        min_reader: VERSION + 2,
        up,
        down,
        count_losses,
    };
    [schedules, session_index, checksums, day_logs, imports, note, stars]
};

fn up(txn: &mut WriteTxn<'_, '_>) -> Result<(), Error> {
    retitle(txn, |title| format!("{title} *"))
}

fn down(txn: &mut WriteTxn<'_, '_>) -> Result<(), Error> {
    retitle(txn, |title| title.strip_suffix(" *").unwrap_or(title).to_owned())
}

fn count_losses(txn: &WriteTxn<'_, '_>) -> Result<LossCounts, Error> {
    Ok(vec![("stars", u64::try_from(txn.scan_prefix(&HABITS, &[], usize::MAX)?.len()).unwrap_or(u64::MAX))])
}

fn retitle(txn: &mut WriteTxn<'_, '_>, change: impl Fn(&str) -> String) -> Result<(), Error> {
    for (key, mut habit) in txn.scan_prefix(&HABITS, &[], usize::MAX)? {
        if let Ok(title) = Title::parse(&change(habit.title.as_str())) {
            habit.title = title;
            txn.put(&HABITS, &key, &habit);
        }
    }
    Ok(())
}

fn main() -> ExitCode {
    // A link named `next-compatible` runs a release with the first of the two migrations only.
    let is_compatible = std::env::args_os().next().is_some_and(|name| Path::new(&name).ends_with("next-compatible"));
    let steps = if is_compatible { STEPS.get(..STEPS.len() - 1).unwrap_or(&STEPS) } else { &STEPS };
    atlas::cli::run(Migrations::new(steps))
}
