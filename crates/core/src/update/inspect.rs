//! The pass over the gradients before anything is written: is every one of them finite, and, for rules that ask, what is the mean
//! square of their elements?
//!
//! The pass goes in fixed chunks of positions, each summed by itself, so that its result does not depend on who did which chunk. What
//! it looks for costs one maximum an element; only when that maximum leaves doubt are culprits searched for.

use super::gradients::Gradients;
use crate::error::{Error, Result};
use crate::lanes::{Kernel, LANES, Portable, Vector, largest_magnitude, sum_of_squares};
use crate::memory::Zeroable;

/// Positions in a chunk. Fixed by the contract of a step.
pub const CHUNK: usize = 1024;

/// What the pass is to find out.
#[derive(Clone, Copy)]
pub(crate) struct Questions {
    /// Sum the squares of single occurrences.
    pub mean_square: bool,
    /// Leave occurrences whose square is not finite out of that sum.
    pub skip: bool,
    /// The row whose occurrences take no part.
    pub padding: Option<u32>,
}

/// What one chunk, or a whole batch, is like.
#[derive(Clone, Copy, Debug, Default)]
pub struct Findings {
    /// The largest magnitude of a scaled element, or, with `mean_square`, of an occurrence's sum of squares; NaN if there is one.
    pub(crate) largest: f32,
    /// Sum of the occurrences' sums of squares.
    pub(crate) squares: f64,
    /// How many occurrences took part in it.
    pub(crate) count: u64,
}

// SAFETY: plain numbers, for which zero is a value.
unsafe impl Zeroable for Findings {}

impl Findings {
    /// Adds the chunk that follows.
    pub(crate) fn then(self, next: Findings) -> Findings {
        Findings {
            largest: f32::from_bits(self.largest.to_bits().max(next.largest.to_bits())),
            squares: self.squares + next.squares,
            count: self.count + next.count,
        }
    }
}

/// Inspects one chunk.
pub(crate) struct Inspect<'a> {
    pub questions: Questions,
    /// The chunk's ids.
    pub ids: &'a [u32],
    /// The chunk's gradients.
    pub gradients: Gradients<'a>,
}

impl Kernel for Inspect<'_> {
    type Output = Findings;

    #[inline(always)]
    fn run<V: Vector>(self) -> Findings {
        if self.questions.mean_square { self.sum_squares::<V>() } else { self.find_largest::<V>() }
    }
}

impl<'a> Inspect<'a> {
    /// For chunk `number` of a batch.
    pub fn chunk(number: usize, ids: &'a [u32], gradients: Gradients<'a>, questions: Questions) -> Self {
        let positions = number * CHUNK..((number + 1) * CHUNK).min(ids.len());
        let values = &gradients.values[positions.start * gradients.dim..positions.end * gradients.dim];
        Self { questions, ids: &ids[positions], gradients: Gradients { values, ..gradients } }
    }

    #[inline(always)]
    fn find_largest<V: Vector>(self) -> Findings {
        // Scaling is monotonous, and 0 * infinity is NaN, so that the largest product is the product with the largest.
        let largest = (largest_magnitude::<V>(self.gradients.values) * self.gradients.scale).abs();
        Findings { largest, ..Findings::default() }
    }

    #[inline(always)]
    fn sum_squares<V: Vector>(self) -> Findings {
        let mut lanes = [0.0f64; LANES];
        let mut findings = Findings::default();
        for (position, &id) in self.ids.iter().enumerate() {
            if self.questions.padding == Some(id) {
                continue;
            }
            let square = sum_of_squares::<V>(self.gradients.at(position), self.gradients.scale);
            if self.questions.skip && !square.is_finite() {
                continue;
            }
            lanes[position % LANES] += f64::from(square);
            findings.count += 1;
            findings.largest = f32::from_bits(findings.largest.to_bits().max(square.abs().to_bits()));
        }
        let l = lanes;
        findings.squares = ((l[0] + l[4]) + (l[2] + l[6])) + ((l[1] + l[5]) + (l[3] + l[7]));
        findings
    }
}

/// Whether `largest` alone shows that neither an element, nor a sum over `occurrences` of them, nor such a sum's square overflows.
pub(crate) fn surely_finite(largest: f32, occurrences: usize, dim: usize, questions: Questions, squares: bool) -> bool {
    /// Far below the largest float32, so that roundings on the way do not matter.
    const SAFE: f64 = 1e37;
    let (largest, occurrences) = (f64::from(largest), occurrences as f64);
    if questions.mean_square {
        // |sum of n vectors|^2 <= n^2 * (largest |vector|^2)
        largest * occurrences * occurrences < SAFE
    } else {
        let sum = largest * occurrences;
        sum < SAFE && (!squares || sum * sum * (dim as f64) < SAFE)
    }
}

/// Looks for the first gradient that is not finite, or, for rules that square, whose square is not.
pub(crate) fn find_culprit(gradients: Gradients, ids: &[u32], padding: Option<u32>, squares: bool) -> Result<()> {
    for (occurrence, &id) in ids.iter().enumerate() {
        if padding == Some(id) {
            continue;
        }
        let first = occurrence * gradients.dim;
        for (element, &value) in gradients.at(occurrence).iter().enumerate() {
            let scaled = value * gradients.scale;
            let what = match () {
                () if !value.is_finite() => "it",
                () if !scaled.is_finite() => "its product with scale",
                () if squares && !(scaled * scaled).is_finite() => "its square",
                () => continue,
            };
            return Err(Error::NonFinite { argument: "gradients", position: first + element, value, what });
        }
        if squares && !sum_of_squares::<Portable>(gradients.at(occurrence), gradients.scale).is_finite() {
            return Err(Error::SquaresNotFinite { first, last: first + gradients.dim - 1 });
        }
    }
    Ok(())
}
