//! Which keys get a row of their own: all, or those that have occurred often enough, or some by chance.

use super::key::{KeyBatch, fold};
use super::keys::Keys;
use super::newcomers::Newcomers;
use crate::error::Result;
use crate::memory::{copied, make_room};
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
const WAITING: &str = "keys that wait for admission";
const COUNTERS: &str = "a Bloom filter's counters";
/// Newcomers whose counters are fetched ahead of the one that asks for admission.
const AHEAD: usize = 12;
/// Newcomers that are looked up among those that wait at a time, so that they are still close when they are counted.
const BLOCK: usize = 256;

/// An admission at work.
pub(super) enum Gate {
    Open,
    Counting { least: u32, most: u32, waiting: Waiting },
    Filter(Filter),
    Chance { below: u64, seed: u64 },
}

/// Keys that wait for admission, numbered in the order in which they came, and their occurrences so far.
#[derive(Default)]
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

    fn try_clone(&self) -> Result<Self> {
        Ok(Self { keys: self.keys.try_clone()?, occurrences: copied(&self.occurrences, WAITING)? })
    }

    pub fn reserve(&mut self, keys: usize, bytes: usize) -> Result<()> {
        make_room(WAITING, 4 * keys, || self.occurrences.try_reserve(keys + 1))?;
        self.keys.reserve(keys, self.occurrences.len() + keys, bytes)
    }

    /// Keys and their occurrences, in the order in which they came.
    pub fn all(&self) -> impl Iterator<Item = (&[u8], u32)> {
        self.keys.all().map(|(number, key)| (key, self.occurrences[number as usize]))
    }

    /// Makes sure that fewer than `most` wait: halves what was counted, and forgets keys of which nothing is left, as often as it takes.
    /// Whether keys have other numbers than before.
    fn age(&mut self, most: u32) -> bool {
        let mut renumbered = false;
        while self.keys.len() >= most as usize {
            self.renumber(|occurrences| occurrences / 2);
            renumbered = true;
        }
        // Numbers of keys that wait no more are not used again.
        if self.occurrences.len() > 2 * self.keys.len() + 1024 {
            self.renumber(|occurrences| occurrences);
            renumbered = true;
        }
        renumbered
    }

    /// Counts newcomers, for which there is room, and gives `admitted` those that have occurred `least` times; the others wait, fewer than `most`.
    fn count(&mut self, batch: KeyBatch, newcomers: &Newcomers, least: u32, most: u32, admitted: &mut Vec<u32>) {
        let mut found = [0; BLOCK];
        for first in (1..newcomers.end()).step_by(BLOCK) {
            let hashes = &newcomers.hashes[first..newcomers.end().min(first + BLOCK)];
            self.keys.find_all(|i| newcomers.key(batch, first + i), hashes, &mut found[..hashes.len()]);
            let mut stale = false;
            for (newcomer, (&hash, &found)) in (first..).zip(hashes.iter().zip(&found)) {
                let key = newcomers.key(batch, newcomer);
                let number = if stale { self.keys.find(hash, key) } else { found };
                let before = if number == 0 { 0 } else { self.occurrences[number as usize] };
                let seen = before.saturating_add(newcomers.occurrences[newcomer]);
                if seen >= least {
                    admitted.push(newcomer as u32);
                    if number != 0 {
                        self.keys.remove(&[number]);
                    }
                } else if number == 0 {
                    stale |= self.age(most);
                    self.add(hash, key, seen);
                } else {
                    self.occurrences[number as usize] = seen;
                }
            }
        }
    }

    /// Numbers the keys anew, with other occurrences, but for those of which none are left.
    fn renumber(&mut self, map: impl Fn(u32) -> u32) {
        let Self { keys, occurrences } = self;
        // No new number is above the old one.
        keys.renumber(|old, new| {
            occurrences[new as usize] = map(occurrences[old as usize]);
            occurrences[new as usize] > 0
        });
        occurrences.truncate(keys.len() + 1);
    }
}

impl Gate {
    pub fn new(admission: Admission, seed: u64) -> Result<Self> {
        Ok(match admission {
            Admission::All => Gate::Open,
            Admission::Count { least, candidates } => Gate::Counting { least, most: candidates, waiting: Waiting::default() },
            Admission::Bloom { least, counters } => {
                let counters = (counters as usize).next_multiple_of(LINE);
                let mut room = Vec::new();
                make_room(COUNTERS, counters, || room.try_reserve_exact(counters))?;
                room.resize(counters, 0);
                Gate::Filter(Filter { least, counters: room, refused: 0 })
            }
            // A product with a power of two is exact, and the probability 1 saturates.
            Admission::Probability { probability } => Gate::Chance { below: (probability * 2f64.powi(64)) as u64, seed },
        })
    }

    /// A copy.
    pub fn try_clone(&self) -> Result<Self> {
        Ok(match self {
            Gate::Open => Gate::Open,
            &Gate::Chance { below, seed } => Gate::Chance { below, seed },
            &Gate::Counting { least, most, ref waiting } => Gate::Counting { least, most, waiting: waiting.try_clone()? },
            Gate::Filter(filter) => Gate::Filter(Filter { counters: copied(&filter.counters, COUNTERS)?, ..*filter }),
        })
    }

    pub fn bytes(&self) -> u64 {
        match self {
            Gate::Open | Gate::Chance { .. } => 0,
            Gate::Counting { waiting, .. } => waiting.keys.bytes() + 4 * waiting.occurrences.capacity() as u64,
            Gate::Filter(Filter { counters, .. }) => counters.capacity() as u64,
        }
    }

    /// Makes room for a batch, so that [`Gate::admit`] cannot fail.
    pub fn reserve(&mut self, batch: KeyBatch) -> Result<()> {
        match self {
            Gate::Counting { waiting, .. } => waiting.reserve(batch.len(), batch.bytes.len()),
            _ => Ok(()),
        }
    }

    /// Gives `admitted`, which has room, those keys that have no row and get one in the batch of step `step`; in order.
    pub fn admit(&mut self, batch: KeyBatch, newcomers: &Newcomers, step: u64, admitted: &mut Vec<u32>) {
        let all = 1..newcomers.end();
        match self {
            Gate::Open => admitted.extend(all.map(|newcomer| newcomer as u32)),
            Gate::Counting { least, most, waiting } => waiting.count(batch, newcomers, *least, *most, admitted),
            Gate::Filter(filter) => {
                for newcomer in all {
                    filter.prefetch(newcomers.hashes[(newcomer + AHEAD).min(newcomers.end() - 1)]);
                    if filter.admits(newcomers.hashes[newcomer], newcomers.occurrences[newcomer]) {
                        admitted.push(newcomer as u32);
                    }
                }
            }
            Gate::Chance { below, seed } => admitted.extend(all.map(|newcomer| newcomer as u32).filter(|&newcomer| {
                let draw =
                    fold(fold(newcomers.hashes[newcomer as usize] ^ *seed, 0x8EBC_6AF0_9C88_C6E3) ^ step, 0x5899_65CC_7537_4CC3);
                *below == u64::MAX || draw < *below
            })),
        }
    }
}

/// A counting Bloom filter.
pub(super) struct Filter {
    least: u32,
    pub counters: Vec<u8>,
    /// Keys that were refused since the counters were last halved.
    pub refused: u64,
}

impl Filter {
    /// Brings a key's counters close.
    #[inline(always)]
    fn prefetch(&self, hash: u64) {
        // SAFETY: a key's counters are counters.
        unsafe { prefetch(self.counters.as_ptr().add(probes(hash, self.counters.len())[0])) };
    }

    /// Whether a key has occurred often enough with these occurrences; if not, they are counted.
    fn admits(&mut self, hash: u64, occurrences: u32) -> bool {
        let Self { least, counters, refused } = self;
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
}

/// Where a key's counters are: in the line that its hash says, at the places that a second hash has digits for.
fn probes(hash: u64, counters: usize) -> [usize; PROBES] {
    let line = (hash % (counters / LINE) as u64) as usize * LINE;
    let places = fold(hash, 0xA076_1D64_78BD_642F);
    std::array::from_fn(|probe| line + (places >> (6 * probe)) as usize % LINE)
}
