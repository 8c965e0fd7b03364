//! The table: `rows` x `dim` weights, their optimizer's state, their tallies, one step counter; and every way to read or change
//! them. This is the public face of the crate: doors call nothing below it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::error::{Error, Result};
use crate::fingerprint;
use crate::float_mode::standard;
use crate::init::{self, Init};
use crate::lanes::Simd;
use crate::lookup::{self, Present};
use crate::missed::{Decay, Missed};
use crate::narrow::{Draw, Rounding};
use crate::options::{NonFinite, Options, Reduction, WeightDecay, has_fixed_rate};
use crate::parameters::check_factor;
use crate::plan::{Plan, check_ids};
use crate::pool;
use crate::rule::{AnyRule, Built, Rule, Step, with_rule};
use crate::schedule::Schedule;
use crate::storage::{Layout, Storage};
use crate::tally::{Seen, Tallies};
pub use crate::update::Ready;
use crate::update::gradients::Gradients;
pub use crate::update::inspect::{CHUNK, Findings};
use crate::update::treatment::Treatment;
use crate::update::{self, MeanSquare, Scratch};

/// Row indices as callers have them.
#[derive(Clone, Copy, Debug)]
pub struct Ids<'a> {
    /// The ids' bits.
    pub bits: &'a [u32],
    /// Whether they are int32 values, of which negative ones are out of range.
    pub signed: bool,
}

impl<'a> From<&'a [u32]> for Ids<'a> {
    fn from(bits: &'a [u32]) -> Self {
        Self { bits, signed: false }
    }
}

/// Bytes held by a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// Weights.
    pub weights: u64,
    /// Optimizer state.
    pub state: u64,
    /// Tallies.
    pub tallies: u64,
    /// Working space.
    pub scratch: u64,
}

/// A table of embedding vectors.
pub struct Table {
    pub(crate) rows: u32,
    pub(crate) dim: usize,
    pub(crate) storage: Storage,
    pub(crate) tallies: Tallies,
    pub(crate) rule: AnyRule,
    pub(crate) lr: f64,
    pub(crate) schedule: Schedule,
    /// What the caller multiplies the learning rate with.
    pub(crate) factor: f64,
    pub(crate) treatment: Treatment,
    /// What rows have missed, if missing a step leaves anything to do.
    pub(crate) missed: Option<Missed>,
    pub(crate) rounding: Rounding,
    pub(crate) mean_square: MeanSquare,
    pub(crate) step: u64,
    pub(crate) init: Init<'static>,
    pub(crate) seed: u64,
    pub(crate) reduction: Reduction,
    pub(crate) non_finite: NonFinite,
    pub(crate) padding: Option<u32>,
    pub(crate) threads: usize,
    pub(crate) simd: Simd,
    pub(crate) plan: Plan,
    pub(crate) scratch: Scratch,
    /// A step began to write and did not end.
    pub(crate) poisoned: bool,
}

impl Table {
    /// A new table.
    pub fn new(options: Options) -> Result<Self> {
        standard(|| {
            let mut table = Self::blank(&options, options.check()?)?;
            let rule = table.rule.clone();
            with_rule!(&rule, rule => init::fill(&mut table, rule, &options.init, 0..options.rows));
            Ok(table)
        })
    }

    /// A table of zeros.
    pub(crate) fn blank(options: &Options, built: Built) -> Result<Self> {
        let &Options { rows, dim, .. } = options;
        let decay = decay_of(options, &built);
        let Built { rule, lr, visits_all, .. } = built;
        let (planes, row_state) = with_rule!(&rule, rule => shape_of(rule));
        let layout = Layout { dim, planes, weights: options.dtype, state: options.state_dtype };
        let missed_decay = match decay {
            Some(WeightDecay { rate, l2: true, all: Some(true), .. }) => Decay { l2: rate, ..Decay::default() },
            Some(WeightDecay { rate, all: Some(true), .. }) => Decay { decoupled: rate, ..Decay::default() },
            _ => Decay::default(),
        };
        Ok(Self {
            rows,
            dim,
            storage: Storage::new(rows, layout, row_state)?,
            tallies: Tallies::new(rows, options.unit, options.half_life)?,
            missed: with_rule!(&rule, rule => Missed::new(rule, visits_all, missed_decay, rows))?,
            rule,
            lr,
            schedule: options.schedule.unwrap_or_default(),
            factor: 1.0,
            treatment: Treatment {
                clip: options.clip,
                decay,
                half_life: options.half_life.unwrap_or(f64::INFINITY),
                max_norm: options.max_norm,
            },
            rounding: options.rounding,
            mean_square: MeanSquare::default(),
            step: 0,
            init: options.init.without_values(),
            seed: options.seed,
            reduction: options.reduction,
            non_finite: options.non_finite,
            padding: options.padding,
            threads: options.threads.clamp(1, pool::MOST_THREADS),
            simd: Simd::detect(),
            plan: Plan::new(rows)?,
            scratch: Scratch::new()?,
            poisoned: false,
        })
    }

    /// Number of rows.
    pub fn rows(&self) -> u32 {
        self.rows
    }

    /// Weights a row.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// Steps so far.
    pub fn step(&self) -> Result<u64> {
        self.check_whole().map(|()| self.step)
    }

    /// The learning rate.
    pub fn lr(&self) -> Result<f64> {
        self.check_whole().map(|()| self.lr)
    }

    /// Replaces the learning rate, from the next step on. It may be 0.
    pub fn set_lr(&mut self, lr: f64) -> Result<()> {
        self.check_whole()?;
        self.check_variable_rate("lr")?;
        self.lr = standard(|| check_factor("lr", lr))?;
        Ok(())
    }

    /// Sets what the learning rate is multiplied with besides its schedule, from the next step on. It may be 0.
    pub fn set_factor(&mut self, factor: f64) -> Result<()> {
        self.check_whole()?;
        self.check_variable_rate("schedule")?;
        self.factor = standard(|| check_factor("schedule's factor", factor))?;
        Ok(())
    }

    fn check_variable_rate(&self, what: &str) -> Result<()> {
        if !with_rule!(&self.rule, rule => has_fixed_rate(rule)) {
            return Ok(());
        }
        let because = "all weights are a function of the learning rate they began with";
        Err(Error::OptionConflict { one: what.into(), other: "the table's optimizer".into(), because })
    }

    /// The learning rate of step number `step`.
    pub(crate) fn rate_of_step(&self, step: u64) -> f64 {
        self.lr * self.schedule.factor(step) * self.factor
    }

    /// The most threads a step uses.
    pub fn threads(&self) -> usize {
        self.threads
    }

    /// What the inner loops run on.
    pub fn simd(&self) -> Simd {
        self.simd
    }

    /// Makes the inner loops run on something else: for tests and benches, as the bits are the same.
    pub fn set_simd(&mut self, simd: Simd) {
        self.simd = simd;
        if let Some(missed) = &mut self.missed {
            missed.visits.simd = simd;
        }
    }

    /// Bytes held.
    pub fn memory(&self) -> Result<Memory> {
        self.check_whole()?;
        Ok(Memory {
            weights: self.storage.weight_bytes(),
            state: self.storage.state_bytes()
                + self.missed.as_ref().map_or(0, Missed::bytes)
                + with_rule!(&self.rule, rule => rule.counts().map_or(0, |counts| counts.bytes())),
            tallies: self.tallies.bytes(),
            scratch: self.plan.bytes() + self.scratch.bytes(),
        })
    }

    /// Writes the rows' weights to `out`, `ids.len() * dim` long.
    pub fn lookup(&self, ids: Ids, out: &mut [f32]) -> Result<()> {
        self.check(ids)?;
        self.check_length("out", "ids.length * dim", self.elements(ids), out.len())?;
        standard(|| lookup::gather(self, ids.bits, out));
        Ok(())
    }

    /// Catches up all rows with the steps that they have missed.
    pub fn flush(&mut self) -> Result<()> {
        self.check_whole()?;
        self.guarded(update::flush::flush)
    }

    /// One step; gives the number of rows that were skipped. Every gradient element is multiplied by `scale` first.
    pub fn update(&mut self, ids: Ids, gradients: &[f32], scale: f64) -> Result<u64> {
        self.update_with(|table, ids, gradients| update::update(table, ids, gradients, None), ids, gradients, scale)
    }

    /// Looks at a part of a batch before its step, for callers whose gradients arrive in parts and are cheapest to look at then. Gives the
    /// findings so far with those of this part, whose lengths must fit; all parts but the last are a multiple of [`CHUNK`] long.
    pub fn inspect(&self, so_far: Findings, ids: Ids, gradients: &[f32], scale: f64) -> Result<Findings> {
        self.check_length("gradients", "ids.length * dim", self.elements(ids), gradients.len())?;
        let gradients = Gradients { values: gradients, dim: self.dim, scale: check_scale(scale)? };
        Ok(standard(|| update::inspect(self, so_far, ids.bits, gradients)))
    }

    /// [`Table::update`] of a batch that [`Table::inspect`] has seen all of, with the same scale.
    pub fn update_inspected(&mut self, findings: Findings, ids: Ids, gradients: &[f32], scale: f64) -> Result<u64> {
        self.update_with(|table, ids, gradients| update::update(table, ids, gradients, Some(findings)), ids, gradients, scale)
    }

    /// [`Table::update`] as the specification has it: one plain loop, slow. For tests.
    pub fn update_by_reference(&mut self, ids: Ids, gradients: &[f32], scale: f64) -> Result<u64> {
        self.update_with(update::reference::update, ids, gradients, scale)
    }

    /// The first part of [`Table::update`], which refuses what is to be refused; [`Table::finish`] is the second. In between nothing else may
    /// be done with the table.
    /// It is shared by `threads` threads at most; whether that is worth it, the caller knows.
    pub fn prepare(&mut self, ids: Ids, gradients: &[f32], scale: f64, threads: usize) -> Result<Ready> {
        self.check(ids)?;
        let gradients = self.batch_gradients(ids, gradients, scale)?;
        self.guarded(|table| update::prepare(table, ids.bits, gradients, None, threads, None))
    }

    /// [`Table::prepare`] after another table of as many rows was prepared for the same ids, whose grouping is taken over.
    pub fn prepare_after(&mut self, other: &Table, ids: Ids, gradients: &[f32], scale: f64, threads: usize) -> Result<Ready> {
        self.check(ids)?;
        assert!(other.rows() == self.rows() && other.plan.len() == ids.bits.len());
        let gradients = self.batch_gradients(ids, gradients, scale)?;
        self.guarded(|table| update::prepare(table, ids.bits, gradients, None, threads, Some(&other.plan)))
    }

    /// Takes the step that was prepared last, with the same gradients.
    pub fn finish(&mut self, ready: Ready, gradients: &[f32], scale: f64) -> Result<u64> {
        let gradients = Gradients { values: gradients, dim: self.dim, scale: check_scale(scale)? };
        self.guarded(|table| update::finish(table, gradients, ready))
    }

    /// Checks the gradients' number, and how they are scaled.
    fn batch_gradients<'g>(&self, ids: Ids, values: &'g [f32], scale: f64) -> Result<Gradients<'g>> {
        self.check_length("gradients", "ids.length * dim", self.elements(ids), values.len())?;
        if u32::try_from(ids.bits.len()).is_err() {
            return Err(Error::WrongLength { argument: "ids", expected: format!("at most {}", u32::MAX), found: ids.bits.len() });
        }
        Ok(Gradients { values, dim: self.dim, scale: standard(|| check_scale(scale))? })
    }

    /// Does something that may be cut off by a fault. Wherever that struck, nothing is taken for granted any more.
    fn guarded<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let outcome = catch_unwind(AssertUnwindSafe(|| standard(|| work(self)))).unwrap_or(Err(Error::Poisoned));
        self.poisoned |= matches!(outcome, Err(Error::Poisoned));
        outcome
    }

    /// Refuses everything from now on: for callers whose step of several tables was cut off.
    pub fn poison(&mut self) {
        self.poisoned = true;
    }

    pub(crate) fn update_with(
        &mut self,
        step: impl Fn(&mut Table, &[u32], Gradients) -> Result<u64>,
        ids: Ids,
        gradients: &[f32],
        scale: f64,
    ) -> Result<u64> {
        self.check(ids)?;
        let gradients = self.batch_gradients(ids, gradients, scale)?;
        self.guarded(|table| step(table, ids.bits, gradients))
    }

    /// Writes weights, `ids.len() * dim` of them; the last one wins where an id repeats.
    pub fn set_rows(&mut self, ids: Ids, values: &[f32]) -> Result<()> {
        self.check(ids)?;
        self.check_length("values", "ids.length * dim", self.elements(ids), values.len())?;
        let dtype = self.storage.layout.weights;
        for (position, &value) in values.iter().enumerate() {
            if !dtype.nearest(value).is_finite() {
                return Err(Error::NonFinite { argument: "values", position, value, what: dtype.finite_part() });
            }
            if value != 0.0 && self.padding.is_some_and(|row| row == ids.bits[position / self.dim]) {
                return Err(Error::PaddingRow { position, value });
            }
        }
        let rule = self.rule.clone();
        standard(|| with_rule!(&rule, rule => self.replace_weights(rule, ids.bits, values)));
        Ok(())
    }

    fn replace_weights<R: Rule>(&mut self, rule: &R, ids: &[u32], values: &[f32]) {
        let (mut present, padding) = (Present::new(self), self.padding);
        for (&row, values) in ids.iter().zip(values.chunks_exact(self.dim)) {
            present.read(self, rule, row);
            let (weights, planes) = present.floats.split_at_mut(self.dim);
            // The padding row's values are zeros, of either sign.
            if padding == Some(row) {
                weights.fill(0.0)
            } else {
                weights.copy_from_slice(values)
            }
            rule.adopt(weights, planes);
            self.write_row(row, &present.floats, present.state, self.step, None);
        }
    }

    /// Writes a row that is up to `step`.
    pub(crate) fn write_row(&mut self, row: u32, floats: &[f32], state: f32, step: u64, draw: Option<Draw>) {
        self.storage.write(row, floats, draw);
        self.storage.set_row_state(row, state);
        if let Some(missed) = &mut self.missed {
            missed.set_last(row, step);
        }
    }

    /// Makes rows new: first weights and state, tally 0.
    pub fn reset_rows(&mut self, ids: Ids) -> Result<()> {
        self.check(ids)?;
        let rule = self.rule.clone();
        standard(|| {
            let mut floats = vec![0.0; self.storage.layout.floats()];
            for &row in ids.bits {
                let init = if self.padding == Some(row) { Init::Zeros } else { self.init };
                let state = with_rule!(&rule, rule => {
                    init::first_floats(rule, &init, self.seed, row, self.dim, &mut floats);
                    rule.first_state()
                });
                self.write_row(row, &floats, state, self.step, None);
                self.tallies.reset(row);
            }
        });
        Ok(())
    }

    /// Writes tallies, decayed to the present, to `out`: those of `ids`, or of all rows.
    pub fn tallies(&self, ids: Option<Ids>, out: &mut [f64]) -> Result<()> {
        match ids {
            Some(ids) => {
                self.check(ids)?;
                self.check_length("out", "ids.length", ids.bits.len() as u64, out.len())?;
                standard(|| out.iter_mut().zip(ids.bits).for_each(|(out, &row)| *out = self.tallies.at(row, self.step)));
            }
            None => {
                self.check_whole()?;
                self.check_length("out", "rows", self.rows.into(), out.len())?;
                standard(|| out.iter_mut().zip(0..).for_each(|(out, row)| *out = self.tallies.at(row, self.step)));
            }
        }
        Ok(())
    }

    /// Writes the rate that each row would get if it occurred once in the next step, the present gradient aside; 0 for the padding row.
    pub fn rates(&self, ids: Ids, out: &mut [f32]) -> Result<()> {
        self.check(ids)?;
        self.check_length("out", "ids.length", ids.bits.len() as u64, out.len())?;
        let dim = self.dim as f64;
        standard(|| {
            let number = self.step + 1;
            let step = Step { number, lr: self.rate_of_step(number), mean_square: self.mean_square.per_element(dim), dim };
            let mut present = Present::new(self);
            with_rule!(&self.rule, rule => {
                let scalars = rule.begin(&step);
                for (out, &row) in out.iter_mut().zip(ids.bits) {
                    let before = self.tallies.at(row, step.number);
                    let seen = Seen { row, before, after: before + 1.0 };
                    present.read(self, rule, row);
                    let rate = rule.rate(&scalars, &seen, present.state, &present.floats[self.dim..]);
                    *out = if self.padding == Some(row) { 0.0 } else { rate };
                }
            });
        });
        Ok(())
    }

    /// SHA-256 of what steps have made of the table, as lower-case hex digits; see docs/arithmetic.md for the parts.
    pub fn fingerprint(&self) -> Result<String> {
        self.check_whole()?;
        Ok(fingerprint::of(self))
    }

    /// An independent copy.
    pub fn try_clone(&self) -> Result<Self> {
        self.check_whole()?;
        Ok(Self {
            storage: self.storage.try_clone()?,
            tallies: self.tallies.grown(self.rows)?,
            missed: self.missed.as_ref().map(|missed| missed.grown(self.rows, self.step)).transpose()?,
            rule: self.rule.clone(),
            init: self.init.without_values(),
            plan: Plan::new(self.rows)?,
            scratch: Scratch::new()?,
            ..*self
        })
    }

    /// Whether every id is a row of this table.
    pub fn check(&self, ids: Ids) -> Result<()> {
        self.check_whole()?;
        check_ids(ids.bits, self.rows, ids.signed)
    }

    pub(crate) fn check_whole(&self) -> Result<()> {
        if self.poisoned { Err(Error::Poisoned) } else { Ok(()) }
    }

    /// Elements of a batch: 64 bits, wherever pointers have 32.
    fn elements(&self, ids: Ids) -> u64 {
        ids.bits.len() as u64 * self.dim as u64
    }

    pub(crate) fn check_length(&self, argument: &'static str, product: &str, expected: u64, found: usize) -> Result<()> {
        if expected == found as u64 {
            return Ok(());
        }
        Err(Error::WrongLength { argument, expected: format!("{product} = {expected}"), found })
    }
}

/// The decay that a table's options ask for, with everything said that they leave open.
fn decay_of(options: &Options, built: &Built) -> Option<WeightDecay> {
    let by_name = WeightDecay { rate: built.decay, l2: false, by_tally: false, all: None };
    let decay = options.weight_decay.unwrap_or(by_name);
    (decay.rate > 0.0).then(|| WeightDecay { all: Some(decay.all.unwrap_or(built.visits_all)), ..decay })
}

/// Planes of state, and whether there is state a row.
pub(crate) fn shape_of<R: Rule>(_: &R) -> (usize, bool) {
    (R::PLANES, R::ROW_STATE)
}

/// A scale as gradients are multiplied with it.
fn check_scale(scale: f64) -> Result<f32> {
    let rounded = scale as f32;
    if rounded.is_finite() && (rounded != 0.0 || scale == 0.0) {
        Ok(rounded)
    } else {
        Err(Error::NotFinite { name: "scale", value: scale })
    }
}
