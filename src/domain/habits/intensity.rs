//! How intensely a day is drawn in calendars and heat maps: five steps, by the share of its habits that were done.

use crate::domain::habits::insights::CompletionRate;

/// A step from [`Self::None`] to [`Self::Whole`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Intensity {
    /// Nothing was done.
    None,
    /// Less than 40 percent.
    Low,
    /// 40 to 69 percent.
    Medium,
    /// 70 to 99 percent.
    High,
    /// Everything was done.
    Whole,
}

impl Intensity {
    pub const ALL: [Self; 5] = [Self::None, Self::Low, Self::Medium, Self::High, Self::Whole];

    /// The step of a rate, by the percentage that is shown with it. Nothing has no step when nothing was scheduled.
    pub fn from_rate(rate: CompletionRate) -> Option<Self> {
        let step = match rate.percent() {
            0 => Self::None,
            1..40 => Self::Low,
            40..70 => Self::Medium,
            70..100 => Self::High,
            _ => Self::Whole,
        };
        (rate.scheduled > 0).then_some(step)
    }

    /// From 0 to 4, as pages and scripts write it.
    pub fn level(self) -> u8 {
        match self {
            Self::None => 0,
            Self::Low => 1,
            Self::Medium => 2,
            Self::High => 3,
            Self::Whole => 4,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn steps_begin_at_1_40_70_and_100_percent() {
        let level =
            |scheduled, completed| Intensity::from_rate(CompletionRate { scheduled, completed }).map(Intensity::level);
        let hundred = [0, 1, 39, 40, 69, 70, 99, 100].map(|completed| level(100, completed));
        assert_eq!(hundred, [0, 1, 1, 2, 2, 3, 3, 4].map(Some));
        assert_eq!([level(0, 0), level(1000, 1), level(1000, 999)], [None, Some(1), Some(3)]);
        assert_eq!(Intensity::ALL.map(Intensity::level), [0, 1, 2, 3, 4]);
    }

    proptest! {
        #[test]
        fn more_completions_never_lower_the_step_and_only_everything_is_whole(scheduled in 1_u32..500, completed in 0_u32..500) {
            let completed = completed.min(scheduled);
            let step = |completed| Intensity::from_rate(CompletionRate { scheduled, completed }).unwrap();
            prop_assert_eq!(step(completed) == Intensity::Whole, completed == scheduled);
            prop_assert_eq!(step(completed) == Intensity::None, completed == 0);
            prop_assert!(completed == 0 || step(completed - 1) <= step(completed));
        }
    }
}
