//! A disk that does what disks do: writes half, loses what was not synced, is full, fails, or lies.
//!
//! The real file is always there, on a file system in memory; beside it stands what of it would
//! survive a loss of power.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::ops::Range;
use std::sync::Arc;

use kea_lease::{Disk, FileDisk, LeaseFiles};
use parking_lot::Mutex;

use crate::random::Random;

/// How the disk is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Condition {
    #[default]
    Fine,
    /// Nothing more can be appended.
    Full,
    /// Every operation fails now and then.
    Failing,
    /// The power has gone: nothing reaches it any more.
    Dead,
}

/// A disk, as the simulation sees it. Clones are the same disk.
#[derive(Clone)]
pub(crate) struct SimDisk(Arc<Mutex<State>>);

struct State {
    file: FileDisk,
    random: Random,
    condition: Condition,
    /// Octets of rows in the file.
    len: u64,
    /// Of these, what a loss of power leaves.
    synced: u64,
    /// What was written before a failed sync, and is not on the disk whatever later syncs say.
    lost: Vec<Range<u64>>,
    /// Rows cut off, which a loss of power may bring back: where they began, and what they were.
    cut_off: Option<(u64, Vec<u8>)>,
    /// Operations until the power goes.
    fuse: Option<u32>,
}

impl SimDisk {
    /// A disk whose file holds `len` octets of rows.
    pub(crate) fn new(file: FileDisk, len: u64, seed: u64) -> Self {
        SimDisk(Arc::new(Mutex::new(State {
            file,
            random: Random::new(seed),
            condition: Condition::Fine,
            len,
            synced: len,
            lost: Vec::new(),
            cut_off: None,
            fuse: None,
        })))
    }

    pub(crate) fn set(&self, condition: Condition) {
        self.0.lock().condition = condition;
    }

    /// The power goes after so many more operations.
    pub(crate) fn light_fuse(&self, operations: u32) {
        self.0.lock().fuse = Some(operations);
    }

    pub(crate) fn is_dead(&self) -> bool {
        self.0.lock().condition == Condition::Dead
    }

    /// Leaves of the file what a loss of power may leave of it.
    pub(crate) fn lose_power(&self) -> io::Result<()> {
        let mut state = self.0.lock();
        let State { file, random, len, synced, lost, cut_off, .. } = &mut *state;
        let path = file.files().current.clone();
        let mut file = OpenOptions::new().read(true).write(true).open(path)?;
        let header = file.metadata()?.len() - *len;
        for range in lost.drain(..) {
            zero(&mut file, header, range, random)?;
        }
        if let Some((begin, rows)) = cut_off.take()
            && random.permille(500)
        {
            // The cut never reached the disk: what was there before is there again, in part.
            file.set_len(header + begin)?;
            file.seek(SeekFrom::End(0))?;
            file.write_all(&rows)?;
            *len = begin + rows.len() as u64;
        }
        let left = random.between((*synced).min(*len), *len);
        file.set_len(header + left)?;
        if left > *synced && random.permille(300) {
            zero(&mut file, header, *synced..left, random)?;
        }
        Ok(())
    }
}

/// Blocks whose place was noted, but not what stands there.
fn zero(file: &mut File, header: u64, range: Range<u64>, random: &mut Random) -> io::Result<()> {
    const BLOCK: u64 = 512;
    let mut at = range.start;
    while at < range.end {
        let end = (at + BLOCK).min(range.end);
        if random.permille(500) {
            file.seek(SeekFrom::Start(header + at))?;
            file.write_all(&vec![0; (end - at) as usize])?;
        }
        at = end;
    }
    Ok(())
}

impl State {
    fn operate(&mut self) -> io::Result<()> {
        if let Some(left) = self.fuse {
            if left == 0 {
                self.condition = Condition::Dead;
            }
            self.fuse = Some(left.saturating_sub(1));
        }
        match self.condition {
            Condition::Dead => Err(io::Error::other("the power is gone")),
            Condition::Failing if self.random.permille(400) => {
                Err(io::Error::other("the device reports an error"))
            }
            _ => Ok(()),
        }
    }
}

impl Disk for SimDisk {
    fn append(&self, octets: &[u8]) -> io::Result<()> {
        let mut state = self.0.lock();
        let mut result = state.operate();
        if state.condition == Condition::Full {
            result = Err(io::ErrorKind::StorageFull.into());
        }
        let written = match result {
            Ok(()) => octets.len(),
            Err(_) => state.random.position(octets.len() + 1),
        };
        state.file.append(octets.get(..written).unwrap_or(octets))?;
        state.len += written as u64;
        result
    }

    fn sync(&self) -> io::Result<()> {
        let mut state = self.0.lock();
        if let Err(error) = state.operate() {
            // The system may have dropped what it could not write, and says so only once.
            let range = state.synced..state.len;
            if state.random.permille(500) {
                state.lost.push(range);
            }
            return Err(error);
        }
        state.synced = state.len;
        state.cut_off = None;
        Ok(())
    }

    fn truncate(&self, len: u64) -> io::Result<()> {
        let mut state = self.0.lock();
        state.operate()?;
        if len < state.len && state.cut_off.is_none() {
            state.cut_off = Some((len, rows_behind(&state, len)?));
        }
        state.file.truncate(len)?;
        state.len = len;
        state.synced = state.synced.min(len);
        state.lost.iter_mut().for_each(|range| range.end = range.end.min(len));
        state.lost.retain(|range| range.start < range.end);
        Ok(())
    }

    fn rotate(&self) -> io::Result<()> {
        let mut state = self.0.lock();
        state.operate()?;
        state.file.rotate()?;
        (state.len, state.synced) = (0, 0);
        state.lost.clear();
        state.cut_off = None;
        Ok(())
    }
}

fn rows_behind(state: &State, len: u64) -> io::Result<Vec<u8>> {
    let LeaseFiles { current, .. } = state.file.files();
    let mut file = File::open(current)?;
    let header = file.metadata()?.len() - state.len;
    file.seek(SeekFrom::Start(header + len))?;
    let mut rows = Vec::new();
    file.read_to_end(&mut rows)?;
    Ok(rows)
}
