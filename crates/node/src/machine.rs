//! N-API doors to the factorization machine and DeepFM. The model's tables come with each call: vectors, biases, layers.

use napi::bindgen_prelude::{ClassInstance, Env, Float32ArraySlice};
use napi_derive::napi;
use tallygrad_core::table::Table;
use tallygrad_models::loss::Loss;
use tallygrad_models::machine::{Batch, Machine, Shape, Truth};

use crate::{NativeTable, Result, disposed, thrown};

/// A model's arithmetic and working space.
#[napi]
pub struct NativeMachine(Option<Machine>);

#[napi]
impl NativeMachine {
    /// A machine over so many fields, with a network if there are hidden layers.
    #[napi(constructor, catch_unwind)]
    pub fn new(fields: u32, dim: u32, logistic: bool, hidden: Vec<u32>) -> Result<Self> {
        let loss = if logistic { Loss::Logistic } else { Loss::Squared };
        let hidden = hidden.into_iter().map(|units| units as usize).collect();
        let machine = Machine::new(Shape { fields: fields as usize, dim: dim as usize, loss, hidden });
        machine.map(|machine| Self(Some(machine))).map_err(thrown)
    }

    /// One step; gives the summed loss of what was predicted before it.
    #[napi(catch_unwind)]
    #[allow(clippy::too_many_arguments, reason = "doors take no objects, which are slow to cross")]
    pub fn step(
        &mut self,
        env: Env,
        mut tables: Vec<ClassInstance<NativeTable>>,
        intercept: f64,
        ids: &[u32],
        offsets: Option<&[u32]>,
        factors: Option<&[f32]>,
        labels: &[f32],
        weights: Option<&[f32]>,
    ) -> Result<f64> {
        let machine = self.open()?;
        read_layers(machine, &tables)?;
        let batch = Batch { ids, offsets, factors };
        let truth = Truth { labels, weights };
        let loss = machine.compute(tables[0].open()?, tables[1].open()?, batch, truth, intercept).map_err(thrown)?;
        let mut open: Vec<&mut Table> = tables.iter_mut().map(|table| table.open_mut()).collect::<Result<_>>()?;
        machine.apply(ids, &mut open).map_err(thrown)?;
        tables.iter_mut().for_each(|table| table.tell(env));
        Ok(loss)
    }

    /// Writes predictions.
    #[napi(catch_unwind)]
    pub fn predict(
        &mut self,
        tables: Vec<ClassInstance<NativeTable>>,
        intercept: f64,
        ids: &[u32],
        offsets: Option<&[u32]>,
        factors: Option<&[f32]>,
        mut out: Float32ArraySlice,
    ) -> Result<()> {
        let machine = self.open()?;
        read_layers(machine, &tables)?;
        // SAFETY: the facade hands in an array that nothing else uses during the call.
        let out = unsafe { out.as_mut() };
        let batch = Batch { ids, offsets, factors };
        machine.predict(tables[0].open()?, tables[1].open()?, batch, intercept, out).map_err(thrown)
    }

    /// Gives the memory back.
    #[napi]
    pub fn dispose(&mut self) {
        self.0 = None;
    }

    fn open(&mut self) -> Result<&mut Machine> {
        self.0.as_mut().ok_or_else(disposed)
    }
}

fn read_layers(machine: &mut Machine, tables: &[ClassInstance<NativeTable>]) -> Result<()> {
    let layers = tables[2..].iter().enumerate();
    layers.into_iter().try_for_each(|(layer, table)| machine.read_layer(layer, table.open()?).map_err(thrown))
}
