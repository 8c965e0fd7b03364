//! WebAssembly doors to the factorization machine and DeepFM. A door takes one table or two, so a step is several calls: layers are read, gradients
//! computed, and then all tables prepared before any of them is finished.

use tallygrad_models::loss::Loss;
use tallygrad_models::machine::{Batch, Machine, Shape, Truth};
use wasm_bindgen::prelude::*;

use crate::{Result, Stage, WasmTable, thrown};

/// A model's arithmetic and working space.
#[wasm_bindgen]
pub struct WasmMachine(Machine);

/// How many elements of each array of a batch are staged, one array behind the other in this order.
#[wasm_bindgen]
#[derive(Clone, Copy)]
#[allow(missing_docs, reason = "the fields of a batch, as crates/models documents")]
pub struct BatchLengths {
    pub ids: usize,
    pub offsets: usize,
    pub factors: usize,
    pub labels: usize,
    pub weights: usize,
    pub out: usize,
}

#[wasm_bindgen]
impl BatchLengths {
    /// Lengths; 0 for what there is not.
    #[wasm_bindgen(constructor)]
    pub fn new(ids: usize, offsets: usize, factors: usize, labels: usize, weights: usize, out: usize) -> Self {
        Self { ids, offsets, factors, labels, weights, out }
    }
}

impl BatchLengths {
    /// The arrays on the stage.
    fn on(self, stage: &mut Stage) -> (Batch<'_>, Truth<'_>, &mut [f32]) {
        let Self { ids, offsets, factors, labels, weights, out } = self;
        let (integers, floats) = stage.parts(ids + offsets, factors + labels + weights + out);
        let (ids, offsets) = integers.split_at(ids);
        let (factors, floats) = floats.split_at_mut(factors);
        let (labels, floats) = floats.split_at_mut(labels);
        let (weights, out) = floats.split_at_mut(weights);
        let batch = Batch { ids, offsets: given(offsets), factors: given(factors) };
        (batch, Truth { labels, weights: given(weights) }, out)
    }
}

fn given<T>(slice: &[T]) -> Option<&[T]> {
    (!slice.is_empty()).then_some(slice)
}

#[wasm_bindgen]
impl WasmMachine {
    /// A machine over so many fields, with a network if there are hidden layers.
    #[wasm_bindgen(constructor)]
    pub fn new(fields: usize, dim: usize, logistic: bool, hidden: Vec<usize>) -> Result<Self> {
        let loss = if logistic { Loss::Logistic } else { Loss::Squared };
        Machine::new(Shape { fields, dim, loss, hidden }).map(Self).map_err(thrown)
    }

    /// Reads a layer's table.
    #[wasm_bindgen(js_name = readLayer)]
    pub fn read_layer(&mut self, layer: usize, table: &WasmTable) -> Result<()> {
        self.0.read_layer(layer, &table.table).map_err(thrown)
    }

    /// Computes the gradients of the staged batch; gives its summed loss.
    pub fn compute(
        &mut self,
        vectors: &WasmTable,
        biases: &WasmTable,
        stage: &mut Stage,
        lengths: &BatchLengths,
        intercept: f64,
    ) -> Result<f64> {
        let (batch, truth, _) = lengths.on(stage);
        self.0.compute(&vectors.table, &biases.table, batch, truth, intercept).map_err(thrown)
    }

    /// Prepares the step of a table: 0 has the vectors, from 2 on they are layers. The batch is still staged.
    pub fn prepare(&self, number: usize, table: &mut WasmTable, stage: &mut Stage, lengths: &BatchLengths) -> Result<()> {
        let (batch, ..) = lengths.on(stage);
        table.ready = Some(self.0.prepare(number, batch.ids, &mut table.table).map_err(thrown)?);
        Ok(())
    }

    /// The same for the biases, once the vectors have been prepared.
    #[wasm_bindgen(js_name = prepareBiases)]
    pub fn prepare_biases(
        &self,
        biases: &mut WasmTable,
        vectors: &WasmTable,
        stage: &mut Stage,
        lengths: &BatchLengths,
    ) -> Result<()> {
        let (batch, ..) = lengths.on(stage);
        biases.ready = Some(self.0.prepare_biases(batch.ids, &mut biases.table, &vectors.table).map_err(thrown)?);
        Ok(())
    }

    /// Takes the step that was prepared.
    pub fn finish(&self, number: usize, table: &mut WasmTable) -> Result<()> {
        let ready = table.ready.take().expect("a step that is finished was prepared");
        self.0.finish(number, &mut table.table, ready).map(|_| ()).map_err(thrown)
    }

    /// Writes predictions for the staged batch behind it.
    pub fn predict(
        &mut self,
        vectors: &WasmTable,
        biases: &WasmTable,
        stage: &mut Stage,
        lengths: &BatchLengths,
        intercept: f64,
    ) -> Result<()> {
        let (batch, _, out) = lengths.on(stage);
        self.0.predict(&vectors.table, &biases.table, batch, intercept, out).map_err(thrown)
    }
}
