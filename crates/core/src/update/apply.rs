//! The rows of a batch: sum their gradients, count them, apply the rule. The only code that writes a table during a step.

use std::ops::Range;

use super::gradients::{Gradients, fetched_one_by_one};
use super::presums::{Presums, add_runs};
use super::treatment::StepTreatment;
use crate::lanes::{Kernel, LANES, Over, Simd, Vector, change, dispatch, largest_magnitude, sum_of_squares};
use crate::missed::{Floats, SharedMissed};
use crate::narrow::Draw;
use crate::plan::Groups;
use crate::prefetch::{AHEAD, TOGETHER};
use crate::rule::{MOST_PLANES, Rule};
use crate::storage::SharedStorage;
use crate::tally::SharedTallies;
use crate::width::{Width, with_width};

/// Gradients of a row that are fetched with it, if they are not fetched one by one.
const WITH_ROW: usize = 2;

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
    /// Whether a square that overflows counts as not finite.
    pub squares: bool,
    pub padding: Option<u32>,
    pub treatment: StepTreatment<'a>,
    pub missed: Option<SharedMissed<'a>>,
    /// The seed of random roundings, if there are any.
    pub rounding: Option<u64>,
}

/// Rows of floats that a thread needs beside its sum: a record of at most three rows, and two to catch up with.
pub(crate) const SCRATCH_ROWS: usize = 1 + (1 + MOST_PLANES) + 2;

/// Applies a step to the rows in some slots on `simd`; gives the number of rows that were skipped.
pub(crate) fn apply_slots<R: Rule>(
    simd: Simd,
    step: &Application<R>,
    groups: Groups,
    slots: Range<usize>,
    scratch: &mut [f32],
) -> u64 {
    let plain = step.storage.layout.is_plain() && step.missed.is_none() && step.treatment.treatment.is_nothing();
    with_width!(step.gradients.dim, plain, width => dispatch(simd, ApplySlots { width, step, groups, slots, scratch }))
}

/// Applies a step to the rows in some slots; gives the number of rows that were skipped.
pub(crate) struct ApplySlots<'a, R: Rule, W: Width> {
    pub width: W,
    pub step: &'a Application<'a, R>,
    pub groups: Groups<'a>,
    /// Which slots; nobody else has them, and so their rows.
    pub slots: Range<usize>,
    /// Room for [`SCRATCH_ROWS`] rows.
    pub scratch: &'a mut [f32],
}

impl<R: Rule, W: Width> Kernel for ApplySlots<'_, R, W> {
    type Output = u64;

    #[inline(always)]
    fn run<V: Vector>(self) -> u64 {
        let Self { width, step, groups, slots, scratch } = self;
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
                let applied = unsafe { step.apply::<V, W>(groups, slot, width, scratch) };
                skipped += u64::from(!applied);
            }
        }
        skipped
    }
}

impl<R: Rule> Application<'_, R> {
    /// Brings the rows in some slots close, and the first of their gradients if nobody else does.
    ///
    /// # Safety
    /// The plan's rows exist, its positions are of the batch, and `width` is the table's.
    #[cfg_attr(target_arch = "wasm32", inline(never))] // A small function keeps its values in registers.
    #[cfg_attr(not(target_arch = "wasm32"), inline(always))]
    unsafe fn fetch<W: Width>(&self, groups: Groups, slots: Range<usize>, width: W) {
        for slot in slots {
            // SAFETY: the caller's promise.
            unsafe {
                self.storage.prefetch(groups.row(slot), self.stride(width));
                self.tallies.prefetch(groups.row(slot));
                self.rule.prefetch(groups.row(slot));
                if !W::PLAIN
                    && let Some(missed) = &self.missed
                {
                    missed.prefetch(groups.row(slot));
                }
                if fetched_one_by_one(width) {
                    continue;
                }
                let positions = groups.occurrences(slot).positions();
                for number in 0..WITH_ROW {
                    // Once more the last of fewer, of which there is one at least: a branch on how many there are would cost more.
                    self.gradients.prefetch(*positions.get_unchecked(number.min(positions.len() - 1)), width);
                }
            }
        }
    }

    /// Words of a record: in rows of floats as many as the rule has floats, so that the compiler may know.
    #[inline(always)]
    fn stride<W: Width>(&self, width: W) -> usize {
        if W::PLAIN { width.dim() * (1 + R::PLANES) } else { self.storage.layout.stride() }
    }

    /// Applies the step to the row in a slot. Says whether it did: a row whose sum is not finite may be skipped.
    ///
    /// # Safety
    /// The row exists and is this thread's alone; its positions are of the batch; `width` is the table's, and `scratch` has
    /// [`SCRATCH_ROWS`] rows.
    #[inline(always)]
    unsafe fn apply<V: Vector, W: Width>(&self, groups: Groups, slot: usize, width: W, scratch: &mut [f32]) -> bool {
        let (row, occurrences) = (groups.row(slot), groups.occurrences(slot));
        let (sum, scratch) = scratch.split_at_mut(width.dim());
        let is_sum_already = W::PLAIN && occurrences.len() == 1 && self.gradients.scale == 1.0;
        if !is_sum_already {
            match self.presums.and_then(|presums| presums.runs_of(slot, occurrences.len())) {
                Some(runs) => add_runs(runs, sum),
                // SAFETY: the caller's promise.
                None => unsafe { self.gradients.sum::<V>(occurrences, width, sum) },
            }
            if self.mean {
                change::<V>(sum, Over(occurrences.len() as f32));
            }
        }
        // SAFETY: the caller's promise.
        unsafe {
            if !W::PLAIN {
                return self.apply_treated::<V>(row, occurrences.len(), sum, scratch);
            }
            let gradient = if is_sum_already { self.gradients.only(occurrences, width) } else { sum };
            self.apply_plain::<V>(row, occurrences.len(), gradient, self.stride(width))
        }
    }

    /// Applies the rule to a row of floats. Says whether it did.
    ///
    /// # Safety
    /// As for [`Application::apply`]; the gradient is of the table's width, and `stride` its record's.
    #[inline(always)]
    unsafe fn apply_plain<V: Vector>(&self, row: u32, occurrences: usize, gradient: &[f32], stride: usize) -> bool {
        let squares = if R::READS_SQUARES || (self.skip && self.squares) { sum_of_squares::<V>(gradient, 1.0) } else { 0.0 };
        if self.skip && !(squares.is_finite() && largest_magnitude::<V>(gradient).is_finite()) {
            return false;
        }
        let mut no_state = 0.0;
        // SAFETY: the caller's promise. The record of a row that exists has `dim` weights and `PLANES * dim` state, this thread's alone.
        unsafe {
            let seen = self.tallies.bump(row, occurrences as u32, self.step);
            let state = self.row_state(row, &mut no_state);
            let coefficients = self.rule.coefficients(&self.scalars, &seen, squares, state);
            apply_elements::<V, R>(&coefficients, gradient, self.storage.record(row, stride).cast());
        }
        true
    }

    /// Applies the step to any row: catches it up, treats it, and stores it as it is stored. Says whether it did.
    ///
    /// # Safety
    /// As for [`Application::apply`].
    #[inline(always)]
    unsafe fn apply_treated<V: Vector>(&self, row: u32, occurrences: usize, gradient: &mut [f32], scratch: &mut [f32]) -> bool {
        if self.skip
            && !(largest_magnitude::<V>(gradient).is_finite()
                && (!self.squares || sum_of_squares::<V>(gradient, 1.0).is_finite()))
        {
            return false;
        }
        let (layout, dim) = (self.storage.layout, gradient.len());
        let record = self.storage.record(row, layout.stride());
        let (floats, spare) = scratch.split_at_mut(layout.floats());
        let mut no_state = 0.0;
        // SAFETY: the caller's promise, as in `apply_plain`.
        unsafe {
            let seen = self.tallies.bump(row, occurrences as u32, self.step);
            let state = self.row_state(row, &mut no_state);
            let floats = if layout.is_plain() { std::slice::from_raw_parts_mut(record.cast(), floats.len()) } else { floats };
            if !layout.is_plain() {
                layout.read::<V>(record, floats);
            }
            if let Some(missed) = &self.missed {
                missed.catch_up(self.rule, row, self.step - 1, self.step, Floats { dim, record: floats, state, spare });
            }
            let (weights, planes) = floats.split_at_mut(dim);
            if self.treatment.before_rule::<V>(&seen, occurrences, gradient, weights) {
                self.rule.adopt(weights, planes);
            }
            let squares = if R::READS_SQUARES { sum_of_squares::<V>(gradient, 1.0) } else { 0.0 };
            let coefficients = self.rule.coefficients(&self.scalars, &seen, squares, state);
            apply_elements::<V, R>(&coefficients, gradient, floats.as_mut_ptr());
            let (weights, planes) = floats.split_at_mut(dim);
            if self.treatment.after_rule::<V>(weights) {
                self.rule.adopt(weights, planes);
            }
            if !layout.is_plain() {
                layout.write::<V>(record, floats, self.rounding.map(|seed| Draw { seed, step: self.step, row, block: 0 }));
            }
        }
        true
    }

    /// The row's own float, or, for a rule that keeps none, another.
    ///
    /// # Safety
    /// The row exists and is this thread's alone.
    #[inline(always)]
    unsafe fn row_state<'s>(&self, row: u32, otherwise: &'s mut f32) -> &'s mut f32 {
        // SAFETY: the caller's promise; the rule keeps a float a row.
        if R::ROW_STATE { unsafe { &mut *self.storage.row_state(row) } } else { otherwise }
    }
}

/// Runs a rule's element formula over a record.
///
/// # Safety
/// `record` is valid for reading and writing `(1 + PLANES) * gradient.len()` elements, and nobody else uses them.
#[inline(always)]
pub(crate) unsafe fn apply_elements<V: Vector, R: Rule>(coefficients: &[f32; 4], gradient: &[f32], record: *mut f32) {
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
