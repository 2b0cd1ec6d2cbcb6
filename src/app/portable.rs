//! Taking one's data away as a file, and bringing such a file back.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use super::accounts::demand;
use super::{App, Error, audit};
use crate::domain::audit::{Actor, Deed};
use crate::domain::habit::{MOST, MOST_ACTIVE};
use crate::domain::portable::{
    Achievements, Brought, HabitReminder, Portable, PortableCompletion, PortableHabit, Reminders, VERSION,
};
use crate::domain::year::HabitYear;
use crate::domain::{Account, AccountId, Client, Day, Habit, HabitId, Refusal, Schedule, Zone};
use crate::store::{self, Draft, completions, habits};

/// Everything of a person, as of now. The audit trail says first that it was taken.
///
/// # Errors
/// [`Error::Busy`], [`Error::Unavailable`].
pub async fn take(app: &App, me: &Account, client: &Client) -> Result<Portable, Error> {
    audit::note(app, Actor::Person(me.id), Deed::Exported, client).await?;
    let (habits, done) =
        app.store.read(|view| Ok::<_, Error>((habits::all(view, me.id)?, completions::of_account(view, me.id)?)))?;
    let mut ticks: Vec<PortableCompletion> = Vec::new();
    for (habit, history) in &done {
        ticks.extend(history.days().map(|date| PortableCompletion {
            habit_id: habit.to_string(),
            date,
            completed_at: history.ticked_at(date),
        }));
    }
    ticks.sort_by(|one, other| (one.date, &one.habit_id).cmp(&(other.date, &other.habit_id)));
    Ok(Portable {
        schema_version: VERSION,
        generated_at: format!("{:.3}", app.clock.now()),
        user_id: me.id.to_string(),
        environment: Some(app.store.stamp().environment.to_string()),
        time_zone: Some(me.zone().name().to_owned()),
        preferences: Some(me.preferences),
        reminders: Reminders { habit_reminders: habits.iter().flat_map(reminders).collect(), ..Reminders::default() },
        habits: habits.iter().map(taken).collect(),
        completions: ticks,
        achievements: Achievements::default(),
    })
}

fn taken(habit: &Habit) -> PortableHabit {
    PortableHabit {
        id: habit.id.to_string(),
        title: habit.title.clone(),
        description: habit.description.clone(),
        sort_order: habit.position,
        archived_at: habit.archived_at,
        created_at: habit.created_at,
        updated_at: Some(habit.updated_at),
        active_weekdays: habit.schedule.weekdays(),
        schedule: Some(habit.schedule.clone()),
    }
}

fn reminders(habit: &Habit) -> impl Iterator<Item = HabitReminder> + '_ {
    habit.reminder_times.minutes().iter().map(|minutes| HabitReminder {
        habit_id: habit.id.to_string(),
        time_minutes: i64::from(*minutes),
        enabled: true,
    })
}

/// Adds what a file has and the person has not, in one transaction. Habits that are there stay as they are, so bringing
/// the same file twice adds nothing. With `rehearse` nothing is changed and the answer says what would be.
///
/// # Errors
/// [`Refusal::Invalid`] when the file is of an unknown version, was taken from another environment or brings more than can
/// be kept; nothing is changed then.
pub async fn bring(app: &App, me: &Account, file: Portable, rehearse: bool, client: &Client) -> Result<Brought, Error> {
    if !(1..=VERSION).contains(&file.schema_version) {
        let message = format!("This file has version {}; Atlas reads 1 and {VERSION}.", file.schema_version);
        return Err(Refusal::field("schemaVersion", message).into());
    }
    let here = app.store.stamp().environment.to_string();
    if let Some(there) = file.environment.as_deref().filter(|there| *there != here) {
        let there: String = there.chars().take(60).collect();
        let message = format!(
            "This file was taken from {there}, and this is {here}. Data stays in the environment it was made in; bring the file back to {there}."
        );
        return Err(Refusal::field("environment", message).into());
    }
    if file.habits.len() > MOST {
        let message = format!("The file has {} habits; {MOST} is the most.", file.habits.len());
        return Err(Refusal::field("habits", message).into());
    }
    let (me, zone) = (me.id, me.zone().clone());
    let line = app.line(Actor::Person(me), Deed::Imported, None, client)?;
    let decided = app
        .store
        .write(move |draft| match demand(draft, me).and_then(|()| add(draft, me, &zone, &file)) {
            // A refused decision leaves nothing behind, which is just what a rehearsal is.
            Ok(brought) if rehearse => Err(Not::Meant(brought)),
            Ok(brought) => {
                store::audit::add(draft, &line);
                Ok(brought)
            }
            Err(error) => Err(Not::Possible(error)),
        })
        .await;
    match decided {
        Ok(brought) | Err(Not::Meant(brought)) => Ok(brought),
        Err(Not::Possible(error)) => Err(error),
    }
}

/// Why a decision was not carried out.
enum Not {
    Meant(Brought),
    Possible(Error),
}

impl From<store::Error> for Not {
    fn from(error: store::Error) -> Self {
        Self::Possible(error.into())
    }
}

fn add(draft: &mut Draft<'_, '_>, me: AccountId, zone: &Zone, file: &Portable) -> Result<Brought, Error> {
    let mut brought = Brought::default();
    let known: BTreeSet<HabitId> = habits::all(draft, me)?.iter().map(|habit| habit.id).collect();
    let mut active = habits::active(draft, me)?;
    let mut position = active.iter().map(|habit| habit.position + 1).max().unwrap_or(0);
    let mut named = BTreeMap::new();
    let mut in_order: Vec<&PortableHabit> = file.habits.iter().collect();
    in_order.sort_by_key(|habit| (habit.sort_order, habit.created_at));
    for habit in in_order {
        let id = id_of(&habit.id);
        if known.contains(&id) || named.insert(habit.id.as_str(), id).is_some() {
            named.insert(&habit.id, id);
            brought.habits_known += 1;
            continue;
        }
        let habit = brought_habit(id, habit, file, zone, position);
        position += 1;
        brought.habits_added += 1;
        habits::put(draft, me, &habit)?;
        active.extend(habit.is_active().then_some(habit));
    }
    if active.len() > MOST_ACTIVE {
        let message = format!("You would keep {} active habits; {MOST_ACTIVE} is the most.", active.len());
        return Err(Refusal::field("habits", message).into());
    }
    let all = known.len() + brought.habits_added;
    if all > MOST {
        let message = format!("You would have {all} habits, the archive counted; {MOST} is the most.");
        return Err(Refusal::field("habits", message).into());
    }
    add_completions(draft, me, file, &named, &mut brought)?;
    Ok(brought)
}

fn brought_habit(id: HabitId, habit: &PortableHabit, file: &Portable, zone: &Zone, position: u32) -> Habit {
    let schedule = habit.schedule.clone().unwrap_or_else(|| {
        let mut schedule = Schedule::starting(Day::at(habit.created_at, zone), habit.active_weekdays);
        if let Some(end) = habit.archived_at {
            schedule.pause(Day::at(end, zone));
        }
        schedule
    });
    Habit {
        id,
        title: habit.title.clone(),
        description: habit.description.clone(),
        reminder_times: file.reminder_times(&habit.id),
        schedule,
        position,
        created_at: habit.created_at,
        updated_at: habit.updated_at.unwrap_or(habit.created_at),
        archived_at: habit.archived_at,
    }
}

fn add_completions(
    draft: &mut Draft<'_, '_>,
    me: AccountId,
    file: &Portable,
    named: &BTreeMap<&str, HabitId>,
    brought: &mut Brought,
) -> Result<(), Error> {
    // Year by year, so that each row is read and written once however many days it holds.
    let mut years: BTreeMap<(i16, HabitId), HabitYear> = BTreeMap::new();
    for tick in &file.completions {
        let Some(id) = named.get(tick.habit_id.as_str()).copied() else {
            brought.completions_without_habit += 1;
            continue;
        };
        let key = (tick.date.year(), id);
        let year = match years.entry(key) {
            std::collections::btree_map::Entry::Occupied(year) => year.into_mut(),
            std::collections::btree_map::Entry::Vacant(place) => {
                place.insert(completions::of_habit(draft, me, key.0, id)?)
            }
        };
        let when = tick.completed_at.unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        if year.tick(tick.date, when) {
            brought.completions_added += 1;
        } else {
            brought.completions_known += 1;
        }
    }
    for ((year, id), days) in &years {
        completions::put(draft, me, *year, *id, days);
    }
    Ok(())
}

/// Our own ids stay what they are. Any other text has one id for ever, so that the same habit is known again.
fn id_of(text: &str) -> HabitId {
    text.parse().unwrap_or_else(|_| {
        let digest = Sha256::digest(text.as_bytes());
        let mut bytes = [0; 16];
        for (byte, digested) in bytes.iter_mut().zip(digest.iter()) {
            *byte = *digested;
        }
        HabitId::from_bytes(bytes)
    })
}
