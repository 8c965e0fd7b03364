//! Reading rows: copies of weights, gathered with prefetch, on several threads if there are many.

use crate::pool::{self, TASKS};
use crate::shared::SharedSlice;
use crate::storage::Storage;

/// Rows fetched ahead of the one being copied.
const AHEAD: usize = 12;

/// Copies the weights of `ids` to `out`. The ids are rows, and `out` has room for exactly their weights.
pub(crate) fn gather(storage: &Storage, dim: usize, threads: usize, ids: &[u32], out: &mut [f32]) {
    if threads == 1 || out.len() < pool::WORTH_SHARING {
        return copy_rows(storage, dim, ids, out);
    }
    let out = SharedSlice::new(out);
    let a_task = ids.len().div_ceil(TASKS);
    let work = |task: usize| {
        let positions = task * a_task..((task + 1) * a_task).min(ids.len());
        // SAFETY: each task has positions of its own.
        let out = unsafe { out.range(positions.start * dim..positions.end * dim) };
        copy_rows(storage, dim, &ids[positions], out);
    };
    pool::run(threads, ids.len().div_ceil(a_task), &work).expect("copying a row cannot fail");
}

fn copy_rows(storage: &Storage, dim: usize, ids: &[u32], out: &mut [f32]) {
    for (at, (&row, out)) in ids.iter().zip(out.chunks_exact_mut(dim)).enumerate() {
        storage.prefetch_weights(ids[(at + AHEAD).min(ids.len() - 1)]);
        out.copy_from_slice(storage.weights(row));
    }
}
