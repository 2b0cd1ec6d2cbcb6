//! Heatmaps: small boxes that say how a day went, told apart by shape and size, so that no colour is needed.

use maud::{Markup, html};

/// What a box says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// Nothing was planned: a dot.
    Nothing,
    /// Planned, and none of it done: an empty box.
    Empty,
    /// Less than half: a small square in the box.
    Some,
    /// Half or more: a large square in the box.
    Most,
    /// All of it: gold with a tick.
    All,
    /// This habit was done: a dark box with a tick.
    Done,
    /// Planned today and open: a dashed box.
    Open,
    /// Done without a plan: a tick alone.
    Extra,
}

/// Width and height of a box, in units of the drawing.
pub const SIDE: u16 = 16;
/// From one box to the next.
pub const PITCH: u16 = 20;

const TICK: &str = "5.1,7.5 4,8.7 7.1,12 12,5.8 10.9,4.7 7,9.5";

const ALL: [Mark; 8] =
    [Mark::Nothing, Mark::Empty, Mark::Some, Mark::Most, Mark::All, Mark::Done, Mark::Open, Mark::Extra];

impl Mark {
    fn id(self) -> &'static str {
        match self {
            Self::Nothing => "mark-nothing",
            Self::Empty => "mark-empty",
            Self::Some => "mark-some",
            Self::Most => "mark-most",
            Self::All => "mark-all",
            Self::Done => "mark-done",
            Self::Open => "mark-open",
            Self::Extra => "mark-extra",
        }
    }

    fn drawn(self) -> Markup {
        let frame = |class: &str| html! { rect class=(class) x="1" y="1" width="14" height="14" rx="3.5" {} };
        let square = |at: u16, side: u16| html! { rect.mark-ink x=(at) y=(at) width=(side) height=(side) rx="1" {} };
        match self {
            Self::Nothing => html! { circle.mark-dot cx="8" cy="8" r="1.75" {} },
            Self::Empty => frame("mark-frame"),
            Self::Some => html! { (frame("mark-frame")) (square(6, 4)) },
            Self::Most => html! { (frame("mark-frame")) (square(4, 8)) },
            Self::All => html! { (frame("mark-gold")) polygon.mark-on-gold points=(TICK) {} },
            Self::Done => html! { (frame("mark-box")) polygon.mark-tick points=(TICK) {} },
            Self::Open => frame("mark-frame mark-dashed"),
            Self::Extra => html! { polygon.mark-ink points=(TICK) {} },
        }
    }
}

/// The shapes, once per page; every box after that is a reference to one of them.
pub fn shapes() -> Markup {
    html! {
        svg.shapes width="0" height="0" aria-hidden="true" focusable="false" {
            defs { @for mark in ALL { g id=(mark.id()) { (mark.drawn()) } } }
        }
    }
}

/// One box at a place of the drawing, with words for those who point at it.
pub fn place(mark: Mark, x: u16, y: u16, words: &str) -> Markup {
    html! { use href={ "#" (mark.id()) } x=(x) y=(y) { title { (words) } } }
}

/// What the boxes mean.
pub fn legend(meanings: &[(Mark, &str)]) -> Markup {
    html! {
        ul.legend {
            @for (mark, meaning) in meanings {
                li {
                    svg width=(SIDE) height=(SIDE) viewBox={ "0 0 " (SIDE) " " (SIDE) } aria-hidden="true" focusable="false" {
                        use href={ "#" (mark.id()) } {}
                    }
                    (meaning)
                }
            }
        }
    }
}
