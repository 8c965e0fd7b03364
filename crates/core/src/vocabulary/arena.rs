//! The bytes of keys, in chunks that never move: as there are more, nothing is copied, and no memory is left behind that is too small for the next.

use std::collections::TryReserveError;

use super::key::MOST_KEY_BYTES;
use crate::error;
use crate::memory::{copied, make_room};
use crate::prefetch::prefetch;

/// Bytes of a chunk, a power of two. A key is in one chunk.
const CHUNK: usize = 1 << 20;
/// Bytes of lost keys that are always tolerated.
const TOLERATED: u64 = 1 << 16;

/// Where a key's bytes are: 48 bits of start, 16 of length; all ones where there is no key.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct Place(u64);

pub(super) const NOWHERE: Place = Place(u64::MAX);

impl Place {
    pub fn length(self) -> usize {
        (self.0 & 0xFFFF) as usize
    }

    fn chunk(self) -> usize {
        (self.0 >> 16) as usize / CHUNK
    }

    fn start(self) -> usize {
        (self.0 >> 16) as usize % CHUNK
    }
}

#[derive(Default)]
pub(super) struct Arena {
    /// All but the last are full.
    chunks: Vec<Vec<u8>>,
    /// Empty ones, for keys that there was room made for.
    spare: Vec<Vec<u8>>,
    /// Bytes of keys.
    held: u64,
    /// Bytes that belonged to keys that are no longer there.
    lost: u64,
    /// Bytes of keys that are to come, and have room.
    promised: usize,
}

impl Arena {
    /// A copy, without room for more.
    pub fn try_clone(&self, what: &'static str) -> error::Result<Self> {
        let mut chunks = Vec::new();
        make_room(what, self.chunks.len() * size_of::<Vec<u8>>(), || chunks.try_reserve_exact(self.chunks.len()))?;
        for chunk in &self.chunks {
            chunks.push(copied(chunk, what)?);
        }
        Ok(Self { chunks, spare: Vec::new(), promised: 0, ..*self })
    }

    /// Bytes of memory.
    pub fn bytes(&self) -> u64 {
        self.chunks.iter().chain(&self.spare).map(|chunk| chunk.capacity() as u64).sum()
    }

    /// Bytes of all keys.
    pub fn held(&self) -> u64 {
        self.held
    }

    /// The bytes at a place.
    #[inline(always)]
    pub fn at(&self, place: Place) -> &[u8] {
        &self.chunks[place.chunk()][place.start()..place.start() + place.length()]
    }

    /// Brings the bytes at a place close.
    #[inline(always)]
    pub fn prefetch(&self, place: Place) {
        // SAFETY: prefetching does not read.
        unsafe { prefetch(self.chunks[place.chunk()].as_ptr().wrapping_add(place.start())) };
    }

    /// Makes room for keys of so many bytes in all.
    pub fn reserve(&mut self, bytes: usize) -> Result<(), TryReserveError> {
        self.promised = bytes;
        if self.chunks.is_empty() {
            self.chunks.try_reserve(1)?;
            self.chunks.push(Vec::new());
        }
        let open = self.chunks.last_mut().expect("one is there");
        let left = CHUNK - open.len();
        if bytes <= left {
            return match open.capacity() - open.len() < bytes {
                true => open.try_reserve_exact(bytes.max(open.len()).min(left)),
                false => Ok(()),
            };
        }
        open.try_reserve_exact(left)?;
        // What is left of a chunk may be too small for a key.
        let needed = bytes.div_ceil(CHUNK - MOST_KEY_BYTES);
        let more = needed.saturating_sub(self.spare.len());
        self.spare.try_reserve(more)?;
        self.chunks.try_reserve(needed)?;
        for _ in 0..more {
            let mut chunk = Vec::new();
            chunk.try_reserve_exact(CHUNK)?;
            self.spare.push(chunk);
        }
        Ok(())
    }

    /// Puts a key's bytes where there is room for them.
    pub fn push(&mut self, key: &[u8]) -> Place {
        if self.chunks.last().is_none_or(|open| CHUNK - open.len() < key.len()) {
            self.chunks.push(self.spare.pop().unwrap_or_default());
        }
        let chunk = self.chunks.len() - 1;
        let open = &mut self.chunks[chunk];
        let start = chunk * CHUNK + open.len();
        open.extend_from_slice(key);
        self.held += key.len() as u64;
        self.promised = self.promised.saturating_sub(key.len());
        Place((start as u64) << 16 | key.len() as u64)
    }

    /// Nobody will ask for the bytes at a place again.
    pub fn lose(&mut self, place: Place) {
        self.held -= place.length() as u64;
        self.lost += place.length() as u64;
    }

    /// Whether keys are better moved together.
    pub fn is_sparse(&self) -> bool {
        self.lost > TOLERATED && self.lost > self.held
    }

    /// An arena with the keys at these places only, which then say where they are in it, and with the room that was promised. None if there is no memory
    /// for it.
    pub fn compacted(&self, places: &mut [Place]) -> Option<Self> {
        let mut arena = Self::default();
        arena.reserve(self.held as usize + self.promised).ok()?;
        for place in places.iter_mut().filter(|place| **place != NOWHERE) {
            *place = arena.push(self.at(*place));
        }
        Some(arena)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: usize) -> Vec<u8> {
        vec![number as u8; if number.is_multiple_of(5) { MOST_KEY_BYTES - number } else { 1 + 37 * number }]
    }

    #[test]
    fn keys_stay_where_they_are_put() {
        let (mut arena, mut places) = (Arena::default(), Vec::new());
        for batch in (0..300).collect::<Vec<_>>().chunks(100) {
            let keys: Vec<Vec<u8>> = batch.iter().map(|&number| key(number)).collect();
            arena.reserve(keys.iter().map(Vec::len).sum()).unwrap();
            let bytes = arena.bytes();
            places.extend(keys.iter().map(|key| arena.push(key)));
            assert_eq!(arena.bytes(), bytes, "room was made before");
        }
        for (number, &place) in places.iter().enumerate() {
            assert_eq!(arena.at(place), key(number));
        }
        // What is left of chunks is less than the longest key, and less than a chunk and the longest batch's room is spare.
        let held: u64 = (0..300).map(|number| key(number).len() as u64).sum();
        assert_eq!(arena.held(), held);
        assert!(arena.bytes() < held * 11 / 10 + 4 * CHUNK as u64, "{} for {held}", arena.bytes());
    }

    #[test]
    fn what_is_lost_is_left_behind() {
        let mut arena = Arena::default();
        arena.reserve((0..300).map(|number| key(number).len()).sum()).unwrap();
        let mut places: Vec<Place> = (0..300).map(|number| arena.push(&key(number))).collect();
        for place in places.iter_mut().filter(|place| place.length() > 4096) {
            arena.lose(*place);
            *place = NOWHERE;
        }
        assert!(arena.is_sparse());
        let compacted = arena.compacted(&mut places).unwrap();
        assert!(compacted.bytes() < arena.bytes() / 4 && !compacted.is_sparse());
        for (number, &place) in places.iter().enumerate().filter(|&(_, &place)| place != NOWHERE) {
            assert_eq!(compacted.at(place), key(number));
        }
    }

    #[test]
    fn room_that_was_made_is_there_after_keys_were_moved_together() {
        let mut arena = Arena::default();
        let all = || (0..300).map(key);
        arena.reserve(all().map(|key| key.len()).sum()).unwrap();
        let mut places: Vec<Place> = all().map(|key| arena.push(&key)).collect();
        arena.reserve(all().map(|key| key.len()).sum()).unwrap();
        for place in &mut places[10..] {
            arena.lose(*place);
            *place = NOWHERE;
        }
        let mut compacted = arena.compacted(&mut places).unwrap();
        let bytes = compacted.bytes();
        all().for_each(|key| {
            compacted.push(&key);
        });
        assert_eq!(compacted.bytes(), bytes);
    }
}
