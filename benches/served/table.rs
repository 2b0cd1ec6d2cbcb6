//! What was found, as one aligned table.

use std::fmt::{self, Display};

/// A figure with its unit.
#[derive(Clone, Copy)]
#[allow(dead_code, reason = "each benchmark has figures of its own")]
pub enum Figure {
    /// Microseconds.
    Micros(f64),
    /// Milliseconds.
    Millis(f64),
    /// How many a second.
    PerSecond(f64),
    /// Megabytes of a million bytes.
    Megabytes(f64),
    /// Bytes.
    Bytes(f64),
    /// Seconds.
    Seconds(f64),
}

impl Figure {
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

impl Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", digits(self.number()), self.unit())
    }
}

/// Three digits, as far as there are that many that count.
fn digits(number: f64) -> String {
    match number {
        ..10.0 => format!("{number:.2}"),
        ..100.0 => format!("{number:.1}"),
        _ => format!("{number:.0}"),
    }
}

/// One line.
pub struct Row {
    what: String,
    atlas: Figure,
    floor: Option<(String, Figure)>,
    ratio: Option<f64>,
    least: Option<f64>,
    most: Option<f64>,
}

impl Row {
    /// Something of Atlas and the same of a floor, with the median of their ratios.
    pub fn against(what: impl Into<String>, atlas: Figure, name: impl Into<String>, floor: Figure, ratio: f64) -> Self {
        Self {
            what: what.into(),
            atlas,
            floor: Some((name.into(), floor)),
            ratio: Some(ratio),
            least: None,
            most: None,
        }
    }

    /// Something of Atlas alone.
    pub fn alone(what: impl Into<String>, atlas: Figure) -> Self {
        Self { what: what.into(), atlas, floor: None, ratio: None, least: None, most: None }
    }

    /// The target: not more than this, of the ratio or else of the figure.
    pub fn at_most(self, most: f64) -> Self {
        Self { most: Some(most), ..self }
    }

    /// The target: not less than this, of the ratio or else of the figure.
    pub fn at_least(self, least: f64) -> Self {
        Self { least: Some(least), ..self }
    }

    /// How often the figure is as far as it may be: above one, the target is missed. `None` without a target.
    fn overstepped(&self) -> Option<f64> {
        let judged = self.ratio.unwrap_or(self.atlas.number());
        let (low, high) = (self.least.map(|least| least / judged), self.most.map(|most| judged / most));
        low.into_iter().chain(high).reduce(f64::max)
    }

    fn cells(&self) -> [String; 7] {
        let (name, floor) = match &self.floor {
            Some((name, floor)) => (name.clone(), floor.to_string()),
            None => (String::new(), String::new()),
        };
        let unit = if self.ratio.is_some() { "x" } else { self.atlas.unit() };
        let (least, most) = (self.least.map(digits), self.most.map(digits));
        let target = match (least, most) {
            (Some(least), Some(most)) => format!("{least} to {most}{unit}"),
            (Some(least), None) => format!(">= {least}{unit}"),
            (None, Some(most)) => format!("<= {most}{unit}"),
            (None, None) => String::new(),
        };
        let verdict = self.overstepped().map(verdict).unwrap_or_default();
        let ratio = self.ratio.map(|ratio| format!("{}x", digits(ratio))).unwrap_or_default();
        [self.what.clone(), self.atlas.to_string(), name, floor, ratio, target, verdict]
    }
}

/// A figure that is no number has met nothing.
fn is_met(too_far: f64) -> bool {
    too_far <= 1.0
}

fn verdict(too_far: f64) -> String {
    if is_met(too_far) { "met".to_owned() } else { format!("MISSED by {:.0} %", ((too_far - 1.0) * 100.0).max(1.0)) }
}

/// Which cells stand to the right of their column.
const IS_NUMBER: [bool; 7] = [false, true, false, true, true, true, false];

/// All lines.
#[derive(Default)]
pub struct Table(Vec<Row>);

impl Table {
    /// Adds a line.
    pub fn add(&mut self, row: Row) {
        self.0.push(row);
    }

    /// How many targets are missed.
    pub fn missed(&self) -> usize {
        self.0.iter().filter(|row| row.overstepped().is_some_and(|too_far| !is_met(too_far))).count()
    }
}

impl Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let heads = ["what", "Atlas", "floor", "its figure", "ratio", "target", "verdict"].map(str::to_owned);
        let lines: Vec<_> = std::iter::once(heads).chain(self.0.iter().map(Row::cells)).collect();
        let wide = |column: usize| lines.iter().map(|line| line[column].len()).max().unwrap_or(0);
        let wide: [usize; 7] = std::array::from_fn(wide);
        for line in &lines {
            let cells = line.iter().zip(wide).zip(IS_NUMBER).map(|((cell, wide), is_number)| {
                if is_number { format!("{cell:>wide$}") } else { format!("{cell:wide$}") }
            });
            writeln!(f, "{}", cells.collect::<Vec<_>>().join("  ").trim_end())?;
        }
        Ok(())
    }
}
