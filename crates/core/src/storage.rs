//! Where a table's floats live: one record a row, its weights followed by its state planes, so that a row and its state share
//! pages and prefetches; and, for rules that keep one, a float a row.

use crate::error::Result;
use crate::memory::Buffer;
use crate::prefetch::{prefetch, prefetch_floats};

/// Cache lines of a record that are fetched ahead.
const MOST_LINES: usize = 16;

/// Weights and state of all rows.
pub(crate) struct Storage {
    records: Buffer<f32>,
    row_state: Buffer<f32>,
    dim: usize,
    planes: usize,
}

impl Storage {
    /// All zero: `rows` records of `dim` weights and `planes` state planes, and a float a row if `row_state`.
    pub fn new(rows: u32, dim: usize, planes: usize, row_state: bool) -> Result<Self> {
        let rows = u128::from(rows);
        Ok(Self {
            records: Buffer::zeroed(rows * (dim * (1 + planes)) as u128, "the table's weights and state")?,
            row_state: Buffer::zeroed(if row_state { rows } else { 0 }, "the table's state")?,
            dim,
            planes,
        })
    }

    pub fn try_clone(&self) -> Result<Self> {
        Ok(Self {
            records: self.records.try_clone("a copy of the table's weights and state")?,
            row_state: self.row_state.try_clone("a copy of the table's state")?,
            dim: self.dim,
            planes: self.planes,
        })
    }

    fn stride(&self) -> usize {
        self.dim * (1 + self.planes)
    }

    /// Bytes of weights.
    pub fn weight_bytes(&self) -> u64 {
        self.records.bytes() / (1 + self.planes) as u64
    }

    /// Bytes of state.
    pub fn state_bytes(&self) -> u64 {
        self.records.bytes() - self.weight_bytes() + self.row_state.bytes()
    }

    pub fn weights(&self, row: u32) -> &[f32] {
        let start = row as usize * self.stride();
        &self.records[start..start + self.dim]
    }

    /// Brings a row's weights close.
    #[inline(always)]
    pub fn prefetch_weights(&self, row: u32) {
        let weights = self.weights(row);
        // SAFETY: a slice is valid for reading.
        unsafe { prefetch_floats(weights.as_ptr(), weights.len(), MOST_LINES) }
    }

    pub fn weights_mut(&mut self, row: u32) -> &mut [f32] {
        let start = row as usize * self.stride();
        &mut self.records[start..start + self.dim]
    }

    /// The row's state planes, one after the other.
    pub fn planes(&self, row: u32) -> &[f32] {
        let start = row as usize * self.stride();
        &self.records[start + self.dim..start + self.stride()]
    }

    pub fn planes_mut(&mut self, row: u32) -> &mut [f32] {
        let (start, stride) = (row as usize * self.stride(), self.stride());
        &mut self.records[start + self.dim..start + stride]
    }

    /// The row's own float, 0 if the rule keeps none.
    pub fn row_state(&self, row: u32) -> f32 {
        self.row_state.get(row as usize).copied().unwrap_or(0.0)
    }

    /// Sets all state of a row, if it has any.
    pub fn set_state(&mut self, row: u32, value: f32) {
        self.planes_mut(row).fill(value);
        if let Some(state) = self.row_state.get_mut(row as usize) {
            *state = value;
        }
    }

    /// Access for a step whose threads own disjoint rows.
    pub fn shared(&mut self) -> SharedStorage {
        SharedStorage {
            records: self.records.as_mut_ptr(),
            row_state: self.row_state.as_mut_ptr(),
            has_row_state: !self.row_state.is_empty(),
            stride: self.stride(),
        }
    }
}

/// Storage during a step. A copy may be used by each thread of the step, as long as no two touch the same row.
#[derive(Clone, Copy)]
pub(crate) struct SharedStorage {
    records: *mut f32,
    row_state: *mut f32,
    has_row_state: bool,
    stride: usize,
}

// SAFETY: the methods' contract is that no two threads touch the same row.
unsafe impl Send for SharedStorage {}
// SAFETY: as above.
unsafe impl Sync for SharedStorage {}

impl SharedStorage {
    /// The first element of a row's record. Following it is the caller's business: the row must exist.
    #[inline(always)]
    pub fn record(&self, row: u32) -> *mut f32 {
        self.records.wrapping_add(row as usize * self.stride)
    }

    /// The row's own float, if the rule keeps one.
    #[inline(always)]
    pub fn row_state(&self, row: u32) -> *mut f32 {
        self.row_state.wrapping_add(row as usize)
    }

    /// Brings a row close; its record has `stride` floats, which the caller may know at compile time.
    ///
    /// # Safety
    /// The row exists, and the storage outlives this call.
    #[inline(always)]
    pub unsafe fn prefetch(&self, row: u32, stride: usize) {
        debug_assert_eq!(stride, self.stride);
        // SAFETY: the caller's promise.
        unsafe {
            prefetch_floats(self.records.add(row as usize * stride), stride, MOST_LINES);
            if self.has_row_state {
                prefetch(self.row_state(row));
            }
        }
    }
}
