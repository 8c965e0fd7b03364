//! WebAssembly doors to skip-gram: a step is several calls, as with machines.

use tallygrad_models::skip_gram::{Outcome, Settings, SkipGram};
use wasm_bindgen::prelude::*;

use crate::{Result, Stage, WasmTable, thrown};

/// A model's arithmetic and working space.
#[wasm_bindgen]
pub struct WasmSkipGram(SkipGram);

#[wasm_bindgen]
impl WasmSkipGram {
    /// A model over so many words, whose occurrences are staged as doubles.
    #[wasm_bindgen(constructor)]
    #[allow(clippy::too_many_arguments, reason = "doors take numbers")]
    pub fn new(
        stage: &mut Stage,
        words: usize,
        dim: usize,
        window: usize,
        negatives: usize,
        subsample: f64,
        power: f64,
        seed: f64,
    ) -> Result<Self> {
        let (counts, _) = stage.doubles(words, 0);
        let settings = Settings { dim, window, negatives, subsample, power, counts, seed: seed as u64 };
        SkipGram::new(&settings).map(Self).map_err(thrown)
    }

    /// Computes the gradients of `count` staged words in sentences whose `starts` are staged behind them; gives the summed loss of some of the pairs,
    /// and how many those are.
    pub fn compute(
        &mut self,
        inputs: &WasmTable,
        outputs: &WasmTable,
        stage: &mut Stage,
        count: usize,
        starts: usize,
        place: f64,
    ) -> Result<Vec<f64>> {
        let (words, starts) = stage.parts(count + starts, 0).0.split_at(count);
        let outcome = self.0.compute(&inputs.table, &outputs.table, words, starts, place as u64);
        let Outcome { loss, pairs } = outcome.map_err(thrown)?;
        Ok(vec![loss, pairs])
    }

    /// Prepares a table's step.
    pub fn prepare(&self, second: bool, table: &mut WasmTable) -> Result<()> {
        table.ready = Some(self.0.prepare(second, &mut table.table).map_err(thrown)?);
        Ok(())
    }

    /// Takes the step that was prepared.
    pub fn finish(&self, second: bool, table: &mut WasmTable) -> Result<()> {
        let ready = table.ready.take().expect("a step that is finished was prepared");
        self.0.finish(second, &mut table.table, ready).map(|_| ()).map_err(thrown)
    }
}
