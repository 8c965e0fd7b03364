//! Plain loops, one occurrence after the other, without grouping, checks, tallies that saturate or prefetch: what a competent
//! programmer writes in an afternoon, and the yardstick of the kernel.

use crate::workload::Batch;

/// A table for the plain loops.
pub struct Plain {
    dim: usize,
    weights: Vec<f32>,
    first: Vec<f32>,
    second: Vec<f32>,
    counts: Vec<u32>,
    step: i32,
}

impl Plain {
    /// All zeros, with moments if the loop is Adam's.
    pub fn new(rows: usize, dim: usize, adam: bool) -> Self {
        let moments = if adam { rows * dim } else { 0 };
        let mut plain = Self {
            dim,
            weights: vec![0.0; rows * dim],
            first: vec![0.0; moments],
            second: vec![0.0; moments],
            counts: vec![0; rows],
            step: 0,
        };
        plain.weights.fill(0.01); // Touches the pages.
        plain.first.fill(0.0);
        plain
    }

    /// `w -= lr / sqrt(count) * g` for each occurrence.
    pub fn cf_sgd(&mut self, batch: &Batch) {
        for (&id, gradient) in batch.ids.iter().zip(batch.gradients.chunks_exact(self.dim)) {
            let row = id as usize;
            self.counts[row] += 1;
            let rate = 0.1 / (self.counts[row] as f32).sqrt();
            for (w, g) in self.weights[row * self.dim..(row + 1) * self.dim].iter_mut().zip(gradient) {
                *w -= rate * g;
            }
        }
    }

    /// Adam, for each occurrence.
    pub fn adam(&mut self, batch: &Batch) {
        self.step += 1;
        let (beta1, beta2) = (0.9f32, 0.999f32);
        let rate = 1e-3 * (1.0 - beta2.powi(self.step)).sqrt() / (1.0 - beta1.powi(self.step));
        for (&id, gradient) in batch.ids.iter().zip(batch.gradients.chunks_exact(self.dim)) {
            let row = id as usize * self.dim..(id as usize + 1) * self.dim;
            let (w, m, v) = (&mut self.weights[row.clone()], &mut self.first[row.clone()], &mut self.second[row]);
            for (((w, m), v), g) in w.iter_mut().zip(m).zip(v).zip(gradient) {
                *m += (1.0 - beta1) * (g - *m);
                *v += (1.0 - beta2) * (g * g - *v);
                *w -= rate * *m / (v.sqrt() + 1e-8);
            }
        }
    }
}
