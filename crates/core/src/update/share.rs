//! The parts of a step that threads share. What they compute does not depend on how many there are: chunks, runs and rows are
//! the same, and each is one thread's work.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::PURPOSE;
use super::apply::{Application, SCRATCH_ROWS, apply_slots};
use super::flush::Flush;
use super::global_norm::SumSquares;
use super::gradients::Gradients;
use super::inspect::{CHUNK, Findings, Inspect, Questions};
use crate::error::{Error, Result};
use crate::lanes::{Simd, dispatch};
use crate::missed::Missed;
use crate::options::{NonFinite, Reduction};
use crate::plan::Groups;
use crate::pool::{self, TASKS};
use crate::rule::Rule;
use crate::shared::SharedSlice;
use crate::table::Table;

fn run(threads: usize, tasks: usize, work: &(dyn Fn(usize) + Sync)) -> Result<()> {
    pool::run(threads, tasks, work).map_err(|pool::Panicked| Error::Poisoned)
}

/// Groups the batch on one thread while the others inspect it. Where nothing is asked they do so only as long as they would wait for the
/// plan, because that brings gradients close.
pub(super) fn inspect_and_group(
    table: &mut Table,
    ids: &[u32],
    gradients: Gradients,
    questions: Questions,
    asked: bool,
    threads: usize,
) -> Result<Findings> {
    let chunks = ids.len().div_ceil(CHUNK);
    table.scratch.findings.reserve(chunks, PURPOSE)?;
    let findings = SharedSlice::new(&mut table.scratch.findings[..chunks]);
    let (plan, grouped, simd) = (Mutex::new(&mut table.plan), AtomicBool::new(false), table.simd);
    let a_task = chunks.div_ceil(TASKS);
    let work = |task: usize| {
        let Some(task) = task.checked_sub(1) else {
            let mut plan = plan.lock().expect("only this task locks the plan");
            // SAFETY: the table checked that its ids are rows.
            unsafe { plan.group(ids) };
            grouped.store(true, Ordering::Relaxed);
            return;
        };
        if !asked && grouped.load(Ordering::Relaxed) {
            return;
        }
        let chunks = task * a_task..((task + 1) * a_task).min(chunks);
        // SAFETY: each task has chunks of its own.
        let findings = unsafe { findings.range(chunks.clone()) };
        for (chunk, finding) in chunks.zip(findings) {
            *finding = dispatch(simd, Inspect::chunk(chunk, ids, gradients, questions));
        }
    };
    run(threads, 1 + chunks.div_ceil(a_task), &work)?;
    let findings = if asked { &table.scratch.findings[..chunks] } else { &[] };
    Ok(findings.iter().fold(Findings::default(), |sum, &next| sum.then(next)))
}

/// Sums the runs of rows that hold so much of the batch that one thread would be busy with them while others wait.
pub(super) fn sum_hot_rows(table: &mut Table, gradients: Gradients, threads: usize) -> Result<()> {
    let (groups, simd) = (table.plan.groups(), table.simd);
    let (hot, sums) = table.scratch.presums.parts();
    let runs = sums.len() / gradients.dim;
    if runs == 0 {
        return Ok(());
    }
    let (tasks, sums) = (runs.min(TASKS), SharedSlice::new(sums));
    run(threads, tasks, &|task| {
        for number in (task * runs / tasks)..((task + 1) * runs / tasks) {
            // SAFETY: each run's sum is one task's.
            let sum = unsafe { sums.range(number * gradients.dim..(number + 1) * gradients.dim) };
            dispatch(simd, hot.sum_run(number, groups, gradients, sum));
        }
    })
}

/// Sums the squares of every row's summed gradient, to the table's `squares`.
pub(super) fn sum_squares(table: &mut Table, gradients: Gradients, threads: usize) -> Result<()> {
    let (groups, simd, dim) = (table.plan.groups(), table.simd, gradients.dim);
    let squares = SharedSlice::new(&mut table.scratch.squares[..groups.len()]);
    let rows = SharedSlice::new(&mut table.scratch.rows);
    let (padding, mean, skip) = (table.padding, table.reduction == Reduction::Mean, table.non_finite == NonFinite::Skip);
    let tasks = if threads > 1 { TASKS } else { 1 };
    run(threads, tasks, &|task| {
        let slots = groups.share(task, tasks);
        // SAFETY: each task has a row and slots of its own.
        let (sum, squares) = unsafe { (rows.range(task * dim..(task + 1) * dim), squares.range(slots.clone())) };
        dispatch(simd, SumSquares { gradients, groups, slots, padding, mean, skip, sum, squares });
    })
}

/// Catches up all rows, if rows miss steps.
pub(super) fn flush<R: Rule>(table: &mut Table, rule: &R) -> Result<()> {
    let (rows, now, rounding, padding) = (table.rows, table.step, table.rounding_seed(), table.padding);
    let threads = if u64::from(rows) * (table.dim as u64) < pool::WORTH_SHARING as u64 { 1 } else { table.threads };
    let storage = table.storage.shared();
    let Some(missed) = table.missed.as_mut().map(Missed::shared) else { return Ok(()) };
    let flush = Flush { rule, storage, missed, now, rounding, padding };
    let a_task = rows.div_ceil(TASKS as u32);
    run(threads, rows.div_ceil(a_task) as usize, &|task| {
        let first = task as u32 * a_task;
        // SAFETY: the table has these rows, and each task has its own.
        unsafe { flush.catch_up(first..first.saturating_add(a_task).min(rows)) };
    })
}

/// Applies the step to all rows; gives the number of rows that were skipped.
pub(super) fn apply<R: Rule>(
    simd: Simd,
    groups: Groups,
    application: &Application<R>,
    rows: &mut [f32],
    threads: usize,
) -> Result<u64> {
    let (a_task, rows) = (application.gradients.dim * SCRATCH_ROWS, SharedSlice::new(rows));
    let skipped = AtomicU64::new(0);
    run(threads, TASKS, &|task| {
        // SAFETY: each task has rows of its own.
        let scratch = unsafe { rows.range(task * a_task..(task + 1) * a_task) };
        let slots = groups.share(task, TASKS);
        skipped.fetch_add(apply_slots(simd, application, groups, slots, scratch), Ordering::Relaxed);
    })?;
    Ok(skipped.into_inner())
}
