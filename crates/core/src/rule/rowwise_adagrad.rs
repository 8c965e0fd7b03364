//! `rowwise-adagrad` (Mudigere et al., 2022; FBGEMM): Adagrad with one accumulator a row: `s += mean(G^2); w -= lr * G / (sqrt(s) + eps)`.

use super::{Coefficients, Parameter, Parameters, Rule, SCOPE, Step, rate_alone};
use crate::error::Result;
use crate::parameters::Range::{Above0, AtLeast0};
use crate::tally::Seen;

/// Adagrad with an accumulator a row.
#[derive(Clone)]
pub struct RowwiseAdagrad {
    accumulator: f32,
    eps: f64,
}

impl Rule for RowwiseAdagrad {
    const NAME: &'static str = "rowwise-adagrad";
    const PARAMETERS: &'static [Parameter] = &[
        Parameter::number("lr", 0.01, Above0),
        Parameter::number("accumulator", 0.0, AtLeast0),
        Parameter::number("eps", 1e-8, AtLeast0),
        SCOPE,
    ];
    const ROW_STATE: bool = true;
    const READS_SQUARES: bool = true;
    type Scalars = Step;

    fn build(parameters: &Parameters) -> Result<Self> {
        Ok(Self { accumulator: parameters.number("accumulator")? as f32, eps: parameters.number("eps")? })
    }

    fn first_state(&self) -> f32 {
        self.accumulator
    }

    fn begin(&self, step: &Step) -> Step {
        *step
    }

    #[inline(always)]
    fn coefficients(&self, step: &Step, _: &Seen, squares: f32, state: &mut f32) -> Coefficients {
        *state = (f64::from(*state) + f64::from(squares) / step.dim) as f32;
        let root = f64::from(*state).sqrt() + self.eps;
        rate_alone(if root == 0.0 { 0.0 } else { step.lr / root })
    }
}
