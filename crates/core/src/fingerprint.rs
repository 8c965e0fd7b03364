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

/// SHA-256 of a text, as hex digits.
pub fn of_text(text: &str) -> String {
    hex(&Sha256::digest(text))
}

/// The fingerprint of `table`, as hex digits.
pub(crate) fn of(table: &Table) -> String {
    let mut hasher = Hasher { sha: Sha256::new(), gathered: Vec::with_capacity(GATHERED) };
    let rows = 0..table.rows;
    for value in [table.rows.into(), table.dim as u64, table.step] {
        hasher.u64(value);
    }
    let (row_state, mean_square) = with_rule!(&table.rule, rule => (shape_of(rule).1, rule.needs_mean_square().is_some()));
    let (dim, mut floats) = (table.dim, vec![0.0; table.storage.layout.floats()]);
    for part in 0..floats.len() / dim {
        for row in rows.clone() {
            table.storage.read(row, &mut floats);
            floats[part * dim..(part + 1) * dim].iter().for_each(|&float| hasher.f32(float));
        }
    }
    if row_state {
        rows.clone().for_each(|row| hasher.f32(table.storage.row_state(row)));
    }
    rows.clone().for_each(|row| hasher.f64(table.tallies.stored(row).0));
    rows.filter_map(|row| table.tallies.stored(row).1).for_each(|step| hasher.u64(step));
    if let Some(missed) = &table.missed {
        (0..table.rows).for_each(|row| hasher.u64(missed.last(row)));
        for (first, lr) in missed.visits.rates() {
            hasher.u64(first);
            hasher.f64(lr);
        }
    }
    if mean_square {
        hasher.f64(table.mean_square.sum);
        hasher.f64(table.mean_square.count);
    }
    hasher.flush();
    hex(&hasher.sha.finalize())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").expect("a string takes any text");
        hex
    })
}
