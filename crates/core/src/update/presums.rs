//! Hot rows: those that hold so much of a batch that a thread would be busy with their sum while others wait. Their runs, which the
//! contract of a step sums one by one anyway, are summed by all threads before rows are applied.

use super::PURPOSE;
use super::gradients::{Gradients, RUN};
use crate::error::Result;
use crate::lanes::{Kernel, Vector};
use crate::memory::Buffer;
use crate::plan::{Groups, Occurrences};
use crate::width::Any;

/// Sums of hot rows' runs.
pub(crate) struct Presums {
    hot: HotRows,
    /// A sum for each run.
    sums: Buffer<f32>,
    runs: usize,
    dim: usize,
}

/// Which rows are hot.
pub(crate) struct HotRows {
    /// Slot and number of the first run, in order of slots.
    rows: Vec<(usize, usize)>,
    /// Rows with fewer occurrences are not hot.
    from: usize,
}

impl Presums {
    pub fn new() -> Result<Self> {
        let hot = HotRows { rows: Vec::new(), from: usize::MAX };
        Ok(Self { hot, sums: Buffer::zeroed(0, PURPOSE)?, runs: 0, dim: 0 })
    }

    pub fn bytes(&self) -> u64 {
        self.sums.bytes() + (self.hot.rows.capacity() * size_of::<(usize, usize)>()) as u64
    }

    /// Finds a batch's hot rows and makes room for their runs.
    pub fn plan(&mut self, groups: Groups, threads: usize, dim: usize) -> Result<()> {
        let HotRows { rows, from } = &mut self.hot;
        *from = (groups.order().len() / (2 * threads)).max(2 * RUN);
        rows.clear();
        let mut runs = 0;
        for slot in 0..groups.len() {
            let occurrences = groups.occurrences(slot).len();
            if occurrences >= *from {
                rows.push((slot, runs));
                runs += occurrences.div_ceil(RUN);
            }
        }
        (self.runs, self.dim) = (runs, dim);
        self.sums.reserve(runs * dim, PURPOSE)
    }

    /// What to sum, and where to: a sum for each run.
    pub fn parts(&mut self) -> (&HotRows, &mut [f32]) {
        (&self.hot, &mut self.sums[..self.runs * self.dim])
    }

    /// The sums of a slot's runs, one after the other, if its row is hot.
    #[inline(always)]
    pub fn runs_of(&self, slot: usize, occurrences: usize) -> Option<&[f32]> {
        if occurrences < self.hot.from { None } else { self.find(slot, occurrences) }
    }

    #[cold]
    fn find(&self, slot: usize, occurrences: usize) -> Option<&[f32]> {
        let &(_, first) = self.hot.rows.iter().find(|(hot, _)| *hot == slot)?;
        Some(&self.sums[first * self.dim..(first + occurrences.div_ceil(RUN)) * self.dim])
    }
}

impl HotRows {
    /// The work of summing run `number` of all hot rows' runs.
    pub fn sum_run<'a>(&self, number: usize, groups: Groups<'a>, gradients: Gradients<'a>, sum: &'a mut [f32]) -> SumRun<'a> {
        let (slot, first) = self.rows[self.rows.partition_point(|&(_, first)| first <= number) - 1];
        let occurrences = groups.occurrences(slot).runs(RUN).nth(number - first).expect("a run of this row");
        SumRun { gradients, occurrences, sum }
    }
}

/// Sums one run.
pub(crate) struct SumRun<'a> {
    gradients: Gradients<'a>,
    occurrences: Occurrences<'a>,
    sum: &'a mut [f32],
}

impl Kernel for SumRun<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self) {
        // SAFETY: the occurrences are the plan's, so they are of the batch; `sum` has its width.
        unsafe { self.gradients.sum::<V>(self.occurrences, Any(self.gradients.dim), self.sum) }
    }
}

/// Adds the sums of runs, one after the other in `runs`, in order.
pub(crate) fn add_runs(runs: &[f32], sum: &mut [f32]) {
    let (first, others) = runs.split_at(sum.len());
    sum.copy_from_slice(first);
    for run in others.chunks_exact(sum.len()) {
        for (total, &value) in sum.iter_mut().zip(run) {
            *total += value;
        }
    }
}
