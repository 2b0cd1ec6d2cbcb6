//! The results, printed as one aligned table.

use std::fmt::{self, Display};

/// A number with its unit.
#[derive(Clone, Copy)]
#[allow(dead_code, reason = "each benchmark uses some of the units")]
pub enum Quantity {
    Micros(f64),
    Millis(f64),
    PerSecond(f64),
    /// In units of 1,000,000 bytes.
    Megabytes(f64),
    Bytes(f64),
    Seconds(f64),
}

impl Quantity {
    fn number(self) -> f64 {
        match self {
            Self::Micros(number)
            | Self::Millis(number)
            | Self::Seconds(number)
            | Self::PerSecond(number)
            | Self::Bytes(number)
            | Self::Megabytes(number) => number,
        }
    }

    fn unit(self) -> &'static str {
        match self {
            Self::Micros(_) => " us",
            Self::Millis(_) => " ms",
            Self::Seconds(_) => " s",
            Self::PerSecond(_) => "/s",
            Self::Bytes(_) => " B",
            Self::Megabytes(_) => " MB",
        }
    }
}

impl Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", format_number(self.number()), self.unit())
    }
}

/// Three significant digits.
fn format_number(number: f64) -> String {
    match number {
        ..10.0 => format!("{number:.2}"),
        ..100.0 => format!("{number:.1}"),
        _ => format!("{number:.0}"),
    }
}

/// One measurement of Atlas, with its baseline and its target if it has them.
pub struct Row {
    name: String,
    atlas: Quantity,
    baseline: Option<(String, Quantity)>,
    ratio: Option<f64>,
    lower_limit: Option<f64>,
    upper_limit: Option<f64>,
}

impl Row {
    /// A quantity of Atlas and the same quantity of a baseline, with the median of their ratios.
    pub fn relative(
        name: impl Into<String>,
        atlas: Quantity,
        baseline_name: impl Into<String>,
        baseline: Quantity,
        ratio: f64,
    ) -> Self {
        let baseline = Some((baseline_name.into(), baseline));
        Self { baseline, ratio: Some(ratio), ..Self::absolute(name, atlas) }
    }

    /// A quantity of Atlas without a baseline.
    pub fn absolute(name: impl Into<String>, atlas: Quantity) -> Self {
        Self { name: name.into(), atlas, baseline: None, ratio: None, lower_limit: None, upper_limit: None }
    }

    /// Sets the upper limit of the ratio, or of the quantity if there is no baseline.
    pub fn at_most(self, limit: f64) -> Self {
        Self { upper_limit: Some(limit), ..self }
    }

    /// Sets the lower limit of the ratio, or of the quantity if there is no baseline.
    pub fn at_least(self, limit: f64) -> Self {
        Self { lower_limit: Some(limit), ..self }
    }

    /// The used share of the limit that is closest to being exceeded: above 1, the target is missed. `None` without a target.
    fn limit_usage(&self) -> Option<f64> {
        let value = self.ratio.unwrap_or(self.atlas.number());
        let lower = self.lower_limit.map(|limit| limit / value);
        let upper = self.upper_limit.map(|limit| value / limit);
        lower.into_iter().chain(upper).reduce(f64::max)
    }

    fn cells(&self) -> [String; 7] {
        let (baseline_name, baseline) = match &self.baseline {
            Some((name, baseline)) => (name.clone(), baseline.to_string()),
            None => (String::new(), String::new()),
        };
        let unit = if self.ratio.is_some() { "x" } else { self.atlas.unit() };
        let target = match (self.lower_limit.map(format_number), self.upper_limit.map(format_number)) {
            (Some(lower), Some(upper)) => format!("{lower} to {upper}{unit}"),
            (Some(lower), None) => format!(">= {lower}{unit}"),
            (None, Some(upper)) => format!("<= {upper}{unit}"),
            (None, None) => String::new(),
        };
        let verdict = self.limit_usage().map(verdict).unwrap_or_default();
        let ratio = self.ratio.map(|ratio| format!("{}x", format_number(ratio))).unwrap_or_default();
        [self.name.clone(), self.atlas.to_string(), baseline_name, baseline, ratio, target, verdict]
    }
}

/// NaN meets no target.
fn is_met(usage: f64) -> bool {
    usage <= 1.0
}

fn verdict(usage: f64) -> String {
    if is_met(usage) { "met".to_owned() } else { format!("MISSED by {:.0} %", ((usage - 1.0) * 100.0).max(1.0)) }
}

/// Which columns are right-aligned.
const IS_NUMBER: [bool; 7] = [false, true, false, true, true, true, false];

/// All rows.
#[derive(Default)]
pub struct Table(Vec<Row>);

impl Table {
    pub fn add(&mut self, row: Row) {
        self.0.push(row);
    }

    /// The number of missed targets.
    pub fn missed_targets(&self) -> usize {
        self.0.iter().filter(|row| row.limit_usage().is_some_and(|usage| !is_met(usage))).count()
    }
}

impl Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let header = ["measurement", "Atlas", "baseline", "its value", "ratio", "target", "verdict"].map(str::to_owned);
        let lines: Vec<_> = std::iter::once(header).chain(self.0.iter().map(Row::cells)).collect();
        let width = |column: usize| lines.iter().map(|line| line[column].len()).max().unwrap_or(0);
        let widths: [usize; 7] = std::array::from_fn(width);
        for line in &lines {
            let cells = line.iter().zip(widths).zip(IS_NUMBER).map(|((cell, width), is_number)| {
                if is_number { format!("{cell:>width$}") } else { format!("{cell:width$}") }
            });
            writeln!(f, "{}", cells.collect::<Vec<_>>().join("  ").trim_end())?;
        }
        Ok(())
    }
}
