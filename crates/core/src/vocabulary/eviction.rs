//! Which keys lose their rows when there is none left for a new one. Rows are taken from many keys at a time, so that looking for them costs
//! little in each batch.

use std::cmp::Ordering;

use super::keys::Keys;
use crate::error::{Error, Result};
use crate::prefetch::prefetch;

/// Whose row is taken first. Ages are in steps of the vocabulary.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Eviction {
    /// Of the key that occurred least.
    LeastFrequent,
    /// Of the key that was not seen for the longest time.
    LeastRecent,
    /// Of the key with the lowest count / (age + 1)^exponent.
    Score {
        /// How fast counts are forgotten.
        exponent: f64,
    },
    /// Of every key that was not seen for more than so many steps, and of no other.
    TimeToLive {
        /// The steps.
        steps: u64,
    },
}

/// The part of the capacity that is freed at a time, as a divisor.
const PART: u32 = 16;

/// By what rows are taken: score, last step, row.
type Rank = (f64, u64, u32);

fn in_order(a: &Rank, b: &Rank) -> Ordering {
    a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)).then(a.2.cmp(&b.2))
}

/// What is known of a row's key.
#[derive(Clone, Copy, Default)]
pub(super) struct Record {
    /// The step at which it was last seen.
    pub last: u64,
    /// How often it occurred.
    pub count: u32,
}

/// Rows by which it is guessed up to which rank rows are taken.
const SAMPLE: usize = 1024;
/// Ages whose divisors are kept.
const KEPT_AGES: usize = 1 << 16;

/// Rows whose records are fetched ahead of the one that is written.
const AHEAD: usize = 16;

/// An eviction at work: what it goes by, for each row.
#[derive(Clone)]
pub(super) struct Records {
    pub eviction: Eviction,
    pub of: Vec<Record>,
    /// No key outlives its time before this step.
    quiet_until: u64,
    /// By age what counts are divided by, as far as it was computed.
    divisors: Vec<f64>,
}

impl Records {
    pub fn new(eviction: Eviction) -> Self {
        Self { eviction, of: Vec::new(), quiet_until: 0, divisors: Vec::new() }
    }

    pub fn bytes(&self) -> u64 {
        (size_of::<Record>() * self.of.capacity() + 8 * self.divisors.capacity()) as u64
    }

    /// Makes room for rows below `rows`.
    pub fn reserve(&mut self, rows: usize) -> Result<()> {
        if rows > self.of.len() {
            let refused = |_| Error::OutOfMemory { what: "counts of a vocabulary's keys", bytes: 16 * rows as u128 };
            self.of.try_reserve(rows - self.of.len()).map_err(refused)?;
            self.of.resize(rows, Record::default());
        }
        Ok(())
    }

    /// Counts occurrences of a row's key at `step`.
    #[inline(always)]
    pub fn see(&mut self, row: u32, occurrences: u32, step: u64) {
        let record = &mut self.of[row as usize];
        *record = Record { count: record.count.saturating_add(occurrences), last: step };
    }

    /// Counts one occurrence of each of a batch's rows but 0.
    pub fn see_all(&mut self, rows: &[u32], step: u64) {
        for (position, &row) in rows.iter().enumerate() {
            let next = rows[(position + AHEAD).min(rows.len() - 1)] as usize;
            // SAFETY: rows have records, and prefetching does not read.
            unsafe { prefetch(self.of.as_ptr().wrapping_add(next.min(self.of.len().saturating_sub(1)))) };
            if row != 0 {
                self.see(row, 1, step);
            }
        }
    }

    /// Forgets a row's key.
    pub fn forget(&mut self, row: u32) {
        self.of[row as usize] = Record::default();
    }

    /// The rows of `keys` that are taken at step `now`, where `needed` are, in order. Keys that were seen at that step keep theirs.
    pub fn victims(&mut self, keys: &Keys, capacity: u32, needed: usize, now: u64) -> Vec<u32> {
        self.keep_divisors(now);
        let old = |row: u32| self.of[row as usize].last < now;
        let rows = (1..self.of.len() as u32).filter(|&row| old(row) && keys.get(row).is_some());
        if let Eviction::TimeToLive { steps } = self.eviction {
            if now < self.quiet_until {
                return Vec::new();
            }
            let (over, staying): (Vec<u32>, Vec<u32>) = rows.partition(|&row| now - self.of[row as usize].last > steps);
            let oldest = staying.iter().map(|&row| self.of[row as usize].last).min().unwrap_or(now);
            self.quiet_until = oldest.saturating_add(steps).saturating_add(1);
            return over;
        }
        let count = needed.max((capacity / PART) as usize).min(keys.len());
        let bound = self.guess(count, now);
        let below = |row: u32| old(row) && in_order(&self.rank(row, now), &bound).is_le() && keys.get(row).is_some();
        let mut victims: Vec<u32> = (1..self.of.len() as u32).filter(|&row| below(row)).collect();
        if victims.len() < count {
            victims = rows.collect();
        }
        if victims.len() > count {
            let mut ranked: Vec<Rank> = victims.iter().map(|&row| self.rank(row, now)).collect();
            let (_, &mut last, _) = ranked.select_nth_unstable_by(count - 1, in_order);
            victims.retain(|&row| in_order(&self.rank(row, now), &last).is_le());
        }
        victims
    }

    /// A rank that a few more rows than `count` are probably below.
    fn guess(&self, count: usize, now: u64) -> Rank {
        let apart = self.of.len().div_ceil(SAMPLE).max(1);
        let seen = |row: &usize| self.of[*row].count > 0;
        let mut sample: Vec<Rank> =
            (1..self.of.len()).step_by(apart).filter(seen).map(|row| self.rank(row as u32, now)).collect();
        sample.sort_unstable_by(in_order);
        let part = count * sample.len() / self.of.len().max(1);
        // A quarter more, and some for small parts.
        sample.get(part + part / 4 + 8).copied().unwrap_or((f64::INFINITY, u64::MAX, u32::MAX))
    }

    fn rank(&self, row: u32, now: u64) -> Rank {
        (self.score(row, now), self.of[row as usize].last, row)
    }

    fn score(&self, row: u32, now: u64) -> f64 {
        let Record { last, count } = self.of[row as usize];
        let count = f64::from(count);
        match self.eviction {
            Eviction::LeastFrequent => count,
            Eviction::Score { exponent } => count / self.divisor(now - last, exponent),
            // By the last step alone, which comes second in the order.
            Eviction::LeastRecent | Eviction::TimeToLive { .. } => 0.0,
        }
    }

    /// Computes divisors up to that of an age, as far as they are kept.
    fn keep_divisors(&mut self, age: u64) {
        if let Eviction::Score { exponent } = self.eviction {
            for age in self.divisors.len()..KEPT_AGES.min(age as usize + 1) {
                self.divisors.push(divisor(age as u64, exponent));
            }
        }
    }

    fn divisor(&self, age: u64, exponent: f64) -> f64 {
        self.divisors.get(age as usize).copied().unwrap_or_else(|| divisor(age, exponent))
    }
}

fn divisor(age: u64, exponent: f64) -> f64 {
    libm::pow((age + 1) as f64, exponent)
}
