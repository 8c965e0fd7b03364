//! WebAssembly doors to the kernel: convert, call, convert. The same doors as `crates/node` has, for the same facade (`src/wasm.ts`), but
//! for one thing: a kernel in WebAssembly sees only its own memory. So there is a stage, which the facade fills with ids and gradients and
//! reads results from. Gradients come to it in parts, and each is inspected while it is still in a cache.

use tallygrad_core::bags::{Bags, Mode};
use tallygrad_core::checkpoint::{self, Part, Progress, Restoring};
use tallygrad_core::error::Error as Refusal;
use tallygrad_core::init::Init;
use tallygrad_core::memory::make_room;
use tallygrad_core::options::Options;
use tallygrad_core::table::{CHUNK, Findings, Ids, Ready, Table};
use wasm_bindgen::prelude::*;

mod machine;
mod skip_gram;
mod vocabulary;

/// Refusals reach JavaScript as the text `CODE message`, which the facade turns into an error.
type Result<T> = std::result::Result<T, JsValue>;

fn thrown(refusal: Refusal) -> JsValue {
    JsValue::from_str(&format!("{} {refusal}", refusal.code()))
}

/// A new table's options, defaults filled in by the facade.
#[wasm_bindgen(getter_with_clone)]
#[derive(Default)]
#[allow(missing_docs, reason = "the same fields, with the same meaning, as crates/node documents")]
pub struct TableOptions {
    pub rows: u32,
    pub dim: u32,
    pub rule: String,
    pub parameters: Vec<f64>,
    pub settings: Vec<f64>,
    pub init: String,
    pub scale: f64,
    pub seed: f64,
    pub padding: Option<u32>,
}

#[wasm_bindgen]
impl TableOptions {
    /// Options to be filled in.
    #[wasm_bindgen(constructor)]
    pub fn new() -> Self {
        Self::default()
    }
}

impl TableOptions {
    /// The kernel's options.
    fn with<'a>(&'a self, counts: Option<&'a [f64]>, values: Option<&'a [f32]>) -> tallygrad_core::error::Result<Options<'a>> {
        let given = Options {
            rows: self.rows,
            dim: self.dim as usize,
            rule: &self.rule,
            parameters: &self.parameters,
            counts,
            init: Init::named(&self.init, self.scale, values)?,
            seed: self.seed as u64,
            padding: self.padding,
            threads: 1,
            ..Options::default()
        };
        given.with_settings(&self.settings)
    }
}

/// What options there are, as JSON.
#[wasm_bindgen]
pub fn catalogue() -> String {
    Options::catalogue_json()
}

/// SHA-256 of a text, in hex.
#[wasm_bindgen]
pub fn digest(text: &str) -> String {
    tallygrad_core::fingerprint::of_text(text)
}

/// Gradients are staged in parts of a multiple of so many occurrences.
#[wasm_bindgen]
pub fn chunk() -> usize {
    CHUNK
}

/// Arrays on their way between JavaScript and a table: ids first, then floats, or doubles alone. One for all tables, as calls do not overlap.
#[wasm_bindgen]
pub struct Stage {
    /// 8-byte words, so that doubles lie right.
    words: Vec<u64>,
}

#[wasm_bindgen]
impl Stage {
    /// An empty stage.
    #[wasm_bindgen(constructor)]
    #[allow(clippy::new_without_default, reason = "made by JavaScript only")]
    pub fn new() -> Self {
        Self { words: Vec::new() }
    }

    /// Makes room for `bytes` bytes and says where they begin.
    pub fn reserve(&mut self, bytes: usize) -> Result<usize> {
        let words = bytes.div_ceil(8);
        if words > self.words.len() {
            self.words.clear();
            make_room("the arrays of a call", bytes, || self.words.try_reserve_exact(words)).map_err(thrown)?;
            self.words.resize(words, 0);
        }
        Ok(self.words.as_mut_ptr() as usize)
    }

    /// Gives the memory back if it is more than `bytes` bytes.
    pub fn shrink(&mut self, bytes: usize) {
        if self.words.len() > bytes / 8 {
            self.words = Vec::new();
        }
    }

    /// `count` ids, and `floats` floats behind them.
    fn parts(&mut self, count: usize, floats: usize) -> (&mut [u32], &mut [f32]) {
        self.parts_at(0, count, floats)
    }

    /// The same, behind `first` ids or floats.
    fn parts_at(&mut self, first: usize, count: usize, floats: usize) -> (&mut [u32], &mut [f32]) {
        assert!((first as u64 + count as u64 + floats as u64) * 4 <= self.words.len() as u64 * 8);
        // SAFETY: so far into the stage.
        let start = unsafe { self.words.as_mut_ptr().cast::<u32>().add(first) };
        // SAFETY: both parts lie in the stage, one behind the other; any bits are a u32 and an f32.
        unsafe { (std::slice::from_raw_parts_mut(start, count), std::slice::from_raw_parts_mut(start.add(count).cast(), floats)) }
    }

    /// `count` bytes.
    fn bytes(&mut self, count: usize) -> &mut [u8] {
        assert!(count <= self.words.len() * 8);
        // SAFETY: so many bytes are in the stage, and any bits are bytes.
        unsafe { std::slice::from_raw_parts_mut(self.words.as_mut_ptr().cast(), count) }
    }

    /// `doubles` doubles, and `count` ids behind them.
    fn doubles(&mut self, doubles: usize, count: usize) -> (&mut [f64], &mut [u32]) {
        assert!(doubles as u64 * 8 + count as u64 * 4 <= self.words.len() as u64 * 8);
        let start = self.words.as_mut_ptr().cast::<f64>();
        // SAFETY: both parts lie in the stage, one behind the other; any bits are an f64 and a u32.
        unsafe {
            (std::slice::from_raw_parts_mut(start, doubles), std::slice::from_raw_parts_mut(start.add(doubles).cast(), count))
        }
    }
}

fn bags<'a>(integers: &'a [u32], count: usize, signed: bool, mode: &str, weights: &'a [f32]) -> Result<Bags<'a>> {
    let (bits, offsets) = integers.split_at(count);
    let weights = if weights.is_empty() { None } else { Some(weights) };
    Ok(Bags { ids: Ids { bits, signed }, offsets, mode: Mode::named(mode).map_err(thrown)?, weights })
}

/// A table in WebAssembly memory.
#[wasm_bindgen]
pub struct WasmTable {
    table: Table,
    /// What the parts of the staged batch are like, as far as they have been inspected.
    findings: Option<Findings>,
    /// A step that is prepared.
    ready: Option<Ready>,
}

impl From<Table> for WasmTable {
    fn from(table: Table) -> Self {
        Self { table, findings: None, ready: None }
    }
}

#[wasm_bindgen]
impl WasmTable {
    /// A new table. The stage holds a rule's numbers a row, if `counts` is not 0, or the first weights, if `values` is not 0.
    #[wasm_bindgen(constructor)]
    pub fn new(options: &TableOptions, stage: &mut Stage, counts: Option<usize>, values: Option<usize>) -> Result<Self> {
        Self::open(options, stage, counts, values).map_err(thrown)
    }

    fn open(
        options: &TableOptions,
        stage: &mut Stage,
        counts: Option<usize>,
        values: Option<usize>,
    ) -> tallygrad_core::error::Result<Self> {
        // One behind the other: doubles, then floats.
        let (numbers, rest) = stage.doubles(counts.unwrap_or(0), values.unwrap_or(0));
        // SAFETY: any bits of a u32 are an f32.
        let weights = unsafe { std::slice::from_raw_parts(rest.as_ptr().cast::<f32>(), rest.len()) };
        let given = options.with(counts.map(|_| &*numbers), values.map(|_| weights))?;
        Table::new(given).map(Self::from)
    }

    /// Makes room for more rows.
    pub fn grow(&mut self, rows: u32) -> Result<()> {
        self.table.grow(rows).map_err(thrown)
    }

    /// The arrays that are saved, as JSON.
    pub fn parts(&self) -> Result<String> {
        self.table.parts().map(|parts| Part::all_to_json(&parts)).map_err(thrown)
    }

    /// Step, learning rate, its factor, and runs of one rate: the numbers that are saved.
    pub fn progress(&self) -> Result<Vec<f64>> {
        let Progress { step, lr, factor, runs } = self.table.progress().map_err(thrown)?;
        Ok(vec![step as f64, lr, factor, runs as f64])
    }

    /// Items of an array that is saved, from the first one on: so many bytes of them to the stage.
    #[wasm_bindgen(js_name = readPart)]
    pub fn read_part(&self, stage: &mut Stage, part: usize, first: f64, bytes: usize) -> Result<()> {
        self.table.read_part(part, first as u64, stage.bytes(bytes)).map_err(thrown)
    }

    /// Whether all of `count` staged ids are rows.
    pub fn check(&self, stage: &mut Stage, count: usize, signed: bool) -> Result<()> {
        let (bits, _) = stage.parts(count, 0);
        self.table.check(Ids { bits, signed }).map_err(thrown)
    }

    /// Weights of those of `count` staged ids that are at positions `first` to `last`, to behind the ids.
    pub fn lookup(&self, stage: &mut Stage, count: usize, first: usize, last: usize) -> Result<()> {
        let (bits, out) = stage.parts(count, (last - first) * self.table.dim());
        self.table.lookup(Ids::from(&bits[first..last]), out).map_err(thrown)
    }

    /// Looks at the gradients at positions `first` to `last` of a batch of `count` staged ids, on the way to [`WasmTable::update`]. Parts come in
    /// order, and all but the last are a multiple of [`chunk`] long.
    /// What is wrong with a batch or its scale, `update` says.
    pub fn inspect(&mut self, stage: &mut Stage, count: usize, first: usize, last: usize, scale: f64) {
        let dim = self.table.dim();
        let (bits, gradients) = stage.parts(count, last * dim);
        let so_far = if first == 0 { Findings::default() } else { self.findings.take().unwrap_or_default() };
        let part = Ids::from(&bits[first..last]);
        self.findings = self.table.inspect(so_far, part, &gradients[first * dim..], scale).ok();
    }

    /// One step on `count` staged ids and the gradients behind them, all of which have been inspected.
    pub fn update(&mut self, stage: &mut Stage, count: usize, signed: bool, floats: usize, scale: f64) -> Result<f64> {
        let (bits, gradients) = stage.parts(count, floats);
        let ids = Ids { bits, signed };
        let skipped = match self.findings.take() {
            Some(findings) => self.table.update_inspected(findings, ids, gradients, scale),
            None => self.table.update(ids, gradients, scale),
        };
        skipped.map(|skipped| skipped as f64).map_err(thrown)
    }

    /// Prepares a step on the `count` ids that are staged behind `first` ids or floats, and the gradients behind them.
    pub fn prepare(&mut self, stage: &mut Stage, first: usize, count: usize, floats: usize, scale: f64) -> Result<()> {
        let (bits, gradients) = stage.parts_at(first, count, floats);
        self.ready = Some(self.table.prepare(Ids::from(&*bits), gradients, scale, 1).map_err(thrown)?);
        Ok(())
    }

    /// Takes the step that was prepared last, with the same arguments.
    pub fn finish(&mut self, stage: &mut Stage, first: usize, count: usize, floats: usize, scale: f64) -> Result<f64> {
        let (_, gradients) = stage.parts_at(first, count, floats);
        let ready = self.ready.take().expect("a step that is finished was prepared");
        self.table.finish(ready, gradients, scale).map(|skipped| skipped as f64).map_err(thrown)
    }

    /// Pooled vectors of `count` staged ids, with `offsets` offsets behind them and then as many weights as ids or none; to behind those.
    #[allow(clippy::too_many_arguments, reason = "doors take numbers")]
    pub fn pool(
        &self,
        stage: &mut Stage,
        count: usize,
        signed: bool,
        offsets: usize,
        mode: &str,
        weights: usize,
        floats: usize,
    ) -> Result<()> {
        let (integers, numbers) = stage.parts(count + offsets, weights + floats);
        let (weights, out) = numbers.split_at_mut(weights);
        self.table.pool(bags(integers, count, signed, mode, weights)?, out).map_err(thrown)
    }

    /// One step by the gradients of pooled vectors, staged like [`WasmTable::pool`] with the gradients behind them, and then room for the gradients of weights,
    /// if they are asked for.
    #[wasm_bindgen(js_name = updatePool)]
    #[allow(clippy::too_many_arguments, reason = "doors take numbers")]
    pub fn update_pool(
        &mut self,
        stage: &mut Stage,
        count: usize,
        signed: bool,
        offsets: usize,
        mode: &str,
        weights: usize,
        floats: usize,
        scale: f64,
        out: usize,
    ) -> Result<f64> {
        let (integers, numbers) = stage.parts(count + offsets, weights + floats + out);
        let (weights, rest) = numbers.split_at_mut(weights);
        let (gradients, out) = rest.split_at_mut(floats);
        let out = if out.is_empty() { None } else { Some(out) };
        let skipped = self.table.update_pool(bags(integers, count, signed, mode, weights)?, gradients, scale, out);
        skipped.map(|skipped| skipped as f64).map_err(thrown)
    }

    /// The hottest rows, or the coldest, to the stage; gives how many were written.
    pub fn ranking(&self, stage: &mut Stage, count: usize, coldest: bool) -> Result<usize> {
        self.table.ranking(coldest, stage.parts(count, 0).0).map_err(thrown)
    }

    /// How many rows there are of each heat, to the stage.
    #[wasm_bindgen(js_name = tallyHistogram)]
    pub fn tally_histogram(&self, stage: &mut Stage, count: usize) -> Result<()> {
        self.table.tally_histogram(stage.parts(count, 0).0).map_err(thrown)
    }

    /// Writes the weights behind `count` staged ids.
    #[wasm_bindgen(js_name = setRows)]
    pub fn set_rows(&mut self, stage: &mut Stage, count: usize, signed: bool, floats: usize) -> Result<()> {
        let (bits, values) = stage.parts(count, floats);
        self.table.set_rows(Ids { bits, signed }, values).map_err(thrown)
    }

    /// Makes `count` staged rows new.
    #[wasm_bindgen(js_name = resetRows)]
    pub fn reset_rows(&mut self, stage: &mut Stage, count: usize, signed: bool) -> Result<()> {
        let (bits, _) = stage.parts(count, 0);
        self.table.reset_rows(Ids { bits, signed }).map_err(thrown)
    }

    /// Tallies of the `count` ids that are staged behind `doubles` doubles, to those doubles.
    pub fn tallies(&self, stage: &mut Stage, count: usize, signed: bool, doubles: usize) -> Result<()> {
        let (out, bits) = stage.doubles(doubles, count);
        self.table.tallies(Some(Ids { bits, signed }), out).map_err(thrown)
    }

    /// Tallies of all rows, to the stage.
    #[wasm_bindgen(js_name = allTallies)]
    pub fn all_tallies(&self, stage: &mut Stage, doubles: usize) -> Result<()> {
        self.table.tallies(None, stage.doubles(doubles, 0).0).map_err(thrown)
    }

    /// Rates of `count` staged ids, to behind them.
    pub fn rates(&self, stage: &mut Stage, count: usize, signed: bool, floats: usize) -> Result<()> {
        let (bits, out) = stage.parts(count, floats);
        self.table.rates(Ids { bits, signed }, out).map_err(thrown)
    }

    /// Steps so far.
    #[wasm_bindgen(getter)]
    pub fn step(&self) -> Result<f64> {
        self.table.step().map(|step| step as f64).map_err(thrown)
    }

    /// The learning rate.
    #[wasm_bindgen(getter)]
    pub fn lr(&self) -> Result<f64> {
        self.table.lr().map_err(thrown)
    }

    /// Replaces the learning rate.
    #[wasm_bindgen(js_name = setLr)]
    pub fn set_lr(&mut self, lr: f64) -> Result<()> {
        self.table.set_lr(lr).map_err(thrown)
    }

    /// Sets what the learning rate is multiplied with.
    #[wasm_bindgen(js_name = setFactor)]
    pub fn set_factor(&mut self, factor: f64) -> Result<()> {
        self.table.set_factor(factor).map_err(thrown)
    }

    /// Catches up all rows.
    pub fn flush(&mut self) -> Result<()> {
        self.table.flush().map_err(thrown)
    }

    /// Bytes of weights, state, tallies, scratch.
    pub fn memory(&self) -> Result<Vec<f64>> {
        let memory = self.table.memory().map_err(thrown)?;
        Ok([memory.weights, memory.state, memory.tallies, memory.scratch].map(|bytes| bytes as f64).to_vec())
    }

    /// The instruction set of the inner loops.
    pub fn simd(&self) -> String {
        self.table.simd().name().to_owned()
    }

    /// SHA-256 of the table, in hex.
    pub fn fingerprint(&self) -> Result<String> {
        self.table.fingerprint().map_err(thrown)
    }

    /// An independent copy.
    pub fn copy(&self) -> Result<WasmTable> {
        self.table.try_clone().map(Self::from).map_err(thrown)
    }
}

/// The arrays of a table with these options that has run at so many rates, as JSON.
#[wasm_bindgen(js_name = partsOf)]
pub fn parts_of(options: &TableOptions, runs: usize) -> Result<String> {
    let parts = options.with(None, None).and_then(|options| checkpoint::parts_of(&options, runs));
    parts.map(|parts| Part::all_to_json(&parts)).map_err(thrown)
}

/// A table whose arrays are on their way.
#[wasm_bindgen]
pub struct WasmRestoring(Restoring);

#[wasm_bindgen]
impl WasmRestoring {
    /// A table with these options and what [`WasmTable::progress`] gave.
    #[wasm_bindgen(constructor)]
    pub fn new(options: &TableOptions, step: f64, lr: f64, factor: f64, runs: usize) -> Result<Self> {
        let progress = Progress { step: step as u64, lr, factor, runs };
        let restoring = options.with(None, None).and_then(|options| Restoring::new(&options, progress));
        restoring.map(Self).map_err(thrown)
    }

    /// Takes on the staged bytes, whole items of the array that is next.
    pub fn write(&mut self, stage: &mut Stage, bytes: usize) -> Result<()> {
        self.0.write(stage.bytes(bytes)).map_err(thrown)
    }

    /// The table, once all of it is there.
    pub fn finish(self) -> Result<WasmTable> {
        self.0.finish().map(WasmTable::from).map_err(thrown)
    }
}
