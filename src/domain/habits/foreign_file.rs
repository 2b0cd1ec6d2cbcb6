//! Recognizes files of other programs by their content, so that a user who chooses one learns what it is.

use crate::domain::text_repair::strip_byte_order_mark;

/// How much of a file is looked at. The names in an archive and the tables of a database are near its beginning or its end.
const SCANNED_BYTES: usize = 256 << 10;

/// A format that Atlas cannot import yet: every mark must occur in a file that begins with the magic bytes.
struct Format {
    magic: &'static [u8],
    marks: &'static [&'static [u8]],
    /// Completes "This is …".
    name: &'static str,
}

const fn format(magic: &'static [u8], marks: &'static [&'static [u8]], name: &'static str) -> Format {
    Format { magic, marks, name }
}

const ZIP: &[u8] = b"PK\x03\x04";
const SQLITE: &[u8] = b"SQLite format 3\0";
const LOOP: &str = "a Loop Habit Tracker file";
const BEAVER: &str = "a Beaver Habits file";
const HABITICA: &str = "a Habitica file";
const HABIT_TROVE: &str = "a HabitTrove file";

/// The first format that matches is the answer, so general ones come last.
const FORMATS: &[Format] = &[
    format(ZIP, &[b"Habits.csv", b"Checkmarks.csv"], LOOP),
    format(ZIP, &[b"habits.json", b"coins.json"], HABIT_TROVE),
    format(ZIP, &[b"xl/workbook.xml"], "an Excel workbook"),
    format(ZIP, &[b"opendocument.spreadsheet"], "a spreadsheet"),
    format(ZIP, &[], "a zip archive"),
    format(SQLITE, &[b"Repetitions", b"freq_num"], LOOP),
    format(SQLITE, &[b"habit_list"], BEAVER),
    format(SQLITE, &[b"CHECKINS"], "a Rewire file"),
    format(SQLITE, &[b"track2groups"], "a Tickmate file"),
    format(SQLITE, &[], "an SQLite database"),
    format(b"redb", &[], "an Atlas data file"),
    format(b"age-encryption.org/", &[], "an encrypted file"),
    format(b"%PDF", &[], "a PDF document"),
    format(b"Position,Name,", &[b"Color"], LOOP),
    format(b"Date,Value,Notes", &[], LOOP),
    format(b"HabitName,HabitDescription,", &[], "a HabitBull file"),
    format(b"Task Name,Task ID,Task Type,", &[], HABITICA),
    format(b"{", &[b"\"dailys\"", b"\"todos\""], HABITICA),
    format(b"{", &[b"\"coinReward\""], HABIT_TROVE),
    format(b"{", &[b"\"twoDayRule\""], "a Habo file"),
    format(b"", &[b"\"record_date\"", b"\"daily_goal\""], "a Table Habit file"),
    format(b"{", &[b"\"TimesDone\"", b"\"RepeatPeriod\""], "an OpenHabitTracker file"),
    format(b"", &[b"\"epochDay\"", b"\"progressComputation\""], "a HabitSync file"),
    format(b"{", &[b"\"records\"", b"\"day\"", b"\"done\""], BEAVER),
    format(b"<", &[b"<html"], "a web page"),
];

/// What a file is, to complete "This is …"; `None` when it is unknown.
pub fn recognize(bytes: &[u8]) -> Option<&'static str> {
    let bytes = strip_byte_order_mark(bytes);
    let head = bytes.get(..SCANNED_BYTES.min(bytes.len())).unwrap_or_default();
    let tail = bytes.get(bytes.len().saturating_sub(SCANNED_BYTES)..).unwrap_or_default();
    let matches = |format: &&Format| {
        head.trim_ascii_start().starts_with(format.magic)
            && format.marks.iter().all(|mark| contains(head, mark) || contains(tail, mark))
    };
    let known = FORMATS.iter().find(matches).map(|format| format.name);
    known.or_else(|| is_table(head).then_some("a CSV table"))
}

fn contains(bytes: &[u8], mark: &[u8]) -> bool {
    bytes.windows(mark.len()).any(|window| window.eq_ignore_ascii_case(mark))
}

/// Whether this is text with the same separator in its first line and its second, and not JSON.
fn is_table(head: &[u8]) -> bool {
    let text = String::from_utf8_lossy(head);
    if text.trim_start().starts_with(['{', '[', '"', '<']) && !text.starts_with('"') {
        return false;
    }
    let mut lines = text.lines();
    let (first, second) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    [',', ';', '\t'].into_iter().any(|separator| first.contains(separator) && second.contains(separator))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_other_programs_are_recognized_by_content() {
        let beaver = r#"{"user_email":"sam@example.org","habits":[{"id":"a1","name":"Read","records":[{"day":"2026-03-04","done":true}]}]}"#;
        let loop_csv =
            "Position,Name,Type,Question,Description,FrequencyNumerator,FrequencyDenominator,Color,Unit\n001,Stretch";
        let loop_zip = [
            b"PK\x03\x04".as_slice(),
            &[0; 26],
            b"Habits.csv",
            "0".repeat(400_000).as_bytes(),
            b"001 Run/Checkmarks.csv",
        ]
        .concat();
        let loop_db = b"SQLite format 3\0..CREATE TABLE Repetitions (id) ... freq_num INTEGER";
        for (bytes, expected) in [
            (loop_zip.as_slice(), Some(LOOP)),
            (loop_db, Some(LOOP)),
            (loop_csv.as_bytes(), Some(LOOP)),
            (b"\xEF\xBB\xBFDate,Value,Notes\n2026-03-04,YES_MANUAL,", Some(LOOP)),
            (beaver.as_bytes(), Some(BEAVER)),
            (beaver.replace('{', "{\n ").as_bytes(), Some(BEAVER)),
            (b"Task Name,Task ID,Task Type,Date,Value\n", Some(HABITICA)),
            (br#"{"tasks":{"habits":[],"dailys":[],"todos":[]}}"#, Some(HABITICA)),
            (br#"{"habits":[{"name":"Gym","coinReward":10}]}"#, Some(HABIT_TROVE)),
            (b"PK\x03\x04[Content_Types].xml xl/workbook.xml", Some("an Excel workbook")),
            (b"Habit;Monday;Tuesday\nRead;x;\n", Some("a CSV table")),
            (b"\"Date\",\"Read\"\n\"2026-03-04\",\"1\"\n", Some("a CSV table")),
            (b"<!doctype html>\n<html lang=en>", Some("a web page")),
            (b"{}", None),
            (b"{\"a\": 1,\n\"b\": 2,\n}", None),
            (b"not JSON", None),
            (b"", None),
        ] {
            assert_eq!(recognize(bytes), expected, "{}", String::from_utf8_lossy(bytes.get(..60).unwrap_or(bytes)));
        }
    }
}
