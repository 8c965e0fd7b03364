//! Plain loops, one occurrence after the other, without grouping, checks, tallies that saturate or prefetch: what a competent
//! programmer writes in an afternoon, and the yardstick of the kernel. The `cf-sgd` loop gives the kernel's answer up to roundings.

use crate::workload::{Batch, zeros};

/// The learning rate of every contestant.
pub const LR: f32 = 0.01;

/// A table for the plain loops.
pub struct Plain {
    dim: usize,
    weights: Vec<f32>,
    first: Vec<f32>,
    second: Vec<f32>,
    counts: Vec<u32>,
    step: i32,
}

/// A loop that runs with AVX2 where the machine has it, as the kernel does.
macro_rules! widest {
    ($(#[$documentation:meta])* $name:ident, $here:ident) => {
        $(#[$documentation])*
        pub fn $name(&mut self, batch: &Batch) {
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx2")]
                fn avx2(plain: &mut Plain, batch: &Batch) {
                    plain.$here(batch);
                }
                if std::is_x86_feature_detected!("avx2") {
                    // SAFETY: the machine has AVX2.
                    return unsafe { avx2(self, batch) };
                }
            }
            self.$here(batch);
        }
    };
}

impl Plain {
    /// All weights 0, with moments if the loop is Adam's.
    pub fn new(rows: usize, dim: usize, adam: bool) -> Self {
        let moments = if adam { rows * dim } else { 0 };
        Self { dim, weights: zeros(rows * dim), first: zeros(moments), second: zeros(moments), counts: vec![0; rows], step: 0 }
    }

    widest!(
        /// The step of `cf-sgd`: counts the batch, then `w -= lr / sqrt(count) * g` for each occurrence.
        cf_sgd,
        cf_sgd_here
    );

    #[inline(always)]
    fn cf_sgd_here(&mut self, batch: &Batch) {
        for &id in &batch.ids {
            self.counts[id as usize] += 1;
        }
        for (&id, gradient) in batch.ids.iter().zip(batch.gradients.chunks_exact(self.dim)) {
            let row = id as usize;
            let rate = LR / (self.counts[row] as f32).sqrt();
            for (w, g) in self.weights[row * self.dim..(row + 1) * self.dim].iter_mut().zip(gradient) {
                *w -= rate * g;
            }
        }
    }

    widest!(
        /// The step of `sgd`, an occurrence at a time.
        sgd,
        sgd_here
    );

    #[inline(always)]
    fn sgd_here(&mut self, batch: &Batch) {
        for (&id, gradient) in batch.ids.iter().zip(batch.gradients.chunks_exact(self.dim)) {
            let row = id as usize;
            for (w, g) in self.weights[row * self.dim..(row + 1) * self.dim].iter_mut().zip(gradient) {
                *w -= LR * g;
            }
        }
    }

    /// A row's weights.
    pub fn weights(&self, row: usize) -> &[f32] {
        &self.weights[row * self.dim..(row + 1) * self.dim]
    }

    widest!(
        /// Adam for each occurrence, as a kernel that does not sum would do it: the same traffic, another answer.
        adam,
        adam_here
    );

    #[inline(always)]
    fn adam_here(&mut self, batch: &Batch) {
        self.step += 1;
        let (beta1, beta2) = (0.9f32, 0.999f32);
        let rate = LR * (1.0 - beta2.powi(self.step)).sqrt() / (1.0 - beta1.powi(self.step));
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
