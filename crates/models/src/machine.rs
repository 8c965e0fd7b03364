//! The factorization machine, and DeepFM, which is one with a network beside it.
//!
//! A step reads the rows of a batch into what becomes their gradients, and turns them into that in place: an example's rows are read once, and are in
//! the cache when its prediction is known.

use std::sync::Mutex;

use tallygrad_core::error::{Error, Result};
use tallygrad_core::float_mode::standard;
use tallygrad_core::lanes::{Kernel, LANES, Simd, Vector, add_times, dispatch};
use tallygrad_core::memory::Buffer;
use tallygrad_core::pool;
use tallygrad_core::shared::SharedSlice;
use tallygrad_core::table::{Ids, Ready, Table};

use crate::loss::Loss;
use crate::network::{Layer, Network};
use crate::spans::Spans;

const PURPOSE: &str = "a model's batch";
/// Elements of a batch from which its spans are shared among threads.
const WORTH_SHARING: usize = 1 << 16;

/// What a machine is like.
#[derive(Clone, Debug)]
pub struct Shape {
    /// Fields of an example.
    pub fields: usize,
    /// Floats of a vector.
    pub dim: usize,
    /// What is minimised.
    pub loss: Loss,
    /// Widths of the network's hidden layers; empty without a network.
    pub hidden: Vec<usize>,
}

/// Examples: for each of them, field by field, the rows that it has.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a> {
    /// Rows, example by example.
    pub ids: &'a [u32],
    /// Where each field of each example begins in `ids`, and once more where the last ends; without it every field has one row.
    pub offsets: Option<&'a [u32]>,
    /// What each row is multiplied with; 1 without.
    pub factors: Option<&'a [f32]>,
}

/// What a batch teaches.
#[derive(Clone, Copy, Debug)]
pub struct Truth<'a> {
    /// One an example.
    pub labels: &'a [f32],
    /// What each example's loss is multiplied with; 1 without.
    pub weights: Option<&'a [f32]>,
}

/// A model's arithmetic, and the space it works in.
pub struct Machine {
    shape: Shape,
    simd: Simd,
    network: Network,
    /// Vectors of the batch, then their gradients.
    vectors: Buffer<f32>,
    /// Biases, then their gradients.
    biases: Buffer<f32>,
    /// For each span working space for an example.
    space: Buffer<f32>,
    /// For each span its part of the layers' gradients; in the first, then, their sum.
    layer_gradients: Buffer<f32>,
    /// For each span its part of the loss.
    losses: Buffer<f64>,
    /// Examples and occurrences of the batch whose gradients there are.
    examples: usize,
    occurrences: usize,
}

impl Machine {
    /// A machine of this shape.
    pub fn new(shape: Shape) -> Result<Self> {
        let empty = || Buffer::zeroed(0, PURPOSE);
        Ok(Self {
            network: Network::new(shape.fields * shape.dim, &shape.hidden)?,
            simd: Simd::detect(),
            shape,
            vectors: empty()?,
            biases: empty()?,
            space: empty()?,
            layer_gradients: empty()?,
            losses: Buffer::zeroed(0, PURPOSE)?,
            examples: 0,
            occurrences: 0,
        })
    }

    /// Makes the inner loops run on something else, for tests: the bits are the same.
    pub fn set_simd(&mut self, simd: Simd) {
        self.simd = simd;
    }

    /// Inputs and units of each layer of the network.
    pub fn layers(&self) -> impl Iterator<Item = (usize, usize)> {
        self.network.layers.iter().map(|layer| (layer.inputs, layer.units))
    }

    /// Bytes of working space.
    pub fn bytes(&self) -> u64 {
        let floats = [&self.vectors, &self.biases, &self.space, &self.layer_gradients];
        floats.iter().map(|buffer| buffer.bytes()).sum::<u64>() + self.losses.bytes()
    }

    /// Reads a layer's table, before every call of [`Machine::compute`] or [`Machine::predict`] if it has changed.
    pub fn read_layer(&mut self, layer: usize, table: &Table) -> Result<()> {
        self.network.read(layer, table)
    }

    /// Computes the gradients of a batch's summed loss; gives that. Nothing changes that anybody can see.
    pub fn compute(&mut self, vectors: &Table, biases: &Table, batch: Batch, truth: Truth, intercept: f64) -> Result<f64> {
        assert!(truth.weights.is_none_or(|weights| weights.len() == truth.labels.len()));
        let spans = self.pass(vectors, biases, batch, Some(truth), intercept, &mut [])?;
        let loss: f64 = self.losses[..spans.count].iter().sum();
        if !loss.is_finite() {
            let what = "the loss of what the model predicts for this batch";
            return Err(Error::NotFinite { name: what, value: loss });
        }
        let size = self.network.size();
        let (first, rest) = self.layer_gradients[..size * spans.count].split_at_mut(size);
        for part in rest.chunks_exact(size.max(1)) {
            first.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
        }
        (self.examples, self.occurrences) = (truth.labels.len(), batch.ids.len());
        Ok(loss)
    }

    /// Has the tables take the step that [`Machine::compute`] has found for this batch: all of them do, or none. They are the vectors, the
    /// biases and the layers. Gives the number of rows that were skipped.
    pub fn apply(&self, ids: &[u32], tables: &mut [&mut Table]) -> Result<u64> {
        assert!(tables.len() == 2 + self.network.layers.len());
        let ready = tables.iter_mut().enumerate().map(|(number, table)| self.prepare(number, ids, table));
        let ready = ready.collect::<Result<Vec<_>>>()?;
        let finished = tables.iter_mut().zip(ready).enumerate().map(|(number, (table, ready))| self.finish(number, table, ready));
        let skipped: Result<Vec<u64>> = finished.collect();
        if skipped.is_err() {
            // Some tables have taken the step, others not.
            tables.iter_mut().for_each(|table| table.poison());
        }
        skipped.map(|skipped| skipped.iter().sum())
    }

    /// The first half of a table's part in [`Machine::apply`], which refuses what is to be refused. All tables are prepared before any of
    /// them is finished.
    pub fn prepare(&self, number: usize, ids: &[u32], table: &mut Table) -> Result<Ready> {
        let (gradients, scale) = self.gradients(number);
        let ids = number.checked_sub(2).map_or(Ids::from(ids), |layer| self.network.layers[layer].ids());
        table.prepare(ids, gradients, scale, threads_for(table, ids))
    }

    /// The second half.
    pub fn finish(&self, number: usize, table: &mut Table, ready: Ready) -> Result<u64> {
        let (gradients, scale) = self.gradients(number);
        table.finish(ready, gradients, scale)
    }

    /// The gradients for a table, and what they are multiplied with: for layers those of the mean loss.
    fn gradients(&self, number: usize) -> (&[f32], f64) {
        match number {
            0 => (&self.vectors[..self.occurrences * self.shape.dim], 1.0),
            1 => (&self.biases[..self.occurrences], 1.0),
            _ => {
                let layers = &self.network.layers;
                let first: usize = layers[..number - 2].iter().map(Layer::size).sum();
                (&self.layer_gradients[first..][..layers[number - 2].size()], 1.0 / self.examples.max(1) as f64)
            }
        }
    }

    /// Writes what the model predicts, one number an example.
    pub fn predict(&mut self, vectors: &Table, biases: &Table, batch: Batch, intercept: f64, out: &mut [f32]) -> Result<()> {
        self.pass(vectors, biases, batch, None, intercept, out).map(|_| ())
    }

    /// Goes through a batch, forward, and back if there is something to learn.
    fn pass(
        &mut self,
        vectors: &Table,
        biases: &Table,
        batch: Batch,
        truth: Option<Truth>,
        intercept: f64,
        out: &mut [f32],
    ) -> Result<Spans> {
        let Shape { fields, dim, loss, .. } = self.shape;
        let examples = truth.map_or(out.len(), |truth| truth.labels.len());
        check(batch, examples, fields);
        assert!(vectors.dim() == dim && biases.dim() == 1);
        vectors.check(Ids::from(batch.ids))?;
        biases.check(Ids::from(batch.ids))?;
        let (spans, values) = (Spans::of(examples), batch.ids.len());
        let space = 2 * dim + self.network.space();
        self.vectors.reserve(values * dim, PURPOSE)?;
        self.biases.reserve(values, PURPOSE)?;
        self.space.reserve(space * spans.count, PURPOSE)?;
        self.losses.reserve(spans.count, PURPOSE)?;
        let size = self.network.size();
        self.layer_gradients.reserve(size * spans.count, PURPOSE)?;
        if truth.is_some() {
            self.layer_gradients[..size * spans.count].fill(0.0);
        }

        let all_vectors = SharedSlice::new(&mut self.vectors[..values * dim]);
        let all_biases = SharedSlice::new(&mut self.biases[..values]);
        let (all_space, losses) = (SharedSlice::new(&mut self.space), SharedSlice::new(&mut self.losses));
        let (all_gradients, out) = (SharedSlice::new(&mut self.layer_gradients), SharedSlice::new(out));
        let (simd, network) = (self.simd, &self.network);
        let failed = Mutex::new(None);
        let span = |span: usize| {
            // SAFETY: each span has examples, space, gradients and a loss of its own.
            let (loss_of_span, space, gradients) = unsafe {
                let [loss] = losses.range(span..span + 1) else { return };
                (loss, all_space.range(span * space..(span + 1) * space), all_gradients.range(span * size..(span + 1) * size))
            };
            *loss_of_span = 0.0;
            for examples in spans.blocks(span) {
                let positions = batch.positions(examples.start, fields)..batch.positions(examples.end, fields);
                // SAFETY: as above.
                let (vectors_of_block, biases_of_block) = unsafe {
                    (all_vectors.range(positions.start * dim..positions.end * dim), all_biases.range(positions.clone()))
                };
                let ids = Ids::from(&batch.ids[positions.clone()]);
                let read = vectors.lookup(ids, vectors_of_block).and_then(|()| biases.lookup(ids, biases_of_block));
                if let Err(error) = read {
                    *failed.lock().expect("nothing panics while it is held") = Some(error);
                    return;
                }
                let block = Block {
                    dim,
                    fields,
                    loss,
                    intercept,
                    network,
                    batch,
                    first: examples.start,
                    first_position: positions.start,
                    vectors: vectors_of_block,
                    biases: biases_of_block,
                    space,
                    count: examples.len(),
                };
                match truth {
                    Some(truth) => *loss_of_span += dispatch(simd, Learn { block, truth, gradients }),
                    // SAFETY: as above.
                    None => dispatch(simd, Predict { block, out: unsafe { out.range(examples) } }),
                }
            }
        };
        let threads = if values * dim * (1 + self.network.layers.len()) < WORTH_SHARING { 1 } else { vectors.threads() };
        standard(|| pool::run(threads, spans.count, &span)).map_err(|_| Error::Poisoned)?;
        match failed.into_inner().expect("nothing panics while it is held") {
            Some(error) => Err(error),
            None => Ok(spans),
        }
    }
}

/// Threads that a table's step is worth: they have just worked on the batch, and have not gone to sleep. What an occurrence costs is that of its row's
/// elements and of finding it, which is some sixteen more.
pub(crate) fn threads_for(table: &Table, ids: Ids) -> usize {
    if ids.bits.len() * (table.dim() + 16) < 1 << 18 { 1 } else { table.threads() }
}

/// Refuses what no door lets through.
fn check(batch: Batch, examples: usize, fields: usize) {
    let cells = examples * fields;
    match batch.offsets {
        None => assert!(batch.ids.len() == cells),
        Some(offsets) => {
            assert!(offsets.len() == cells + 1 && offsets[0] == 0 && offsets[cells] as usize == batch.ids.len());
            assert!(offsets.is_sorted());
        }
    }
    assert!(batch.factors.is_none_or(|factors| factors.len() == batch.ids.len()));
}

impl Batch<'_> {
    /// Where the values of an example begin.
    fn positions(self, example: usize, fields: usize) -> usize {
        self.offsets.map_or(example * fields, |offsets| offsets[example * fields] as usize)
    }

    /// Where the values of a cell, that is, a field of an example, begin and end.
    #[inline(always)]
    fn cell(self, cell: usize) -> (usize, usize) {
        match self.offsets {
            None => (cell, cell + 1),
            Some(offsets) => (offsets[cell] as usize, offsets[cell + 1] as usize),
        }
    }

    #[inline(always)]
    fn factor(self, position: usize) -> f32 {
        self.factors.map_or(1.0, |factors| factors[position])
    }
}

/// Examples side by side, whose rows have been read.
struct Block<'a> {
    dim: usize,
    fields: usize,
    loss: Loss,
    intercept: f64,
    network: &'a Network,
    batch: Batch<'a>,
    /// The first example.
    first: usize,
    /// Its first position.
    first_position: usize,
    count: usize,
    vectors: &'a mut [f32],
    biases: &'a mut [f32],
    /// Working space.
    space: &'a mut [f32],
}

/// What an example's rows come to.
struct Sums<'s> {
    /// The sum of its vectors, each times its factor.
    sum: &'s mut [f32],
    /// The sum of their elements' squares.
    squares: &'s mut [f32],
}

impl Block<'_> {
    /// Sums one example's rows, and gives its prediction but for the network.
    #[inline(always)]
    fn add_up<V: Vector>(&self, example: usize, sums: &mut Sums) -> f64 {
        sums.sum.fill(0.0);
        sums.squares.fill(0.0);
        let (start, end) = (self.batch.positions(example, self.fields), self.batch.positions(example + 1, self.fields));
        let mut linear = self.intercept;
        for position in start..end {
            let (factor, at) = (self.batch.factor(position), position - self.first_position);
            linear += f64::from(factor) * f64::from(self.biases[at]);
            add_vector::<V>(sums, factor, &self.vectors[at * self.dim..(at + 1) * self.dim]);
        }
        linear + 0.5 * f64::from(sum_of_differences::<V>(sums.sum, sums.squares))
    }

    /// Writes what the network is given for an example: for each field the sum of its vectors, each times its factor.
    #[inline(always)]
    fn inputs<V: Vector>(&self, example: usize, inputs: &mut [f32]) {
        inputs[..self.fields * self.dim].fill(0.0);
        for (field, input) in inputs.chunks_exact_mut(self.dim).take(self.fields).enumerate() {
            let (start, end) = self.batch.cell(example * self.fields + field);
            for position in start..end {
                let at = position - self.first_position;
                add_times::<V>(input, self.batch.factor(position), &self.vectors[at * self.dim..(at + 1) * self.dim]);
            }
        }
    }

    /// Turns an example's rows into their gradients, given the derivative by its prediction and those by the network's inputs.
    #[inline(always)]
    fn become_gradients<V: Vector>(&mut self, example: usize, slope: f32, sum: &[f32], by_input: Option<&[f32]>) {
        for field in 0..self.fields {
            let (start, end) = self.batch.cell(example * self.fields + field);
            let by_input = by_input.map(|slopes| &slopes[field * self.dim..(field + 1) * self.dim]);
            for position in start..end {
                let (factor, at) = (self.batch.factor(position), position - self.first_position);
                self.biases[at] = slope * factor;
                become_gradient::<V>(&mut self.vectors[at * self.dim..(at + 1) * self.dim], factor, slope, sum, by_input);
            }
        }
    }
}

/// Learns from a block: gives its loss, and leaves gradients where rows were.
struct Learn<'a> {
    block: Block<'a>,
    truth: Truth<'a>,
    /// Of the network's weights, to be added to.
    gradients: &'a mut [f32],
}

impl Kernel for Learn<'_> {
    type Output = f64;

    #[inline(always)]
    fn run<V: Vector>(self) -> f64 {
        let Self { mut block, truth, gradients } = self;
        let (dim, network) = (block.dim, block.network);
        let space = std::mem::take(&mut block.space);
        let (sums, rest) = space.split_at_mut(2 * dim);
        let (values, slopes) = rest.split_at_mut(network.space() / 2);
        let (sum, squares) = sums.split_at_mut(dim);
        let mut total = 0.0;
        for example in block.first..block.first + block.count {
            let mut raw = block.add_up::<V>(example, &mut Sums { sum, squares });
            if !network.layers.is_empty() {
                block.inputs::<V>(example, values);
                raw += f64::from(network.forward::<V>(values));
            }
            let (loss, slope) = block.loss.of(raw, truth.labels[example].into());
            let weight = truth.weights.map_or(1.0, |weights| f64::from(weights[example]));
            total += weight * loss;
            let slope = (weight * slope) as f32;
            if network.layers.is_empty() {
                block.become_gradients::<V>(example, slope, sum, None);
            } else {
                network.backward::<V>(slope, values, slopes, gradients);
                block.become_gradients::<V>(example, slope, sum, Some(slopes));
            }
        }
        total
    }
}

/// Predicts a block.
struct Predict<'a> {
    block: Block<'a>,
    out: &'a mut [f32],
}

impl Kernel for Predict<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self) {
        let Self { mut block, out } = self;
        let space = std::mem::take(&mut block.space);
        let (sums, values) = space.split_at_mut(2 * block.dim);
        let (sum, squares) = sums.split_at_mut(block.dim);
        for (out, example) in out.iter_mut().zip(block.first..) {
            let mut raw = block.add_up::<V>(example, &mut Sums { sum, squares });
            if !block.network.layers.is_empty() {
                block.inputs::<V>(example, values);
                raw += f64::from(block.network.forward::<V>(values));
            }
            *out = block.loss.prediction(raw) as f32;
        }
    }
}

/// Adds a vector times its factor to the sums.
#[inline(always)]
fn add_vector<V: Vector>(sums: &mut Sums, factor: f32, vector: &[f32]) {
    let dim = vector.len();
    assert!(sums.sum.len() == dim && sums.squares.len() == dim);
    let (whole, factor) = (dim / LANES * LANES, V::splat(factor));
    let (sum, squares) = (sums.sum.as_mut_ptr(), sums.squares.as_mut_ptr());
    // SAFETY: all three have `dim` elements: whole vectors below `whole`, 1 to 7 elements from there to the end.
    unsafe {
        for at in (0..whole).step_by(LANES) {
            let x = factor * V::load(vector.as_ptr().add(at));
            (V::load(sum.add(at)) + x).store(sum.add(at));
            (V::load(squares.add(at)) + x * x).store(squares.add(at));
        }
        if whole < dim {
            let count = dim - whole;
            let x = factor * V::load_part(vector.as_ptr().add(whole), count);
            (V::load_part(sum.add(whole), count) + x).store_part(sum.add(whole), count);
            (V::load_part(squares.add(whole), count) + x * x).store_part(squares.add(whole), count);
        }
    }
}

/// The sum over all elements of sum^2 - squares, over eight accumulators.
#[inline(always)]
fn sum_of_differences<V: Vector>(sum: &[f32], squares: &[f32]) -> f32 {
    assert!(sum.len() == squares.len());
    let (mut total, whole) = (V::splat(0.0), sum.len() / LANES * LANES);
    // SAFETY: as in `add_vector`.
    unsafe {
        for at in (0..whole).step_by(LANES) {
            let x = V::load(sum.as_ptr().add(at));
            total = total + (x * x - V::load(squares.as_ptr().add(at)));
        }
        if whole < sum.len() {
            let count = sum.len() - whole;
            let x = V::load_part(sum.as_ptr().add(whole), count);
            total = total + (x * x - V::load_part(squares.as_ptr().add(whole), count));
        }
    }
    total.sum()
}

/// Turns a vector v into factor * (slope * (sum - factor * v) + by_input).
#[inline(always)]
fn become_gradient<V: Vector>(vector: &mut [f32], factor: f32, slope: f32, sum: &[f32], by_input: Option<&[f32]>) {
    let dim = vector.len();
    assert!(sum.len() == dim && by_input.is_none_or(|slopes| slopes.len() == dim));
    let whole = dim / LANES * LANES;
    let (factor, slope) = (V::splat(factor), V::splat(slope));
    let v = vector.as_mut_ptr();
    // SAFETY: as in `add_vector`.
    unsafe {
        for at in (0..whole).step_by(LANES) {
            let mut g = slope * (V::load(sum.as_ptr().add(at)) - factor * V::load(v.add(at)));
            if let Some(slopes) = by_input {
                g = g + V::load(slopes.as_ptr().add(at));
            }
            (factor * g).store(v.add(at));
        }
        if whole < dim {
            let count = dim - whole;
            let mut g = slope * (V::load_part(sum.as_ptr().add(whole), count) - factor * V::load_part(v.add(whole), count));
            if let Some(slopes) = by_input {
                g = g + V::load_part(slopes.as_ptr().add(whole), count);
            }
            (factor * g).store_part(v.add(whole), count);
        }
    }
}
