//! Recognizes files of other programs by their content, so that the right importer reads them, and a user who chooses another
//! file learns what it is.

use crate::domain::text_repair::strip_byte_order_mark;

/// How much of a file is looked at. The names in an archive and the tables of a database are near its beginning or its end.
const SCANNED_BYTES: usize = 256 << 10;

/// What a file is. Those that Atlas can import come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForeignFormat {
    LoopArchive,
    LoopDatabase,
    LoopTable,
    BeaverHabits,
    BeaverDatabase,
    HabitTrove,
    HabitTroveArchive,
    TableHabit,
    Habo,
    HabitBull,
    HabitSync,
    Habitica,
    HabiticaTable,
    Table,
    Excel,
    Spreadsheet,
    Zip,
    Rewire,
    Tickmate,
    Sqlite,
    AtlasDataFile,
    Encrypted,
    Pdf,
    OpenHabitTracker,
    WebPage,
}

impl ForeignFormat {
    /// Completes "This is …".
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LoopArchive | Self::LoopDatabase | Self::LoopTable => "a Loop Habit Tracker file",
            Self::BeaverHabits | Self::BeaverDatabase => "a Beaver Habits file",
            Self::HabitTrove | Self::HabitTroveArchive => "a HabitTrove file",
            Self::TableHabit => "a Table Habit file",
            Self::Habo => "a Habo file",
            Self::HabitBull => "a HabitBull file",
            Self::HabitSync => "a HabitSync file",
            Self::Habitica | Self::HabiticaTable => "a Habitica file",
            Self::Table => "a CSV table",
            Self::Excel => "an Excel workbook",
            Self::Spreadsheet => "a spreadsheet",
            Self::Zip => "a zip archive",
            Self::Rewire => "a Rewire file",
            Self::Tickmate => "a Tickmate file",
            Self::Sqlite => "an SQLite database",
            Self::AtlasDataFile => "an Atlas data file",
            Self::Encrypted => "an encrypted file",
            Self::Pdf => "a PDF document",
            Self::OpenHabitTracker => "an OpenHabitTracker file",
            Self::WebPage => "a web page",
        }
    }
}

/// How to recognize a format: every mark must occur in a file that begins with the magic bytes.
struct Signature {
    magic: &'static [u8],
    marks: &'static [&'static [u8]],
    format: ForeignFormat,
}

const fn signature(magic: &'static [u8], marks: &'static [&'static [u8]], format: ForeignFormat) -> Signature {
    Signature { magic, marks, format }
}

const ZIP: &[u8] = b"PK\x03\x04";
const SQLITE: &[u8] = b"SQLite format 3\0";

/// The first signature that matches is the answer, so general ones come last.
const SIGNATURES: &[Signature] = &[
    signature(ZIP, &[b"Habits.csv", b"Checkmarks.csv"], ForeignFormat::LoopArchive),
    signature(ZIP, &[b"habits.json", b"coins.json"], ForeignFormat::HabitTroveArchive),
    signature(ZIP, &[b"xl/workbook.xml"], ForeignFormat::Excel),
    signature(ZIP, &[b"opendocument.spreadsheet"], ForeignFormat::Spreadsheet),
    signature(ZIP, &[], ForeignFormat::Zip),
    signature(SQLITE, &[b"Repetitions", b"freq_num"], ForeignFormat::LoopDatabase),
    signature(SQLITE, &[b"habit_list"], ForeignFormat::BeaverDatabase),
    signature(SQLITE, &[b"CHECKINS"], ForeignFormat::Rewire),
    signature(SQLITE, &[b"track2groups"], ForeignFormat::Tickmate),
    signature(SQLITE, &[], ForeignFormat::Sqlite),
    signature(b"redb", &[], ForeignFormat::AtlasDataFile),
    signature(b"age-encryption.org/", &[], ForeignFormat::Encrypted),
    signature(b"%PDF", &[], ForeignFormat::Pdf),
    signature(b"Position,Name,", &[b"Color"], ForeignFormat::LoopTable),
    signature(b"Date,Value,Notes", &[], ForeignFormat::Table),
    signature(b"HabitName,HabitDescription,", &[], ForeignFormat::HabitBull),
    signature(b"Task Name,Task ID,Task Type,", &[], ForeignFormat::HabiticaTable),
    signature(b"{", &[b"\"dailys\"", b"\"todos\""], ForeignFormat::Habitica),
    signature(b"{", &[b"\"coinReward\""], ForeignFormat::HabitTrove),
    signature(b"{", &[b"\"twoDayRule\""], ForeignFormat::Habo),
    signature(b"", &[b"\"record_date\"", b"\"daily_goal\""], ForeignFormat::TableHabit),
    signature(b"{", &[b"\"TimesDone\"", b"\"RepeatPeriod\""], ForeignFormat::OpenHabitTracker),
    signature(b"", &[b"\"epochDay\"", b"\"progressComputation\""], ForeignFormat::HabitSync),
    signature(b"{", &[b"\"records\"", b"\"day\"", b"\"done\""], ForeignFormat::BeaverHabits),
    signature(b"<", &[b"<html"], ForeignFormat::WebPage),
];

/// What a file is "This is …"; `None` when it is unknown.
pub fn recognize(bytes: &[u8]) -> Option<ForeignFormat> {
    let bytes = strip_byte_order_mark(bytes);
    let head = bytes.get(..SCANNED_BYTES.min(bytes.len())).unwrap_or_default();
    let tail = bytes.get(bytes.len().saturating_sub(SCANNED_BYTES)..).unwrap_or_default();
    let matches = |signature: &&Signature| {
        head.trim_ascii_start().starts_with(signature.magic)
            && signature.marks.iter().all(|mark| contains(head, mark) || contains(tail, mark))
    };
    let known = SIGNATURES.iter().find(matches).map(|signature| signature.format);
    known.or_else(|| is_table(head).then_some(ForeignFormat::Table))
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
            (loop_zip.as_slice(), Some(ForeignFormat::LoopArchive)),
            (loop_db, Some(ForeignFormat::LoopDatabase)),
            (loop_csv.as_bytes(), Some(ForeignFormat::LoopTable)),
            (b"\xEF\xBB\xBFDate,Value,Notes\n2026-03-04,YES_MANUAL,", Some(ForeignFormat::Table)),
            (beaver.as_bytes(), Some(ForeignFormat::BeaverHabits)),
            (beaver.replace('{', "{\n ").as_bytes(), Some(ForeignFormat::BeaverHabits)),
            (b"Task Name,Task ID,Task Type,Date,Value\n", Some(ForeignFormat::HabiticaTable)),
            (br#"{"tasks":{"habits":[],"dailys":[],"todos":[]}}"#, Some(ForeignFormat::Habitica)),
            (br#"{"habits":[{"name":"Gym","coinReward":10}]}"#, Some(ForeignFormat::HabitTrove)),
            (b"PK\x03\x04[Content_Types].xml xl/workbook.xml", Some(ForeignFormat::Excel)),
            (b"Habit;Monday;Tuesday\nRead;x;\n", Some(ForeignFormat::Table)),
            (b"\"Date\",\"Read\"\n\"2026-03-04\",\"1\"\n", Some(ForeignFormat::Table)),
            (b"<!doctype html>\n<html lang=en>", Some(ForeignFormat::WebPage)),
            (b"{}", None),
            (b"{\"a\": 1,\n\"b\": 2,\n}", None),
            (b"not JSON", None),
            (b"", None),
        ] {
            assert_eq!(recognize(bytes), expected, "{}", String::from_utf8_lossy(bytes.get(..60).unwrap_or(bytes)));
        }
    }
}
