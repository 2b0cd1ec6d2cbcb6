//! A disk in memory that fails when told to, and that forgets what was not synced when the power goes.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use redb::StorageBackend;

/// What a disk is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Call {
    Len,
    Read,
    SetLen,
    Sync,
    Write,
}

/// How it fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trouble {
    /// Nothing is done, and the system gives this number.
    Error(i32),
    /// Half of it is done, and then comes an input/output error.
    Short,
    /// A sync fails, and what it should have brought to the disk never gets there, as with Linux.
    Forgets,
    /// A sync says that all is well and brings nothing to the disk.
    Lies,
}

/// Which call fails.
#[derive(Debug, Clone, Copy)]
pub struct Fault {
    pub call: Call,
    /// Counted from 1, among the calls of that kind.
    pub nth: usize,
    pub trouble: Trouble,
    /// Every later call of that kind, too.
    pub for_ever: bool,
}

/// Something the disk was asked that changes it.
#[derive(Debug, Clone)]
pub enum Change {
    Write(usize, Vec<u8>),
    SetLen(usize),
    Sync,
}

impl Change {
    pub fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Write(at, data) => {
                if bytes.len() < at + data.len() {
                    bytes.resize(at + data.len(), 0);
                }
                bytes[*at..at + data.len()].copy_from_slice(data);
            }
            Self::SetLen(length) => bytes.resize(*length, 0),
            Self::Sync => {}
        }
    }
}

#[derive(Debug, Default)]
struct State {
    /// What the process reads.
    seen: Vec<u8>,
    /// What a power failure leaves when nothing unsynced had reached the disk by chance.
    kept: Vec<u8>,
    unsynced: Vec<Change>,
    calls: BTreeMap<Call, usize>,
    fault: Option<Fault>,
    failed: bool,
    journal: Vec<Change>,
}

/// The disk. Clones are the same one.
#[derive(Debug, Clone, Default)]
pub struct Disk(Arc<Mutex<State>>);

impl Disk {
    pub fn of(bytes: Vec<u8>) -> Self {
        Self(Arc::new(Mutex::new(State { seen: bytes.clone(), kept: bytes, ..State::default() })))
    }

    pub fn failing(bytes: Vec<u8>, fault: Fault) -> Self {
        let disk = Self::of(bytes);
        disk.state().fault = Some(fault);
        disk
    }

    /// Has every such call fail from now on.
    pub fn fails_from_now_on(&self, call: Call, trouble: Trouble) {
        let mut state = self.state();
        let nth = state.calls.get(&call).copied().unwrap_or(0) + 1;
        state.fault = Some(Fault { call, nth, trouble, for_ever: true });
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// What the next process finds when this one was killed.
    pub fn after_a_kill(&self) -> Vec<u8> {
        self.state().seen.clone()
    }

    /// What is found when the power went.
    pub fn after_a_power_failure(&self) -> Vec<u8> {
        self.state().kept.clone()
    }

    pub fn has_failed(&self) -> bool {
        self.state().failed
    }

    pub fn calls(&self) -> BTreeMap<Call, usize> {
        self.state().calls.clone()
    }

    /// Everything that was asked of it and changes it, in order.
    pub fn journal(&self) -> Vec<Change> {
        self.state().journal.clone()
    }

    pub fn journal_length(&self) -> usize {
        self.state().journal.len()
    }

    /// Does something that neither counts nor fails.
    pub fn aside<T>(&self, act: impl FnOnce() -> T) -> T {
        let (fault, calls) = {
            let mut state = self.state();
            (state.fault.take(), state.calls.clone())
        };
        let done = act();
        let mut state = self.state();
        (state.fault, state.calls) = (fault, calls);
        done
    }
}

impl State {
    /// How this call fails, if it does.
    fn trouble(&mut self, call: Call) -> Option<Trouble> {
        let number = self.calls.entry(call).or_default();
        *number += 1;
        let fault = self.fault.filter(|fault| fault.call == call)?;
        let hits = if fault.for_ever { *number >= fault.nth } else { *number == fault.nth };
        self.failed |= hits;
        hits.then_some(fault.trouble)
    }

    fn change(&mut self, change: Change) {
        change.apply(&mut self.seen);
        self.unsynced.push(change.clone());
        self.journal.push(change);
    }
}

fn error(trouble: Trouble) -> io::Error {
    match trouble {
        Trouble::Error(number) => io::Error::from_raw_os_error(number),
        _ => io::Error::from_raw_os_error(5),
    }
}

fn place(offset: u64) -> usize {
    usize::try_from(offset).unwrap()
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        let mut state = self.state();
        match state.trouble(Call::Len) {
            Some(trouble) => Err(error(trouble)),
            None => Ok(state.seen.len() as u64),
        }
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let mut state = self.state();
        let trouble = state.trouble(Call::Read);
        let wanted = if trouble == Some(Trouble::Short) { out.len() / 2 } else { out.len() };
        if matches!(trouble, None | Some(Trouble::Short)) {
            let found = state.seen.get(place(offset)..place(offset) + wanted);
            out[..wanted].copy_from_slice(found.ok_or(io::ErrorKind::UnexpectedEof)?);
        }
        trouble.map_or(Ok(()), |trouble| Err(error(trouble)))
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        let mut state = self.state();
        let trouble = state.trouble(Call::SetLen);
        if let Some(trouble) = trouble {
            return Err(error(trouble));
        }
        state.change(Change::SetLen(place(length)));
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut state = self.state();
        let trouble = state.trouble(Call::Sync);
        match trouble {
            None => {
                let State { kept, unsynced, .. } = &mut *state;
                unsynced.drain(..).for_each(|change| change.apply(kept));
                state.journal.push(Change::Sync);
                Ok(())
            }
            Some(Trouble::Lies) => Ok(()),
            Some(trouble) => {
                if trouble == Trouble::Forgets {
                    state.unsynced.clear();
                }
                Err(error(trouble))
            }
        }
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut state = self.state();
        match state.trouble(Call::Write) {
            None => {
                state.change(Change::Write(place(offset), data.to_vec()));
                Ok(())
            }
            Some(trouble) => {
                if trouble == Trouble::Short {
                    state.change(Change::Write(place(offset), data[..data.len() / 2].to_vec()));
                }
                Err(error(trouble))
            }
        }
    }
}
