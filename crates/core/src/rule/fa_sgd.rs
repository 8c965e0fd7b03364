//! `fa-sgd`: frequency-aware SGD with known frequencies, after Li et al. (2022): `w -= min(maxLr, lr / sqrt(expected)) * G`.

use std::sync::Arc;

use super::{Coefficients, Parameter, Parameters, Rule, Step, rate_alone};
use crate::error::Result;
use crate::memory::Buffer;
use crate::parameters::Range::Above0;
use crate::parameters::{Kind, is_count};
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
        let max_lr = parameters.optional("maxLr")?.unwrap_or(f64::INFINITY);
        let rule = Self { max_lr, expected: Arc::new(parameters.counts("expectedCounts")?) };
        if !parameters.counts_follow() {
            for (row, &count) in rule.expected.iter().enumerate() {
                if let Some(expected) = rule.refuses_count(count) {
                    return Err(parameters.refused(&format!("expectedCounts[{row}]"), expected, count));
                }
            }
        }
        Ok(rule)
    }

    fn counts(&self) -> Option<&Arc<Buffer<f64>>> {
        Some(&self.expected)
    }

    fn counts_mut(&mut self) -> Option<&mut Arc<Buffer<f64>>> {
        Some(&mut self.expected)
    }

    fn refuses_count(&self, count: f64) -> Option<&'static str> {
        match () {
            () if !is_count(count) => Some("a number of at least 0, finite in float32"),
            () if count == 0.0 && self.max_lr == f64::INFINITY => Some("above 0, as there is no maxLr"),
            () => None,
        }
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
