//! Keys as bytes: what is one, batches of them, and their hash.

use crate::error::{Error, Result};

/// The longest key in bytes, its kind among them.
pub const MOST_KEY_BYTES: usize = 65_535;

/// A batch of keys: their bytes one behind the other, and where each ends.
#[derive(Clone, Copy)]
pub struct KeyBatch<'a> {
    /// All keys' bytes.
    pub bytes: &'a [u8],
    /// For each key where its bytes end.
    pub ends: &'a [u32],
}

impl<'a> KeyBatch<'a> {
    /// Number of keys.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// A key's bytes.
    #[inline(always)]
    pub fn get(&self, position: usize) -> &'a [u8] {
        let start = if position == 0 { 0 } else { self.ends[position - 1] };
        &self.bytes[start as usize..self.ends[position] as usize]
    }

    /// Whether the ends fit the bytes, and each key is one.
    pub(super) fn check(&self) -> Result<()> {
        let mut start = 0;
        for (position, &end) in self.ends.iter().enumerate() {
            let length = (end as usize).wrapping_sub(start);
            if end as usize > self.bytes.len() || length > MOST_KEY_BYTES {
                let expected = format!("at most {} bytes long", MOST_KEY_BYTES - 1);
                let found = format!("{} bytes long", length - 1);
                return Err(Error::OptionValue { name: format!("keys[{position}]"), expected, found });
            }
            start = end as usize;
        }
        Ok(())
    }
}

/// Whether bytes are a key: its kind, and what it is. `s` is UTF-8, `n` a float64, `b` an integer of 64 bits, with a sign or, one byte
/// longer, without.
pub(super) fn is_key(bytes: &[u8]) -> bool {
    match bytes {
        [b's', text @ ..] => bytes.len() <= MOST_KEY_BYTES && std::str::from_utf8(text).is_ok(),
        [b'n', number @ ..] => number.len() == 8,
        [b'b', integer @ ..] => matches!(integer.len(), 8 | 9),
        _ => false,
    }
}

/// A 64-bit hash: each 8 bytes are multiplied into 128 bits whose halves are folded together, after wyhash by Wang Yi.
pub(super) fn hash(key: &[u8]) -> u64 {
    let mut state = key.len() as u64 ^ 0x9E37_79B9_7F4A_7C15;
    let mut chunks = key.chunks_exact(8);
    for chunk in &mut chunks {
        state = fold(state ^ u64::from_le_bytes(chunk.try_into().expect("8 bytes")), 0xE703_7ED1_A0B4_28DB);
    }
    let rest = chunks.remainder().iter().rev().fold(0, |rest, &byte| rest << 8 | u64::from(byte));
    fold(fold(state ^ rest, 0x8EBC_6AF0_9C88_C6E3), 0x5899_65CC_7537_4CC3)
}

/// The halves of a product, folded together.
#[inline(always)]
pub(super) fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    product as u64 ^ (product >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_spread_over_all_bits() {
        let mut ones = [0u32; 64];
        for key in 0u32..4096 {
            let difference = hash(&key.to_le_bytes()) ^ hash(&(key ^ 1 << (key % 32)).to_le_bytes());
            (0..64).for_each(|bit| ones[bit] += (difference >> bit & 1) as u32);
        }
        assert!(ones.iter().all(|&ones| (1800..2300).contains(&ones)), "{ones:?}");
    }
}
