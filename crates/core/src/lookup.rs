//! Reading rows: copies of weights as they are at present, gathered with prefetch, on several threads if there are many.

use crate::lanes::{Kernel, Vector, copy, dispatch};
use crate::missed::Floats;
use crate::narrow::Dtype;
use crate::pool::{self, TASKS};
use crate::rule::{Rule, with_rule};
use crate::shared::SharedSlice;
use crate::table::Table;
use crate::width::{Any, Width, with_width};

/// Rows fetched ahead of the one being copied.
const AHEAD: usize = 12;

/// Copies the weights of `ids` to `out`. The ids are rows, and `out` has room for exactly their weights.
pub(crate) fn gather(table: &Table, ids: &[u32], out: &mut [f32]) {
    let dim = table.dim;
    if table.threads == 1 || out.len() < pool::WORTH_SHARING {
        return copy_rows(table, ids, out);
    }
    let out = SharedSlice::new(out);
    let a_task = ids.len().div_ceil(TASKS);
    let work = |task: usize| {
        let positions = task * a_task..((task + 1) * a_task).min(ids.len());
        // SAFETY: each task has positions of its own.
        let out = unsafe { out.range(positions.start * dim..positions.end * dim) };
        copy_rows(table, &ids[positions], out);
    };
    pool::run(table.threads, ids.len().div_ceil(a_task), &work).expect("copying a row cannot fail");
}

/// Whether weights as they are at present are those that are stored, as floats.
pub(crate) fn is_present(table: &Table) -> bool {
    table.missed.is_none() && table.storage.layout.weights == Dtype::F32
}

/// Copies rows: where they have missed steps, what is read is caught up and what is stored stays.
fn copy_rows(table: &Table, ids: &[u32], out: &mut [f32]) {
    if table.missed.is_some() {
        let mut present = Present::new(table);
        return with_rule!(&table.rule, rule => {
            for (&row, out) in ids.iter().zip(out.chunks_exact_mut(table.dim)) {
                present.read(table, rule, row);
                out.copy_from_slice(&present.floats[..table.dim]);
            }
        });
    }
    with_width!(table.dim, is_present(table), width => {
        dispatch(table.simd, CopyRows { table, ids, out, width })
    })
}

struct CopyRows<'a, W: Width> {
    table: &'a Table,
    ids: &'a [u32],
    out: &'a mut [f32],
    width: W,
}

impl<W: Width> Kernel for CopyRows<'_, W> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self) {
        let Self { table, ids, out, width } = self;
        let Some(&last) = ids.last() else { return };
        let ids = ids.iter().enumerate().map(|(at, &row)| (row, *ids.get(at + AHEAD).unwrap_or(&last)));
        let rows = ids.zip(out.chunks_exact_mut(width.dim()));
        if W::PLAIN {
            let weights = table.storage.weights(width);
            for ((row, next), out) in rows {
                weights.prefetch(next);
                copy::<V>(weights.get(row), out);
            }
        } else {
            for ((row, next), out) in rows {
                table.storage.prefetch_weights(next);
                table.storage.read_weights::<V>(row, out);
            }
        }
    }
}

/// Room for a row as it is at present.
pub(crate) struct Present {
    /// Weights and state.
    pub floats: Vec<f32>,
    /// The row's own float.
    pub state: f32,
    spare: Vec<f32>,
}

impl Present {
    pub fn new(table: &Table) -> Self {
        Self { floats: vec![0.0; table.storage.layout.floats()], state: 0.0, spare: vec![0.0; 2 * table.dim] }
    }

    /// A row's weights: where they are, or else read and caught up.
    #[inline(always)]
    pub fn weights<'a>(&'a mut self, table: &'a Table, row: u32) -> &'a [f32] {
        if is_present(table) {
            return table.storage.weights(Any(table.dim)).get(row);
        }
        with_rule!(&table.rule, rule => self.read(table, rule, row));
        &self.floats[..table.dim]
    }

    /// Reads a row, and catches it up if it has missed anything, which the padding row never has.
    pub fn read<R: Rule>(&mut self, table: &Table, rule: &R, row: u32) {
        table.storage.read(row, &mut self.floats);
        self.state = table.storage.row_state(row);
        let Some(missed) = table.missed.as_ref().filter(|_| table.padding != Some(row)) else { return };
        let Self { floats, state, spare } = self;
        let floats = Floats { dim: table.dim, record: floats, state, spare };
        missed.visits.catch_up(rule, missed.last(row), table.step, floats);
    }
}
