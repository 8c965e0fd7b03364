//! N-API doors to the kernel: convert, call, convert. The facade in `src` is the only caller; it has checked classes and
//! buffers, the kernel checks lengths, ids and values, and a refusal becomes an `Error` with the kernel's code and message.
//!
//! Slices point into JavaScript's buffers. That is sound because every call is synchronous and runs no JavaScript, the facade refuses
//! shared and resizable buffers and an `out` that overlaps what is read, and no pointer outlives its call. (Ids and gradients may
//! overlap each other: both are only read.)

use napi::bindgen_prelude::{
    ClassInstance, Env, Float32Array, Float32ArraySlice, Float64Array, Float64ArraySlice, ObjectFinalize, Uint8ArraySlice,
    Uint32Array, Uint32ArraySlice,
};
use napi_derive::napi;
use tallygrad_core::bags::{Bags, Mode};
use tallygrad_core::checkpoint::{self, Part, Progress, Restoring};
use tallygrad_core::error::Error as Refusal;
use tallygrad_core::init::Init;
use tallygrad_core::options::Options;
use tallygrad_core::table::{Ids, Table};
use tallygrad_core::together::{self, Batch, Refused};

mod machine;
mod skip_gram;
mod vocabulary;

/// An error whose JavaScript `code` is the kernel's.
type Error = napi::Error<&'static str>;
type Result<T> = std::result::Result<T, Error>;

fn thrown(refusal: Refusal) -> Error {
    Error::new(refusal.code(), refusal.to_string())
}

/// A new table's options, defaults filled in by the facade.
#[napi(object)]
pub struct TableOptions {
    /// Number of rows.
    pub rows: u32,
    /// Weights a row.
    pub dim: u32,
    /// Name of the rule.
    pub rule: String,
    /// Its parameters in the order of the catalogue, NaN for those not given.
    pub parameters: Vec<f64>,
    /// Every other option that is a number or a word, in the order of the catalogue, NaN for those not given.
    pub settings: Vec<f64>,
    /// `init.type`; `"values"` for an array.
    pub init: String,
    /// `init.scale`.
    pub scale: f64,
    /// Seed.
    pub seed: f64,
    /// `paddingId`.
    pub padding: Option<u32>,
    /// The most threads a step uses.
    pub threads: u32,
}

/// What options there are, as JSON.
#[napi]
pub fn catalogue() -> String {
    Options::catalogue_json()
}

/// SHA-256 of a text, in hex.
#[napi]
pub fn digest(text: String) -> String {
    tallygrad_core::fingerprint::of_text(&text)
}

/// The number of threads worth using on this machine.
#[napi]
pub fn available_threads() -> u32 {
    tallygrad_core::pool::available_threads() as u32
}

/// A table in native memory.
#[napi(custom_finalize)]
pub struct NativeTable {
    /// Nothing once it is disposed.
    table: Option<Table>,
    /// Bytes that the JavaScript engine was told about.
    told: i64,
}

impl ObjectFinalize for NativeTable {
    fn finalize(mut self, env: Env) -> napi::Result<()> {
        self.table = None;
        env.adjust_external_memory(-self.told).map(|_| ())
    }
}

#[napi]
impl NativeTable {
    /// A new table. `counts` are a rule's numbers a row, `values` the first weights.
    #[napi(constructor, catch_unwind)]
    pub fn new(env: Env, options: TableOptions, counts: Option<Float64Array>, values: Option<Float32Array>) -> Result<Self> {
        let table = options_of(&options, counts.as_deref(), values.as_deref()).and_then(Table::new);
        Self::holding(env, table.map_err(thrown)?)
    }

    fn holding(env: Env, table: Table) -> Result<Self> {
        let mut native = Self { table: Some(table), told: 0 };
        native.tell(env);
        Ok(native)
    }

    /// Tells the JavaScript engine how much memory the table holds, so that it knows what collecting it would give back.
    fn tell(&mut self, env: Env) {
        let held = match self.table.as_ref().map(Table::memory) {
            None => 0,
            Some(Ok(memory)) => (memory.weights + memory.state + memory.tallies + memory.scratch) as i64,
            Some(Err(_)) => self.told, // A poisoned table tells nothing, but holds what it held.
        };
        // A failure means that the environment is going away, and with it the reason to tell.
        if held != self.told && env.adjust_external_memory(held - self.told).is_ok() {
            self.told = held;
        }
    }

    fn open(&self) -> Result<&Table> {
        self.table.as_ref().ok_or_else(disposed)
    }

    fn open_mut(&mut self) -> Result<&mut Table> {
        self.table.as_mut().ok_or_else(disposed)
    }

    /// Weights of `ids`.
    #[napi(catch_unwind)]
    pub fn lookup(&self, ids: &[u32], signed: bool, mut out: Float32ArraySlice) -> Result<()> {
        // SAFETY: the facade hands in an array that nothing else uses during the call.
        let out = unsafe { out.as_mut() };
        self.open()?.lookup(Ids { bits: ids, signed }, out).map_err(thrown)
    }

    /// One step.
    #[napi(catch_unwind)]
    pub fn update(&mut self, env: Env, ids: &[u32], signed: bool, gradients: &[f32], scale: f64) -> Result<f64> {
        let skipped = self.open_mut()?.update(Ids { bits: ids, signed }, gradients, scale).map_err(thrown)?;
        self.tell(env);
        Ok(skipped as f64)
    }

    /// Writes weights.
    #[napi(catch_unwind)]
    pub fn set_rows(&mut self, ids: &[u32], signed: bool, values: &[f32]) -> Result<()> {
        self.open_mut()?.set_rows(Ids { bits: ids, signed }, values).map_err(thrown)
    }

    /// Makes rows new.
    #[napi(catch_unwind)]
    pub fn reset_rows(&mut self, ids: &[u32], signed: bool) -> Result<()> {
        self.open_mut()?.reset_rows(Ids { bits: ids, signed }).map_err(thrown)
    }

    /// Tallies of `ids`.
    #[napi(catch_unwind)]
    pub fn tallies(&self, ids: &[u32], signed: bool, mut out: Float64ArraySlice) -> Result<()> {
        // SAFETY: the facade hands in an array that nothing else uses during the call.
        let out = unsafe { out.as_mut() };
        self.open()?.tallies(Some(Ids { bits: ids, signed }), out).map_err(thrown)
    }

    /// Tallies of all rows.
    #[napi(catch_unwind)]
    pub fn all_tallies(&self, mut out: Float64ArraySlice) -> Result<()> {
        // SAFETY: the facade hands in an array that nothing else uses during the call.
        let out = unsafe { out.as_mut() };
        self.open()?.tallies(None, out).map_err(thrown)
    }

    /// Pooled vectors of bags.
    #[napi(catch_unwind)]
    pub fn pool(
        &self,
        ids: &[u32],
        signed: bool,
        offsets: &[u32],
        mode: String,
        weights: Option<&[f32]>,
        mut out: Float32ArraySlice,
    ) -> Result<()> {
        let bags = bags(ids, signed, offsets, &mode, weights)?;
        // SAFETY: the facade hands in an array that nothing else uses during the call.
        let out = unsafe { out.as_mut() };
        self.open()?.pool(bags, out).map_err(thrown)
    }

    /// One step by the gradients of pooled vectors; those of `weights` go to `weight_gradients`.
    #[napi(catch_unwind)]
    #[allow(clippy::too_many_arguments, reason = "doors take no objects, which are slow to cross")]
    pub fn update_pool(
        &mut self,
        env: Env,
        ids: &[u32],
        signed: bool,
        offsets: &[u32],
        mode: String,
        weights: Option<&[f32]>,
        gradients: &[f32],
        scale: f64,
        mut weight_gradients: Option<Float32ArraySlice>,
    ) -> Result<f64> {
        let bags = bags(ids, signed, offsets, &mode, weights)?;
        // SAFETY: the facade hands in an array that nothing else uses during the call.
        let out = weight_gradients.as_mut().map(|out| unsafe { out.as_mut() });
        let skipped = self.open_mut()?.update_pool(bags, gradients, scale, out).map_err(thrown)?;
        self.tell(env);
        Ok(skipped as f64)
    }

    /// The hottest rows, or the coldest; gives how many were written.
    #[napi(catch_unwind)]
    pub fn ranking(&self, coldest: bool, mut out: Uint32ArraySlice) -> Result<u32> {
        // SAFETY: the facade hands in an array that nothing else uses during the call.
        let out = unsafe { out.as_mut() };
        self.open()?.ranking(coldest, out).map(|count| count as u32).map_err(thrown)
    }

    /// How many rows there are of each heat.
    #[napi(catch_unwind)]
    pub fn tally_histogram(&self, mut out: Uint32ArraySlice) -> Result<()> {
        // SAFETY: the facade hands in an array that nothing else uses during the call.
        let out = unsafe { out.as_mut() };
        self.open()?.tally_histogram(out).map_err(thrown)
    }

    /// Rates of `ids`.
    #[napi(catch_unwind)]
    pub fn rates(&self, ids: &[u32], signed: bool, mut out: Float32ArraySlice) -> Result<()> {
        // SAFETY: the facade hands in an array that nothing else uses during the call.
        let out = unsafe { out.as_mut() };
        self.open()?.rates(Ids { bits: ids, signed }, out).map_err(thrown)
    }

    /// Steps so far.
    #[napi(getter)]
    pub fn step(&self) -> Result<f64> {
        Ok(self.open()?.step().map_err(thrown)? as f64)
    }

    /// The learning rate.
    #[napi(getter)]
    pub fn lr(&self) -> Result<f64> {
        self.open()?.lr().map_err(thrown)
    }

    /// Replaces the learning rate.
    #[napi]
    pub fn set_lr(&mut self, lr: f64) -> Result<()> {
        self.open_mut()?.set_lr(lr).map_err(thrown)
    }

    /// Sets what the learning rate is multiplied with.
    #[napi]
    pub fn set_factor(&mut self, factor: f64) -> Result<()> {
        self.open_mut()?.set_factor(factor).map_err(thrown)
    }

    /// Catches up all rows.
    #[napi(catch_unwind)]
    pub fn flush(&mut self) -> Result<()> {
        self.open_mut()?.flush().map_err(thrown)
    }

    /// Bytes of weights, state, tallies, scratch.
    #[napi]
    pub fn memory(&self) -> Result<Vec<f64>> {
        let memory = self.open()?.memory().map_err(thrown)?;
        Ok([memory.weights, memory.state, memory.tallies, memory.scratch].map(|bytes| bytes as f64).to_vec())
    }

    /// The instruction set of the inner loops.
    #[napi]
    pub fn simd(&self) -> Result<String> {
        Ok(self.open()?.simd().name().to_owned())
    }

    /// SHA-256 of the table, in hex.
    #[napi(catch_unwind)]
    pub fn fingerprint(&self) -> Result<String> {
        self.open()?.fingerprint().map_err(thrown)
    }

    /// Makes room for more rows.
    #[napi(catch_unwind)]
    pub fn grow(&mut self, env: Env, rows: u32) -> Result<()> {
        self.open_mut()?.grow(rows).map_err(thrown)?;
        self.tell(env);
        Ok(())
    }

    /// The arrays that are saved, as JSON.
    #[napi]
    pub fn parts(&self) -> Result<String> {
        Ok(Part::all_to_json(&self.open()?.parts().map_err(thrown)?))
    }

    /// Step, learning rate, its factor, and runs of one rate: the numbers that are saved.
    #[napi]
    pub fn progress(&self) -> Result<Vec<f64>> {
        let Progress { step, lr, factor, runs } = self.open()?.progress().map_err(thrown)?;
        Ok(vec![step as f64, lr, factor, runs as f64])
    }

    /// Items of an array that is saved, from the first one on.
    #[napi(catch_unwind)]
    pub fn read_part(&self, part: u32, first: f64, mut out: Uint8ArraySlice) -> Result<()> {
        // SAFETY: the facade hands in an array that nothing else uses during the call.
        let out = unsafe { out.as_mut() };
        self.open()?.read_part(part as usize, first as u64, out).map_err(thrown)
    }

    /// An independent copy.
    #[napi(catch_unwind)]
    pub fn copy(&self, env: Env) -> Result<NativeTable> {
        Self::holding(env, self.open()?.try_clone().map_err(thrown)?)
    }

    /// Gives the memory back.
    #[napi]
    pub fn dispose(&mut self, env: Env) {
        self.table = None;
        self.tell(env);
    }
}

/// The arrays of a table with these options that has run at so many rates, as JSON.
#[napi(catch_unwind)]
pub fn parts_of(options: TableOptions, runs: f64) -> Result<String> {
    let parts = options_of(&options, None, None).and_then(|options| checkpoint::parts_of(&options, runs as usize));
    Ok(Part::all_to_json(&parts.map_err(thrown)?))
}

/// A table whose arrays are on their way.
#[napi]
pub struct NativeRestoring(Option<Restoring>);

#[napi]
impl NativeRestoring {
    /// A table with these options and what [`NativeTable::progress`] gave.
    #[napi(constructor, catch_unwind)]
    pub fn new(options: TableOptions, progress: Vec<f64>) -> Result<Self> {
        let [step, lr, factor, runs] = progress[..] else { unreachable!("the facade passes four numbers") };
        let progress = Progress { step: step as u64, lr, factor, runs: runs as usize };
        let restoring = options_of(&options, None, None).and_then(|options| Restoring::new(&options, progress));
        restoring.map(|restoring| Self(Some(restoring))).map_err(thrown)
    }

    /// Takes on whole items of the array that is next.
    #[napi(catch_unwind)]
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.0.as_mut().ok_or_else(disposed)?.write(bytes).map_err(thrown)
    }

    /// The table, once all of it is there.
    #[napi(catch_unwind)]
    pub fn finish(&mut self, env: Env) -> Result<NativeTable> {
        let table = self.0.take().ok_or_else(disposed)?.finish();
        NativeTable::holding(env, table.map_err(thrown)?)
    }

    /// Gives the memory back.
    #[napi]
    pub fn dispose(&mut self) {
        self.0 = None;
    }
}

/// One step of several tables, each in the list once. A refusal's message begins with `#` and the number of the table in question.
#[napi(catch_unwind)]
pub fn update_together(
    env: Env,
    mut tables: Vec<ClassInstance<NativeTable>>,
    ids: Vec<Uint32Array>,
    gradients: Vec<Float32Array>,
    scale: f64,
) -> Result<f64> {
    let mut batches = Vec::with_capacity(tables.len());
    for ((table, ids), gradients) in tables.iter_mut().zip(&ids).zip(&gradients) {
        batches.push(Batch { table: table.open_mut()?, ids: Ids::from(&ids[..]), gradients });
    }
    let skipped = together::update_together(&mut batches, scale)
        .map_err(|Refused { batch, error }| Error::new(error.code(), format!("#{batch} {error}")))?;
    tables.iter_mut().for_each(|table| table.tell(env));
    Ok(skipped as f64)
}

fn bags<'a>(bits: &'a [u32], signed: bool, offsets: &'a [u32], mode: &str, weights: Option<&'a [f32]>) -> Result<Bags<'a>> {
    Ok(Bags { ids: Ids { bits, signed }, offsets, mode: Mode::named(mode).map_err(thrown)?, weights })
}

fn options_of<'a>(
    options: &'a TableOptions,
    counts: Option<&'a [f64]>,
    values: Option<&'a [f32]>,
) -> tallygrad_core::error::Result<Options<'a>> {
    let given = Options {
        rows: options.rows,
        dim: options.dim as usize,
        rule: &options.rule,
        parameters: &options.parameters,
        counts,
        init: Init::named(&options.init, options.scale, values)?,
        seed: options.seed as u64,
        padding: options.padding,
        threads: options.threads as usize,
        ..Options::default()
    };
    given.with_settings(&options.settings)
}

fn disposed() -> Error {
    Error::new("ERR_DISPOSED", "the table has been disposed".to_owned())
}
