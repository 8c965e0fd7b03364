//! Some examples of a batch side by side: what they come to, and what becomes of their rows.

use tallygrad_core::lanes::{Kernel, LANES, Vector, add_times};

use crate::loss::{Loss, LossSum};
use crate::machine::{Batch, Truth};
use crate::network::Network;

/// Examples side by side, whose rows have been read.
pub(crate) struct Block<'a> {
    pub dim: usize,
    pub fields: usize,
    pub loss: Loss,
    pub intercept: f64,
    pub network: &'a Network,
    pub batch: Batch<'a>,
    /// The first example.
    pub first: usize,
    /// Its first position.
    pub first_position: usize,
    pub count: usize,
    pub vectors: &'a mut [f32],
    pub biases: &'a mut [f32],
    /// Working space.
    pub space: &'a mut [f32],
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
pub(crate) struct Learn<'a> {
    pub block: Block<'a>,
    pub truth: Truth<'a>,
    /// Of the network's weights, to be added to.
    pub gradients: &'a mut [f32],
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
        let mut total = LossSum::new();
        for example in block.first..block.first + block.count {
            let mut raw = block.add_up::<V>(example, &mut Sums { sum, squares });
            if !network.layers.is_empty() {
                block.inputs::<V>(example, values);
                raw += f64::from(network.forward::<V>(values));
            }
            let weight = truth.weights.map_or(1.0, |weights| f64::from(weights[example]));
            let slope = block.loss.slope(raw, truth.labels[example].into(), weight, &mut total) as f32;
            if network.layers.is_empty() {
                block.become_gradients::<V>(example, slope, sum, None);
            } else {
                network.backward::<V>(slope, values, slopes, gradients);
                block.become_gradients::<V>(example, slope, sum, Some(slopes));
            }
        }
        total.total()
    }
}

/// Predicts a block.
pub(crate) struct Predict<'a> {
    pub block: Block<'a>,
    pub out: &'a mut [f32],
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
