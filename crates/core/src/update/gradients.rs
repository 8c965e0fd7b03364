//! The gradients of a batch, one row of `dim` float32 for each occurrence, and their sums in the documented order.

use crate::lanes::{Change, LANES, Times, Unchanged, Vector};
use crate::plan::Occurrences;
use crate::prefetch::{Beginning, INSTRUCTION, prefetch_words, takes_lines};
use crate::width::Width;

/// Occurrences of one row that are summed before their sum is added to the row's. Fixed by the contract of a step, so that several
/// threads can sum a hot row and get the same bits.
pub(crate) const RUN: usize = 256;
/// Vectors summed side by side in registers: as many as leave some for other things, where a vector takes one (or, in WebAssembly, two).
const BLOCK: usize = if cfg!(target_arch = "wasm32") { 4 } else { 8 };
/// How many occurrences before its use a gradient is fetched.
const AHEAD: usize = 24;
/// Cache lines of a gradient that are fetched ahead.
const MOST_LINES: usize = 8;

/// Whether gradients are fetched one by one, some occurrences before their use. Those of a line or less tend to be in the caches already, and
/// sums of them wait for additions: it is enough to fetch the first of a row with the row.
#[inline(always)]
pub(crate) fn fetched_one_by_one(width: impl Width) -> bool {
    INSTRUCTION && takes_lines(width.dim())
}

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

    /// [`Gradients::at`] without its checks.
    ///
    /// # Safety
    /// The position is one of the batch's, and `width` is the gradients'.
    #[inline(always)]
    pub unsafe fn at_unchecked(&self, position: u32, width: impl Width) -> &'a [f32] {
        let start = position as usize * width.dim();
        debug_assert!(width.dim() == self.dim && start + self.dim <= self.values.len());
        // SAFETY: the caller's promise.
        unsafe { self.values.get_unchecked(start..start + width.dim()) }
    }

    /// Brings the first lines of a gradient to the second cache.
    ///
    /// # Safety
    /// As for [`Gradients::at_unchecked`].
    #[inline(always)]
    pub unsafe fn prefetch(&self, position: u32, width: impl Width) {
        // SAFETY: the caller's promise.
        unsafe { prefetch_words(self.at_unchecked(position, width).as_ptr(), width.dim(), MOST_LINES, Beginning::Anywhere) }
    }

    /// The unscaled gradient of a row's only occurrence.
    ///
    /// # Safety
    /// As for [`Gradients::at_unchecked`].
    #[inline(always)]
    pub unsafe fn only(&self, occurrences: Occurrences, width: impl Width) -> &'a [f32] {
        // SAFETY: the caller's promise.
        unsafe {
            if fetched_one_by_one(width) {
                self.prefetch(occurrences.coming(0, AHEAD), width);
            }
            self.at_unchecked(occurrences.positions()[0], width)
        }
    }

    /// Writes the scaled sum of a row's gradients to `sum`, run by run.
    ///
    /// # Safety
    /// The occurrences are of the batch, `width` is the gradients', and `sum` is that long.
    #[inline(always)]
    pub unsafe fn sum<V: Vector>(&self, occurrences: Occurrences, width: impl Width, sum: &mut [f32]) {
        // SAFETY: the caller's promise.
        unsafe {
            if self.scale == 1.0 {
                self.sum_runs::<V>(occurrences, width, Unchanged, sum)
            } else {
                self.sum_runs::<V>(occurrences, width, Times(self.scale), sum)
            }
        }
    }

    /// # Safety
    /// As for [`Gradients::sum`].
    #[cfg_attr(target_arch = "wasm32", inline(never))] // One for all rules keeps the module small.
    #[cfg_attr(not(target_arch = "wasm32"), inline(always))]
    unsafe fn sum_runs<V: Vector>(&self, occurrences: Occurrences, width: impl Width, scale: impl Change, sum: &mut [f32]) {
        debug_assert!(sum.len() == width.dim());
        let dim = width.dim();
        for (number, occurrences) in occurrences.runs(RUN).enumerate() {
            let first = number == 0;
            let mut run = Run { gradients: self, occurrences, width, scale, first, sum: sum.as_mut_ptr(), column: 0 };
            // SAFETY: the caller's promise; each call stops where fewer columns remain than it takes.
            unsafe {
                while run.column + BLOCK * LANES <= dim {
                    run.add_block::<V, BLOCK>();
                }
                if run.column + BLOCK / 2 * LANES <= dim {
                    run.add_block::<V, { BLOCK / 2 }>();
                }
                if run.column + BLOCK / 4 * LANES <= dim {
                    run.add_block::<V, { BLOCK / 4 }>();
                }
                if run.column + LANES <= dim {
                    run.add_block::<V, 1>();
                }
                if run.column < dim {
                    run.add_part::<V>();
                }
            }
        }
    }
}

/// A run of occurrences on its way into a sum, some columns at a time.
struct Run<'a, W, S> {
    gradients: &'a Gradients<'a>,
    occurrences: Occurrences<'a>,
    width: W,
    scale: S,
    /// Whether the sum begins with this run.
    first: bool,
    sum: *mut f32,
    /// The next column to sum.
    column: usize,
}

impl<W: Width, S: Change> Run<'_, W, S> {
    /// The next columns of a gradient.
    ///
    /// # Safety
    /// The position is one of the batch's.
    #[inline(always)]
    unsafe fn columns(&self, position: u32) -> *const f32 {
        // SAFETY: the caller's promise; `column` is at most the width.
        unsafe { self.gradients.at_unchecked(position, self.width).as_ptr().add(self.column) }
    }

    /// Brings close the next `count` columns of a gradient that comes after the one with this number.
    ///
    /// # Safety
    /// So many columns remain.
    #[inline(always)]
    unsafe fn fetch(&self, number: usize, count: usize) {
        if fetched_one_by_one(self.width) {
            // SAFETY: the caller's promise; the position is one of the batch's.
            unsafe {
                prefetch_words(self.columns(self.occurrences.coming(number, AHEAD)), count, MOST_LINES, Beginning::Anywhere)
            }
        }
    }

    /// Sums the next `N` vectors.
    ///
    /// # Safety
    /// So many columns remain; the occurrences are of the batch; `sum` has the gradients' width.
    #[inline(always)]
    unsafe fn add_block<V: Vector, const N: usize>(&mut self) {
        let mut block = [V::splat(0.0); N];
        // SAFETY: the caller's promise.
        unsafe {
            let positions = self.occurrences.positions();
            self.fetch(0, N * LANES);
            let from = self.columns(positions[0]);
            for (at, lanes) in block.iter_mut().enumerate() {
                *lanes = self.scale.of(V::load(from.add(at * LANES)));
            }
            for (number, &position) in positions.iter().enumerate().skip(1) {
                self.fetch(number, N * LANES);
                let from = self.columns(position);
                for (at, lanes) in block.iter_mut().enumerate() {
                    *lanes = *lanes + self.scale.of(V::load(from.add(at * LANES)));
                }
            }
            let to = self.sum.add(self.column);
            for (at, lanes) in block.into_iter().enumerate() {
                let to = to.add(at * LANES);
                let total = if self.first { lanes } else { V::load(to) + lanes };
                total.store(to);
            }
        }
        self.column += N * LANES;
    }

    /// Sums the last columns, fewer than a vector has lanes.
    ///
    /// # Safety
    /// As for [`Run::add_block`], with 1 to 7 columns left.
    #[inline(always)]
    unsafe fn add_part<V: Vector>(&mut self) {
        let count = self.width.dim() - self.column;
        // SAFETY: the caller's promise.
        unsafe {
            let positions = self.occurrences.positions();
            self.fetch(0, count);
            let mut lanes = self.scale.of(V::load_part(self.columns(positions[0]), count));
            for (number, &position) in positions.iter().enumerate().skip(1) {
                self.fetch(number, count);
                lanes = lanes + self.scale.of(V::load_part(self.columns(position), count));
            }
            let to = self.sum.add(self.column);
            let total = if self.first { lanes } else { V::load_part(to, count) + lanes };
            total.store_part(to, count);
        }
        self.column = self.width.dim();
    }
}
