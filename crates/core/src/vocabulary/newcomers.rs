//! The keys of a batch that have no row, each once, in the order in which they first occur. They are compared where they lie in the batch, so that
//! nothing is copied.

use super::key::KeyBatch;
use crate::error::Result;
use crate::memory::make_room;

/// Keys without rows.
#[derive(Default)]
pub(super) struct Newcomers {
    /// An open hash table of numbers; 0 where there is none.
    slots: Vec<u32>,
    /// For each newcomer, from number 1 on, the position where it first occurs.
    firsts: Vec<u32>,
    /// Its key's hash.
    pub hashes: Vec<u64>,
    /// How often it occurs in the batch.
    pub occurrences: Vec<u32>,
    /// The row it gets, 0 if none.
    pub rows: Vec<u32>,
    /// Those that are admitted.
    pub admitted: Vec<u32>,
    /// For each position without a row the number of its newcomer.
    pub which: Vec<u32>,
}

impl Newcomers {
    pub fn bytes(&self) -> u64 {
        let Self { slots, firsts, occurrences, rows, admitted, which, .. } = self;
        let capacities = [slots, firsts, occurrences, rows, admitted, which].map(Vec::capacity);
        (4 * capacities.iter().sum::<usize>() + 8 * self.hashes.capacity()) as u64
    }

    /// Empties it, and makes room for `unknown` positions.
    pub fn clear(&mut self, unknown: usize) -> Result<()> {
        let slots = (2 * unknown).next_power_of_two();
        let Self { slots: numbered, firsts, occurrences, rows, admitted, which, hashes } = self;
        make_room("a batch of keys", 4 * (slots + 7 * unknown), || {
            numbered.clear();
            numbered.try_reserve(slots)?;
            for numbers in [firsts, occurrences, rows, admitted, which] {
                numbers.clear();
                numbers.try_reserve(unknown + 1)?;
            }
            hashes.clear();
            hashes.try_reserve(unknown + 1)
        })?;
        self.slots.resize(slots, 0);
        Ok(())
    }

    /// One more than there are.
    pub fn end(&self) -> usize {
        self.firsts.len()
    }

    /// A newcomer's key.
    #[inline(always)]
    pub fn key<'k>(&self, batch: KeyBatch<'k>, number: usize) -> &'k [u8] {
        batch.get(self.firsts[number] as usize)
    }

    /// Finds the newcomers among positions whose row is 0.
    pub fn find(&mut self, batch: KeyBatch, hashes: &[u64], rows: &[u32]) {
        let mask = self.slots.len() - 1;
        // No key has the number 0.
        self.firsts.push(0);
        self.hashes.push(0);
        self.occurrences.push(0);
        self.rows.push(0);
        for (position, _) in rows.iter().enumerate().filter(|(_, row)| **row == 0) {
            let hash = hashes[position];
            let mut slot = (hash >> 32) as usize & mask;
            let number = loop {
                match self.slots[slot] {
                    0 => {
                        let number = self.firsts.len() as u32;
                        self.slots[slot] = number;
                        self.firsts.push(position as u32);
                        self.hashes.push(hash);
                        self.occurrences.push(0);
                        self.rows.push(0);
                        break number;
                    }
                    number => {
                        let number_at = number as usize;
                        if self.hashes[number_at] == hash && self.key(batch, number_at) == batch.get(position) {
                            break number;
                        }
                    }
                }
                slot = (slot + 1) & mask;
            };
            self.occurrences[number as usize] += 1;
            self.which.push(number);
        }
    }
}
