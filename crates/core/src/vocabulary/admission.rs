//! Which keys get a row of their own: all, or those that have occurred often enough, or some by chance.

use super::keys::{KeyBatch, Keys, fold, hash};
use crate::error::{Error, Result};
use crate::prefetch::prefetch;

/// What a key must have done to be admitted.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Admission {
    /// Nothing.
    #[default]
    All,
    /// Have occurred `least` times; at most `candidates` keys are counted at a time.
    Count {
        /// Occurrences it takes.
        least: u32,
        /// Keys that wait, at most.
        candidates: u32,
    },
    /// The same, counted by a Bloom filter of so many counters.
    Bloom {
        /// Occurrences it takes, at most 255.
        least: u32,
        /// Counters of a byte; rounded up to a multiple of 64.
        counters: u32,
    },
    /// Be lucky in a batch, with this probability.
    Probability {
        /// The probability.
        probability: f64,
    },
}

/// Counters that a key has in a Bloom filter.
const PROBES: usize = 4;
/// Counters that lie together. All of a key's are in one such line, so that it takes one cache miss.
const LINE: usize = 64;

/// An admission at work.
#[derive(Clone)]
pub(super) enum Gate {
    Open,
    Counting { least: u32, most: u32, waiting: Waiting },
    Filter { least: u32, counters: Vec<u8>, refused: u64 },
    Chance { below: u64, seed: u64 },
}

/// Keys that wait for admission, numbered in the order in which they came, and their occurrences so far.
#[derive(Clone, Default)]
pub(super) struct Waiting {
    pub keys: Keys,
    pub occurrences: Vec<u32>,
}

impl Waiting {
    /// Adds a key, with its occurrences; there is room.
    pub fn add(&mut self, hash: u64, key: &[u8], occurrences: u32) {
        if self.occurrences.is_empty() {
            self.occurrences.push(0); // No key has the number 0.
        }
        self.keys.insert(hash, key, self.occurrences.len() as u32);
        self.occurrences.push(occurrences);
    }

    pub fn reserve(&mut self, keys: usize, bytes: usize) -> Result<()> {
        let refused = |_| Error::OutOfMemory { what: "keys that wait for admission", bytes: 4 * keys as u128 };
        self.occurrences.try_reserve(keys + 1).map_err(refused)?;
        self.keys.reserve(keys, self.occurrences.len() + keys, bytes)
    }

    /// Keys and their occurrences, in the order in which they came.
    pub fn all(&self) -> impl Iterator<Item = (&[u8], u32)> {
        self.keys.all().map(|(number, key)| (key, self.occurrences[number as usize]))
    }

    /// Makes sure that fewer than `most` wait: halves what was counted, and forgets keys of which nothing is left, as often as it takes.
    fn age(&mut self, most: u32) {
        while self.keys.len() >= most as usize {
            self.renumber(|occurrences| occurrences / 2);
        }
        // Numbers of keys that wait no more are not used again.
        if self.occurrences.len() > 2 * self.keys.len() + 1024 {
            self.renumber(|occurrences| occurrences);
        }
    }

    /// Numbers the keys anew, with other occurrences, but for those of which none are left.
    fn renumber(&mut self, map: impl Fn(u32) -> u32) {
        let mut new = Self::default();
        new.reserve(self.keys.len(), self.keys.key_bytes() as usize).expect("room for as much as there is");
        for (key, occurrences) in self.all().map(|(key, occurrences)| (key, map(occurrences))) {
            if occurrences > 0 {
                new.add(hash(key), key, occurrences);
            }
        }
        *self = new;
    }
}

impl Gate {
    pub fn new(admission: Admission, seed: u64) -> Result<Self> {
        Ok(match admission {
            Admission::All => Gate::Open,
            Admission::Count { least, candidates } => Gate::Counting { least, most: candidates, waiting: Waiting::default() },
            Admission::Bloom { least, counters } => {
                let mut room = Vec::new();
                let refused = |_| Error::OutOfMemory { what: "a Bloom filter's counters", bytes: counters.into() };
                room.try_reserve_exact((counters as usize).next_multiple_of(LINE)).map_err(refused)?;
                room.resize((counters as usize).next_multiple_of(LINE), 0);
                Gate::Filter { least, counters: room, refused: 0 }
            }
            // A product with a power of two is exact, and the probability 1 saturates.
            Admission::Probability { probability } => Gate::Chance { below: (probability * 2f64.powi(64)) as u64, seed },
        })
    }

    pub fn bytes(&self) -> u64 {
        match self {
            Gate::Open | Gate::Chance { .. } => 0,
            Gate::Counting { waiting, .. } => waiting.keys.bytes() + 4 * waiting.occurrences.capacity() as u64,
            Gate::Filter { counters, .. } => counters.capacity() as u64,
        }
    }

    /// Makes room for a batch, so that [`Gate::admits`] cannot fail.
    pub fn reserve(&mut self, batch: KeyBatch) -> Result<()> {
        match self {
            Gate::Counting { waiting, .. } => waiting.reserve(batch.len(), batch.bytes.len()),
            _ => Ok(()),
        }
    }

    /// Brings what [`Gate::admits`] looks at first close.
    #[inline(always)]
    pub fn prefetch(&self, hash: u64) {
        match self {
            Gate::Counting { waiting, .. } => waiting.keys.prefetch(hash),
            // SAFETY: a key's counters are counters.
            Gate::Filter { counters, .. } => unsafe { prefetch(counters.as_ptr().add(probes(hash, counters.len())[0])) },
            Gate::Open | Gate::Chance { .. } => {}
        }
    }

    /// Whether a key without a row that occurred so often in the batch of step `step` gets one.
    pub fn admits(&mut self, hash: u64, key: &[u8], occurrences: u32, step: u64) -> bool {
        match self {
            Gate::Open => true,
            Gate::Counting { least, most, waiting } => {
                let number = waiting.keys.find(hash, key);
                let before = if number == 0 { 0 } else { waiting.occurrences[number as usize] };
                let seen = before.saturating_add(occurrences);
                let admitted = seen >= *least;
                match (number, admitted) {
                    (0, true) => {}
                    (0, false) => {
                        waiting.age(*most);
                        waiting.reserve(1, key.len()).expect("reserved with the batch");
                        waiting.add(hash, key, seen);
                    }
                    (number, true) => waiting.keys.remove(&[number]),
                    (number, false) => waiting.occurrences[number as usize] = seen,
                }
                admitted
            }
            Gate::Filter { least, counters, refused } => {
                let probes = probes(hash, counters.len());
                let before = probes.iter().map(|&probe| counters[probe]).min().unwrap_or(0);
                let seen = u32::from(before).saturating_add(occurrences).min(255) as u8;
                if u32::from(seen) >= *least {
                    return true;
                }
                probes.into_iter().for_each(|probe| counters[probe] = counters[probe].max(seen));
                *refused += 1;
                if *refused >= counters.len() as u64 {
                    counters.iter_mut().for_each(|counter| *counter /= 2);
                    *refused = 0;
                }
                false
            }
            Gate::Chance { below, seed } => {
                let draw = fold(fold(hash ^ *seed, 0x8EBC_6AF0_9C88_C6E3) ^ step, 0x5899_65CC_7537_4CC3);
                *below == u64::MAX || draw < *below
            }
        }
    }
}

/// Where a key's counters are: in the line that its hash says, at the places that a second hash has digits for.
fn probes(hash: u64, counters: usize) -> [usize; PROBES] {
    let line = (hash % (counters / LINE) as u64) as usize * LINE;
    let places = fold(hash, 0xA076_1D64_78BD_642F);
    std::array::from_fn(|probe| line + (places >> (6 * probe)) as usize % LINE)
}
