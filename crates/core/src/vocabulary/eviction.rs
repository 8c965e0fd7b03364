//! Which keys lose their rows when there is none left for a new one. Rows are taken from many keys at a time, so that looking for them costs
//! little in each batch.

use std::cmp::Ordering;
use std::collections::VecDeque;

use super::keys::Keys;
use crate::error::Result;
use crate::memory::{copied, make_room};
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

const PURPOSE: &str = "counts of a vocabulary's keys";
/// The part of the capacity that is freed at a time, as a divisor.
const PART: u32 = 16;

/// By what rows are taken: score, last step, row.
type Rank = (f64, u64, u32);
const HIGHEST: Rank = (f64::INFINITY, u64::MAX, u32::MAX);

fn in_order(a: &Rank, b: &Rank) -> Ordering {
    a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)).then(a.2.cmp(&b.2))
}

/// Leaves the lowest `count` of more ranks, and gives the highest of them.
fn cut(ranked: &mut Vec<Rank>, count: usize) -> Rank {
    let (_, &mut last, _) = ranked.select_nth_unstable_by(count - 1, in_order);
    ranked.truncate(count);
    last
}

/// How many rows are taken where `needed` are.
fn count_of(keys: &Keys, capacity: u32, needed: usize) -> usize {
    needed.max((capacity / PART) as usize).min(keys.len())
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
pub(super) struct Records {
    pub eviction: Eviction,
    pub of: Vec<Record>,
    /// No key outlives its time before this step.
    quiet_until: u64,
    /// By age what counts are divided by, as far as it was computed.
    divisors: Vec<f64>,
    /// Ranks of rows that may be taken.
    ranked: Vec<Rank>,
}

impl Records {
    pub fn new(eviction: Eviction) -> Self {
        Self { eviction, of: Vec::new(), quiet_until: 0, divisors: Vec::new(), ranked: Vec::new() }
    }

    pub fn bytes(&self) -> u64 {
        let scratch = 8 * self.divisors.capacity() + size_of::<Rank>() * self.ranked.capacity();
        (size_of::<Record>() * self.of.capacity() + scratch) as u64
    }

    /// A copy, without scratch space.
    pub fn try_clone(&self) -> Result<Self> {
        Ok(Self { of: copied(&self.of, PURPOSE)?, quiet_until: self.quiet_until, ..Self::new(self.eviction) })
    }

    /// Makes room for rows below `rows`.
    pub fn reserve(&mut self, rows: usize) -> Result<()> {
        if rows > self.of.len() {
            make_room(PURPOSE, size_of::<Record>() * rows, || self.of.try_reserve(rows - self.of.len()))?;
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

    /// Makes room for an eviction where `needed` rows are needed at most.
    pub fn reserve_ranks(&mut self, keys: &Keys, capacity: u32, needed: usize) -> Result<()> {
        if let Eviction::TimeToLive { .. } = self.eviction {
            return Ok(());
        }
        let most = 2 * count_of(keys, capacity, needed);
        self.ranked.clear();
        make_room(PURPOSE, size_of::<Rank>() * most, || self.ranked.try_reserve(most))
    }

    /// Adds the rows of `keys` that are taken at step `now`, where `needed` are, to those that are free, which have room. Keys that were seen at that
    /// step keep theirs.
    pub fn take(&mut self, keys: &Keys, capacity: u32, needed: usize, now: u64, free: &mut VecDeque<u32>) {
        if let Eviction::TimeToLive { steps } = self.eviction {
            return self.take_over_age(keys, steps, now, free);
        }
        self.keep_divisors(now);
        let count = count_of(keys, capacity, needed);
        let mut ranked = std::mem::take(&mut self.ranked);
        self.rank(keys, count, now, self.guess(count, now), &mut ranked);
        if ranked.len() < count {
            self.rank(keys, count, now, HIGHEST, &mut ranked);
        }
        free.extend(ranked.iter().map(|&(_, _, row)| row));
        self.ranked = ranked;
    }

    fn take_over_age(&mut self, keys: &Keys, steps: u64, now: u64, free: &mut VecDeque<u32>) {
        if now < self.quiet_until {
            return;
        }
        let mut oldest = now;
        for row in (1..self.of.len() as u32).filter(|&row| keys.get(row).is_some()) {
            let last = self.of[row as usize].last;
            if now - last > steps {
                free.push_back(row);
            } else {
                oldest = oldest.min(last);
            }
        }
        self.quiet_until = oldest.saturating_add(steps).saturating_add(1);
    }

    /// Finds the lowest `count` ranks up to `bound` of rows that were not seen at `now`, in no order. There is room for twice as many.
    fn rank(&self, keys: &Keys, count: usize, now: u64, mut bound: Rank, ranked: &mut Vec<Rank>) {
        ranked.clear();
        let old = (1..self.of.len() as u32).filter(|&row| self.of[row as usize].last < now);
        for rank in old.map(|row| self.rank_of(row, now)) {
            if in_order(&rank, &bound).is_le() && keys.get(rank.2).is_some() {
                if ranked.len() == 2 * count {
                    bound = cut(ranked, count);
                }
                ranked.push(rank);
            }
        }
        if ranked.len() > count {
            cut(ranked, count);
        }
    }

    /// A rank that a few more rows than `count` are probably below.
    fn guess(&self, count: usize, now: u64) -> Rank {
        let apart = self.of.len().div_ceil(SAMPLE).max(1);
        let seen = |row: &usize| self.of[*row].count > 0;
        let mut sample: Vec<Rank> =
            (1..self.of.len()).step_by(apart).filter(seen).map(|row| self.rank_of(row as u32, now)).collect();
        sample.sort_unstable_by(in_order);
        let part = count * sample.len() / self.of.len().max(1);
        // A quarter more, and some for small parts.
        sample.get(part + part / 4 + 8).copied().unwrap_or(HIGHEST)
    }

    fn rank_of(&self, row: u32, now: u64) -> Rank {
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
            let end = KEPT_AGES.min(age as usize + 1);
            let more = end.saturating_sub(self.divisors.len());
            // What is not kept is computed each time.
            if make_room(PURPOSE, 8 * more, || self.divisors.try_reserve(more)).is_err() {
                return;
            }
            for age in self.divisors.len()..end {
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
