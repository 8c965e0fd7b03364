//! What the machine can do for the access pattern of a step: rows at random places read, changed and written, and gradients read in
//! one stream. Nothing is grouped, checked or computed, so that what is left is memory.

use std::sync::Barrier;
use std::time::Instant;

use crate::workload::{Pages, Random, floats};

/// How many rows ahead are fetched: what was fastest of 4 to 48, by a tenth.
const AHEAD: usize = 8;
/// Floats in a cache line.
const LINE: usize = 16;
/// How far ahead of a stream its lines are fetched, in floats: 2 KiB.
const STREAM_AHEAD: usize = 512;

/// A table, and the order in which its rows are visited: each at most once in a round.
pub struct RandomRows {
    table: Vec<f32>,
    dim: usize,
    order: Vec<u32>,
    next: usize,
}

impl RandomRows {
    /// `rows` rows of `dim` floats on pages of a kind.
    pub fn new(rows: usize, dim: usize, pages: Pages) -> Self {
        Self { table: floats(rows * dim, pages), dim, order: Random(7).permutation(rows), next: 0 }
    }

    /// Seconds to read, change and write `count` rows that were not visited lately, shared by `threads` threads.
    pub fn visit(&mut self, count: usize, threads: usize) -> f64 {
        let count = count.min(self.order.len());
        if self.next + count > self.order.len() {
            self.next = 0;
        }
        let order = &self.order[self.next..self.next + count];
        self.next += count;
        let (table, dim) = (Shared(self.table.as_mut_ptr()), self.dim);
        let share = order.len().div_ceil(threads).max(1);
        // SAFETY: no row is in two shares, and every row of the order is in the table.
        together(threads, |thread| unsafe { change_rows(table.start(), dim, order.chunks(share).nth(thread).unwrap_or(&[])) })
    }
}

/// The table's start, for threads whose rows are different ones.
#[derive(Clone, Copy)]
struct Shared(*mut f32);
// SAFETY: `RandomRows::visit` gives each row to one thread.
unsafe impl Sync for Shared {}

impl Shared {
    fn start(&self) -> *mut f32 {
        self.0
    }
}

/// Numbers that are read from first to last.
pub struct Stream {
    numbers: Vec<f32>,
    next: usize,
}

impl Stream {
    /// `count` floats on pages of a kind.
    pub fn new(count: usize, pages: Pages) -> Self {
        Self { numbers: floats(count, pages), next: 0 }
    }

    /// Seconds to read the next `count` floats, shared by `threads` threads.
    pub fn read(&mut self, count: usize, threads: usize) -> f64 {
        let count = count.min(self.numbers.len());
        if self.next + count > self.numbers.len() {
            self.next = 0;
        }
        let part = &self.numbers[self.next..self.next + count];
        self.next += count;
        let share = part.len().div_ceil(threads).max(1);
        together(threads, |thread| {
            std::hint::black_box(sum(part.chunks(share).nth(thread).unwrap_or(&[])));
        })
    }
}

/// Seconds that threads take for a work together: from when all of them are there to when the last is done.
fn together(threads: usize, work: impl Fn(usize) + Sync) -> f64 {
    if threads == 1 {
        let start = Instant::now();
        work(0);
        return start.elapsed().as_secs_f64();
    }
    let ready = Barrier::new(threads);
    let timed = |thread: usize| {
        ready.wait();
        let start = Instant::now();
        work(thread);
        (start, Instant::now())
    };
    let times: Vec<(Instant, Instant)> = std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads)
            .map(|thread| {
                scope.spawn({
                    let timed = &timed;
                    move || timed(thread)
                })
            })
            .collect();
        let own = timed(0);
        others.into_iter().map(|other| other.join().expect("nothing panics here")).chain([own]).collect()
    });
    let first = times.iter().map(|time| time.0).min().expect("a thread");
    let last = times.iter().map(|time| time.1).max().expect("a thread");
    (last - first).as_secs_f64()
}

/// Adds 1 to every float of some rows.
///
/// # Safety
/// The rows are in the table at `table`, and nobody else uses them meanwhile.
unsafe fn change_rows(table: *mut f32, dim: usize, order: &[u32]) {
    for (at, &row) in order.iter().enumerate() {
        if let Some(&ahead) = order.get(at + AHEAD) {
            for line in 0..dim.div_ceil(LINE) {
                prefetch(table.wrapping_add(ahead as usize * dim + line * LINE));
            }
        }
        // SAFETY: the caller's promise.
        for float in unsafe { std::slice::from_raw_parts_mut(table.add(row as usize * dim), dim) } {
            *float += 1.0;
        }
    }
}

/// The sum in independent lanes, so that additions wait for memory and not for each other.
fn sum(numbers: &[f32]) -> f32 {
    let mut lanes = [0.0f32; 4 * LINE];
    for line in numbers.chunks_exact(lanes.len()) {
        for ahead in 0..4 {
            prefetch(line.as_ptr().wrapping_add(STREAM_AHEAD + ahead * LINE));
        }
        for (lane, number) in lanes.iter_mut().zip(line) {
            *lane += number;
        }
    }
    lanes.iter().sum()
}

#[inline(always)]
fn prefetch(address: *const f32) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a prefetch never faults.
    unsafe {
        std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(address.cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = address;
}
