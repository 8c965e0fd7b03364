//! The rows of a batch: sum their gradients, count them, apply the rule. The only code that writes a table during a step.

use std::ops::Range;

use super::gradients::{Any, Fixed, Gradients, Width, divide};
use super::presums::{Presums, add_runs};
use crate::lanes::{Kernel, LANES, Simd, Vector, dispatch, largest_magnitude, sum_of_squares};
use crate::plan::Groups;
use crate::prefetch::{AHEAD, TOGETHER};
use crate::rule::{MOST_PLANES, Rule};
use crate::storage::SharedStorage;
use crate::tally::SharedTallies;

/// Gradients of a row that are fetched with it.
const GRADIENTS: usize = 8;

/// What all rows of a step share.
pub(crate) struct Application<'a, R: Rule> {
    pub rule: &'a R,
    pub scalars: R::Scalars,
    pub storage: SharedStorage,
    pub tallies: SharedTallies,
    pub gradients: Gradients<'a>,
    /// Runs that are summed already.
    pub presums: Option<&'a Presums>,
    /// Number of this step, from 1.
    pub step: u64,
    /// `reduction: "mean"`.
    pub mean: bool,
    /// `nonFinite: "skip"`.
    pub skip: bool,
    pub padding: Option<u32>,
}

/// Applies a step to the rows in some slots on `simd`; gives the number of rows that were skipped.
pub(crate) fn apply_slots<R: Rule>(
    simd: Simd,
    step: &Application<R>,
    groups: Groups,
    slots: Range<usize>,
    sum: &mut [f32],
) -> u64 {
    match step.gradients.dim {
        16 => dispatch(simd, ApplySlots { width: Fixed::<16>, step, groups, slots, sum }),
        32 => dispatch(simd, ApplySlots { width: Fixed::<32>, step, groups, slots, sum }),
        64 => dispatch(simd, ApplySlots { width: Fixed::<64>, step, groups, slots, sum }),
        dim => dispatch(simd, ApplySlots { width: Any(dim), step, groups, slots, sum }),
    }
}

/// Applies a step to the rows in some slots; gives the number of rows that were skipped.
pub(crate) struct ApplySlots<'a, R: Rule, W: Width> {
    pub width: W,
    pub step: &'a Application<'a, R>,
    pub groups: Groups<'a>,
    /// Which slots; nobody else has them, and so their rows.
    pub slots: Range<usize>,
    /// Room for a row's summed gradient.
    pub sum: &'a mut [f32],
}

impl<R: Rule, W: Width> Kernel for ApplySlots<'_, R, W> {
    type Output = u64;

    #[inline(always)]
    fn run<V: Vector>(self) -> u64 {
        let Self { width, step, groups, slots, sum } = self;
        let sum = &mut sum[..width.dim()];
        let mut skipped = 0;
        for first in slots.clone().step_by(TOGETHER) {
            let block = |first: usize| first.min(slots.end)..(first + TOGETHER).min(slots.end);
            // SAFETY: the plan's rows and positions are checked.
            unsafe { step.fetch(groups, block(first + AHEAD), width) };
            for slot in block(first) {
                if step.padding == Some(groups.row(slot)) {
                    continue;
                }
                // SAFETY: the plan's rows and positions are checked, and this thread is the only one with this row.
                let applied = unsafe { step.apply::<V>(groups, slot, width, sum) };
                skipped += u64::from(!applied);
            }
        }
        skipped
    }
}

impl<R: Rule> Application<'_, R> {
    /// Brings the rows in some slots close, and the first of their gradients.
    ///
    /// # Safety
    /// The plan's rows exist, its positions are of the batch, and `width` is the table's.
    #[cfg_attr(target_arch = "wasm32", inline(never))] // A small function keeps its values in registers.
    #[cfg_attr(not(target_arch = "wasm32"), inline(always))]
    unsafe fn fetch(&self, groups: Groups, slots: Range<usize>, width: impl Width) {
        for slot in slots {
            // SAFETY: the caller's promise.
            unsafe {
                self.storage.prefetch(groups.row(slot), width.dim() * (1 + R::PLANES));
                self.tallies.prefetch(groups.row(slot));
                for &position in groups.occurrences(slot).iter().take(GRADIENTS) {
                    self.gradients.prefetch(position, width);
                }
            }
        }
    }

    /// Applies the step to the row in a slot. Says whether it did: a row whose sum is not finite may be skipped.
    ///
    /// # Safety
    /// The row exists and is this thread's alone; its positions are of the batch; `width` is the table's, and `sum` that long.
    #[inline(always)]
    unsafe fn apply<V: Vector>(&self, groups: Groups, slot: usize, width: impl Width, sum: &mut [f32]) -> bool {
        let (row, positions) = (groups.row(slot), groups.occurrences(slot));
        let gradient: &[f32] = if positions.len() == 1 && self.gradients.scale == 1.0 {
            // SAFETY: the caller's promise.
            unsafe { self.gradients.at_unchecked(positions[0], width) }
        } else {
            match self.presums.and_then(|presums| presums.runs_of(slot, positions.len())) {
                Some(runs) => add_runs(runs, sum),
                // SAFETY: the caller's promise.
                None => unsafe { self.gradients.sum::<V>(positions, width, sum) },
            }
            if self.mean {
                divide::<V>(sum, positions.len() as f32);
            }
            sum
        };
        let squares =
            if R::READS_SQUARES || (self.skip && self.rule.squares()) { sum_of_squares::<V>(gradient, 1.0) } else { 0.0 };
        if self.skip && !(squares.is_finite() && largest_magnitude::<V>(gradient).is_finite()) {
            return false;
        }
        // SAFETY: the caller's promise.
        let seen = unsafe { self.tallies.bump(row, positions.len() as u32, self.step) };
        let mut no_state = 0.0;
        let state = if R::ROW_STATE {
            // SAFETY: as above; the rule keeps a float a row.
            unsafe { &mut *self.storage.row_state(row) }
        } else {
            &mut no_state
        };
        let coefficients = self.rule.coefficients(&self.scalars, &seen, squares, state);
        // SAFETY: the record of a row that exists has `dim` weights and `PLANES * dim` state, this thread's alone.
        unsafe { apply_elements::<V, R>(&coefficients, gradient, self.storage.record(row)) };
        true
    }
}

/// Runs a rule's element formula over a record.
///
/// # Safety
/// `record` is valid for reading and writing `(1 + PLANES) * gradient.len()` elements, and nobody else uses them.
#[inline(always)]
unsafe fn apply_elements<V: Vector, R: Rule>(coefficients: &[f32; 4], gradient: &[f32], record: *mut f32) {
    let dim = gradient.len();
    let whole = dim / LANES * LANES;
    let c = [V::splat(coefficients[0]), V::splat(coefficients[1]), V::splat(coefficients[2]), V::splat(coefficients[3])];
    let mut planes = [V::splat(0.0); MOST_PLANES];
    // SAFETY: element `at` of plane p is at `(p + 1) * dim + at`; whole vectors end at `whole`, the rest at `dim`.
    unsafe {
        for at in (0..whole).step_by(LANES) {
            let w = record.add(at);
            for (plane, lanes) in planes.iter_mut().enumerate().take(R::PLANES) {
                *lanes = V::load(w.add((plane + 1) * dim));
            }
            R::element(&c, V::load(gradient.as_ptr().add(at)), V::load(w), &mut planes).store(w);
            for (plane, lanes) in planes.iter().enumerate().take(R::PLANES) {
                lanes.store(w.add((plane + 1) * dim));
            }
        }
        if whole < dim {
            let (w, count) = (record.add(whole), dim - whole);
            for (plane, lanes) in planes.iter_mut().enumerate().take(R::PLANES) {
                *lanes = V::load_part(w.add((plane + 1) * dim), count);
            }
            let g = V::load_part(gradient.as_ptr().add(whole), count);
            R::element(&c, g, V::load_part(w, count), &mut planes).store_part(w, count);
            for (plane, lanes) in planes.iter().enumerate().take(R::PLANES) {
                lanes.store_part(w.add((plane + 1) * dim), count);
            }
        }
    }
}
