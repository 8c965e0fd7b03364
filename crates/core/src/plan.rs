//! The plan of a step: the occurrences of a batch grouped by row, in order.
//!
//! Grouping never sorts. Each row of the table has a slot number in `slots`; whether it belongs to this batch is told by a key
//! (epoch, row) in a dense array at that slot, so that nothing is cleared between steps and no branch depends on an id. Then
//! occurrences are counted a slot and laid out by prefix sums: first-occurrence order of rows, position order inside a row.
//!
//! One thread groups, others share the slots afterwards: first-occurrence order keeps each of them reading gradients nearly
//! from front to back. (Partitioning ids by row first, so that threads can group as well, was slower: it scatters those reads.)

use std::ops::Range;

use crate::error::{Error, Result};
use crate::memory::Buffer;
use crate::prefetch::prefetch;

/// How many ids ahead a slot is fetched.
const AHEAD: usize = 32;
const PURPOSE: &str = "planning a step";

/// Working space for planning, kept between steps, and the plan made last.
pub(crate) struct Plan {
    /// For each row of the table, the slot it had when it last occurred.
    slots: Buffer<u32>,
    /// For each slot, epoch and row of its owner.
    keys: Buffer<u64>,
    /// For each occurrence, its slot.
    slot_of: Buffer<u32>,
    /// For each slot, where its occurrences begin in `order`, and once more the end of the last.
    starts: Buffer<u32>,
    /// Positions in the batch, by slot.
    order: Buffer<u32>,
    /// Distinguishes this batch's keys from those of batches before it.
    epoch: u32,
    /// Slots in use.
    distinct: usize,
    /// Occurrences in the batch.
    len: usize,
}

/// The rows of a batch and their occurrences.
#[derive(Clone, Copy)]
pub(crate) struct Groups<'a> {
    keys: &'a [u64],
    starts: &'a [u32],
    order: &'a [u32],
}

impl<'a> Groups<'a> {
    /// Number of distinct rows.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// The row in a slot.
    #[inline(always)]
    pub fn row(&self, slot: usize) -> u32 {
        self.keys[slot] as u32
    }

    /// A slot's occurrences.
    #[inline(always)]
    pub fn occurrences(&self, slot: usize) -> Occurrences<'a> {
        assert!(slot + 1 < self.starts.len());
        // SAFETY: `Plan::group` made one more start than there are slots, none beyond `order`, in rising order.
        unsafe {
            let (start, end) = (*self.starts.get_unchecked(slot), *self.starts.get_unchecked(slot + 1));
            Occurrences { order: self.order.get_unchecked(start as usize..), len: (end - start) as usize }
        }
    }

    /// Occurrences of all slots.
    pub fn order(&self) -> &'a [u32] {
        self.order
    }

    /// The slots of share `number` of `shares`, which hold about the same number of occurrences each.
    pub fn share(&self, number: usize, shares: usize) -> Range<usize> {
        let first_slot = |number: usize| {
            let occurrence = (self.order.len() as u64 * number as u64 / shares as u64) as u32;
            self.starts[..self.len()].partition_point(|&start| start < occurrence)
        };
        first_slot(number)..if number + 1 == shares { self.len() } else { first_slot(number + 1) }
    }
}

/// The occurrences of a row, of which there is one at least, and, for fetching ahead, those of the rows after it.
#[derive(Clone, Copy)]
pub(crate) struct Occurrences<'a> {
    /// Positions from the row's first on.
    order: &'a [u32],
    /// How many of them are the row's.
    len: usize,
}

impl<'a> Occurrences<'a> {
    pub fn len(self) -> usize {
        self.len
    }

    /// Their positions in the batch, in order.
    #[inline(always)]
    pub fn positions(self) -> &'a [u32] {
        // SAFETY: `Groups::occurrences` and `Occurrences::runs` count no more than there are.
        unsafe { self.order.get_unchecked(..self.len) }
    }

    /// The position of the occurrence that comes `ahead` after the one with this number, be it another row's, or of the batch's last.
    #[inline(always)]
    pub fn coming(self, number: usize, ahead: usize) -> u32 {
        // SAFETY: no more than the last, and there is one.
        unsafe { *self.order.get_unchecked((number + ahead).min(self.order.len() - 1)) }
    }

    /// The same in runs of at most `most`.
    #[inline(always)]
    pub fn runs(self, most: usize) -> impl Iterator<Item = Self> {
        self.positions().chunks(most).enumerate().map(move |(number, run)| {
            // SAFETY: as far into the positions as the run begins.
            Self { order: unsafe { self.order.get_unchecked(number * most..) }, len: run.len() }
        })
    }
}

impl Plan {
    /// Space for planning over a table of `rows` rows.
    pub fn new(rows: u32) -> Result<Self> {
        Ok(Self {
            slots: Buffer::zeroed(u128::from(rows), PURPOSE)?,
            keys: Buffer::zeroed(0, PURPOSE)?,
            slot_of: Buffer::zeroed(0, PURPOSE)?,
            starts: Buffer::zeroed(0, PURPOSE)?,
            order: Buffer::zeroed(0, PURPOSE)?,
            epoch: 0,
            distinct: 0,
            len: 0,
        })
    }

    /// Bytes held.
    pub fn bytes(&self) -> u64 {
        let integers = [&self.slots, &self.slot_of, &self.starts, &self.order];
        integers.iter().map(|buffer| buffer.bytes()).sum::<u64>() + self.keys.bytes()
    }

    /// Makes room for a batch of `len` occurrences.
    pub fn reserve(&mut self, len: usize) -> Result<()> {
        self.keys.reserve(len, PURPOSE)?;
        self.slot_of.reserve(len, PURPOSE)?;
        self.starts.reserve(len + 1, PURPOSE)?;
        self.order.reserve(len, PURPOSE)
    }

    /// The plan made last.
    pub fn groups(&self) -> Groups<'_> {
        let Self { distinct, len, .. } = *self;
        Groups { keys: &self.keys[..distinct], starts: &self.starts[..distinct + 1], order: &self.order[..len] }
    }

    /// Groups a batch by row. There is room for it.
    ///
    /// # Safety
    /// Every id is below the rows that the plan was made for.
    pub unsafe fn group(&mut self, ids: &[u32]) {
        if self.epoch == u32::MAX {
            self.keys.fill(0);
            self.epoch = 0;
        }
        self.epoch += 1;
        self.len = ids.len();
        // SAFETY: the caller's promise.
        self.distinct = unsafe { self.assign_slots(ids) };

        let (slot_of, starts) = (&self.slot_of[..ids.len()], &mut self.starts[..self.distinct + 1]);
        starts.fill(0);
        for &slot in slot_of {
            starts[slot as usize] += 1;
        }
        let mut sum = 0;
        for start in &mut *starts {
            (*start, sum) = (sum, sum + *start);
        }
        let order = &mut self.order[..ids.len()];
        for (position, &slot) in slot_of.iter().enumerate() {
            let at = &mut starts[slot as usize];
            order[*at as usize] = position as u32;
            *at += 1;
        }
        // Each start has moved to its slot's end, that is, to the next slot's start.
        starts.copy_within(..self.distinct, 1);
        starts[0] = 0;
    }

    /// Takes over what another plan has made of the same batch, for a table of as many rows. There is room for it.
    pub fn copy_from(&mut self, other: &Plan) {
        let (distinct, len) = (other.distinct, other.len);
        self.keys[..distinct].copy_from_slice(&other.keys[..distinct]);
        self.starts[..distinct + 1].copy_from_slice(&other.starts[..distinct + 1]);
        self.order[..len].copy_from_slice(&other.order[..len]);
        // No batch that follows takes a key that came along for its own.
        self.epoch = self.epoch.max(other.epoch);
        (self.distinct, self.len) = (distinct, len);
    }

    /// Occurrences in the batch that was planned last.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Gives each distinct row of `ids` a slot, in order of first occurrence; returns how many there are.
    ///
    /// # Safety
    /// As for [`Plan::group`].
    unsafe fn assign_slots(&mut self, ids: &[u32]) -> usize {
        let epoch = u64::from(self.epoch) << 32;
        let (slots, keys, slot_of) = (&mut *self.slots, &mut self.keys[..ids.len()], &mut self.slot_of[..ids.len()]);
        let mut distinct = 0u32;
        for (position, &id) in ids.iter().enumerate() {
            let coming = ids[(position + AHEAD).min(ids.len() - 1)] as usize;
            // SAFETY: the caller's promise.
            unsafe { prefetch(slots.as_ptr().add(coming)) };
            let key = epoch | u64::from(id);
            debug_assert!((id as usize) < slots.len());
            // SAFETY: the caller's promise.
            let known = unsafe { slots.get_unchecked_mut(id as usize) };
            // A slot beyond this batch's is out of date.
            let old = if (*known as usize) < keys.len() { *known } else { 0 };
            // SAFETY: `old` is below `keys.len()`, or 0, and there is at least this one id.
            let hit = unsafe { *keys.get_unchecked(old as usize) } == key;
            let slot = if hit { old } else { distinct };
            // SAFETY: there are at most as many slots as ids before and including this one.
            unsafe { *keys.get_unchecked_mut(slot as usize) = key };
            *known = slot;
            slot_of[position] = slot;
            distinct += u32::from(!hit);
        }
        distinct as usize
    }
}

/// Checks that every id is a row of the table. `signed` ids are int32 values behind a view of uint32.
#[inline(always)]
pub(crate) fn check_ids(ids: &[u32], rows: u32, signed: bool) -> Result<()> {
    let limit = if signed { rows.min(1 << 31) } else { rows };
    if ids.iter().fold(0, |largest: u32, &id| largest.max(id)) < limit {
        return Ok(());
    }
    match ids.iter().position(|&id| id >= limit) {
        None => Ok(()), // Only an empty batch gets here.
        Some(position) => {
            let id = if signed { i64::from(ids[position] as i32) } else { i64::from(ids[position]) };
            Err(Error::IdOutOfRange { position, id, rows: rows.into() })
        }
    }
}

#[cfg(test)]
mod tests;
