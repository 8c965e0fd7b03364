//! Catching up every row at once, after which the table remembers no rates.

use std::ops::Range;

use super::share;
use crate::error::Result;
use crate::lanes::Portable;
use crate::missed::{Floats, SharedMissed};
use crate::narrow::{Draw, Rounding};
use crate::rule::{Rule, with_rule};
use crate::storage::SharedStorage;
use crate::table::Table;

/// Brings all rows up to the table's step.
pub(crate) fn flush(table: &mut Table) -> Result<()> {
    let rule = table.rule.clone();
    with_rule!(&rule, rule => share::flush(table, rule))?;
    if let Some(missed) = &mut table.missed {
        missed.visits.clear();
    }
    Ok(())
}

/// What threads that catch up rows share.
pub(super) struct Flush<'a, R: Rule> {
    pub rule: &'a R,
    pub storage: SharedStorage,
    pub missed: SharedMissed<'a>,
    pub now: u64,
    /// The seed of random roundings, if there are any.
    pub rounding: Option<u64>,
    /// A row that steps leave alone.
    pub padding: Option<u32>,
}

impl<R: Rule> Flush<'_, R> {
    /// Catches up some rows.
    ///
    /// # Safety
    /// The rows exist, and nobody else has them.
    pub unsafe fn catch_up(&self, rows: Range<u32>) {
        let (layout, now) = (self.storage.layout, self.now);
        let (mut floats, mut spare) = (vec![0.0; layout.floats()], vec![0.0; 2 * layout.dim]);
        for row in rows {
            let record = self.storage.record(row, layout.stride());
            let mut no_state = 0.0;
            // SAFETY: the caller's promise.
            unsafe {
                if self.missed.last(row) == now {
                    continue;
                }
                if self.padding == Some(row) {
                    self.missed.set_last(row, now);
                    continue;
                }
                let state = if R::ROW_STATE { &mut *self.storage.row_state(row) } else { &mut no_state };
                layout.read::<Portable>(record, &mut floats);
                let room = Floats { dim: layout.dim, record: &mut floats, state, spare: &mut spare };
                self.missed.catch_up(self.rule, row, now, now, room);
                layout.write::<Portable>(record, &floats, self.rounding.map(|seed| Draw { seed, step: now, row, block: 0 }));
            }
        }
    }
}

impl Table {
    /// The seed of random roundings, if there are any.
    pub(super) fn rounding_seed(&self) -> Option<u64> {
        (self.rounding == Rounding::Stochastic).then_some(self.seed)
    }
}
