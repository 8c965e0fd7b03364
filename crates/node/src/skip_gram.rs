//! N-API doors to skip-gram. The model's two tables come with each call.

use napi::bindgen_prelude::{ClassInstance, Env};
use napi_derive::napi;
use tallygrad_models::skip_gram::{Outcome, Settings, SkipGram};

use crate::{NativeTable, Result, disposed, thrown};

/// A model's settings, checked and with defaults filled in by the facade.
#[napi(object)]
pub struct SkipGramSettings {
    /// Floats a vector.
    pub dim: u32,
    /// Words to each side; 0 for all.
    pub window: u32,
    /// Words drawn against each word.
    pub negatives: u32,
    /// Share above which words are thinned out; 0 for none.
    pub subsample: f64,
    /// What counts are raised to for negatives.
    pub power: f64,
    /// Seed.
    pub seed: f64,
}

/// A model's arithmetic and working space.
#[napi]
pub struct NativeSkipGram(Option<SkipGram>);

#[napi]
impl NativeSkipGram {
    /// A model over words that occur so often.
    #[napi(constructor, catch_unwind)]
    pub fn new(settings: SkipGramSettings, counts: &[f64]) -> Result<Self> {
        let SkipGramSettings { dim, window, negatives, subsample, power, seed } = settings;
        let (dim, window, negatives) = (dim as usize, window as usize, negatives as usize);
        let model = SkipGram::new(&Settings { dim, window, negatives, subsample, power, counts, seed: seed as u64 });
        model.map(|model| Self(Some(model))).map_err(thrown)
    }

    /// One step; gives the summed loss of some of the pairs before it, and how many those are.
    #[napi(catch_unwind)]
    pub fn step(
        &mut self,
        env: Env,
        mut tables: Vec<ClassInstance<NativeTable>>,
        words: &[u32],
        starts: &[u32],
        place: f64,
    ) -> Result<Vec<f64>> {
        let model = self.0.as_mut().ok_or_else(disposed)?;
        let [inputs, outputs] = &mut tables[..] else { unreachable!("the facade passes two tables") };
        let outcome = model.compute(inputs.open()?, outputs.open()?, words, starts, place as u64);
        let Outcome { loss, pairs } = outcome.map_err(thrown)?;
        model.apply(inputs.open_mut()?, outputs.open_mut()?).map_err(thrown)?;
        tables.iter_mut().for_each(|table| table.tell(env));
        Ok(vec![loss, pairs])
    }

    /// Gives the memory back.
    #[napi]
    pub fn dispose(&mut self) {
        self.0 = None;
    }
}
