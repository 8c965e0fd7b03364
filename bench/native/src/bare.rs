//! Bare loops: what a step of a rule cannot do without, and nothing else. Each distinct row of a batch, in the order in which the kernel takes
//! them, has its gradients added up, and its record of weights and state, its float and its tally read and written. Which rows and
//! occurrences belong together is known beforehand and not timed; nothing is checked, and no formula computed.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use tallygrad_core::options::NonFinite;

use crate::cases::Case;
use crate::workload::{Batch, zeros};

/// A batch's occurrences by row.
pub struct Grouped {
    gradients: Vec<f32>,
    /// Row, and where its positions begin.
    rows: Vec<(u32, usize)>,
    /// Positions in the batch.
    positions: Vec<u32>,
}

impl Grouped {
    /// Groups a batch, rows in order of first occurrence.
    pub fn new(batch: &Batch) -> Self {
        let mut of_row: HashMap<u32, Vec<u32>> = HashMap::new();
        let mut order = Vec::new();
        for (position, &id) in batch.ids.iter().enumerate() {
            let positions = of_row.entry(id).or_default();
            if positions.is_empty() {
                order.push(id);
            }
            positions.push(position as u32);
        }
        let (mut rows, mut positions) = (Vec::new(), Vec::new());
        for row in order {
            rows.push((row, positions.len()));
            positions.extend(&of_row[&row]);
        }
        Self { gradients: batch.gradients.clone(), rows, positions }
    }

    fn positions(&self, slot: usize) -> &[u32] {
        let end = self.rows.get(slot + 1).map_or(self.positions.len(), |&(_, start)| start);
        &self.positions[self.rows[slot].1..end]
    }
}

/// A table's memory.
pub struct Bare {
    dim: usize,
    /// Floats of a record: weights and state.
    stride: usize,
    records: Vec<f32>,
    floats: Vec<f32>,
    tallies: Vec<u32>,
}

impl Bare {
    /// Zeros, as many as a table with this rule has.
    pub fn like(case: &Case, rows: usize, dim: usize) -> Self {
        let state = case.table(rows, dim, NonFinite::Allow, 1).memory().expect("a whole table").state as usize;
        let plane = rows * dim * size_of::<f32>();
        let planes = state / plane;
        Self::new(rows, dim, planes, state > planes * plane)
    }

    /// Zeros: `planes` floats of state an element, and one a row if `row_state`.
    fn new(rows: usize, dim: usize, planes: usize, row_state: bool) -> Self {
        let stride = dim * (1 + planes);
        Self {
            dim,
            stride,
            records: zeros(rows * stride),
            floats: zeros(if row_state { rows } else { 0 }),
            tallies: vec![0; rows],
        }
    }

    /// Goes through the rows in some slots, with AVX2 where the kernel would.
    ///
    /// # Safety
    /// No other thread goes through the same rows meanwhile.
    unsafe fn step(&self, batch: &Grouped, slots: std::ops::Range<usize>, sum: &mut [f32]) {
        #[cfg(target_arch = "x86_64")]
        if std::is_x86_feature_detected!("avx2") {
            // SAFETY: the machine has AVX2; the rest is the caller's promise.
            return unsafe { self.step_avx2(batch, slots, sum) };
        }
        // SAFETY: the caller's promise.
        unsafe { self.step_here(batch, slots, sum) }
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2")]
    unsafe fn step_avx2(&self, batch: &Grouped, slots: std::ops::Range<usize>, sum: &mut [f32]) {
        // SAFETY: the caller's promise.
        unsafe { self.step_here(batch, slots, sum) }
    }

    #[inline(always)]
    unsafe fn step_here(&self, batch: &Grouped, slots: std::ops::Range<usize>, sum: &mut [f32]) {
        let dim = self.dim;
        for slot in slots {
            let (row, positions) = (batch.rows[slot].0 as usize, batch.positions(slot));
            let gradient = |position: u32| &batch.gradients[position as usize * dim..(position as usize + 1) * dim];
            sum.copy_from_slice(gradient(positions[0]));
            for &position in &positions[1..] {
                for (sum, g) in sum.iter_mut().zip(gradient(position)) {
                    *sum += g;
                }
            }
            // SAFETY: the caller's promise; the row exists.
            unsafe {
                let record = self.records.as_ptr().cast_mut().add(row * self.stride);
                for part in std::slice::from_raw_parts_mut(record, self.stride).chunks_exact_mut(dim) {
                    for (float, g) in part.iter_mut().zip(&*sum) {
                        *float += g;
                    }
                }
                if !self.floats.is_empty() {
                    *self.floats.as_ptr().cast_mut().add(row) += sum[0];
                }
                *self.tallies.as_ptr().cast_mut().add(row) += positions.len() as u32;
            }
        }
    }
}

/// How often the second thread looks for work before it sleeps.
const PATIENCE: u32 = 20_000;

/// Runs a table's loops on one thread or two.
pub struct Runner {
    shared: Arc<Shared>,
    helper: Option<thread::JoinHandle<()>>,
    sum: Vec<f32>,
}

struct Shared {
    bare: Bare,
    batches: Vec<Grouped>,
    /// Number of the round, and which batch it is about.
    round: AtomicUsize,
    batch: AtomicUsize,
    done: AtomicUsize,
    stop: AtomicBool,
}

impl Runner {
    /// With the table and batches to go through.
    pub fn new(bare: Bare, batches: Vec<Grouped>, threads: usize) -> Self {
        let sum = vec![0.0; bare.dim];
        let [round, batch, done] = [0; 3].map(AtomicUsize::new);
        let shared = Arc::new(Shared { bare, batches, round, batch, done, stop: AtomicBool::new(false) });
        let helper = (threads == 2).then(|| {
            let (shared, mut sum) = (shared.clone(), sum.clone());
            thread::spawn(move || {
                let (mut round, mut waits) = (0, 0);
                while !shared.stop.load(Ordering::Relaxed) {
                    if shared.round.load(Ordering::Acquire) == round {
                        waits += 1;
                        // When it is others' turn, the core is theirs.
                        if waits < PATIENCE {
                            std::hint::spin_loop()
                        } else {
                            thread::park()
                        }
                        continue;
                    }
                    (round, waits) = (round + 1, 0);
                    let batch = &shared.batches[shared.batch.load(Ordering::Relaxed)];
                    // SAFETY: the caller has the other half.
                    unsafe { shared.bare.step(batch, half(batch)..batch.rows.len(), &mut sum) };
                    shared.done.store(round, Ordering::Release);
                }
            })
        });
        Self { shared, helper, sum }
    }

    /// One step on batch number `batch`.
    pub fn step(&mut self, batch: usize) {
        let Self { shared, helper, sum } = self;
        let grouped = &shared.batches[batch];
        let Some(helper) = helper else {
            // SAFETY: there is no other thread.
            return unsafe { shared.bare.step(grouped, 0..grouped.rows.len(), sum) };
        };
        shared.batch.store(batch, Ordering::Relaxed);
        let round = shared.round.fetch_add(1, Ordering::Release) + 1;
        helper.thread().unpark();
        // SAFETY: the helper has the other half.
        unsafe { shared.bare.step(grouped, 0..half(grouped), sum) };
        while shared.done.load(Ordering::Acquire) != round {
            std::hint::spin_loop();
        }
    }
}

/// The slot at which half of a batch's occurrences have been.
fn half(batch: &Grouped) -> usize {
    batch.rows.partition_point(|&(_, start)| start < batch.positions.len() / 2)
}

impl Drop for Runner {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        if let Some(helper) = self.helper.take() {
            helper.thread().unpark();
            helper.join().expect("the helper does not panic");
        }
    }
}
