//! Atlas as its next release might be: the same binary with two schemas more. The drill of a rollback starts it, and
//! nothing else does.
//!
//! Schema 5 keeps a note that a binary of schema 4 does not know and cannot disturb, so it says that such a one may open it.
//! Schema 6 puts a star behind the titles of habits, which an older binary may not touch.

use std::path::Path;
use std::process::ExitCode;

use atlas::domain::Title;
use atlas::store::migrations::{ALL, Losses, Migration, know};
use atlas::store::schema::{COUNTS, HABITS};
use atlas::store::{Draft, Error, Read};

const NOTE: &str = "drill";

static STEPS: [Migration; 5] = {
    let [schedules, guarded, sums] = ALL;
    let note = Migration {
        to: 5,
        about: "a note for the drill",
        min_reader: 4,
        up: |draft| {
            draft.put(&COUNTS, &NOTE.to_owned(), &1);
            Ok(())
        },
        down: |draft| {
            draft.remove(&COUNTS, &NOTE.to_owned());
            Ok(())
        },
        loses: |_| Ok(vec![("note of the drill", 1)]),
    };
    let stars = Migration { to: 6, about: "stars behind the titles of habits", min_reader: 6, up, down, loses };
    [schedules, guarded, sums, note, stars]
};

fn up(draft: &mut Draft<'_, '_>) -> Result<(), Error> {
    retitle(draft, |title| format!("{title} *"))
}

fn down(draft: &mut Draft<'_, '_>) -> Result<(), Error> {
    retitle(draft, |title| title.strip_suffix(" *").unwrap_or(title).to_owned())
}

fn loses(draft: &Draft<'_, '_>) -> Result<Losses, Error> {
    Ok(vec![("stars", u64::try_from(draft.under(&HABITS, &[], usize::MAX)?.len()).unwrap_or(u64::MAX))])
}

fn retitle(draft: &mut Draft<'_, '_>, change: impl Fn(&str) -> String) -> Result<(), Error> {
    for (key, mut habit) in draft.under(&HABITS, &[], usize::MAX)? {
        if let Ok(title) = Title::parse(&change(habit.title.as_str())) {
            habit.title = title;
            draft.put(&HABITS, &key, &habit);
        }
    }
    Ok(())
}

fn main() -> ExitCode {
    // Where only the first of both is wanted, the name it is called by says so.
    let only_the_note = std::env::args_os().next().is_some_and(|name| Path::new(&name).ends_with("next-5"));
    know(if only_the_note { STEPS.get(..4).unwrap_or(&STEPS) } else { &STEPS });
    atlas::cli::run()
}
