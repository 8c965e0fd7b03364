//! WebAssembly doors to vocabularies, like those to tables. On the stage are the ends of a batch's keys, their rows, and their bytes.

use tallygrad_core::checkpoint::Part;
use tallygrad_core::vocabulary::{KeyBatch, RestoringVocabulary, Vocabulary, VocabularyOptions, VocabularyProgress};
use wasm_bindgen::prelude::*;

use crate::{Result, Stage, thrown};

/// A vocabulary in WebAssembly memory.
#[wasm_bindgen]
pub struct WasmVocabulary(Vocabulary);

impl Stage {
    /// The ends of `count` keys, room for as many rows, and `length` bytes.
    fn keys(&mut self, count: usize, length: usize) -> (&mut [u32], &mut [u32], &[u8]) {
        let bytes = self.bytes(8 * count + length);
        let (numbers, bytes) = bytes.split_at_mut(8 * count);
        // SAFETY: the stage is aligned to 8 bytes, and any bits are a u32.
        let numbers = unsafe { std::slice::from_raw_parts_mut(numbers.as_mut_ptr().cast::<u32>(), 2 * count) };
        let (ends, rows) = numbers.split_at_mut(count);
        (ends, rows, bytes)
    }
}

/// A new vocabulary's options, as `crates/node` documents them.
#[allow(clippy::too_many_arguments, reason = "doors take numbers and words")]
fn options_of(
    capacity: u32,
    admission: &str,
    least: u32,
    size: u32,
    probability: f64,
    eviction: &str,
    amount: f64,
    seed: f64,
) -> VocabularyOptions {
    VocabularyOptions::named(capacity, admission, least, size, probability, eviction, amount, seed as u64)
}

#[wasm_bindgen]
impl WasmVocabulary {
    /// An empty one.
    #[wasm_bindgen(constructor)]
    #[allow(clippy::too_many_arguments, reason = "doors take numbers and words")]
    pub fn new(
        capacity: u32,
        admission: &str,
        least: u32,
        size: u32,
        probability: f64,
        eviction: &str,
        amount: f64,
        seed: f64,
    ) -> Result<Self> {
        let options = options_of(capacity, admission, least, size, probability, eviction, amount, seed);
        Vocabulary::new(options).map(Self).map_err(thrown)
    }

    /// Rows of `count` staged keys of `length` bytes, new ones among them, to the stage. Gives how many rows had other keys before; these rows are then
    /// where the ends of keys were.
    pub fn rows(&mut self, stage: &mut Stage, count: usize, length: usize) -> Result<usize> {
        let (ends, out, bytes) = stage.keys(count, length);
        self.0.rows(KeyBatch { bytes, ends }, out).map_err(thrown)?;
        let reused = self.0.reused();
        ends[..reused.len()].copy_from_slice(reused);
        Ok(reused.len())
    }

    /// Rows of those staged keys that have one.
    pub fn lookup(&self, stage: &mut Stage, count: usize, length: usize) -> Result<()> {
        let (ends, out, bytes) = stage.keys(count, length);
        self.0.lookup(KeyBatch { bytes, ends }, out).map_err(thrown)
    }

    /// The bytes of a row's key.
    pub fn key(&self, row: u32) -> Option<Vec<u8>> {
        self.0.key(row).map(<[u8]>::to_vec)
    }

    /// Keys that have a row.
    #[wasm_bindgen(getter)]
    pub fn size(&self) -> f64 {
        self.0.len() as f64
    }

    /// Batches so far.
    #[wasm_bindgen(getter)]
    pub fn step(&self) -> f64 {
        self.0.step() as f64
    }

    /// Bytes held.
    #[wasm_bindgen(getter)]
    pub fn memory(&self) -> f64 {
        self.0.bytes() as f64
    }

    /// Makes room for more rows.
    pub fn grow(&mut self, capacity: u32) -> Result<()> {
        self.0.grow(capacity).map_err(thrown)
    }

    /// SHA-256 in hex.
    pub fn fingerprint(&self) -> String {
        self.0.fingerprint()
    }

    /// The arrays that are saved, as JSON.
    pub fn parts(&self) -> String {
        Part::all_to_json(&self.0.parts())
    }

    /// The numbers that are saved.
    pub fn progress(&self) -> Vec<f64> {
        self.0.progress().numbers().to_vec()
    }

    /// Items of an array that is saved, from the first one on: so many bytes of them to the stage.
    #[wasm_bindgen(js_name = readPart)]
    pub fn read_part(&self, stage: &mut Stage, part: usize, first: f64, bytes: usize) {
        self.0.read_part(part, first as u64, stage.bytes(bytes));
    }

    /// An independent copy.
    pub fn copy(&self) -> Result<WasmVocabulary> {
        self.0.try_clone().map(Self).map_err(thrown)
    }
}

/// A vocabulary whose arrays are on their way.
#[wasm_bindgen]
pub struct WasmRestoringVocabulary(RestoringVocabulary);

#[wasm_bindgen]
impl WasmRestoringVocabulary {
    /// A vocabulary with these options and what [`WasmVocabulary::progress`] gave.
    #[wasm_bindgen(constructor)]
    #[allow(clippy::too_many_arguments, reason = "doors take numbers and words")]
    pub fn new(
        capacity: u32,
        admission: &str,
        least: u32,
        size: u32,
        probability: f64,
        eviction: &str,
        amount: f64,
        seed: f64,
        progress: &[f64],
    ) -> Result<Self> {
        let options = options_of(capacity, admission, least, size, probability, eviction, amount, seed);
        let numbers = progress.try_into().expect("the facade passes seven numbers");
        RestoringVocabulary::new(options, VocabularyProgress::from_numbers(numbers)).map(Self).map_err(thrown)
    }

    /// The arrays that must come, as JSON.
    pub fn parts(&self) -> String {
        Part::all_to_json(&self.0.parts())
    }

    /// Takes on the staged bytes, whole items of the array that is next.
    pub fn write(&mut self, stage: &mut Stage, bytes: usize) -> Result<()> {
        self.0.write(stage.bytes(bytes)).map_err(thrown)
    }

    /// The vocabulary, once all of it is there.
    pub fn finish(self) -> Result<WasmVocabulary> {
        self.0.finish().map(WasmVocabulary).map_err(thrown)
    }
}
