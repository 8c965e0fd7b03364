//! The gradients of a batch, one row of `dim` float32 for each occurrence, and their sums in the documented order.

use crate::lanes::{LANES, Vector, prefetch};

/// Occurrences of one row that are summed before their sum is added to the row's. Fixed by the contract of a step, so that several
/// threads can sum a hot row and get the same bits.
pub(crate) const RUN: usize = 256;
/// Vectors summed side by side in registers.
const BLOCK: usize = 8;

/// Gradients as the caller gave them, and what to multiply each element with first.
#[derive(Clone, Copy)]
pub(crate) struct Gradients<'a> {
    pub values: &'a [f32],
    pub dim: usize,
    pub scale: f32,
}

impl<'a> Gradients<'a> {
    /// The unscaled gradient at a position of the batch.
    #[inline(always)]
    pub fn at(&self, position: usize) -> &'a [f32] {
        &self.values[position * self.dim..(position + 1) * self.dim]
    }

    /// Brings the first lines of a gradient close.
    #[inline(always)]
    pub fn prefetch(&self, position: usize) {
        let start = self.values.as_ptr().wrapping_add(position * self.dim);
        for line in 0..self.dim.div_ceil(16).min(8) {
            prefetch(start.wrapping_add(line * 16));
        }
    }

    /// Writes the scaled sum of the gradients at `positions` (at least one) to `sum`, run by run.
    #[inline(always)]
    pub fn sum<V: Vector>(&self, positions: &[u32], sum: &mut [f32]) {
        for (number, run) in positions.chunks(RUN).enumerate() {
            let mut column = 0;
            column = self.sum_columns::<V, BLOCK>(run, number == 0, column, sum);
            column = self.sum_columns::<V, { BLOCK / 2 }>(run, number == 0, column, sum);
            column = self.sum_columns::<V, { BLOCK / 4 }>(run, number == 0, column, sum);
            column = self.sum_columns::<V, 1>(run, number == 0, column, sum);
            if column < self.dim {
                self.sum_last_columns::<V>(run, number == 0, column, sum);
            }
        }
    }

    /// Sums a run in blocks of `N` vectors from `column` on, as long as whole blocks remain; returns the first column that is left.
    #[inline(always)]
    fn sum_columns<V: Vector, const N: usize>(&self, run: &[u32], first: bool, mut column: usize, sum: &mut [f32]) -> usize {
        let scale = V::splat(self.scale);
        while column + N * LANES <= self.dim {
            // SAFETY: a gradient and `sum` are `dim` long, and `N` vectors from `column` lie inside.
            unsafe {
                let load = self.at(run[0] as usize).as_ptr().add(column);
                let mut block = [scale; N];
                for (at, lanes) in block.iter_mut().enumerate() {
                    *lanes = V::load(load.add(at * LANES)) * scale;
                }
                for &position in &run[1..] {
                    let load = self.at(position as usize).as_ptr().add(column);
                    for (at, lanes) in block.iter_mut().enumerate() {
                        *lanes = *lanes + V::load(load.add(at * LANES)) * scale;
                    }
                }
                let to = sum.as_mut_ptr().add(column);
                for (at, lanes) in block.into_iter().enumerate() {
                    let to = to.add(at * LANES);
                    let total = if first { lanes } else { V::load(to) + lanes };
                    total.store(to);
                }
            }
            column += N * LANES;
        }
        column
    }

    /// Sums the last columns of a run, fewer than a vector has lanes.
    #[inline(always)]
    fn sum_last_columns<V: Vector>(&self, run: &[u32], first: bool, column: usize, sum: &mut [f32]) {
        let (scale, count) = (V::splat(self.scale), self.dim - column);
        // SAFETY: a gradient and `sum` are `dim` long, and `count` elements from `column` lie inside.
        unsafe {
            let mut lanes = V::load_part(self.at(run[0] as usize).as_ptr().add(column), count) * scale;
            for &position in &run[1..] {
                lanes = lanes + V::load_part(self.at(position as usize).as_ptr().add(column), count) * scale;
            }
            let to = sum.as_mut_ptr().add(column);
            let total = if first { lanes } else { V::load_part(to, count) + lanes };
            total.store_part(to, count);
        }
    }
}

/// Divides a sum by the number of occurrences.
#[inline(always)]
pub(crate) fn divide<V: Vector>(sum: &mut [f32], count: f32) {
    let (divisor, whole) = (V::splat(count), sum.len() / LANES * LANES);
    // SAFETY: whole vectors lie below `whole`, 1 to 7 elements from there to the end.
    unsafe {
        for at in (0..whole).step_by(LANES) {
            let to = sum.as_mut_ptr().add(at);
            (V::load(to) / divisor).store(to);
        }
        if whole < sum.len() {
            let (to, count) = (sum.as_mut_ptr().add(whole), sum.len() - whole);
            (V::load_part(to, count) / divisor).store_part(to, count);
        }
    }
}
