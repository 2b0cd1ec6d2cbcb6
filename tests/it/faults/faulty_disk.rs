//! An in-memory disk with fault injection. After a simulated power failure it holds only what was synced.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use redb::StorageBackend;

/// A kind of call to the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DiskOp {
    Len,
    Read,
    SetLen,
    Sync,
    Write,
}

/// How a call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FaultKind {
    /// The call does nothing and returns this `errno`.
    Error(i32),
    /// The call transfers half of the bytes and then returns `EIO`.
    Short,
    /// The sync fails and its unsynced writes are lost for good, as on Linux.
    LosesWrites,
    /// The sync reports success but makes nothing durable.
    FalseSuccess,
}

/// Which call fails, and how.
#[derive(Debug, Clone, Copy)]
pub struct DiskFault {
    pub op: DiskOp,
    /// One-based, among the calls of this kind.
    pub nth: usize,
    pub kind: FaultKind,
    /// Every later call of this kind fails as well.
    pub persistent: bool,
}

/// A call that changed the disk.
#[derive(Debug, Clone)]
pub enum JournalEntry {
    Write(usize, Vec<u8>),
    SetLen(usize),
    Sync,
}

impl JournalEntry {
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
struct DiskState {
    /// What the process reads, as from the operating system's page cache.
    cached: Vec<u8>,
    /// What survives a power failure if no unsynced write had reached the disk by chance.
    durable: Vec<u8>,
    unsynced: Vec<JournalEntry>,
    op_counts: BTreeMap<DiskOp, usize>,
    fault: Option<DiskFault>,
    failed: bool,
    journal: Vec<JournalEntry>,
}

/// Clones share one disk.
#[derive(Debug, Clone, Default)]
pub struct FaultyDisk(Arc<Mutex<DiskState>>);

impl FaultyDisk {
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(Arc::new(Mutex::new(DiskState { cached: bytes.clone(), durable: bytes, ..DiskState::default() })))
    }

    pub fn with_fault(bytes: Vec<u8>, fault: DiskFault) -> Self {
        let disk = Self::from_bytes(bytes);
        disk.state().fault = Some(fault);
        disk
    }

    pub fn fail_from_now_on(&self, op: DiskOp, kind: FaultKind) {
        let mut state = self.state();
        let nth = state.op_counts.get(&op).copied().unwrap_or(0) + 1;
        state.fault = Some(DiskFault { op, nth, kind, persistent: true });
    }

    fn state(&self) -> MutexGuard<'_, DiskState> {
        self.0.lock().unwrap()
    }

    /// What the next process reads after this one was killed.
    pub fn bytes_after_kill(&self) -> Vec<u8> {
        self.state().cached.clone()
    }

    pub fn bytes_after_power_failure(&self) -> Vec<u8> {
        self.state().durable.clone()
    }

    pub fn has_failed(&self) -> bool {
        self.state().failed
    }

    pub fn op_counts(&self) -> BTreeMap<DiskOp, usize> {
        self.state().op_counts.clone()
    }

    /// Every call that changed the disk, in order.
    pub fn journal(&self) -> Vec<JournalEntry> {
        self.state().journal.clone()
    }

    pub fn journal_len(&self) -> usize {
        self.state().journal.len()
    }

    /// Runs `act` without faults and without counting its calls.
    pub fn without_faults<T>(&self, act: impl FnOnce() -> T) -> T {
        let (fault, op_counts) = {
            let mut state = self.state();
            (state.fault.take(), state.op_counts.clone())
        };
        let result = act();
        let mut state = self.state();
        (state.fault, state.op_counts) = (fault, op_counts);
        result
    }
}

impl DiskState {
    /// Counts a call and returns its fault, if it is to fail.
    fn next_fault(&mut self, op: DiskOp) -> Option<FaultKind> {
        let number = self.op_counts.entry(op).or_default();
        *number += 1;
        let fault = self.fault.filter(|fault| fault.op == op)?;
        let fails = if fault.persistent { *number >= fault.nth } else { *number == fault.nth };
        self.failed |= fails;
        fails.then_some(fault.kind)
    }

    fn record(&mut self, entry: JournalEntry) {
        entry.apply(&mut self.cached);
        self.unsynced.push(entry.clone());
        self.journal.push(entry);
    }
}

fn to_io_error(kind: FaultKind) -> io::Error {
    match kind {
        FaultKind::Error(errno) => io::Error::from_raw_os_error(errno),
        _ => io::Error::from_raw_os_error(5),
    }
}

fn to_index(offset: u64) -> usize {
    usize::try_from(offset).unwrap()
}

impl StorageBackend for FaultyDisk {
    fn len(&self) -> io::Result<u64> {
        let mut state = self.state();
        match state.next_fault(DiskOp::Len) {
            Some(fault) => Err(to_io_error(fault)),
            None => Ok(state.cached.len() as u64),
        }
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let mut state = self.state();
        let fault = state.next_fault(DiskOp::Read);
        let length = if fault == Some(FaultKind::Short) { out.len() / 2 } else { out.len() };
        if matches!(fault, None | Some(FaultKind::Short)) {
            let found = state.cached.get(to_index(offset)..to_index(offset) + length);
            out[..length].copy_from_slice(found.ok_or(io::ErrorKind::UnexpectedEof)?);
        }
        fault.map_or(Ok(()), |fault| Err(to_io_error(fault)))
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        let mut state = self.state();
        let fault = state.next_fault(DiskOp::SetLen);
        if let Some(fault) = fault {
            return Err(to_io_error(fault));
        }
        state.record(JournalEntry::SetLen(to_index(length)));
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut state = self.state();
        let fault = state.next_fault(DiskOp::Sync);
        match fault {
            None => {
                let DiskState { durable, unsynced, .. } = &mut *state;
                unsynced.drain(..).for_each(|entry| entry.apply(durable));
                state.journal.push(JournalEntry::Sync);
                Ok(())
            }
            Some(FaultKind::FalseSuccess) => Ok(()),
            Some(fault) => {
                if fault == FaultKind::LosesWrites {
                    state.unsynced.clear();
                }
                Err(to_io_error(fault))
            }
        }
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut state = self.state();
        match state.next_fault(DiskOp::Write) {
            None => {
                state.record(JournalEntry::Write(to_index(offset), data.to_vec()));
                Ok(())
            }
            Some(fault) => {
                if fault == FaultKind::Short {
                    state.record(JournalEntry::Write(to_index(offset), data[..data.len() / 2].to_vec()));
                }
                Err(to_io_error(fault))
            }
        }
    }
}
