//! `fa-sgd`: frequency-aware SGD with known frequencies, after Li et al. (2022): `w -= min(maxLr, lr / sqrt(expected)) * G`.

use std::sync::Arc;

use super::{Coefficients, Parameter, Parameters, Rule, Step, rate_alone};
use crate::error::Result;
use crate::memory::Buffer;
use crate::parameters::Kind;
use crate::parameters::Range::Above0;
use crate::prefetch::prefetch;
use crate::tally::Seen;

/// SGD with a rate a row that follows from its expected count.
#[derive(Clone)]
pub struct FaSgd {
    max_lr: f64,
    expected: Arc<Buffer<f64>>,
}

impl Rule for FaSgd {
    const NAME: &'static str = "fa-sgd";
    const PARAMETERS: &'static [Parameter] = &[
        Parameter::required("lr", Above0),
        Parameter { name: "expectedCounts", kind: Kind::Counts },
        Parameter::optional("maxLr", Above0),
    ];
    /// The learning rate.
    type Scalars = f64;

    fn build(parameters: &Parameters) -> Result<Self> {
        let max_lr = parameters.optional("maxLr")?;
        let counts = parameters.counts("expectedCounts")?;
        if let (None, Some(row)) = (max_lr, counts.iter().position(|&count| count == 0.0)) {
            return Err(parameters.refused(&format!("expectedCounts[{row}]"), "above 0, as there is no maxLr", 0.0));
        }
        let mut expected = Buffer::zeroed(counts.len() as u128, "expected counts")?;
        expected.copy_from_slice(counts);
        Ok(Self { max_lr: max_lr.unwrap_or(f64::INFINITY), expected: Arc::new(expected) })
    }

    fn bytes(&self) -> u64 {
        self.expected.bytes()
    }

    #[inline(always)]
    unsafe fn prefetch(&self, row: u32) {
        // SAFETY: the caller's promise; there is a count for each row.
        unsafe { prefetch(self.expected.as_ptr().add(row as usize)) }
    }

    fn begin(&self, step: &Step) -> f64 {
        step.lr
    }

    #[inline(always)]
    fn coefficients(&self, lr: &f64, seen: &Seen, _: f32, _: &mut f32) -> Coefficients {
        let expected = self.expected[seen.row as usize];
        rate_alone(match () {
            () if expected > 0.0 => (lr / expected.sqrt()).min(self.max_lr),
            () if *lr > 0.0 => self.max_lr,
            () => 0.0, // A rate of 0 stops every row.
        })
    }
}
