//! The fingerprint of a table: SHA-256 over what steps have made of it, in logical order, so that it does not depend on how or
//! where the table is stored. docs/arithmetic.md lists the parts; options are not among them.

use std::fmt::Write;

use sha2::{Digest, Sha256};

use crate::rule::{Rule, with_rule};
use crate::table::{Table, shape_of};

/// Bytes gathered before they are hashed.
const GATHERED: usize = 1 << 14;

/// Hashes numbers as little-endian bytes, NaNs in their canonical form.
struct Hasher {
    sha: Sha256,
    gathered: Vec<u8>,
}

impl Hasher {
    fn bytes(&mut self, bytes: &[u8]) {
        if self.gathered.len() + bytes.len() > GATHERED {
            self.flush();
        }
        self.gathered.extend_from_slice(bytes);
    }

    fn flush(&mut self) {
        self.sha.update(&self.gathered);
        self.gathered.clear();
    }

    fn u64(&mut self, value: u64) {
        self.bytes(&value.to_le_bytes());
    }

    fn f32(&mut self, value: f32) {
        let bits = if value.is_nan() { 0x7fc0_0000 } else { value.to_bits() };
        self.bytes(&bits.to_le_bytes());
    }

    fn f64(&mut self, value: f64) {
        let bits = if value.is_nan() { 0x7ff8_0000_0000_0000 } else { value.to_bits() };
        self.bytes(&bits.to_le_bytes());
    }
}

/// The fingerprint of `table`, as hex digits.
pub(crate) fn of(table: &Table) -> String {
    let mut hasher = Hasher { sha: Sha256::new(), gathered: Vec::with_capacity(GATHERED) };
    let rows = 0..table.rows;
    for value in [table.rows.into(), table.dim as u64, table.step] {
        hasher.u64(value);
    }
    for row in rows.clone() {
        table.storage.weights(row).iter().for_each(|&w| hasher.f32(w));
    }
    let (planes, row_state, mean_square) = with_rule!(&table.rule, rule => { let (planes, row_state) = shape_of(rule); (planes, row_state, rule.needs_mean_square().is_some()) });
    for plane in 0..planes {
        for row in rows.clone() {
            let state = &table.storage.planes(row)[plane * table.dim..(plane + 1) * table.dim];
            state.iter().for_each(|&s| hasher.f32(s));
        }
    }
    if row_state {
        rows.clone().for_each(|row| hasher.f32(table.storage.row_state(row)));
    }
    rows.clone().for_each(|row| hasher.f64(table.tallies.stored(row).0));
    rows.filter_map(|row| table.tallies.stored(row).1).for_each(|step| hasher.u64(step));
    if mean_square {
        hasher.f64(table.mean_square.sum);
        hasher.f64(table.mean_square.count);
    }
    hasher.flush();
    hasher.sha.finalize().iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").expect("a string takes any text");
        hex
    })
}
