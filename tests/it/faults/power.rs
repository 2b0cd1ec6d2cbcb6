//! Power failures at every moment: what was not synced is there, gone, torn or out of order, and once more while the file
//! is being opened again.

use super::day::{self, Rows, STEPS, morning, rows};
use super::disk::{Change, Disk};
use super::is_long;

/// What a disk writes in one piece, in bytes.
const SECTOR: usize = 512;

/// Numbers that look random and are the same in every run (splitmix64).
struct Dice(u64);

impl Dice {
    fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.number() % end as u64).unwrap()
    }
}

/// A day as the disk saw it.
struct Recorded {
    journal: Vec<Change>,
    /// After how many entries of the journal each state was answered, and the state.
    answered: Vec<(usize, Rows)>,
}

async fn recorded() -> Recorded {
    let disk = Disk::of(morning().bytes.clone());
    let app = day::app(day::open(disk.clone()).unwrap());
    let mut answered = vec![(0, rows(&app.store).unwrap())];
    for number in 0..STEPS {
        morning().step(&app, number).await.unwrap();
        answered.push((disk.journal_length(), rows(&app.store).unwrap()));
    }
    drop(app);
    Recorded { journal: disk.journal(), answered }
}

/// What lies on the disk when the power goes after `moment` entries of the journal: what was synced, and of the rest
/// whatever the dice want, in the order they want, with sectors missing.
fn image(start: &[u8], journal: &[Change], moment: usize, dice: &mut Dice) -> Vec<u8> {
    let synced = journal[..moment].iter().rposition(|change| matches!(change, Change::Sync)).map_or(0, |at| at + 1);
    let mut bytes = start.to_vec();
    journal[..synced].iter().for_each(|change| change.apply(&mut bytes));
    let mut rest: Vec<&Change> = journal[synced..moment].iter().collect();
    // One failure in two keeps the order.
    if dice.below(2) == 0 {
        for last in (1..rest.len()).rev() {
            rest.swap(last, dice.below(last + 1));
        }
    }
    let survive = dice.below(101);
    for change in rest {
        match change {
            Change::Write(at, data) => match dice.below(4) {
                0 if data.len() > SECTOR => {
                    for (number, sector) in data.chunks(SECTOR).enumerate() {
                        if dice.below(2) == 0 {
                            Change::Write(at + number * SECTOR, sector.to_vec()).apply(&mut bytes);
                        }
                    }
                }
                _ if dice.below(100) < survive => change.apply(&mut bytes),
                _ => {}
            },
            _ if dice.below(100) < survive => change.apply(&mut bytes),
            _ => {}
        }
    }
    bytes
}

/// Which state an image shows; it must be the last one answered, or the one that was being written.
fn state_of(recorded: &Recorded, moment: usize, image: Vec<u8>, what: &str) -> usize {
    let last = recorded.answered.iter().rposition(|(length, _)| *length <= moment).unwrap();
    let store = day::open(Disk::of(image)).unwrap_or_else(|error| panic!("{what}: it does not open: {error}"));
    let found = rows(&store).unwrap_or_else(|error| panic!("{what}: it cannot be read: {error}"));
    let may_be = recorded.answered.iter().enumerate().skip(last).take(2);
    may_be
        .filter(|(_, (_, state))| *state == found)
        .map(|(number, _)| number)
        .next()
        .unwrap_or_else(|| panic!("{what}: neither what was answered last nor what came next"))
}

#[test]
fn a_power_failure_at_any_moment_costs_nothing_that_was_answered() {
    let recorded = tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(recorded());
    let wanted = if is_long() { 100_000 } else { 2_000 };
    let moments = recorded.journal.len() + 1;
    let (mut images, mut round) = (0, 0_u64);
    while images < wanted {
        for moment in 0..moments {
            let seed = round << 32 | moment as u64;
            let what = format!("power failure after {moment} of {} entries, seed {seed}", recorded.journal.len());
            let first = image(&morning().bytes, &recorded.journal, moment, &mut Dice(seed));
            let state = state_of(&recorded, moment, first.clone(), &what);
            images += 1;

            // The power goes again while it is opened: somewhere in what that writes.
            let opening = Disk::of(first.clone());
            drop(day::open(opening.clone()).unwrap());
            let repair = opening.journal();
            let dice = &mut Dice(!seed);
            let second = image(&first, &repair, dice.below(repair.len() + 1), dice);
            let again = state_of(&recorded, moment, second, &format!("{what}, and again while it was opened"));
            assert_eq!(again, state, "{what}: what was shown once is gone after the second failure");
            images += 1;
        }
        round += 1;
    }
    println!("power failures: {images} images of {moments} moments, all opened, every answer there, nothing half-done");
}
