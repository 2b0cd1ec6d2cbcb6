//! The ways Atlas says no, in words for the person who asked.
//!
//! A refusal is an answer, not a failure: nothing was changed and nothing is broken.

use std::fmt;

use jiff::SignedDuration;

use super::preferences::Backfill;

/// One field that cannot be accepted, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The field's name as forms and JSON spell it.
    pub field: &'static str,
    /// What is wrong and how to mend it, as one sentence.
    pub message: String,
}

impl Fault {
    /// A fault of `field`.
    pub fn new(field: &'static str, message: impl Into<String>) -> Self {
        Self { field, message: message.into() }
    }
}

/// Why a request was not carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// One or more fields cannot be accepted.
    Invalid(Vec<Fault>),
    /// Address or password is wrong; which of them is not said.
    WrongCredentials,
    /// The password is right, the address is not confirmed yet.
    Unverified,
    /// The link is not one of ours, was replaced, or was used for another purpose.
    LinkInvalid,
    /// The link was ours and is too old.
    LinkExpired,
    /// Several people signed up with the address behind the link, and none of their passwords was typed.
    PasswordWanted,
    /// No such session, or not this person's.
    NoSuchSession,
    /// No such habit, or not this person's, or archived.
    NoSuchHabit,
    /// The habit is not planned on that weekday.
    NotScheduled,
    /// The day has not begun where the person lives.
    FutureDay,
    /// Yesterday closed at two in the morning.
    GraceOver,
    /// The day is further back than this person may reach.
    DayClosed(Backfill),
    /// The day lies before the habit's first.
    BeforeItBegan,
    /// The tick was made too long ago to be sent now.
    WaitedTooLong,
    /// It was tried too often; it may be tried again after this long.
    TooMany(SignedDuration),
    /// Something that matters was asked for without a fresh proof of who asks.
    ProofWanted,
    /// What was typed to prove it is wrong.
    WrongProof,
    /// The digits are not those of a mail that still counts.
    WrongCode,
    /// The question that was to be answered is too old; it has to be asked again.
    ChallengeOver,
    /// Codes of the app cannot be checked, because the secret that theirs is sealed with was changed.
    FactorUnreadable,
    /// A code of the second factor was to be asked for, and there is none.
    NoSecondFactor,
    /// Admins of this environment keep their second factor.
    AdminsNeedTwoFactor,
    /// The account was switched off by an admin.
    Disabled,
    /// Nobody may do that but an admin.
    NotAdmin,
    /// An admin has to set up a second factor first.
    SecondFactorWanted,
    /// No such person.
    NoSuchPerson,
    /// A list is too long to be made at once.
    ListTooLong,
    /// An admin wanted to switch off the own account.
    OwnAccount,
    /// An operator asked for what a rule forbids; the rule, what was found and the fix, in words.
    Operating(String),
    /// The new order does not name every active habit exactly once.
    OrderMismatch,
}

impl Refusal {
    /// A refusal of what an operator asked for.
    pub fn operating(why: impl Into<String>) -> Self {
        Self::Operating(why.into())
    }

    /// A refusal of a single field.
    pub fn field(field: &'static str, message: impl Into<String>) -> Self {
        Self::Invalid(vec![Fault::new(field, message)])
    }

    /// The faults by field; empty for a refusal that is about no field.
    pub fn faults(&self) -> &[Fault] {
        match self {
            Self::Invalid(faults) => faults,
            _ => &[],
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Invalid(faults) => match faults.first() {
                Some(fault) => &fault.message,
                None => "Something in the form needs another look.",
            },
            Self::WrongCredentials => "That address and password do not belong together.",
            Self::Unverified => {
                "This address is not confirmed yet. Open the link in the mail we sent you, then sign in."
            }
            Self::LinkInvalid => "This link does not work: it was replaced by a newer one or is incomplete.",
            Self::PasswordWanted => {
                "More than one sign-up waits for this address. Type the password you chose, so that yours is the one that counts."
            }
            Self::LinkExpired => "This link has expired. Ask for a new one below.",
            Self::NoSuchSession => "There is no such session.",
            Self::NoSuchHabit => "There is no such habit.",
            Self::NotScheduled => "This habit is not planned for that weekday.",
            Self::FutureDay => "That day has not begun yet, so it cannot be ticked.",
            Self::GraceOver => "Yesterday could be changed until 02:00; it is closed now.",
            Self::DayClosed(Backfill::Week) => "That day is closed: you chose to change the last seven days at most.",
            Self::DayClosed(_) => "That day is closed: only today, and yesterday until 02:00, can be changed.",
            Self::BeforeItBegan => "That day lies before the habit began.",
            Self::WaitedTooLong => "This tick waited for more than a month, so it was not kept.",
            Self::TooMany(left) => return write!(f, "That was tried too often. Try again in {}.", minutes(*left)),
            Self::ProofWanted => "Prove first that it is you.",
            Self::WrongProof => "That is not right. Nothing was changed.",
            Self::WrongCode => "These digits are not right, or they are too old. Ask for a new mail below.",
            Self::ChallengeOver => "That took too long. Begin again.",
            Self::FactorUnreadable => {
                "Codes of your app cannot be checked since this server's secret was changed. Use a recovery code, or ask the people who run this Atlas to reset your second factor."
            }
            Self::NoSecondFactor => "Two-factor sign-in is off, so there is no code to ask for.",
            Self::AdminsNeedTwoFactor => "Admins of this environment need two-factor sign-in, so it stays on.",
            Self::Disabled => "This account is switched off. The people who run this Atlas can tell you why.",
            Self::SecondFactorWanted => "Admins of this environment need two-factor sign-in. Set it up first.",
            Self::NotAdmin => "That is for admins.",
            Self::NoSuchPerson => "There is no such person.",
            Self::ListTooLong => "This list is too long to be made at once. The API gives it page by page.",
            Self::OwnAccount => {
                "You cannot switch off your own account: nobody might be left to switch it on again. Another admin can."
            }
            Self::Operating(why) => why,
            Self::OrderMismatch => "The order must name each of your active habits once. Reload and try again.",
        })
    }
}

/// A pause in words, rounded up.
fn minutes(left: SignedDuration) -> String {
    match left.as_secs() {
        ..=60 => "a minute".to_owned(),
        7_201.. => format!("{} hours", (left.as_secs() + 3_599) / 3_600),
        seconds => format!("{} minutes", (seconds + 59) / 60),
    }
}

/// Gathers the faults of several fields, so that a person hears of all of them at once.
#[derive(Debug, Default)]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// Keeps the value, or the fault that stands in its place.
    pub fn take<T>(&mut self, parsed: Result<T, Fault>) -> Option<T> {
        match parsed {
            Ok(value) => Some(value),
            Err(fault) => {
                self.0.push(fault);
                None
            }
        }
    }

    /// Adds a fault.
    pub fn add(&mut self, field: &'static str, message: impl Into<String>) {
        self.0.push(Fault::new(field, message));
    }

    /// The refusal made of what was gathered.
    pub fn refusal(self) -> Refusal {
        Refusal::Invalid(self.0)
    }

    /// An error when anything was gathered.
    pub fn check(self) -> Result<(), Refusal> {
        if self.0.is_empty() { Ok(()) } else { Err(self.refusal()) }
    }
}
