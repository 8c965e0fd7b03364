//! Missed steps: with `scope: "all"` every step visits every row, those outside of the batch with a gradient of 0, or of the l2 decay
//! alone. None of that is done at the time. A row remembers the step that it is up to, the table the learning rates since, and the
//! row is caught up when it is next used.
//!
//! Where a visit is a linear map of weight and state (SGD with momentum, and decay by itself), so are many: a product of maps. Elsewhere
//! (Adam and its kin) visits are replayed until they no longer change a weight, and what is left of the state fades at once.

use crate::error::Result;
use crate::history::{History, Map};
use crate::lanes::{Kernel, Simd, Times, Vector, change, dispatch, sum_of_squares};
use crate::memory::Buffer;
use crate::prefetch::prefetch;
use crate::rule::{Rule, Step};
use crate::tally::Seen;
use crate::update::apply_elements;

/// What rows have missed.
pub(crate) struct Missed {
    /// For each row the step that it is up to.
    last: Buffer<u64>,
    pub visits: Visits,
}

/// What the steps since the last flush do to rows that they miss.
pub(crate) struct Visits {
    history: History,
    motion: Motion,
    decay: Decay,
    /// What replays run on.
    pub simd: Simd,
}

/// How a row moves at a step that misses it.
#[derive(Clone, Copy, PartialEq)]
enum Motion {
    /// Its weights decay.
    Decays,
    /// Weights and state go through a linear map.
    Linear,
    /// By the rule, which has to be asked.
    Replayed,
}

/// Decay at steps that miss a row. One of the two at least is 0.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Decay {
    /// Times the learning rate, the part by which a weight shrinks.
    pub decoupled: f64,
    /// Times the weight, what is added to its gradient.
    pub l2: f64,
}

const PURPOSE: &str = "the steps that rows are up to";

impl Missed {
    /// For a table whose steps visit all rows, by its rule (`visits_all`) or by decay. Nothing if that does not move them.
    pub fn new<R: Rule>(rule: &R, visits_all: bool, decay: Decay, rows: u32) -> Result<Option<Self>> {
        let motion = match rule.visit(0.0, decay.l2) {
            _ if !visits_all || (R::RESTS && decay.l2 == 0.0) => Motion::Decays,
            Some(_) => Motion::Linear,
            None => Motion::Replayed,
        };
        if motion == Motion::Decays && decay.decoupled == 0.0 {
            return Ok(None);
        }
        let visits = Visits { history: History::default(), motion, decay, simd: Simd::detect() };
        Ok(Some(Self { last: Buffer::zeroed(rows.into(), PURPOSE)?, visits }))
    }

    /// A copy for `rows` rows, which are no fewer; new ones are up to `step`.
    pub fn grown(&self, rows: u32, step: u64) -> Result<Self> {
        let mut last = self.last.grown(rows.into(), PURPOSE)?;
        last[self.last.len()..].fill(step);
        let visits = Visits { history: self.visits.history.try_clone()?, ..self.visits };
        Ok(Self { last, visits })
    }

    pub fn bytes(&self) -> u64 {
        self.last.bytes() + self.visits.history.bytes()
    }

    /// The step that a row is up to.
    pub fn last(&self, row: u32) -> u64 {
        self.last[row as usize]
    }

    /// Says that a row is up to `step`.
    pub fn set_last(&mut self, row: u32, step: u64) {
        self.last[row as usize] = step;
    }

    /// The steps of all rows, for threads that own disjoint rows, and what rows have missed.
    pub fn shared(&mut self) -> SharedMissed<'_> {
        SharedMissed { last: self.last.as_mut_ptr(), visits: &self.visits }
    }
}

/// Missed steps during a step. A copy may be used by each thread of the step, as long as no two touch the same row.
#[derive(Clone, Copy)]
pub(crate) struct SharedMissed<'a> {
    last: *mut u64,
    visits: &'a Visits,
}

// SAFETY: the methods' contract is that no two threads touch the same row.
unsafe impl Send for SharedMissed<'_> {}
// SAFETY: as above.
unsafe impl Sync for SharedMissed<'_> {}

impl SharedMissed<'_> {
    /// Brings close what step a row is up to.
    ///
    /// # Safety
    /// The row exists.
    #[inline(always)]
    pub unsafe fn prefetch(&self, row: u32) {
        // SAFETY: the caller's promise.
        unsafe { prefetch(self.last.add(row as usize)) }
    }

    /// The step that a row is up to.
    ///
    /// # Safety
    /// As for [`SharedMissed::catch_up`].
    #[inline(always)]
    pub unsafe fn last(&self, row: u32) -> u64 {
        // SAFETY: the caller's promise.
        unsafe { *self.last.add(row as usize) }
    }

    /// Says that a row is up to `step`.
    ///
    /// # Safety
    /// As for [`SharedMissed::catch_up`].
    pub unsafe fn set_last(&self, row: u32, step: u64) {
        // SAFETY: the caller's promise.
        unsafe { *self.last.add(row as usize) = step }
    }

    /// Catches a row up to `now`, and says that it is up to `next`.
    ///
    /// # Safety
    /// The row exists, and no other thread touches it meanwhile.
    #[inline(always)]
    pub unsafe fn catch_up<R: Rule>(&self, rule: &R, row: u32, now: u64, next: u64, floats: Floats) {
        // SAFETY: the caller's promise.
        let last = unsafe { &mut *self.last.add(row as usize) };
        self.visits.catch_up(rule, *last, now, floats);
        *last = next;
    }
}

/// A row's weights and state, and room for two rows more.
pub(crate) struct Floats<'a> {
    pub dim: usize,
    /// Weights, then state planes.
    pub record: &'a mut [f32],
    /// The row's own float.
    pub state: &'a mut f32,
    pub spare: &'a mut [f32],
}

impl Visits {
    /// Learning rates and the steps from which on they held.
    pub fn rates(&self) -> impl Iterator<Item = (u64, f64)> + '_ {
        self.history.runs().iter().map(|run| (run.first, run.lr))
    }

    /// Makes room for a step.
    pub fn reserve(&mut self) -> Result<()> {
        self.history.reserve()
    }

    /// Takes on a step, for which there is room, whose rows are visited by it and all others missed.
    pub fn push<R: Rule>(&mut self, rule: &R, step: u64, lr: f64) {
        let Self { decay, motion, .. } = *self;
        let is_map = motion != Motion::Replayed || decay.decoupled > 0.0;
        self.history.push(step, lr, || is_map.then(|| map(rule, motion, decay, lr)));
    }

    /// Takes on the steps since the last flush, up to `step`, in runs of one rate, of which no two in a row have the same.
    pub fn restore<R: Rule>(&mut self, rule: &R, runs: &[(u64, f64)], step: u64) -> Result<()> {
        for (run, &(first, lr)) in runs.iter().enumerate() {
            let last = runs.get(run + 1).map_or(step, |&(next, _)| next - 1);
            self.reserve()?;
            self.push(rule, first, lr);
            self.push(rule, last, lr);
        }
        Ok(())
    }

    /// What the visits of the steps after `last` up to and including `now` do.
    fn product<R: Rule>(&self, rule: &R, last: u64, now: u64) -> Map {
        self.history.product(last, now, |lr| map(rule, self.motion, self.decay, lr))
    }

    /// Forgets all steps, which no row has missed any more.
    pub fn clear(&mut self) {
        self.history.clear();
    }

    /// Makes up for the steps after `last` up to and including `now`.
    #[inline(always)]
    pub fn catch_up<R: Rule>(&self, rule: &R, last: u64, now: u64, floats: Floats) {
        if last < now {
            dispatch(self.simd, CatchUp { visits: self, rule, last, now, floats });
        }
    }
}

/// Makes up for a row's missed steps.
struct CatchUp<'a, 'f, R: Rule> {
    visits: &'a Visits,
    rule: &'a R,
    last: u64,
    now: u64,
    floats: Floats<'f>,
}

impl<R: Rule> Kernel for CatchUp<'_, '_, R> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self) {
        let Self { visits, rule, last, now, mut floats } = self;
        let Visits { motion, decay, .. } = visits;
        let dim = floats.dim;
        match motion {
            Motion::Decays => {
                let (weights, planes) = floats.record.split_at_mut(dim);
                keep::<V>(visits.product(rule, last, now), weights);
                rule.adopt(weights, planes);
            }
            Motion::Linear => transform::<V>(visits.product(rule, last, now), dim, floats.record),
            Motion::Replayed => {
                let reached = replay::<V, R>(visits, rule, last, now, &mut floats);
                if reached < now {
                    rule.fade(now - reached, floats.state, &mut floats.record[dim..]);
                    if decay.decoupled > 0.0 {
                        keep::<V>(visits.product(rule, reached, now), &mut floats.record[..dim]);
                    }
                }
            }
        }
    }
}

/// Visits a row step by step, and gives the first step after which no other changes its weights but by decoupled decay.
#[inline(always)]
fn replay<V: Vector, R: Rule>(visits: &Visits, rule: &R, last: u64, now: u64, floats: &mut Floats) -> u64 {
    let (Visits { history, decay, .. }, Floats { dim, record, state, spare }) = (visits, floats);
    let (gradient, before) = spare[..2 * *dim].split_at_mut(*dim);
    let runs = history.runs();
    let mut run = history.run_of(last + 1);
    // Visits do not count as occurrences, and rules that go by the tally are not replayed.
    let seen = Seen { row: 0, before: 0.0, after: 0.0 };
    for number in last + 1..=now {
        if runs.get(run + 1).is_some_and(|next| next.first <= number) {
            run += 1;
        }
        let lr = runs[run].lr;
        let scalars = rule.begin(&Step { number, lr, mean_square: 0.0, dim: *dim as f64 });
        let weights = &mut record[..*dim];
        if decay.decoupled > 0.0 {
            change::<V>(weights, Times(kept(decay.decoupled, lr) as f32));
        }
        before.copy_from_slice(weights);
        gradient.copy_from_slice(weights);
        change::<V>(gradient, Times(decay.l2 as f32));
        let squares = if R::READS_SQUARES { sum_of_squares::<V>(gradient, 1.0) } else { 0.0 };
        let coefficients = rule.coefficients(&scalars, &seen, squares, state);
        // SAFETY: a record's floats, borrowed for writing.
        unsafe { apply_elements::<V, R>(&coefficients, gradient, record.as_mut_ptr()) };
        if decay.l2 == 0.0 && rule.settles() && history.is_peak(run) && before[..] == record[..*dim] {
            return number;
        }
    }
    now
}

/// What a visit at a learning rate does, as far as it is a linear map: all of it, or, where visits are replayed, decay alone.
fn map<R: Rule>(rule: &R, motion: Motion, decay: Decay, lr: f64) -> Map {
    let kept = kept(decay.decoupled, lr);
    let linear = if motion == Motion::Linear { rule.visit(lr, decay.l2) } else { None };
    let [[ww, ws], [sw, ss]] = linear.unwrap_or([[1.0, 0.0], [0.0, 1.0]]);
    [[ww * kept, ws], [sw * kept, ss]]
}

/// What a step leaves of a weight.
pub(crate) fn kept(decay: f64, lr: f64) -> f64 {
    (1.0 - lr * decay).max(0.0)
}

/// Shrinks weights by what a map does to them.
#[inline(always)]
fn keep<V: Vector>([[ww, _], _]: Map, weights: &mut [f32]) {
    change::<V>(weights, Times(ww as f32));
}

/// Sends weights, and the state beside each if there is one, through a map.
#[inline(always)]
fn transform<V: Vector>(map: Map, dim: usize, record: &mut [f32]) {
    let (weights, state) = record.split_at_mut(dim);
    if state.is_empty() {
        return keep::<V>(map, weights);
    }
    let [[ww, ws], [sw, ss]] = map.map(|row| row.map(|entry| entry as f32));
    for (w, s) in weights.iter_mut().zip(state) {
        (*w, *s) = (ww * *w + ws * *s, sw * *w + ss * *s);
    }
}
