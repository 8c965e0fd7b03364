//! The plan of a step: the occurrences of a batch grouped by row, in order, and split into stripes that threads can own.
//!
//! Grouping never sorts. Each row of the table has a slot number in `slots`; whether it belongs to this batch is told by a key
//! (epoch, row) in a dense array at that slot, so that nothing is cleared between steps and no branch depends on an id. Then
//! occurrences are counted a slot and laid out by prefix sums: first-occurrence order of rows, position order inside a row.

use crate::error::{Error, Result};
use crate::lanes::prefetch;
use crate::memory::Buffer;

/// Stripes a batch is split into when threads share it.
pub(crate) const STRIPES: usize = 64;
/// log2 of the rows that always share a stripe: 16 tallies, or slots, or rows of one float, fill a cache line, and a line written
/// by two threads would wander between them.
const BLOCK: u32 = 4;
/// How many ids ahead a slot is fetched.
const AHEAD: usize = 32;

/// Working space for planning, kept between steps.
pub(crate) struct Plan {
    /// For each row of the table, the slot it had when it last occurred.
    slots: Buffer<u32>,
    /// For each slot, epoch and row of its owner.
    keys: Buffer<u64>,
    /// For each occurrence, its slot.
    slot_of: Buffer<u32>,
    /// For each slot, where its occurrences begin in `order`; one more entry a stripe for the end of the last.
    starts: Buffer<u32>,
    /// Positions in the batch, by slot.
    order: Buffer<u32>,
    /// Positions in the batch, by stripe.
    positions: Buffer<u32>,
    /// Ids, by stripe.
    ids: Buffer<u32>,
    /// Distinguishes this batch's keys from those of batches before it.
    epoch: u32,
}

/// A stripe's share of a batch: occurrences `first .. first + len` of those arrays of the plan that are ordered by stripe.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Stripe {
    index: u32,
    first: u32,
    len: u32,
}

/// The rows of a stripe and their occurrences.
pub(crate) struct Groups<'a> {
    keys: &'a [u64],
    starts: &'a [u32],
    order: &'a [u32],
}

impl Groups<'_> {
    /// Number of distinct rows.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// The row in a slot.
    #[inline(always)]
    pub fn row(&self, slot: usize) -> u32 {
        self.keys[slot] as u32
    }

    /// The positions of a slot's occurrences, in order.
    #[inline(always)]
    pub fn occurrences(&self, slot: usize) -> &[u32] {
        debug_assert!(slot < self.len());
        // SAFETY: `group` made one more start than there are slots, none beyond `order`, in rising order.
        unsafe {
            let (start, end) = (*self.starts.get_unchecked(slot), *self.starts.get_unchecked(slot + 1));
            self.order.get_unchecked(start as usize..end as usize)
        }
    }

    /// All positions, slot by slot: for fetching ahead.
    pub fn order(&self) -> &[u32] {
        self.order
    }
}

impl Plan {
    /// Space for planning over a table of `rows` rows.
    pub fn new(rows: u32) -> Result<Self> {
        let empty = || Buffer::zeroed(0, PURPOSE);
        Ok(Self {
            slots: Buffer::zeroed(u128::from(rows), PURPOSE)?,
            keys: Buffer::zeroed(0, PURPOSE)?,
            slot_of: empty()?,
            starts: empty()?,
            order: empty()?,
            positions: empty()?,
            ids: empty()?,
            epoch: 0,
        })
    }

    /// Bytes held.
    pub fn bytes(&self) -> u64 {
        let integers = [&self.slots, &self.slot_of, &self.starts, &self.order, &self.positions, &self.ids];
        integers.iter().map(|buffer| buffer.bytes()).sum::<u64>() + self.keys.bytes()
    }

    /// Makes room for a batch of `len` occurrences and begins a new epoch. `striped` batches need more room.
    pub fn begin(&mut self, len: usize, striped: bool) -> Result<()> {
        self.keys.reserve(len, PURPOSE)?;
        self.slot_of.reserve(len, PURPOSE)?;
        self.starts.reserve(len + STRIPES, PURPOSE)?;
        self.order.reserve(len, PURPOSE)?;
        if striped {
            self.positions.reserve(len, PURPOSE)?;
            self.ids.reserve(len, PURPOSE)?;
        }
        if self.epoch == u32::MAX {
            self.keys.fill(0);
            self.epoch = 0;
        }
        self.epoch += 1;
        Ok(())
    }

    /// The whole batch as one stripe.
    pub fn whole(len: usize) -> Stripe {
        Stripe { index: 0, first: 0, len: len as u32 }
    }

    /// Distributes occurrences over stripes, in order of position; the heaviest stripe comes first.
    pub fn partition(&mut self, ids: &[u32]) -> [Stripe; STRIPES] {
        let mut next = [0u32; STRIPES];
        for &id in ids {
            next[stripe_of(id)] += 1;
        }
        let mut stripes = [Stripe::default(); STRIPES];
        let mut first = 0;
        for (index, stripe) in stripes.iter_mut().enumerate() {
            *stripe = Stripe { index: index as u32, first, len: next[index] };
            next[index] = first;
            first += stripe.len;
        }
        for (position, &id) in ids.iter().enumerate() {
            let at = &mut next[stripe_of(id)];
            self.positions[*at as usize] = position as u32;
            self.ids[*at as usize] = id;
            *at += 1;
        }
        stripes.sort_unstable_by_key(|stripe| std::cmp::Reverse(stripe.len));
        stripes
    }

    /// Access for the threads of a step.
    pub fn shared(&mut self) -> SharedPlan {
        SharedPlan {
            slots: self.slots.as_mut_ptr(),
            keys: self.keys.as_mut_ptr(),
            slot_of: self.slot_of.as_mut_ptr(),
            starts: self.starts.as_mut_ptr(),
            order: self.order.as_mut_ptr(),
            positions: self.positions.as_ptr(),
            ids: self.ids.as_ptr(),
            epoch: self.epoch,
        }
    }
}

const PURPOSE: &str = "planning a step";

/// The stripe of a row: a hash, so that neither neighbours nor multiples crowd together.
#[inline(always)]
fn stripe_of(row: u32) -> usize {
    ((row >> BLOCK).wrapping_mul(0x9E37_79B1) >> (u32::BITS - STRIPES.trailing_zeros())) as usize
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

/// A plan during a step: each thread groups stripes that nobody else groups.
#[derive(Clone, Copy)]
pub(crate) struct SharedPlan {
    slots: *mut u32,
    keys: *mut u64,
    slot_of: *mut u32,
    starts: *mut u32,
    order: *mut u32,
    positions: *const u32,
    ids: *const u32,
    epoch: u32,
}

// SAFETY: `group`'s contract is that no two threads have the same stripe; stripes share neither rows nor ranges.
unsafe impl Send for SharedPlan {}
// SAFETY: as above.
unsafe impl Sync for SharedPlan {}

impl SharedPlan {
    /// Groups a whole batch by row.
    ///
    /// # Safety
    /// The plan has begun a batch of `ids.len()` occurrences and outlives the result; every id is below its rows; nothing else
    /// uses the plan meanwhile.
    #[inline(always)]
    pub unsafe fn group_all<'a>(self, ids: &[u32]) -> Groups<'a> {
        // SAFETY: the caller's promise.
        unsafe { self.group(Plan::whole(ids.len()), ids, |local| local) }
    }

    /// Groups one stripe of a partitioned batch by row.
    ///
    /// # Safety
    /// The stripe comes from [`Plan::partition`] for this batch, whose ids are below the plan's rows; nobody else has it; the plan
    /// outlives the result.
    #[inline(always)]
    pub unsafe fn group_stripe<'a>(self, stripe: Stripe) -> Groups<'a> {
        let (first, len) = (stripe.first as usize, stripe.len as usize);
        // SAFETY: `partition` filled both arrays in this range, and nobody writes them until the step is over.
        let ids = unsafe { std::slice::from_raw_parts(self.ids.add(first), len) };
        // SAFETY: as above.
        let positions = unsafe { std::slice::from_raw_parts(self.positions.add(first), len) };
        // SAFETY: the caller's promise.
        unsafe { self.group(stripe, ids, |local| positions[local as usize]) }
    }

    /// # Safety
    /// As for [`SharedPlan::group_stripe`]; `ids` are the stripe's, `position` maps indices into them to positions in the batch.
    #[inline(always)]
    unsafe fn group<'a>(self, stripe: Stripe, ids: &[u32], position: impl Fn(u32) -> u32) -> Groups<'a> {
        let (first, len) = (stripe.first as usize, stripe.len as usize);
        if len == 0 {
            return Groups { keys: &[], starts: &[], order: &[] };
        }
        // SAFETY: the arrays are that long (`begin`); the ranges belong to this stripe alone.
        let (keys, slot_of, starts, order) = unsafe {
            (
                std::slice::from_raw_parts_mut(self.keys.add(first), len),
                std::slice::from_raw_parts_mut(self.slot_of.add(first), len),
                std::slice::from_raw_parts_mut(self.starts.add(first + stripe.index as usize), len + 1),
                std::slice::from_raw_parts_mut(self.order.add(first), len),
            )
        };
        // SAFETY: ids are below the plan's rows, and rows of this stripe are nobody else's.
        let distinct = unsafe { self.assign_slots(ids, keys, slot_of, first as u32) };
        let starts = &mut starts[..distinct + 1];
        starts.fill(0);
        for &slot in &*slot_of {
            starts[slot as usize] += 1;
        }
        let mut sum = 0;
        for start in &mut *starts {
            (*start, sum) = (sum, sum + *start);
        }
        for (local, &slot) in slot_of.iter().enumerate() {
            let at = &mut starts[slot as usize];
            order[*at as usize] = position(local as u32);
            *at += 1;
        }
        // Each start has moved to its slot's end, that is, to the next slot's start.
        starts.copy_within(..distinct, 1);
        starts[0] = 0;
        Groups { keys: &keys[..distinct], starts, order }
    }

    /// Gives each distinct row of `ids` a slot, in order of first occurrence; returns how many there are.
    ///
    /// # Safety
    /// Ids are below the plan's rows; no other thread uses these rows; `keys` has room for one slot an id.
    #[inline(always)]
    unsafe fn assign_slots(self, ids: &[u32], keys: &mut [u64], slot_of: &mut [u32], first: u32) -> usize {
        let epoch = u64::from(self.epoch) << 32;
        let room = keys.len() as u32;
        let mut distinct = 0u32;
        for (local, &id) in ids.iter().enumerate() {
            prefetch(self.slots.wrapping_add(ids[(local + AHEAD).min(ids.len() - 1)] as usize));
            let key = epoch | u64::from(id);
            // SAFETY: the id is a row of the table, and this thread's alone.
            let known = unsafe { &mut *self.slots.add(id as usize) };
            // Slot numbers count from the start of all keys; one from outside this stripe's range is out of date.
            let old = known.wrapping_sub(first);
            let old = if old < room { old } else { 0 };
            // SAFETY: `old` is below `keys.len()`.
            let hit = unsafe { *keys.get_unchecked(old as usize) } == key;
            let slot = if hit { old } else { distinct };
            // SAFETY: there are at most as many slots as ids before and including this one.
            unsafe { *keys.get_unchecked_mut(slot as usize) = key };
            *known = first + slot;
            // SAFETY: `slot_of` is as long as `ids`.
            unsafe { *slot_of.get_unchecked_mut(local) = slot };
            distinct += u32::from(!hit);
        }
        distinct as usize
    }
}

#[cfg(test)]
mod tests;
