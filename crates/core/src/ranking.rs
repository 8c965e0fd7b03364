//! Rows by their tallies: the hottest, the coldest, and how many there are of each heat.

use std::collections::BinaryHeap;

use crate::error::Result;
use crate::float_mode::standard;
use crate::memory::make_room;
use crate::table::Table;

/// Entries of [`Table::tally_histogram`].
pub const CLASSES: usize = 34;

impl Table {
    /// Writes the rows with the highest tallies to `out`, or those with the lowest, as many as it has room for, in that order and of equals the
    /// lower row first; the padding row takes no part. Gives how many it wrote.
    pub fn ranking(&self, coldest: bool, out: &mut [u32]) -> Result<usize> {
        self.check_whole()?;
        let mut best = BinaryHeap::new();
        make_room("ranking rows", size_of::<(u64, u32)>() * (out.len() + 1), || best.try_reserve_exact(out.len() + 1))?;
        standard(|| {
            for row in (0..self.rows()).filter(|&row| self.padding != Some(row)) {
                // Tallies are not negative, so that their bits are ordered like them; the lowest entry is the best.
                let heat = self.tallies.at(row, self.step).to_bits();
                best.push((if coldest { heat } else { !heat }, row));
                if best.len() > out.len() {
                    best.pop();
                }
            }
        });
        let ranked = best.into_sorted_vec();
        out.iter_mut().zip(&ranked).for_each(|(out, &(_, row))| *out = row);
        Ok(ranked.len())
    }

    /// Counts rows by their tallies: entry 0 of `out` those that never occurred, entry k those with a tally below 2^k and, but for entry 1, at least
    /// 2^(k-1). The padding row takes no part.
    pub fn tally_histogram(&self, out: &mut [u32]) -> Result<()> {
        self.check_whole()?;
        self.check_length("out", "classes", CLASSES as u64, out.len())?;
        out.fill(0);
        standard(|| {
            for row in (0..self.rows()).filter(|&row| self.padding != Some(row)) {
                let tally = self.tallies.at(row, self.step);
                let class = if tally == 0.0 { 0 } else { 1 + (tally as u64).checked_ilog2().map_or(0, |power| power as usize) };
                out[class.min(CLASSES - 1)] += 1;
            }
        });
        Ok(())
    }
}
