//! One step of several tables: all of them take it, or none. Threads share the tables, of which each is one thread's.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::{Error, Result};
use crate::pool::{self, TASKS};
use crate::shared::SharedSlice;
use crate::table::{Ids, Ready, Table};

/// Elements of all batches from which threads share them: fewer than in one table, where grouping is one thread's work.
const WORTH_SHARING: usize = pool::WORTH_SHARING / 8;

/// A table's part in the step.
pub struct Batch<'a> {
    /// The table, in no other part.
    pub table: &'a mut Table,
    /// Its rows.
    pub ids: Ids<'a>,
    /// Their gradients.
    pub gradients: &'a [f32],
}

/// Why nothing was done.
#[derive(Debug, PartialEq)]
pub struct Refused {
    /// Whose part it was.
    pub batch: usize,
    /// What was wrong with it.
    pub error: Error,
}

/// A batch on its way.
struct Part<'b, 'a> {
    batch: &'b mut Batch<'a>,
    ready: Option<Result<Ready>>,
}

/// One step of every batch's table; gives the number of rows that were skipped. Every gradient element is multiplied by `scale` first.
pub fn update_together(batches: &mut [Batch], scale: f64) -> std::result::Result<u64, Refused> {
    let elements: usize = batches.iter().map(|batch| batch.gradients.len()).sum();
    let threads = batches.iter().map(|batch| batch.table.threads()).max().unwrap_or(1);
    let threads = if elements < WORTH_SHARING { 1 } else { threads };
    let mut parts: Vec<Part> = batches.iter_mut().map(|batch| Part { batch, ready: None }).collect();
    each(&mut parts, threads, |part| {
        let Batch { table, ids, gradients } = part.batch;
        part.ready = Some(table.prepare(*ids, gradients, scale, 1));
    });
    let error = parts.iter().enumerate().find_map(|(batch, part)| match &part.ready {
        Some(Ok(_)) => None,
        Some(Err(error)) => Some(Refused { batch, error: error.clone() }),
        None => Some(Refused { batch, error: Error::Poisoned }),
    });
    if let Some(refused) = error {
        return Err(refused);
    }
    let (skipped, failed) = (AtomicU64::new(0), Mutex::new(None));
    each(&mut parts, threads, |part| {
        let Batch { table, gradients, .. } = part.batch;
        let Some(Ok(ready)) = part.ready.take() else { return };
        match table.finish(ready, gradients, scale) {
            Ok(rows) => _ = skipped.fetch_add(rows, Ordering::Relaxed),
            Err(error) => *failed.lock().expect("nothing panics while it is held") = Some(error),
        }
    });
    let failed = failed.into_inner().expect("nothing panics while it is held");
    let Some(error) = failed else { return Ok(skipped.into_inner()) };
    // Some tables have taken the step, others not.
    parts.iter_mut().for_each(|part| part.batch.table.poison());
    Err(Refused { batch: 0, error })
}

/// Runs `work` on every part.
fn each(parts: &mut [Part], threads: usize, work: impl Fn(&mut Part) + Sync) {
    let tasks = if threads > 1 { parts.len().min(TASKS) } else { 1 };
    let count = parts.len();
    let shared = SharedSlice::new(parts);
    let task = |task: usize| {
        for at in (task..count).step_by(tasks) {
            // SAFETY: each task has parts of its own.
            let [part] = (unsafe { shared.range(at..at + 1) }) else { return };
            work(part);
        }
    };
    // A part that a panic took has no result, which tells.
    _ = pool::run(threads, tasks, &task);
}
