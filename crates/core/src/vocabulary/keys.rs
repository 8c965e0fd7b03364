//! Keys and the numbers they have: a hash table whose keys are bytes in an arena. A key costs its bytes, 8 bytes for where they are, and 6 bytes
//! a slot, of which at most three quarters are taken.
//!
//! A batch's keys are looked up together, a block at a time, so that the cache misses of a block overlap.

use super::arena::{Arena, NOWHERE, Place};
use super::key::hash;
use crate::error::Result;
use crate::memory::{copied, make_room};
use crate::prefetch::prefetch;

/// Keys that are looked up together.
const BLOCK: usize = 32;
/// What an empty slot is tagged with.
const EMPTY: u8 = 0;
/// What is noted of a slot that is so far from its key's home, or further.
const FAR: u8 = u8::MAX;
const PURPOSE: &str = "a vocabulary's keys";

/// Keys and their numbers, which are above 0.
#[derive(Default)]
pub(super) struct Keys {
    /// For each slot 7 bits of its key's hash and a bit that says that there is one.
    tags: Vec<u8>,
    /// For each slot its key's number.
    slots: Vec<u32>,
    /// For each slot how many slots its key's home is before it, so that a removal reads no other keys.
    shifts: Vec<u8>,
    /// By number.
    places: Vec<Place>,
    arena: Arena,
    count: usize,
}

impl Keys {
    pub fn len(&self) -> usize {
        self.count
    }

    pub fn bytes(&self) -> u64 {
        let slots = self.tags.capacity() + 4 * self.slots.capacity() + self.shifts.capacity();
        (slots + 8 * self.places.capacity()) as u64 + self.arena.bytes()
    }

    /// A copy.
    pub fn try_clone(&self) -> Result<Self> {
        Ok(Self {
            tags: copied(&self.tags, PURPOSE)?,
            slots: copied(&self.slots, PURPOSE)?,
            shifts: copied(&self.shifts, PURPOSE)?,
            places: copied(&self.places, PURPOSE)?,
            arena: self.arena.try_clone(PURPOSE)?,
            count: self.count,
        })
    }

    /// The key that has a number.
    pub fn get(&self, number: u32) -> Option<&[u8]> {
        let place = *self.places.get(number as usize)?;
        (place != NOWHERE).then(|| self.arena.at(place))
    }

    /// All keys in order of their numbers.
    pub fn all(&self) -> impl Iterator<Item = (u32, &[u8])> {
        (0..self.places.len() as u32).filter_map(|number| Some((number, self.get(number)?)))
    }

    /// Makes room for `keys` more keys, with numbers up to `number` and `bytes` bytes in all, so that insertions cannot fail.
    pub fn reserve(&mut self, keys: usize, number: usize, bytes: usize) -> Result<()> {
        if number >= self.places.len() {
            let more = number + 1 - self.places.len();
            make_room(PURPOSE, 8 * more, || self.places.try_reserve(more))?;
        }
        make_room(PURPOSE, bytes, || self.arena.reserve(bytes))?;
        let slots = (self.count + keys + 1).saturating_mul(4).div_ceil(3).next_power_of_two().max(16);
        if slots > self.tags.len() {
            make_room(PURPOSE, 6 * slots, || self.rehash(slots))?;
        }
        Ok(())
    }

    fn rehash(&mut self, slots: usize) -> std::result::Result<(), std::collections::TryReserveError> {
        let (mut tags, mut numbers, mut shifts) = (Vec::new(), Vec::new(), Vec::new());
        tags.try_reserve_exact(slots)?;
        numbers.try_reserve_exact(slots)?;
        shifts.try_reserve_exact(slots)?;
        tags.resize(slots, EMPTY);
        numbers.resize(slots, 0);
        shifts.resize(slots, 0);
        (self.tags, self.slots, self.shifts) = (tags, numbers, shifts);
        for number in 0..self.places.len() as u32 {
            if let Some(key) = self.get(number) {
                let hash = hash(key);
                self.take_slot(hash, number);
            }
        }
        Ok(())
    }

    /// Puts a number into the first slot that is free for its hash.
    fn take_slot(&mut self, hash: u64, number: u32) {
        let mut slot = self.home(hash);
        while self.tags[slot] != EMPTY {
            slot = self.after(slot);
        }
        (self.tags[slot], self.slots[slot]) = (tag(hash), number);
        self.shifts[slot] = noted(self.distance(self.home(hash), slot));
    }

    #[inline(always)]
    fn home(&self, hash: u64) -> usize {
        hash as usize & (self.tags.len() - 1)
    }

    #[inline(always)]
    fn after(&self, slot: usize) -> usize {
        (slot + 1) & (self.tags.len() - 1)
    }

    /// Slots from one to another, around the end.
    #[inline(always)]
    fn distance(&self, from: usize, to: usize) -> usize {
        to.wrapping_sub(from) & (self.tags.len() - 1)
    }

    /// How far a slot that is taken is from its key's home.
    fn shift(&self, slot: usize) -> usize {
        match self.shifts[slot] {
            FAR => self.distance(self.home(hash(self.arena.at(self.places[self.slots[slot] as usize]))), slot),
            near => near.into(),
        }
    }

    /// A key's number, 0 if it has none.
    pub fn find(&self, hash: u64, key: &[u8]) -> u32 {
        if self.tags.is_empty() {
            return 0;
        }
        let mut slot = self.home(hash);
        while self.tags[slot] != EMPTY {
            let number = self.slots[slot];
            if self.tags[slot] == tag(hash) && self.arena.at(self.places[number as usize]) == key {
                return number;
            }
            slot = self.after(slot);
        }
        0
    }

    /// Brings the slot where a key's search begins close.
    #[inline(always)]
    pub fn prefetch(&self, hash: u64) {
        if !self.tags.is_empty() {
            let home = self.home(hash);
            // SAFETY: a home is a slot.
            unsafe {
                prefetch(self.tags.as_ptr().add(home));
                prefetch(self.slots.as_ptr().add(home));
            }
        }
    }

    /// The numbers of keys that have such hashes, 0 for those that have none.
    pub fn find_all<'k>(&self, key: impl Fn(usize) -> &'k [u8], hashes: &[u64], out: &mut [u32]) {
        if self.tags.is_empty() {
            return out.fill(0);
        }
        for (block, (hashes, out)) in hashes.chunks(BLOCK).zip(out.chunks_mut(BLOCK)).enumerate() {
            hashes.iter().for_each(|&hash| self.prefetch(hash));
            for (&hash, guess) in hashes.iter().zip(&mut *out) {
                *guess = self.guess(hash);
                // SAFETY: a slot's number has a place, and 0 is no further.
                unsafe { prefetch(self.places.as_ptr().add(*guess as usize)) };
            }
            for &guess in &*out {
                if guess != 0 {
                    self.arena.prefetch(self.places[guess as usize]);
                }
            }
            for (i, (&hash, number)) in hashes.iter().zip(out).enumerate() {
                let key = key(block * BLOCK + i);
                if *number != 0 && self.arena.at(self.places[*number as usize]) != key {
                    *number = self.find(hash, key);
                }
            }
        }
    }

    /// The first number whose key's hash looks alike.
    #[inline(always)]
    fn guess(&self, hash: u64) -> u32 {
        let mut slot = self.home(hash);
        while self.tags[slot] != EMPTY {
            if self.tags[slot] == tag(hash) {
                return self.slots[slot];
            }
            slot = self.after(slot);
        }
        0
    }

    /// Gives a key that has none a number that no key has. There is room.
    pub fn insert(&mut self, hash: u64, key: &[u8], number: u32) {
        let place = self.arena.push(key);
        if number as usize >= self.places.len() {
            self.places.resize(number as usize + 1, NOWHERE);
        }
        self.places[number as usize] = place;
        self.take_slot(hash, number);
        self.count += 1;
    }

    /// Takes numbers from their keys, a block at a time like [`Keys::find_all`].
    pub fn remove(&mut self, numbers: &[u32]) {
        let mut hashes = [0; BLOCK];
        for block in numbers.chunks(BLOCK) {
            for &number in block {
                self.arena.prefetch(self.places[number as usize]);
            }
            for (hash_of, &number) in hashes.iter_mut().zip(block) {
                *hash_of = hash(self.get(number).expect("a number that a key has"));
                self.prefetch(*hash_of);
            }
            block.iter().zip(hashes).for_each(|(&number, hash)| self.remove_one(hash, number));
        }
        self.compact();
    }

    /// Numbers the keys anew, from 1 on in the order that they have, and forgets those that `keeps`, which is told the old number and the new one,
    /// does not keep. Takes no memory, and leaves the room that there was.
    pub fn renumber(&mut self, mut keeps: impl FnMut(u32, u32) -> bool) {
        self.tags.fill(EMPTY);
        self.slots.fill(0);
        self.shifts.fill(0);
        self.count = 0;
        for old in 1..self.places.len() as u32 {
            let place = std::mem::replace(&mut self.places[old as usize], NOWHERE);
            let new = self.count as u32 + 1;
            if place == NOWHERE {
                continue;
            }
            if keeps(old, new) {
                self.places[new as usize] = place;
                self.count += 1;
                self.take_slot(hash(self.arena.at(place)), new);
            } else {
                self.arena.lose(place);
            }
        }
        self.places.truncate(self.count + 1);
        self.compact();
    }

    fn compact(&mut self) {
        if self.arena.is_sparse()
            && let Some(arena) = self.arena.compacted(&mut self.places)
        {
            self.arena = arena;
        }
    }

    fn remove_one(&mut self, hash: u64, number: u32) {
        let mut slot = self.home(hash);
        while self.slots[slot] != number || self.tags[slot] == EMPTY {
            slot = self.after(slot);
        }
        self.arena.lose(self.places[number as usize]);
        self.places[number as usize] = NOWHERE;
        self.count -= 1;
        self.close_gap(slot);
    }

    /// Empties a slot, and moves those behind it that would no longer be found.
    fn close_gap(&mut self, mut gap: usize) {
        let mut slot = gap;
        loop {
            slot = self.after(slot);
            if self.tags[slot] == EMPTY {
                break;
            }
            let (shift, back) = (self.shift(slot), self.distance(gap, slot));
            // Whether the gap lies between its home and itself.
            if back <= shift {
                (self.tags[gap], self.slots[gap]) = (self.tags[slot], self.slots[slot]);
                self.shifts[gap] = noted(shift - back);
                gap = slot;
            }
        }
        (self.tags[gap], self.slots[gap], self.shifts[gap]) = (EMPTY, 0, 0);
    }

    /// Bytes of all keys.
    pub fn key_bytes(&self) -> u64 {
        self.arena.held()
    }
}

fn noted(shift: usize) -> u8 {
    shift.min(FAR.into()) as u8
}

#[inline(always)]
fn tag(hash: u64) -> u8 {
    (hash >> 57) as u8 | 0x80
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::super::key::fold;
    use super::*;

    impl Keys {
        fn is_clear(&self) -> bool {
            self.len() == 0 && self.tags.iter().all(|&tag| tag == EMPTY) && self.shifts.iter().all(|&shift| shift == 0)
        }
    }

    /// Insertions, removals and look-ups of keys that often collide, beside a map of the standard library.
    #[test]
    fn keys_have_the_numbers_they_were_given() {
        let (mut keys, mut map) = (Keys::default(), HashMap::<Vec<u8>, u32>::new());
        let mut random = 1u64;
        let mut unused: Vec<u32> = (1..=600).rev().collect();
        for _ in 0..40_000 {
            random = fold(random ^ 0x1234_5678_9ABC_DEF1, 0xE703_7ED1_A0B4_28DB);
            let key = format!("{}", random % 900).repeat(1 + (random >> 40) as usize % 30).into_bytes();
            let hash = hash(&key);
            assert_eq!(keys.find(hash, &key), map.get(&key).copied().unwrap_or(0));
            match map.remove(&key) {
                Some(number) => {
                    keys.remove(&[number]);
                    unused.push(number);
                }
                None => {
                    let Some(number) = unused.pop() else { continue };
                    keys.reserve(1, number as usize, key.len()).unwrap();
                    keys.insert(hash, &key, number);
                    map.insert(key, number);
                }
            }
            assert_eq!(keys.len(), map.len());
        }
        for (key, &number) in &map {
            assert_eq!((keys.find(hash(key), key), keys.get(number)), (number, Some(&key[..])));
        }
        assert!(!keys.arena.is_sparse());
    }

    #[test]
    fn keys_are_numbered_anew_in_order_without_those_that_are_not_kept() {
        let mut keys = Keys::default();
        let key = |number: u32| format!("the key of number {number}").repeat(20).into_bytes();
        keys.reserve(600, 1200, (1..=600).map(|number| key(number).len()).sum()).unwrap();
        // Every second number has a key, and of those every third stays.
        let numbers = || (2..=1200).step_by(2);
        numbers().for_each(|number| keys.insert(hash(&key(number)), &key(number), number));
        let mut asked = Vec::new();
        keys.renumber(|old, new| {
            asked.push((old, new));
            old.is_multiple_of(6)
        });
        let expected: Vec<(u32, u32)> = numbers().map(|number| (number, (number - 2) / 6 + 1)).collect();
        assert_eq!(asked, expected);
        assert_eq!(keys.len(), 200);
        for number in numbers() {
            let new = if number.is_multiple_of(6) { number / 6 } else { 0 };
            assert_eq!(keys.find(hash(&key(number)), &key(number)), new);
        }
        assert_eq!(keys.get(200), Some(&key(1200)[..]));
        assert_eq!(keys.get(201), None);
    }

    /// Keys that all have the same home, more of them than a slot's shift can note.
    #[test]
    fn keys_are_found_however_far_from_home() {
        let mut keys = Keys::default();
        keys.reserve(700, 700, 4 * 700).unwrap();
        let alike: Vec<[u8; 4]> = (0..).map(u32::to_le_bytes).filter(|key| keys.home(hash(key)) == 9).take(600).collect();
        for (key, number) in alike.iter().zip(1..) {
            keys.insert(hash(key), key, number);
        }
        assert!(keys.shifts.contains(&FAR));
        // Every third, from the front and from behind.
        for step in 0..100 {
            keys.remove(&[1 + 3 * step, 600 - 3 * step]);
        }
        let removed = |number: u32| (number <= 300 && number % 3 == 1) || (number > 300 && number.is_multiple_of(3));
        for (key, number) in alike.iter().zip(1..) {
            assert_eq!(keys.find(hash(key), key), if removed(number) { 0 } else { number });
        }
        keys.remove(&(1..=600).filter(|&number| !removed(number)).collect::<Vec<_>>());
        assert!(keys.is_clear());
    }
}
