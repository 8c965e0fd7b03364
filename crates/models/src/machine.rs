//! The factorization machine, and DeepFM, which is one with a network beside it.
//!
//! A step reads the rows of a batch into what becomes their gradients, and turns them into that in place: an example's rows are read once, and are in
//! the cache when its prediction is known.

use std::sync::Mutex;

use tallygrad_core::error::{Error, Result};
use tallygrad_core::float_mode::standard;
use tallygrad_core::lanes::{Simd, dispatch};
use tallygrad_core::memory::Buffer;
use tallygrad_core::pool;
use tallygrad_core::shared::SharedSlice;
use tallygrad_core::table::{Ids, Ready, Table};

use crate::block::{Block, Learn, Predict};
use crate::loss::Loss;
use crate::network::{Layer, Network};
use crate::spans::Spans;

const PURPOSE: &str = "a model's batch";
/// Elements of a batch from which its spans are shared among threads.
const WORTH_SHARING: usize = 1 << 14;

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
        let [vectors, biases, layers @ ..] = tables else { return Err(Error::Poisoned) };
        let mut ready = vec![self.prepare(0, ids, vectors)?, self.prepare_biases(ids, biases, vectors)?];
        for (number, layer) in layers.iter_mut().enumerate() {
            ready.push(self.prepare(number + 2, ids, layer)?);
        }
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

    /// The same for the biases, once the vectors have been prepared: both have the same rows in a batch.
    pub fn prepare_biases(&self, ids: &[u32], biases: &mut Table, vectors: &Table) -> Result<Ready> {
        let ((gradients, scale), ids) = (self.gradients(1), Ids::from(ids));
        biases.prepare_after(vectors, ids, gradients, scale, threads_for(biases, ids))
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
    if ids.bits.len() * (table.dim() + 16) < 1 << 15 { 1 } else { table.threads() }
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
    pub(crate) fn positions(self, example: usize, fields: usize) -> usize {
        self.offsets.map_or(example * fields, |offsets| offsets[example * fields] as usize)
    }

    /// Where the values of a cell, that is, a field of an example, begin and end.
    #[inline(always)]
    pub(crate) fn cell(self, cell: usize) -> (usize, usize) {
        match self.offsets {
            None => (cell, cell + 1),
            Some(offsets) => (offsets[cell] as usize, offsets[cell + 1] as usize),
        }
    }

    #[inline(always)]
    pub(crate) fn factor(self, position: usize) -> f32 {
        self.factors.map_or(1.0, |factors| factors[position])
    }
}
