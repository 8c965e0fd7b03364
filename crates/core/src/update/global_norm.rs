//! The norm of a whole batch's gradient, for clipping by it: a pass over all sums before the first row is written.

use std::ops::Range;

use super::gradients::Gradients;
use super::{PURPOSE, share};
use crate::error::Result;
use crate::lanes::{Kernel, LANES, Over, Vector, change, sum_of_squares};
use crate::plan::Groups;
use crate::table::Table;
use crate::width::Any;

/// Slots whose squares are summed before their sum is added to the total.
const CHUNK: usize = 1024;

/// What clipping to `limit` leaves of every gradient: 1, or less. The batch is planned.
pub(super) fn kept(table: &mut Table, gradients: Gradients, limit: f64, threads: usize) -> Result<f32> {
    table.scratch.squares.reserve(table.plan.groups().len(), PURPOSE)?;
    share::sum_squares(table, gradients, threads)?;
    let squares = &table.scratch.squares[..table.plan.groups().len()];
    let norm = squares.chunks(CHUNK).map(sum).fold(0.0, |total, chunk| total + chunk).sqrt();
    Ok(if norm > limit { (limit / norm) as f32 } else { 1.0 })
}

/// The sum of a chunk over eight accumulators.
fn sum(chunk: &[f32]) -> f64 {
    let mut l = [0.0; LANES];
    for (slot, &square) in chunk.iter().enumerate() {
        l[slot % LANES] += f64::from(square);
    }
    ((l[0] + l[4]) + (l[2] + l[6])) + ((l[1] + l[5]) + (l[3] + l[7]))
}

/// Writes the sum of squares of the summed gradient in each of some slots; 0 for rows that take no part.
pub(super) struct SumSquares<'a> {
    pub gradients: Gradients<'a>,
    pub groups: Groups<'a>,
    pub slots: Range<usize>,
    pub padding: Option<u32>,
    /// `reduction: "mean"`.
    pub mean: bool,
    /// `nonFinite: "skip"`, with which sums that are not finite take no part.
    pub skip: bool,
    /// Room for a sum.
    pub sum: &'a mut [f32],
    pub squares: &'a mut [f32],
}

impl Kernel for SumSquares<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self) {
        for (slot, square) in self.slots.zip(self.squares) {
            let occurrences = self.groups.occurrences(slot);
            // SAFETY: the plan's positions are of the batch, and `sum` has its width.
            unsafe { self.gradients.sum::<V>(occurrences, Any(self.gradients.dim), self.sum) };
            if self.mean {
                change::<V>(self.sum, Over(occurrences.len() as f32));
            }
            *square = sum_of_squares::<V>(self.sum, 1.0);
            if self.padding == Some(self.groups.row(slot)) || (self.skip && !square.is_finite()) {
                *square = 0.0;
            }
        }
    }
}
