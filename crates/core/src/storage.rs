//! Where a table's weights and state live: one record a row, its weights followed by its state planes, so that a row and its state share
//! pages and prefetches; and, for rules that keep one, a float a row.
//!
//! Records are words of four bytes. Where everything is float32 a record is what the rule works on, in place; otherwise it is read into
//! floats, and written back.

use std::ops::Range;

use crate::error::Result;
use crate::lanes::{Portable, Vector};
use crate::memory::Buffer;
use crate::narrow::{Draw, Dtype};
use crate::prefetch::{Beginning, prefetch, prefetch_words};
use crate::width::Width;

/// Cache lines of a record that are fetched ahead.
const MOST_LINES: usize = 16;

/// What a record is made of.
#[derive(Clone, Copy)]
pub(crate) struct Layout {
    pub dim: usize,
    pub planes: usize,
    pub weights: Dtype,
    pub state: Dtype,
}

impl Layout {
    /// Words of a row's weights.
    #[inline(always)]
    fn weight_words(&self) -> usize {
        self.weights.words(self.dim)
    }

    /// Words of one of its state planes.
    #[inline(always)]
    fn plane_words(&self) -> usize {
        self.state.words(self.dim)
    }

    /// Words of a record.
    #[inline(always)]
    pub fn stride(&self) -> usize {
        self.weight_words() + self.planes * self.plane_words()
    }

    /// How one of a record's planes is stored: plane 0 are its weights, state follows.
    pub fn dtype(&self, plane: usize) -> Dtype {
        if plane == 0 { self.weights } else { self.state }
    }

    /// Where in a record's bytes one of its planes is.
    fn bytes_of(&self, plane: usize) -> Range<usize> {
        let words = if plane == 0 { 0 } else { self.weight_words() + (plane - 1) * self.plane_words() };
        4 * words..4 * words + self.dim * self.dtype(plane).bytes()
    }

    /// Weights and state of a record, as floats.
    pub fn floats(&self) -> usize {
        self.dim * (1 + self.planes)
    }

    /// Whether a record is its floats.
    pub fn is_plain(&self) -> bool {
        self.weights == Dtype::F32 && (self.state == Dtype::F32 || self.planes == 0)
    }

    /// Reads a record.
    ///
    /// # Safety
    /// `record` is valid for reading a record, and `floats` has room for it.
    #[cfg_attr(target_arch = "wasm32", inline(never))] // One for all rules keeps the module small.
    #[cfg_attr(not(target_arch = "wasm32"), inline(always))]
    pub unsafe fn read<V: Vector>(&self, record: *const u32, floats: &mut [f32]) {
        let (weights, planes) = floats.split_at_mut(self.dim);
        // SAFETY: the caller's promise.
        unsafe {
            self.weights.read::<V>(record, weights);
            for (plane, floats) in planes.chunks_exact_mut(self.dim).enumerate() {
                self.state.read::<V>(record.add(self.weight_words() + plane * self.plane_words()), floats);
            }
        }
    }

    /// Writes a record.
    ///
    /// # Safety
    /// `record` is valid for writing a record that nobody else uses, and `floats` are its weights and state.
    #[cfg_attr(target_arch = "wasm32", inline(never))] // One for all rules keeps the module small.
    #[cfg_attr(not(target_arch = "wasm32"), inline(always))]
    pub unsafe fn write<V: Vector>(&self, record: *mut u32, floats: &[f32], draw: Option<Draw>) {
        let blocks = Draw::blocks(self.dim);
        let (weights, planes) = floats.split_at(self.dim);
        // SAFETY: the caller's promise.
        unsafe {
            self.weights.write::<V>(weights, record, draw);
            for (plane, floats) in planes.chunks_exact(self.dim).enumerate() {
                let draw = draw.map(|draw| Draw { block: (plane as u32 + 1) * blocks, ..draw });
                self.state.write::<V>(floats, record.add(self.weight_words() + plane * self.plane_words()), draw);
            }
        }
    }
}

/// Weights and state of all rows.
pub(crate) struct Storage {
    records: Buffer<u32>,
    row_state: Buffer<f32>,
    pub layout: Layout,
}

impl Storage {
    /// All zero: `rows` records, and a float a row if `row_state`.
    pub fn new(rows: u32, layout: Layout, row_state: bool) -> Result<Self> {
        let rows = u128::from(rows);
        Ok(Self {
            records: Buffer::zeroed(rows * layout.stride() as u128, "the table's weights and state")?,
            row_state: Buffer::zeroed(if row_state { rows } else { 0 }, "the table's state")?,
            layout,
        })
    }

    pub fn try_clone(&self) -> Result<Self> {
        Ok(Self {
            records: self.records.try_clone("a copy of the table's weights and state")?,
            row_state: self.row_state.try_clone("a copy of the table's state")?,
            layout: self.layout,
        })
    }

    /// Bytes of weights.
    pub fn weight_bytes(&self) -> u64 {
        self.records.bytes() / self.layout.stride() as u64 * self.layout.weight_words() as u64
    }

    /// Bytes of state.
    pub fn state_bytes(&self) -> u64 {
        self.records.bytes() - self.weight_bytes() + self.row_state.bytes()
    }

    fn record(&self, row: u32) -> &[u32] {
        let start = row as usize * self.layout.stride();
        &self.records[start..start + self.layout.stride()]
    }

    /// The rows' weights, which are stored as float32; `width` is theirs.
    #[inline(always)]
    pub fn weights<W: Width>(&self, width: W) -> Weights<'_, W> {
        let Layout { dim, weights, .. } = self.layout;
        assert!(weights == Dtype::F32 && width.dim() == dim);
        let stride = self.layout.stride();
        Weights { records: &self.records, stride, rows: self.records.len() / stride, width }
    }

    /// Copies a row's weights to `out`, which has room for them.
    #[inline(always)]
    pub fn read_weights<V: Vector>(&self, row: u32, out: &mut [f32]) {
        assert!(out.len() == self.layout.dim);
        // SAFETY: a record begins with its weights.
        unsafe { self.layout.weights.read::<V>(self.record(row).as_ptr(), out) }
    }

    /// Brings a row's weights close.
    #[inline(always)]
    pub fn prefetch_weights(&self, row: u32) {
        let record = self.record(row);
        // SAFETY: a slice is valid for reading.
        unsafe { prefetch_words(record.as_ptr(), self.layout.weight_words(), MOST_LINES, Beginning::AsRecords) }
    }

    /// Copies a row's weights and state to `floats`, which has room for them.
    pub fn read(&self, row: u32, floats: &mut [f32]) {
        assert!(floats.len() == self.layout.floats());
        // SAFETY: a slice is valid for reading.
        unsafe { self.layout.read::<Portable>(self.record(row).as_ptr(), floats) }
    }

    /// Replaces a row's weights and state, rounded to nearest or by a draw.
    pub fn write(&mut self, row: u32, floats: &[f32], draw: Option<Draw>) {
        assert!(floats.len() == self.layout.floats());
        let start = row as usize * self.layout.stride();
        let record = &mut self.records[start..start + self.layout.stride()];
        // SAFETY: the slice is valid for writing, and borrowed for it.
        unsafe { self.layout.write::<Portable>(record.as_mut_ptr(), floats, draw) }
    }

    /// The bytes of one of a row's planes.
    pub fn plane(&self, row: u32, plane: usize) -> &[u8] {
        let bytes = self.layout.bytes_of(plane);
        // SAFETY: words have no invalid bytes, and no alignment is less than theirs.
        let record = unsafe { self.record(row).align_to::<u8>().1 };
        &record[bytes]
    }

    /// The same, to be replaced.
    pub fn plane_mut(&mut self, row: u32, plane: usize) -> &mut [u8] {
        let (bytes, stride) = (self.layout.bytes_of(plane), self.layout.stride());
        let start = row as usize * stride;
        // SAFETY: any bytes make words, and no alignment is less than theirs.
        let record = unsafe { self.records[start..start + stride].align_to_mut::<u8>().1 };
        &mut record[bytes]
    }

    /// A copy with room for more rows, all zero.
    pub fn grown(&self, rows: u32) -> Result<Self> {
        let rows = u128::from(rows);
        let row_state = if self.row_state.is_empty() { 0 } else { rows };
        Ok(Self {
            records: self.records.grown(rows * self.layout.stride() as u128, "the larger table's weights and state")?,
            row_state: self.row_state.grown(row_state, "the larger table's state")?,
            layout: self.layout,
        })
    }

    /// The row's own float, 0 if the rule keeps none.
    pub fn row_state(&self, row: u32) -> f32 {
        self.row_state.get(row as usize).copied().unwrap_or(0.0)
    }

    /// Sets the row's own float, if the rule keeps one.
    pub fn set_row_state(&mut self, row: u32, value: f32) {
        if let Some(state) = self.row_state.get_mut(row as usize) {
            *state = value;
        }
    }

    /// Access for threads that own disjoint rows.
    pub fn shared(&mut self) -> SharedStorage {
        SharedStorage {
            records: self.records.as_mut_ptr(),
            row_state: self.row_state.as_mut_ptr(),
            has_row_state: !self.row_state.is_empty(),
            layout: self.layout,
        }
    }
}

/// Weights that can be read where they are.
#[derive(Clone, Copy)]
pub(crate) struct Weights<'a, W> {
    /// Of `stride` words for each of `rows` rows, each beginning with its weights.
    records: &'a [u32],
    stride: usize,
    rows: usize,
    width: W,
}

impl<'a, W: Width> Weights<'a, W> {
    /// A row's.
    #[inline(always)]
    pub fn get(&self, row: u32) -> &'a [f32] {
        assert!((row as usize) < self.rows);
        // SAFETY: the row's record is within the records, and begins with its weights; any bits are an f32.
        unsafe {
            let record = self.records.as_ptr().add(row as usize * self.stride);
            std::slice::from_raw_parts(record.cast(), self.width.dim())
        }
    }

    /// Brings a row's close.
    #[inline(always)]
    pub fn prefetch(&self, row: u32) {
        let weights = self.get(row);
        // SAFETY: a slice is valid for reading.
        unsafe { prefetch_words(weights.as_ptr(), weights.len(), MOST_LINES, Beginning::AsRecords) }
    }
}

/// Storage during a step. A copy may be used by each thread of the step, as long as no two touch the same row.
#[derive(Clone, Copy)]
pub(crate) struct SharedStorage {
    records: *mut u32,
    row_state: *mut f32,
    has_row_state: bool,
    pub layout: Layout,
}

// SAFETY: the methods' contract is that no two threads touch the same row.
unsafe impl Send for SharedStorage {}
// SAFETY: as above.
unsafe impl Sync for SharedStorage {}

impl SharedStorage {
    /// The first word of a row's record, which has `stride` of them. Following it is the caller's business: the row must exist.
    #[inline(always)]
    pub fn record(&self, row: u32, stride: usize) -> *mut u32 {
        debug_assert_eq!(stride, self.layout.stride());
        self.records.wrapping_add(row as usize * stride)
    }

    /// The row's own float, if the rule keeps one.
    #[inline(always)]
    pub fn row_state(&self, row: u32) -> *mut f32 {
        self.row_state.wrapping_add(row as usize)
    }

    /// Brings a row close; its record has `stride` words, which the caller may know at compile time.
    ///
    /// # Safety
    /// The row exists, and the storage outlives this call.
    #[inline(always)]
    pub unsafe fn prefetch(&self, row: u32, stride: usize) {
        // SAFETY: the caller's promise.
        unsafe {
            prefetch_words(self.record(row, stride), stride, MOST_LINES, Beginning::AsRecords);
            if self.has_row_state {
                prefetch(self.row_state(row));
            }
        }
    }
}
