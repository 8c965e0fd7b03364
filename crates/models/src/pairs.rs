//! Words and their windows: what pairs come to, and what becomes of their rows.

use tallygrad_core::lanes::{Kernel, LANES, Vector, add_times, dot};

/// One word in so many has its loss computed.
const SAMPLED: usize = 16;

/// A word of the batch that is predicted.
#[derive(Clone, Copy)]
pub(crate) struct Centre {
    pub word: u32,
    /// Words before and behind it in its window.
    pub before: u32,
    pub behind: u32,
    /// Place of the word in all that is read, and among those of the batch that were kept.
    pub place: u64,
    pub kept: u32,
    /// Where the occurrences of its window begin in `inputs`.
    pub start: u32,
}

/// Learns from a block of words: gives loss and number of the pairs that it is computed for, and leaves gradients where rows were.
pub(crate) struct Learn<'a> {
    pub dim: usize,
    pub negatives: usize,
    pub centres: &'a [Centre],
    /// Number of the first of them in the batch.
    pub first: usize,
    pub input_rows: &'a mut [f32],
    pub output_rows: &'a mut [f32],
    pub space: &'a mut [f32],
}

impl Kernel for Learn<'_> {
    type Output = (f64, f64);

    #[inline(always)]
    fn run<V: Vector>(self) -> (f64, f64) {
        let Self { dim, negatives, centres, first, input_rows, output_rows, space } = self;
        let targets = 1 + negatives;
        let (old_outputs, slopes) = space.split_at_mut(targets * dim);
        let start = centres[0].start as usize;
        let (mut loss, mut pairs) = (0.0, 0.0);
        for (number, centre) in centres.iter().enumerate() {
            let count = (centre.before + centre.behind) as usize;
            let inputs = &mut input_rows[(centre.start as usize - start) * dim..][..count * dim];
            let outputs = &mut output_rows[number * targets * dim..(number + 1) * targets * dim];
            for (input, products) in inputs.chunks_exact(dim).zip(slopes.chunks_exact_mut(targets)) {
                for (output, product) in outputs.chunks_exact(dim).zip(products) {
                    *product = dot::<V>(input, output);
                }
            }
            if (first + number).is_multiple_of(SAMPLED) {
                loss += loss_of(&slopes[..count * targets], targets);
                pairs += count as f64;
            }
            let products = &mut slopes[..(count * targets).next_multiple_of(LANES)];
            logistic::<V>(products);
            // The word itself should have been predicted.
            products[..count * targets].iter_mut().step_by(targets).for_each(|slope| *slope -= 1.0);

            old_outputs.copy_from_slice(outputs);
            outputs.fill(0.0);
            for (input, slopes) in inputs.chunks_exact_mut(dim).zip(slopes.chunks_exact(targets)) {
                for (output, &slope) in outputs.chunks_exact_mut(dim).zip(slopes) {
                    add_times::<V>(output, slope, input);
                }
                input.fill(0.0);
                for (output, &slope) in old_outputs.chunks_exact(dim).zip(slopes) {
                    add_times::<V>(input, slope, output);
                }
            }
        }
        (loss, pairs)
    }
}

/// The loss of pairs, given the products of their vectors: of each first one of `targets` as what is the case, of the others as what is not.
fn loss_of(products: &[f32], targets: usize) -> f64 {
    let softplus = |x: f64| libm::log1p(libm::exp(-x.abs())) + x.max(0.0);
    let each = products.iter().enumerate();
    each.map(|(at, &x)| softplus(if at % targets == 0 { -f64::from(x) } else { f64::from(x) })).sum()
}

/// Replaces numbers by their logistic function, to about 1e-6, by a convergent of the continued fraction of tanh(x / 2) (Lambert); beyond -10 and 10 it stays.
/// `x` is whole vectors long.
#[inline(always)]
fn logistic<V: Vector>(x: &mut [f32]) {
    assert!(x.len().is_multiple_of(LANES));
    let number = |value: f32| V::splat(value);
    for at in (0..x.len()).step_by(LANES) {
        // SAFETY: whole vectors lie in `x`.
        unsafe {
            let at = x.as_mut_ptr().add(at);
            let t = (V::load(at) * V::splat(0.5)).within(V::splat(5.0));
            let y = t * t;
            let above = (((y + number(990.0)) * y + number(135_135.0)) * y + number(4_729_725.0)) * y + number(34_459_425.0);
            let below = (((number(45.0) * y + number(13_860.0)) * y + number(945_945.0)) * y + number(16_216_200.0)) * y
                + number(34_459_425.0);
            (number(0.5) + number(0.5) * (t * above / below)).store(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use tallygrad_core::lanes::Portable;

    use super::*;

    #[test]
    fn the_logistic_function_is_close() {
        for n in -1200..=1200 {
            let x = n as f32 / 100.0;
            let mut lanes = [x; LANES];
            logistic::<Portable>(&mut lanes);
            let exact = 1.0 / (1.0 + (-f64::from(x).clamp(-10.0, 10.0)).exp());
            assert!((f64::from(lanes[0]) - exact).abs() < 1e-6, "at {x}: {}, but {exact}", lanes[0]);
        }
    }
}
