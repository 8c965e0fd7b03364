//! Tallies: how often each row occurred. They belong to the table, whatever its rule: counts that saturate, or, with a
//! half-life, float64 values that are decayed when they are next looked at, so that no step ever walks over the table.

use crate::error::Result;
use crate::memory::{Buffer, Zeroable};
use crate::prefetch::prefetch;
use crate::scalar::halvings;

/// What a row's tally grows by at a step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unit {
    /// Its occurrences in the batch.
    #[default]
    Occurrence,
    /// One, for being in the batch.
    Batch,
}

/// What a rule is told about the row in front of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Seen {
    /// The row.
    pub row: u32,
    /// Its tally, decayed to this step, before this step's bump.
    pub before: f64,
    /// Its tally after the bump.
    pub after: f64,
}

/// A decaying tally and the step that last wrote it.
#[derive(Clone, Copy)]
pub(crate) struct Decaying {
    value: f64,
    step: u64,
}
// SAFETY: two plain numbers, for which zero is a value.
unsafe impl Zeroable for Decaying {}

/// One entry a row.
enum Entries {
    Counts(Buffer<u32>),
    Decaying { entries: Buffer<Decaying>, half_life: f64 },
}

/// The tallies of a table.
pub(crate) struct Tallies {
    entries: Entries,
    unit: Unit,
}

const PURPOSE: &str = "the table's tallies";

impl Tallies {
    /// All zero, for `rows` rows.
    pub fn new(rows: u32, unit: Unit, half_life: Option<f64>) -> Result<Self> {
        let rows = u128::from(rows);
        let entries = match half_life {
            None => Entries::Counts(Buffer::zeroed(rows, PURPOSE)?),
            Some(half_life) => Entries::Decaying { entries: Buffer::zeroed(rows, PURPOSE)?, half_life },
        };
        Ok(Self { entries, unit })
    }

    /// A copy for `rows` rows, which are no fewer, zero where they are new.
    pub fn grown(&self, rows: u32) -> Result<Self> {
        let rows = u128::from(rows);
        let entries = match &self.entries {
            Entries::Counts(counts) => Entries::Counts(counts.grown(rows, PURPOSE)?),
            Entries::Decaying { entries, half_life } => {
                Entries::Decaying { entries: entries.grown(rows, PURPOSE)?, half_life: *half_life }
            }
        };
        Ok(Self { entries, unit: self.unit })
    }

    /// Whether they are float64 with a step each, and not counts.
    pub fn decays(&self) -> bool {
        matches!(self.entries, Entries::Decaying { .. })
    }

    pub fn bytes(&self) -> u64 {
        match &self.entries {
            Entries::Counts(counts) => counts.bytes(),
            Entries::Decaying { entries, .. } => entries.bytes(),
        }
    }

    /// What one step leaves of a decaying quantity; 1 without a half-life.
    pub fn decay(&self) -> f64 {
        match &self.entries {
            Entries::Counts(_) => 1.0,
            Entries::Decaying { half_life, .. } => halvings(1.0 / half_life),
        }
    }

    /// The tally of `row` as of `step`.
    pub fn at(&self, row: u32, step: u64) -> f64 {
        match &self.entries {
            Entries::Counts(counts) => f64::from(counts[row as usize]),
            Entries::Decaying { entries, half_life } => decayed(entries[row as usize], step, *half_life),
        }
    }

    /// The stored value and, with a half-life, the step that wrote it.
    pub fn stored(&self, row: u32) -> (f64, Option<u64>) {
        match &self.entries {
            Entries::Counts(counts) => (f64::from(counts[row as usize]), None),
            Entries::Decaying { entries, .. } => {
                let entry = entries[row as usize];
                (entry.value, Some(entry.step))
            }
        }
    }

    pub fn reset(&mut self, row: u32) {
        self.store(row, 0.0, 0);
    }

    /// Replaces a stored value, an integer where tallies are counts, and the step that wrote it.
    pub fn store(&mut self, row: u32, value: f64, step: u64) {
        match &mut self.entries {
            Entries::Counts(counts) => counts[row as usize] = value as u32,
            Entries::Decaying { entries, .. } => entries[row as usize] = Decaying { value, step },
        }
    }

    /// Access for a step whose threads own disjoint rows.
    pub fn shared(&mut self) -> SharedTallies {
        let entries = match &mut self.entries {
            Entries::Counts(counts) => SharedEntries::Counts(counts.as_mut_ptr()),
            Entries::Decaying { entries, half_life } => SharedEntries::Decaying(entries.as_mut_ptr(), *half_life),
        };
        SharedTallies { entries, unit: self.unit }
    }
}

fn decayed(entry: Decaying, step: u64, half_life: f64) -> f64 {
    if entry.value == 0.0 { 0.0 } else { entry.value * halvings((step - entry.step) as f64 / half_life) }
}

#[derive(Clone, Copy)]
enum SharedEntries {
    Counts(*mut u32),
    Decaying(*mut Decaying, f64),
}

/// Tallies during a step. A copy may be used by each thread of the step, as long as no two touch the same row.
#[derive(Clone, Copy)]
pub(crate) struct SharedTallies {
    entries: SharedEntries,
    unit: Unit,
}

// SAFETY: the methods' contract is that no two threads touch the same row.
unsafe impl Send for SharedTallies {}
// SAFETY: as above.
unsafe impl Sync for SharedTallies {}

impl SharedTallies {
    /// Brings a row's tally close.
    ///
    /// # Safety
    /// The row exists, and the tallies outlive this call.
    #[inline(always)]
    pub unsafe fn prefetch(&self, row: u32) {
        // SAFETY: the caller's promise.
        unsafe {
            match self.entries {
                SharedEntries::Counts(counts) => prefetch(counts.add(row as usize)),
                SharedEntries::Decaying(entries, _) => prefetch(entries.add(row as usize)),
            }
        }
    }

    /// Counts `occurrences` of `row` at `step`.
    ///
    /// # Safety
    /// `row` is below the table's rows, the tallies outlive this call, and no other thread touches this row meanwhile.
    #[inline(always)]
    pub unsafe fn bump(&self, row: u32, occurrences: u32, step: u64) -> Seen {
        let bump = match self.unit {
            Unit::Occurrence => occurrences,
            Unit::Batch => 1,
        };
        match self.entries {
            SharedEntries::Counts(counts) => {
                // SAFETY: the caller's promise.
                let count = unsafe { &mut *counts.add(row as usize) };
                let before = *count;
                *count = before.saturating_add(bump);
                Seen { row, before: f64::from(before), after: f64::from(*count) }
            }
            SharedEntries::Decaying(entries, half_life) => {
                // SAFETY: the caller's promise.
                let entry = unsafe { &mut *entries.add(row as usize) };
                let before = decayed(*entry, step, half_life);
                let after = before + f64::from(bump);
                *entry = Decaying { value: after, step };
                Seen { row, before, after }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bump(tallies: &mut Tallies, occurrences: u32, step: u64) -> Seen {
        // SAFETY: row 0 exists, and this thread is the only one.
        unsafe { tallies.shared().bump(0, occurrences, step) }
    }

    #[test]
    fn counts_stop_at_the_largest_u32() {
        let mut tallies = Tallies::new(1, Unit::Occurrence, None).unwrap();
        bump(&mut tallies, u32::MAX - 1, 1);
        let seen = bump(&mut tallies, 5, 2);
        assert_eq!((seen.before, seen.after), (4_294_967_294.0, 4_294_967_295.0));
        assert_eq!(bump(&mut tallies, 5, 3).after, 4_294_967_295.0);
    }

    #[test]
    fn the_unit_batch_counts_presence() {
        let mut tallies = Tallies::new(1, Unit::Batch, None).unwrap();
        assert_eq!(bump(&mut tallies, 300, 1).after, 1.0);
    }

    #[test]
    fn a_row_seen_every_k_steps_tends_to_the_geometric_series() {
        for (k, half_life) in [(1u64, 10.0), (7, 3.5), (20, 100.0)] {
            let mut tallies = Tallies::new(1, Unit::Batch, Some(half_life)).unwrap();
            let last = (1..=5000).map(|visit| bump(&mut tallies, 1, visit * k)).last().unwrap();
            let limit = 1.0 / (1.0 - (-(k as f64) / half_life).exp2());
            assert!((last.after / limit - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn reading_decays_without_writing() {
        let mut tallies = Tallies::new(1, Unit::Occurrence, Some(4.0)).unwrap();
        bump(&mut tallies, 8, 1);
        assert_eq!((tallies.at(0, 1), tallies.at(0, 5), tallies.at(0, 9)), (8.0, 4.0, 2.0));
        assert_eq!(tallies.stored(0), (8.0, Some(1)));
    }
}
