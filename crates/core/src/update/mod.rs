//! The step: check, inspect, plan, apply. [`reference`] is the same step as one plain loop and is the specification; everything
//! here is only faster.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock};

use crate::error::{Error, Result};
use crate::lanes::{Portable, Simd, dispatch, largest_magnitude, sum_of_squares};
use crate::memory::Buffer;
use crate::plan::{STRIPES, Stripe};
use crate::pool;
use crate::rule::{Rule, Step, with_rule};
use crate::shared::SharedSlice;
use crate::table::{NonFinite, Reduction, Table};
use apply::{Application, ApplyStripe};
use gradients::{Any, Gradients};
use inspect::{CHUNK, Findings, Inspect, Questions};

mod apply;
pub(crate) mod gradients;
pub(crate) mod inspect;
pub(crate) mod reference;

/// Gradient elements from which a step is shared among threads: below, handing over costs more than it gives.
const SHARED_FROM: usize = 1 << 18;
/// The most tasks that inspect gradients; each takes a range of chunks.
const INSPECTION_TASKS: usize = 64;

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
    /// A summed gradient for each stripe.
    sums: Buffer<f32>,
}

impl Scratch {
    pub fn new() -> Result<Self> {
        Ok(Self { findings: Buffer::zeroed(0, PURPOSE)?, sums: Buffer::zeroed(0, PURPOSE)? })
    }

    pub fn bytes(&self) -> u64 {
        self.sums.bytes() + self.findings.bytes()
    }
}

const PURPOSE: &str = "summing gradients";

/// One step of `table`. Ids are checked already, lengths too.
pub(crate) fn update(table: &mut Table, ids: &[u32], gradients: Gradients) -> Result<u64> {
    let threads = if gradients.values.len() < SHARED_FROM { 1 } else { table.threads };
    table.plan.begin(ids.len(), threads > 1)?;
    table.scratch.sums.reserve(gradients.dim * if threads > 1 { STRIPES } else { 1 }, PURPOSE)?;
    let rule = table.rule.clone();
    with_rule!(&rule, rule => run(table, rule, ids, gradients, threads))
}

fn run<R: Rule>(table: &mut Table, rule: &R, ids: &[u32], gradients: Gradients, threads: usize) -> Result<u64> {
    let questions =
        Questions { mean_square: rule.needs_mean_square(), skip: table.non_finite == NonFinite::Skip, padding: table.padding };
    let rejecting = table.non_finite == NonFinite::Reject;
    let asked = (rejecting || questions.mean_square).then_some(questions);
    let (findings, stripes) = if threads > 1 {
        let (findings, stripes) = inspect_and_partition(table, ids, gradients, asked, threads)?;
        (findings, Some(stripes))
    } else {
        (asked.map_or(Findings::default(), |questions| inspect_alone(table, ids, gradients, questions)), None)
    };
    if rejecting && !inspect::surely_finite(findings.largest, ids.len(), gradients.dim, questions, rule.squares()) {
        refuse_non_finite(table, ids, gradients, rule.squares())?;
    }

    let mean_square = table.mean_square.after(table.tallies.decay(), findings.squares, findings.count);
    let step = Step {
        number: table.step + 1,
        lr: table.lr,
        mean_square: if questions.mean_square { mean_square.per_element(gradients.dim as f64) } else { 0.0 },
        dim: gradients.dim as f64,
    };
    let application = Application {
        rule,
        scalars: rule.begin(&step),
        storage: table.storage.shared(),
        tallies: table.tallies.shared(),
        gradients,
        step: step.number,
        mean: table.reduction == Reduction::Mean,
        skip: questions.skip,
        padding: table.padding,
    };
    table.poisoned = true;
    let skipped = match stripes {
        None => apply_alone(table, ids, &application),
        Some(stripes) => apply_shared(table, &stripes, &application, threads)?,
    };
    table.poisoned = false;
    if questions.mean_square {
        table.mean_square = mean_square;
    }
    table.step += 1;
    Ok(skipped)
}

/// Inspects all chunks on this thread.
fn inspect_alone(table: &Table, ids: &[u32], gradients: Gradients, questions: Questions) -> Findings {
    let chunks = 0..ids.len().div_ceil(CHUNK);
    chunks.map(|chunk| inspect_chunk(table.simd, chunk, ids, gradients, questions)).fold(Findings::default(), Findings::then)
}

fn inspect_chunk(simd: Simd, chunk: usize, ids: &[u32], gradients: Gradients, questions: Questions) -> Findings {
    let positions = chunk * CHUNK..((chunk + 1) * CHUNK).min(ids.len());
    let values = &gradients.values[positions.start * gradients.dim..positions.end * gradients.dim];
    dispatch(simd, Inspect { questions, ids: &ids[positions], gradients: Gradients { values, ..gradients } })
}

/// Partitions the batch on one thread while the others inspect it.
fn inspect_and_partition(
    table: &mut Table,
    ids: &[u32],
    gradients: Gradients,
    questions: Option<Questions>,
    threads: usize,
) -> Result<(Findings, [Stripe; STRIPES])> {
    let chunks = if questions.is_some() { ids.len().div_ceil(CHUNK) } else { 0 };
    table.scratch.findings.reserve(chunks, PURPOSE)?;
    let findings = SharedSlice::new(&mut table.scratch.findings[..chunks]);
    let (plan, simd) = (Mutex::new(&mut table.plan), table.simd);
    let stripes = OnceLock::new();
    let a_task = chunks.div_ceil(INSPECTION_TASKS).max(1);
    let work = |task: usize| match (task.checked_sub(1), questions) {
        (Some(task), Some(questions)) => {
            let chunks = task * a_task..((task + 1) * a_task).min(chunks);
            // SAFETY: each task has chunks of its own.
            let findings = unsafe { findings.range(chunks.clone()) };
            for (chunk, finding) in chunks.zip(findings) {
                *finding = inspect_chunk(simd, chunk, ids, gradients, questions);
            }
        }
        _ => {
            let mut plan = plan.lock().expect("only this task locks the plan");
            stripes.set(plan.partition(ids)).expect("only this task partitions");
        }
    };
    pool::run(threads, 1 + chunks.div_ceil(a_task), &work).map_err(|_| Error::Poisoned)?;
    let stripes = stripes.into_inner().ok_or(Error::Poisoned)?;
    let findings = table.scratch.findings[..chunks].iter().fold(Findings::default(), |sum, &next| sum.then(next));
    Ok((findings, stripes))
}

/// Says what is not finite in a batch whose largest gradient leaves that open, if anything is.
fn refuse_non_finite(table: &mut Table, ids: &[u32], gradients: Gradients, squares: bool) -> Result<()> {
    inspect::find_culprit(gradients, ids, table.padding, squares)?;
    table.plan.begin(ids.len(), false)?;
    // SAFETY: the batch has begun, its ids are checked, and this is the plan's only user.
    let groups = unsafe { table.plan.shared().group_all(ids) };
    let sum = &mut table.scratch.sums[..gradients.dim];
    for slot in 0..groups.len() {
        let row = groups.row(slot);
        // SAFETY: the plan's positions are of the batch, and `sum` has its width.
        unsafe { gradients.sum::<Portable>(groups.occurrences(slot), Any(gradients.dim), sum) };
        let overflows = !largest_magnitude::<Portable>(sum).is_finite();
        if table.padding != Some(row) && (overflows || (squares && !sum_of_squares::<Portable>(sum, 1.0).is_finite())) {
            return Err(Error::SumNotFinite { row });
        }
    }
    table.plan.begin(ids.len(), false) // The step's own grouping is another epoch.
}

fn apply_alone<R: Rule>(table: &mut Table, ids: &[u32], application: &Application<R>) -> u64 {
    let sum = &mut table.scratch.sums[..application.gradients.dim];
    // SAFETY: the batch has begun, its ids are checked, and this is the plan's only user.
    let groups = unsafe { table.plan.shared().group_all(ids) };
    dispatch(table.simd, ApplyStripe { step: application, groups, sum })
}

fn apply_shared<R: Rule>(
    table: &mut Table,
    stripes: &[Stripe; STRIPES],
    application: &Application<R>,
    threads: usize,
) -> Result<u64> {
    let (plan, simd, dim) = (table.plan.shared(), table.simd, application.gradients.dim);
    let sums = SharedSlice::new(&mut table.scratch.sums);
    let skipped = AtomicU64::new(0);
    let work = |task: usize| {
        // SAFETY: each task has a stripe and a sum of its own; the stripes are this batch's.
        let (groups, sum) = unsafe { (plan.group_stripe(stripes[task]), sums.range(task * dim..(task + 1) * dim)) };
        skipped.fetch_add(dispatch(simd, ApplyStripe { step: application, groups, sum }), Ordering::Relaxed);
    };
    pool::run(threads, STRIPES, &work).map_err(|_| Error::Poisoned)?;
    Ok(skipped.into_inner())
}
