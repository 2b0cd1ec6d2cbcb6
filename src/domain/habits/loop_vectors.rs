//! For tests: examples of what Loop Habit Tracker computes, from `tests/fixtures/loop-vectors.json`.
//!
//! Days are numbers of days before `today`; negative ones are later. Cases with `quirks` depend on faults that Atlas doesn't
//! repeat: a skipped day of an amount adds 0.003 to its window, and the streak of a weekly amount wants it on every day.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::domain::Day;
use crate::domain::habits::frequency::FrequencyRatio;

/// One example.
#[derive(Debug, Deserialize)]
pub struct Case {
    pub name: String,
    kind: String,
    #[serde(default)]
    pub quirks: Vec<String>,
    frequency: (u16, u16),
    today: Option<Day>,
    pub target_type: Option<String>,
    #[serde(default)]
    target_value: f64,
    #[serde(default)]
    checkmarks: Vec<Vec<Value>>,
    #[serde(default)]
    pub tolerance: f64,
    #[serde(default)]
    pub previous_score: f64,
    #[serde(default)]
    pub completion: f64,
    #[serde(default)]
    pub expected_score: f64,
    #[serde(default)]
    pub expected_score_by_day_ago: BTreeMap<String, f64>,
    #[serde(default)]
    pub expected_score_min_by_day_ago: BTreeMap<String, f64>,
    #[serde(default)]
    pub expected_entries: Vec<(i32, i64, String)>,
    #[serde(default)]
    pub expected_ranges_days_ago_begin_end: Vec<(i32, i32)>,
}

impl Case {
    pub fn ratio(&self) -> FrequencyRatio {
        FrequencyRatio::new(self.frequency.0, self.frequency.1)
    }

    pub fn today(&self) -> Day {
        self.today.unwrap()
    }

    /// In thousandths.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "targets of the examples are small")]
    pub fn target(&self) -> u64 {
        (self.target_value * 1000.0).round() as u64
    }

    /// The values of the days that have one, by days ago.
    pub fn marks(&self) -> BTreeMap<i32, i64> {
        let number = |mark: &[Value], at: usize| mark[at].as_i64().unwrap();
        self.checkmarks.iter().map(|mark| (i32::try_from(number(mark, 0)).unwrap(), number(mark, 1))).collect()
    }
}

/// The cases of one kind.
pub fn load_vectors(kind: &str) -> Vec<Case> {
    let cases: Vec<Case> = serde_json::from_str(include_str!("../../../tests/fixtures/loop-vectors.json")).unwrap();
    cases.into_iter().filter(|case| case.kind == kind).collect()
}
