//! Vocabularies: rows for keys that nobody counted in advance. Row 0 is shared by all keys that have none of their own; the others are given out
//! in the order in which keys first occur, to keys that are admitted, and taken back from those that are evicted. What a vocabulary does depends on the
//! keys it is given and their order alone; docs/vocabularies.md has the exact rules, and `test/oracle/vocabulary.ts` a plain loop of them.

use std::collections::VecDeque;

use crate::error::{Error, Result};
use crate::memory::{copied, make_room};

mod admission;
mod arena;
mod checkpoint;
mod eviction;
mod key;
mod keys;
mod newcomers;

pub use admission::Admission;
use admission::Gate;
pub use checkpoint::{RestoringVocabulary, VocabularyProgress};
pub use eviction::Eviction;
use eviction::Records;
use key::hash;
pub use key::{KeyBatch, MOST_KEY_BYTES};
use keys::Keys;
use newcomers::Newcomers;

const BATCH: &str = "a batch of keys";
const FREE: &str = "rows that are free";

/// What a new vocabulary is to be like.
#[derive(Clone, Copy, Debug)]
pub struct VocabularyOptions {
    /// Rows, with the shared one: at least 2.
    pub capacity: u32,
    /// Which keys get a row.
    pub admission: Admission,
    /// Which keys lose theirs when there is none left; `None`: none does.
    pub eviction: Option<Eviction>,
    /// Seed of admission by chance.
    pub seed: u64,
}

impl VocabularyOptions {
    /// Options as doors have them: words, and a number or two for each. The facade has checked them.
    #[allow(clippy::too_many_arguments, reason = "what doors are given, one by one")]
    pub fn named(
        capacity: u32,
        admission: &str,
        least: u32,
        size: u32,
        probability: f64,
        eviction: &str,
        amount: f64,
        seed: u64,
    ) -> Self {
        let admission = match admission {
            "count" => Admission::Count { least, candidates: size },
            "bloom" => Admission::Bloom { least, counters: size },
            "probability" => Admission::Probability { probability },
            _ => Admission::All,
        };
        let eviction = match eviction {
            "least-frequent" => Some(Eviction::LeastFrequent),
            "least-recent" => Some(Eviction::LeastRecent),
            "score" => Some(Eviction::Score { exponent: amount }),
            "time-to-live" => Some(Eviction::TimeToLive { steps: amount as u64 }),
            _ => None,
        };
        Self { capacity, admission, eviction, seed }
    }
}

impl VocabularyProgress {
    /// As numbers, for doors.
    pub fn numbers(&self) -> [f64; 7] {
        let Self { step, next, free, key_bytes, waiting, waiting_bytes, refused } = *self;
        [step as f64, next.into(), free.into(), key_bytes as f64, waiting.into(), waiting_bytes as f64, refused as f64]
    }

    /// From such numbers.
    pub fn from_numbers([step, next, free, key_bytes, waiting, waiting_bytes, refused]: [f64; 7]) -> Self {
        Self {
            step: step as u64,
            next: next as u32,
            free: free as u32,
            key_bytes: key_bytes as u64,
            waiting: waiting as u32,
            waiting_bytes: waiting_bytes as u64,
            refused: refused as u64,
        }
    }
}

/// Rows for keys.
pub struct Vocabulary {
    capacity: u32,
    /// The keys, numbered by their rows.
    keys: Keys,
    /// The first row that was never given out.
    next: u32,
    /// Rows whose keys were evicted, in the order in which they are given out again.
    free: VecDeque<u32>,
    step: u64,
    gate: Gate,
    records: Option<Records>,
    hashes: Vec<u64>,
    newcomers: Newcomers,
    /// Rows that the last batch gave to other keys than had them before.
    reused: Vec<u32>,
}

impl Vocabulary {
    /// An empty one.
    pub fn new(options: VocabularyOptions) -> Result<Self> {
        let VocabularyOptions { capacity, admission, eviction, seed } = options;
        Ok(Self {
            capacity,
            keys: Keys::default(),
            next: 1,
            free: VecDeque::new(),
            step: 0,
            gate: Gate::new(admission, seed)?,
            records: eviction.map(Records::new),
            hashes: Vec::new(),
            newcomers: Newcomers::default(),
            reused: Vec::new(),
        })
    }

    /// An independent copy.
    pub fn try_clone(&self) -> Result<Self> {
        let mut free = VecDeque::new();
        make_room(FREE, 4 * self.free.len(), || free.try_reserve_exact(self.free.len()))?;
        free.extend(&self.free);
        Ok(Self {
            keys: self.keys.try_clone()?,
            free,
            gate: self.gate.try_clone()?,
            records: self.records.as_ref().map(Records::try_clone).transpose()?,
            hashes: Vec::new(),
            newcomers: Newcomers::default(),
            reused: copied(&self.reused, BATCH)?,
            ..*self
        })
    }

    /// Rows, with the shared one.
    pub fn capacity(&self) -> u32 {
        self.capacity
    }

    /// Keys that have a row.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether no key has a row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Batches so far.
    pub fn step(&self) -> u64 {
        self.step
    }

    /// The key that has a row.
    pub fn key(&self, row: u32) -> Option<&[u8]> {
        self.keys.get(row)
    }

    /// Bytes held.
    pub fn bytes(&self) -> u64 {
        let scratch = 8 * self.hashes.capacity() + 4 * self.reused.capacity();
        let records = self.records.as_ref().map_or(0, Records::bytes);
        self.keys.bytes()
            + self.gate.bytes()
            + records
            + self.newcomers.bytes()
            + scratch as u64
            + 4 * self.free.capacity() as u64
    }

    /// Rows that the last batch gave to other keys than had them before, and whose weights are therefore to be made new.
    pub fn reused(&self) -> &[u32] {
        &self.reused
    }

    /// Makes it one of `capacity` rows, no fewer than it has.
    pub fn grow(&mut self, capacity: u32) -> Result<()> {
        if capacity < self.capacity {
            let expected = format!("at least {}, the capacity that there is", self.capacity);
            return Err(Error::option("capacity", &expected, capacity.into()));
        }
        self.capacity = capacity;
        Ok(())
    }

    /// The rows of keys, 0 for those that have none. Nothing changes.
    pub fn lookup(&self, batch: KeyBatch, out: &mut [u32]) -> Result<()> {
        batch.check()?;
        let mut hashes = Vec::new();
        hash_all(batch, &mut hashes)?;
        self.keys.find_all(|position| batch.get(position), &hashes, out);
        Ok(())
    }

    /// The rows of keys, after those that are new have been given one, as far as they are admitted and there is room. One step.
    pub fn rows(&mut self, batch: KeyBatch, out: &mut [u32]) -> Result<()> {
        batch.check()?;
        hash_all(batch, &mut self.hashes)?;
        self.keys.find_all(|position| batch.get(position), &self.hashes, out);
        let unknown = out.iter().filter(|&&row| row == 0).count();
        self.reserve(batch, unknown)?;
        self.step += 1;
        self.reused.clear();
        if let Some(records) = &mut self.records {
            records.see_all(out, self.step);
        }
        match unknown {
            0 => {}
            _ if self.takes_all(unknown) => self.take_in_all(batch, out),
            _ => self.take_in_some(batch, out),
        }
        Ok(())
    }

    /// Rows that nobody has.
    fn room(&self) -> u64 {
        u64::from(self.capacity - self.next) + self.free.len() as u64
    }

    /// Makes room for everything that a batch may change, so that nothing fails half-way.
    fn reserve(&mut self, batch: KeyBatch, unknown: usize) -> Result<()> {
        if unknown == 0 {
            return Ok(());
        }
        let room = self.room();
        let highest = (self.next as usize + unknown).min(self.capacity as usize);
        self.keys.reserve(unknown, highest, batch.bytes.len())?;
        if let Some(records) = &mut self.records {
            records.reserve(highest + 1)?;
            make_room(FREE, 4 * self.keys.len(), || self.free.try_reserve(self.keys.len()))?;
        }
        make_room(BATCH, 4 * unknown, || self.reused.try_reserve(unknown))?;
        if self.takes_all(unknown) {
            return Ok(());
        }
        if let Some(records) = self.records.as_mut().filter(|_| unknown as u64 > room) {
            records.reserve_ranks(&self.keys, self.capacity, unknown)?;
        }
        self.newcomers.clear(unknown)?;
        self.gate.reserve(batch)
    }

    /// Whether so many keys are sure of a row.
    fn takes_all(&self, unknown: usize) -> bool {
        matches!(self.gate, Gate::Open) && unknown as u64 <= self.room()
    }

    /// Gives a row to every key that has none. There are enough.
    fn take_in_all(&mut self, batch: KeyBatch, out: &mut [u32]) {
        for (position, row) in out.iter_mut().enumerate().filter(|(_, row)| **row == 0) {
            let (hash, key) = (self.hashes[position], batch.get(position));
            *row = self.keys.find(hash, key);
            if *row == 0 {
                *row = self.assign(hash, key, 1);
            } else if let Some(records) = &mut self.records {
                records.see(*row, 1, self.step);
            }
        }
    }

    /// Gives rows to those keys that are admitted, as far as rows go.
    fn take_in_some(&mut self, batch: KeyBatch, out: &mut [u32]) {
        self.newcomers.find(batch, &self.hashes, out);
        let mut admitted = std::mem::take(&mut self.newcomers.admitted);
        self.gate.admit(batch, &self.newcomers, self.step, &mut admitted);
        if admitted.len() as u64 > self.room() {
            self.evict(admitted.len() - self.room() as usize);
        }
        for number in admitted.iter().map(|&number| number as usize) {
            if self.room() > 0 {
                let (hash, occurrences) = (self.newcomers.hashes[number], self.newcomers.occurrences[number]);
                self.newcomers.rows[number] = self.assign(hash, self.newcomers.key(batch, number), occurrences);
            }
        }
        self.newcomers.admitted = admitted;
        let Newcomers { which, rows, .. } = &self.newcomers;
        let unknown = out.iter_mut().filter(|row| **row == 0);
        unknown.zip(which).for_each(|(row, &number)| *row = rows[number as usize]);
    }

    /// Gives a key a row: one that was never given out, or else the one that is free for the longest time.
    fn assign(&mut self, hash: u64, key: &[u8], occurrences: u32) -> u32 {
        let row = if self.next < self.capacity {
            self.next += 1;
            self.next - 1
        } else {
            let row = self.free.pop_front().expect("there is room");
            self.reused.push(row);
            row
        };
        self.keys.insert(hash, key, row);
        if let Some(records) = &mut self.records {
            records.see(row, occurrences, self.step);
        }
        row
    }

    /// Takes rows from keys, `needed` at least if that can be.
    fn evict(&mut self, needed: usize) {
        let Some(records) = &mut self.records else { return };
        let before = self.free.len();
        records.take(&self.keys, self.capacity, needed, self.step, &mut self.free);
        let victims = &mut self.free.make_contiguous()[before..];
        victims.sort_unstable();
        self.keys.remove(victims);
        victims.iter().for_each(|&row| records.forget(row));
    }
}

fn hash_all(batch: KeyBatch, hashes: &mut Vec<u64>) -> Result<()> {
    hashes.clear();
    make_room(BATCH, 8 * batch.len(), || hashes.try_reserve(batch.len()))?;
    hashes.extend((0..batch.len()).map(|position| hash(batch.get(position))));
    Ok(())
}
