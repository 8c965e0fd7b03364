//! The network of a DeepFM: layers of units with ReLU and one linear output, forward and backward over a block of examples. A layer's units are
//! the rows of a table, the weights of their inputs first and the bias last.

use tallygrad_core::error::Result;
use tallygrad_core::lanes::{Vector, add_times, dot};
use tallygrad_core::memory::Buffer;
use tallygrad_core::table::{Ids, Table};

const PURPOSE: &str = "a network's layers";

/// One layer: the table's weights as they were last read.
pub(crate) struct Layer {
    pub inputs: usize,
    pub units: usize,
    weights: Buffer<f32>,
    ids: Vec<u32>,
}

impl Layer {
    fn new(inputs: usize, units: usize) -> Result<Self> {
        let weights = Buffer::zeroed(units as u128 * (inputs as u128 + 1), PURPOSE)?;
        Ok(Self { inputs, units, weights, ids: (0..units as u32).collect() })
    }

    fn unit(&self, unit: usize) -> (&[f32], f32) {
        let row = &self.weights[unit * (self.inputs + 1)..][..self.inputs + 1];
        (&row[..self.inputs], row[self.inputs])
    }

    /// Floats of its weights.
    pub fn size(&self) -> usize {
        self.units * (self.inputs + 1)
    }

    /// Its rows.
    pub fn ids(&self) -> Ids<'_> {
        Ids::from(&self.ids[..])
    }
}

/// All layers, the output last.
pub(crate) struct Network {
    pub layers: Vec<Layer>,
}

impl Network {
    /// Layers of these widths over so many inputs, and one output; none without hidden layers.
    pub fn new(inputs: usize, hidden: &[usize]) -> Result<Self> {
        let outputs = hidden.iter().copied().chain((!hidden.is_empty()).then_some(1));
        let inputs = std::iter::once(inputs).chain(hidden.iter().copied());
        Ok(Self { layers: inputs.zip(outputs).map(|(inputs, units)| Layer::new(inputs, units)).collect::<Result<_>>()? })
    }

    /// Reads the layers' tables.
    pub fn read(&mut self, layer: usize, table: &Table) -> Result<()> {
        let Layer { ids, weights, .. } = &mut self.layers[layer];
        table.lookup(Ids::from(&ids[..]), weights)
    }

    /// Floats of all layers' weights.
    pub fn size(&self) -> usize {
        self.layers.iter().map(Layer::size).sum()
    }

    /// Floats of working space that an example needs: what each layer gets and gives, and the derivatives by that.
    pub fn space(&self) -> usize {
        self.layers.first().map_or(0, |first| 2 * (first.inputs + self.layers.iter().map(|layer| layer.units).sum::<usize>()))
    }

    /// Passes the inputs of one example through. `values` begins with them, and gets what each layer gives behind; gives the last.
    #[inline(always)]
    pub fn forward<V: Vector>(&self, values: &mut [f32]) -> f32 {
        let (mut start, mut output) = (0, 0.0);
        for (number, layer) in self.layers.iter().enumerate() {
            let (inputs, outputs) = values[start..].split_at_mut(layer.inputs);
            let last = number + 1 == self.layers.len();
            for (unit, output) in outputs[..layer.units].iter_mut().enumerate() {
                let (weights, bias) = layer.unit(unit);
                let sum = dot::<V>(weights, inputs) + bias;
                *output = if last || sum > 0.0 { sum } else { 0.0 };
            }
            output = outputs[0];
            start += layer.inputs;
        }
        output
    }

    /// The way back: from the derivative by the output to those by the inputs, which `slopes` then begins with; adds those by the weights to
    /// `gradients`, which has all layers one behind the other. `values` are as [`Network::forward`] left them.
    #[inline(always)]
    pub fn backward<V: Vector>(&self, slope: f32, values: &[f32], slopes: &mut [f32], gradients: &mut [f32]) {
        let mut start: usize = self.layers.iter().map(|layer| layer.inputs).sum();
        let mut first_weight = self.size();
        slopes[start] = slope;
        for layer in self.layers.iter().rev() {
            first_weight -= layer.size();
            let values = &values[start - layer.inputs..start];
            let (before, after) = slopes[start - layer.inputs..].split_at_mut(layer.inputs);
            before.fill(0.0);
            for (unit, &slope) in after[..layer.units].iter().enumerate() {
                if slope != 0.0 {
                    let gradient = &mut gradients[first_weight + unit * (layer.inputs + 1)..][..layer.inputs + 1];
                    add_times::<V>(&mut gradient[..layer.inputs], slope, values);
                    gradient[layer.inputs] += slope;
                    add_times::<V>(before, slope, layer.unit(unit).0);
                }
            }
            start -= layer.inputs;
            // Where a unit gave nothing, nothing depends on it. What the network is given is not of units.
            if start > 0 {
                before.iter_mut().zip(values).filter(|(_, value)| **value <= 0.0).for_each(|(slope, _)| *slope = 0.0);
            }
        }
    }
}
