//! `tallygrad`, the house rule: Adagrad whose memory is a count. The past is estimated from the tally and the mean square of all
//! gradients, only the present is measured:
//!
//! ```text
//! w -= lr / sqrt(floor + R2 * (before + start) + mean(G^2)) * G
//! ```
//!
//! After "Frequency-aware SGD for Efficient Embedding Learning with Provable Benefits" (Li et al., ICLR 2022), with the cap of its
//! rate made smooth, so that no step is longer than lr in root mean square.

use super::{Coefficients, Parameter, Parameters, Rule, Step, rate_alone};
use crate::error::Result;
use crate::parameters::Range::{Above0, AtLeast0};
use crate::tally::Seen;

/// The house rule.
#[derive(Clone)]
pub struct Tallygrad {
    start: f64,
    floor: f64,
}

impl Rule for Tallygrad {
    const NAME: &'static str = "tallygrad";
    const PARAMETERS: &'static [Parameter] = &[
        Parameter::number("lr", 0.05, Above0),
        Parameter::number("start", 64.0, AtLeast0),
        Parameter::number("floor", 0.0, AtLeast0),
    ];
    const READS_SQUARES: bool = true;
    type Scalars = Step;

    fn build(parameters: &Parameters) -> Result<Self> {
        Ok(Self { start: parameters.number("start")?, floor: parameters.number("floor")? })
    }

    fn needs_mean_square(&self) -> Option<&'static str> {
        Some(Self::NAME)
    }

    fn begin(&self, step: &Step) -> Step {
        *step
    }

    #[inline(always)]
    fn coefficients(&self, step: &Step, seen: &Seen, squares: f32, _: &mut f32) -> Coefficients {
        let past = self.floor + step.mean_square * (seen.before + self.start);
        let root = (past + f64::from(squares) / step.dim).sqrt();
        rate_alone(if root == 0.0 { 0.0 } else { step.lr / root })
    }
}
