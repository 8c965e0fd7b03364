//! The step: check, inspect, plan, apply. [`reference`] is the same step as one plain loop and is the specification; everything
//! here is only faster.

use crate::error::{Error, Result};
use crate::lanes::{Over, Portable, change, dispatch, largest_magnitude, sum_of_squares};
use crate::memory::Buffer;
use crate::missed::Missed;
use crate::options::{Clip, NonFinite, Reduction};
use crate::plan::{Groups, Plan};
use crate::pool;
use crate::rule::{Rule, Step, with_rule};
use crate::table::Table;
use crate::width::Any;
pub(crate) use apply::apply_elements;
use apply::{Application, SCRATCH_ROWS, apply_slots};
use gradients::Gradients;
use inspect::{CHUNK, Findings, Inspect, Questions};
use presums::Presums;
use treatment::StepTreatment;

mod apply;
pub(crate) mod flush;
mod global_norm;
pub(crate) mod gradients;
pub(crate) mod inspect;
mod presums;
pub(crate) mod reference;
mod share;
pub(crate) mod treatment;

/// R2's sums over all occurrences so far.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct MeanSquare {
    /// Of the occurrences' sums of squares.
    pub sum: f64,
    /// Of occurrences.
    pub count: f64,
}

impl MeanSquare {
    /// After a step that found `squares` over `count` occurrences.
    pub fn after(self, decay: f64, squares: f64, count: u64) -> Self {
        Self { sum: self.sum * decay + squares, count: self.count * decay + count as f64 }
    }

    /// R2.
    pub fn per_element(self, dim: f64) -> f64 {
        if self.count == 0.0 { 0.0 } else { self.sum / (self.count * dim) }
    }
}

/// Space for inspections and sums, kept between steps.
pub(crate) struct Scratch {
    findings: Buffer<Findings>,
    /// [`SCRATCH_ROWS`] rows for each task.
    rows: Buffer<f32>,
    /// For each slot the sum of its gradient's squares, for clipping by the norm of all.
    squares: Buffer<f32>,
    /// For each occurrence a gradient and a float more, for batches of bags.
    pub occurrences: Buffer<f32>,
    presums: Presums,
}

impl Scratch {
    pub fn new() -> Result<Self> {
        let empty = || Buffer::zeroed(0, PURPOSE);
        Ok(Self {
            findings: Buffer::zeroed(0, PURPOSE)?,
            rows: empty()?,
            squares: empty()?,
            occurrences: empty()?,
            presums: Presums::new()?,
        })
    }

    pub fn bytes(&self) -> u64 {
        self.rows.bytes() + self.squares.bytes() + self.occurrences.bytes() + self.findings.bytes() + self.presums.bytes()
    }
}

const PURPOSE: &str = "summing gradients";

/// A batch that a table has looked at and will not refuse.
#[derive(Clone, Copy)]
pub struct Ready {
    findings: Findings,
    kept_by_global_norm: f32,
    threads: usize,
}

/// One step of `table`. Ids are checked already, lengths too; gradients have been inspected, or will be.
pub(crate) fn update(table: &mut Table, ids: &[u32], gradients: Gradients, inspected: Option<Findings>) -> Result<u64> {
    let threads = if gradients.values.len() < pool::WORTH_SHARING { 1 } else { table.threads };
    let ready = prepare(table, ids, gradients, inspected, threads, None)?;
    finish(table, gradients, ready)
}

/// Plans a step, or takes the plan over that there is for the batch, and refuses what is to be refused. Nothing of the table changes that
/// anybody can see.
pub(crate) fn prepare(
    table: &mut Table,
    ids: &[u32],
    gradients: Gradients,
    inspected: Option<Findings>,
    threads: usize,
    planned: Option<&Plan>,
) -> Result<Ready> {
    table.plan.reserve(ids.len())?;
    let tasks = if threads > 1 { pool::TASKS } else { 1 };
    table.scratch.rows.reserve(gradients.dim * SCRATCH_ROWS * tasks, PURPOSE)?;
    if let Some(missed) = &mut table.missed {
        missed.visits.reserve()?;
    }
    let (questions, squares) = with_rule!(&table.rule, rule => (questions(table, rule), Squares::of(table, rule)));
    let findings = if let Some(plan) = planned {
        table.plan.copy_from(plan);
        inspect(table, Findings::default(), ids, gradients)
    } else if threads > 1 && inspected.is_none() {
        share::inspect_and_group(table, ids, gradients, questions, asked(table, questions), threads)?
    } else {
        // SAFETY: the table checked that its ids are rows.
        unsafe { table.plan.group(ids) };
        inspected.unwrap_or_else(|| inspect(table, Findings::default(), ids, gradients))
    };
    if threads > 1 {
        table.scratch.presums.plan(table.plan.groups(), threads, gradients.dim)?;
    }
    let rejecting = table.non_finite == NonFinite::Reject;
    if rejecting && !inspect::surely_finite(findings.largest, ids.len(), gradients.dim, questions, squares.sum) {
        refuse_non_finite(table, ids, gradients, squares)?;
    }
    let kept_by_global_norm = match table.treatment.clip {
        Clip::GlobalNorm(limit) => global_norm::kept(table, gradients, limit, threads)?,
        _ => 1.0,
    };
    Ok(Ready { findings, kept_by_global_norm, threads })
}

/// Takes the step that was prepared last, with the same gradients.
pub(crate) fn finish(table: &mut Table, gradients: Gradients, ready: Ready) -> Result<u64> {
    let rule = table.rule.clone();
    with_rule!(&rule, rule => run(table, rule, gradients, ready))
}

/// Adds what a part of a batch is like to the findings `so_far`, if a step of this table asks at all. All parts but the last are whole
/// chunks.
pub(crate) fn inspect(table: &Table, so_far: Findings, ids: &[u32], gradients: Gradients) -> Findings {
    let questions = with_rule!(&table.rule, rule => questions(table, rule));
    if !asked(table, questions) {
        return so_far;
    }
    let chunks = 0..ids.len().div_ceil(CHUNK);
    chunks.map(|chunk| dispatch(table.simd, Inspect::chunk(chunk, ids, gradients, questions))).fold(so_far, Findings::then)
}

/// What a step wants to know of its gradients before it writes.
fn questions<R: Rule>(table: &Table, rule: &R) -> Questions {
    Questions {
        mean_square: rule.needs_mean_square().is_some(),
        skip: table.non_finite == NonFinite::Skip,
        padding: table.padding,
    }
}

/// Whether it wants to know anything.
fn asked(table: &Table, questions: Questions) -> bool {
    questions.mean_square || table.non_finite == NonFinite::Reject
}

/// Where a square that overflows counts as not finite.
#[derive(Clone, Copy)]
struct Squares {
    /// In single occurrences, whose squares rules look at.
    each: bool,
    /// In rows' sums, whose norms some clips look at too.
    sum: bool,
}

impl Squares {
    fn of<R: Rule>(table: &Table, rule: &R) -> Self {
        Self { each: rule.squares(), sum: rule.squares() || table.treatment.clip.squares() }
    }
}

fn run<R: Rule>(table: &mut Table, rule: &R, gradients: Gradients, ready: Ready) -> Result<u64> {
    let Ready { findings, kept_by_global_norm, threads } = ready;
    let questions = questions(table, rule);
    let squares = Squares::of(table, rule).sum;
    if threads > 1 {
        share::sum_hot_rows(table, gradients, threads)?;
    }

    let mean_square = table.mean_square.after(table.tallies.decay(), findings.squares, findings.count);
    let step = Step {
        number: table.step + 1,
        lr: table.rate_of_step(table.step + 1),
        mean_square: if questions.mean_square { mean_square.per_element(gradients.dim as f64) } else { 0.0 },
        dim: gradients.dim as f64,
    };
    let rounding = table.rounding_seed();
    let application = Application {
        rule,
        scalars: rule.begin(&step),
        storage: table.storage.shared(),
        tallies: table.tallies.shared(),
        gradients,
        presums: (threads > 1).then_some(&table.scratch.presums),
        step: step.number,
        mean: table.reduction == Reduction::Mean,
        skip: questions.skip,
        squares,
        padding: table.padding,
        treatment: StepTreatment { treatment: &table.treatment, lr: step.lr, kept_by_global_norm },
        missed: table.missed.as_mut().map(Missed::shared),
        rounding,
    };
    // Where a panic is a trap and does not unwind, this is all that will tell that the step was cut off.
    table.poisoned = true;
    let (groups, rows) = (table.plan.groups(), &mut table.scratch.rows[..]);
    let skipped = if threads > 1 {
        share::apply(table.simd, groups, &application, rows, threads)?
    } else {
        apply_slots(table.simd, &application, groups, 0..groups.len(), &mut rows[..gradients.dim * SCRATCH_ROWS])
    };
    if let Some(missed) = &mut table.missed {
        missed.visits.push(rule, step.number, step.lr);
    }
    table.poisoned = false;
    if questions.mean_square {
        table.mean_square = mean_square;
    }
    table.step += 1;
    Ok(skipped)
}

/// Says what is not finite in a batch whose largest gradient leaves that open, if anything is.
fn refuse_non_finite(table: &mut Table, ids: &[u32], gradients: Gradients, squares: Squares) -> Result<()> {
    inspect::find_culprit(gradients, ids, table.padding, squares.each)?;
    let groups: Groups = table.plan.groups();
    let sum = &mut table.scratch.rows[..gradients.dim];
    for slot in 0..groups.len() {
        // SAFETY: the plan's positions are of the batch, and `sum` has its width.
        unsafe { gradients.sum::<Portable>(groups.occurrences(slot), Any(gradients.dim), sum) };
        if table.reduction == Reduction::Mean {
            change::<Portable>(sum, Over(groups.occurrences(slot).len() as f32));
        }
        let row = groups.row(slot);
        let overflows = !largest_magnitude::<Portable>(sum).is_finite();
        if table.padding != Some(row) && (overflows || (squares.sum && !sum_of_squares::<Portable>(sum, 1.0).is_finite())) {
            return Err(Error::SumNotFinite { row });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
