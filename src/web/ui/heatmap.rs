//! Heat maps: one cell per day. Marks differ in shape and size, so that they can be told apart without color.

use maud::{Markup, html};

use crate::domain::habits::insights::CompletionRate;
use crate::domain::habits::intensity::Intensity;

/// What a cell shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CellMark {
    /// Nothing was scheduled: a dot.
    Nothing,
    /// Scheduled, and nothing done: an empty box.
    Empty,
    /// A small part done: a small, light square.
    Low,
    /// About half done: a larger and darker square.
    Medium,
    /// Most done: a square as large as a box.
    High,
    /// All done: a box in the accent color with a check mark.
    All,
    /// This habit was done: a box in its color with a check mark.
    Done,
    /// Due today and not done yet: a dashed box.
    Open,
    /// Skipped: a dash.
    Skipped,
    /// Paused: two bars.
    Paused,
    /// Done on a day without a schedule: a check mark without a box.
    Extra,
    /// On top of another mark: a folded corner for a note.
    Note,
}

impl CellMark {
    /// The mark of a day on which several habits may be scheduled.
    pub fn from_rate(rate: CompletionRate) -> Self {
        match Intensity::from_rate(rate) {
            None => Self::Nothing,
            Some(Intensity::None) => Self::Empty,
            Some(Intensity::Low) => Self::Low,
            Some(Intensity::Medium) => Self::Medium,
            Some(Intensity::High) => Self::High,
            Some(Intensity::Whole) => Self::All,
        }
    }
}

/// Width and height of a cell, in SVG units.
pub const CELL_SIZE: u16 = 16;
/// Distance from one cell to the next, in SVG units.
pub const CELL_PITCH: u16 = 20;

const CHECK_MARK: &str = "5.1,7.5 4,8.7 7.1,12 12,5.8 10.9,4.7 7,9.5";

const ALL_MARKS: [CellMark; 12] = [
    CellMark::Nothing,
    CellMark::Empty,
    CellMark::Low,
    CellMark::Medium,
    CellMark::High,
    CellMark::All,
    CellMark::Done,
    CellMark::Open,
    CellMark::Skipped,
    CellMark::Paused,
    CellMark::Extra,
    CellMark::Note,
];

impl CellMark {
    fn id(self) -> &'static str {
        match self {
            Self::Nothing => "mark-nothing",
            Self::Empty => "mark-empty",
            Self::Low => "mark-low",
            Self::Medium => "mark-medium",
            Self::High => "mark-high",
            Self::All => "mark-all",
            Self::Done => "mark-done",
            Self::Open => "mark-open",
            Self::Skipped => "mark-skipped",
            Self::Paused => "mark-paused",
            Self::Extra => "mark-extra",
            Self::Note => "mark-note",
        }
    }

    fn shape(self) -> Markup {
        let frame = |class: &str| html! { rect class=(class) x="1" y="1" width="14" height="14" rx="3.5" {} };
        let square = |class: &str, offset: &str, side: &str| {
            html! { rect class={ "mark-ink " (class) } x=(offset) y=(offset) width=(side) height=(side) rx="2.5" {} }
        };
        match self {
            Self::Nothing => html! { circle.mark-dot cx="8" cy="8" r="1.75" {} },
            Self::Empty => frame("mark-frame"),
            Self::Low => square("mark-low", "4.5", "7"),
            Self::Medium => square("mark-medium", "3", "10"),
            Self::High => square("mark-high", "1", "14"),
            Self::All => html! { (frame("mark-gold")) polygon.mark-on-gold points=(CHECK_MARK) {} },
            Self::Done => html! { (frame("mark-box")) polygon.mark-check points=(CHECK_MARK) {} },
            Self::Open => frame("mark-frame mark-dashed"),
            Self::Skipped => html! { rect.mark-ink x="3" y="7" width="10" height="2" rx="1" {} },
            Self::Paused => html! {
                @for x in ["4.5", "9.5"] { rect.mark-ink x=(x) y="4" width="2" height="8" rx="1" {} }
            },
            Self::Extra => html! { polygon.mark-ink points=(CHECK_MARK) {} },
            Self::Note => html! { polygon.mark-note points="0,0 7,0 0,7" {} },
        }
    }
}

/// The definitions of all marks, once per page. Every cell is a `use` reference to one of them, which keeps pages
/// small.
pub fn mark_definitions() -> Markup {
    html! {
        svg.shapes width="0" height="0" aria-hidden="true" focusable="false" {
            defs { @for mark in ALL_MARKS { g id=(mark.id()) { (mark.shape()) } } }
        }
    }
}

/// One cell at a position of the drawing. `title` is its tooltip.
pub fn cell(mark: CellMark, x: u16, y: u16, title: &str) -> Markup {
    html! { use href={ "#" (mark.id()) } x=(x) y=(y) { title { (title) } } }
}

/// The meaning of each mark.
pub fn legend(meanings: &[(CellMark, &str)]) -> Markup {
    html! {
        ul.legend {
            @for (mark, meaning) in meanings {
                li {
                    svg width=(CELL_SIZE) height=(CELL_SIZE) viewBox={ "0 0 " (CELL_SIZE) " " (CELL_SIZE) } aria-hidden="true" focusable="false" {
                        use href={ "#" (mark.id()) } {}
                    }
                    (meaning)
                }
            }
        }
    }
}
