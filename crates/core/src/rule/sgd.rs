//! `sgd`: `w -= lr * G`.

use super::parameters::Range::Above0;
use super::{Coefficients, Parameter, Parameters, Rule, Step, rate_alone};
use crate::error::Result;
use crate::tally::Seen;

/// Stochastic gradient descent with one rate for all rows.
#[derive(Clone)]
pub struct Sgd;

impl Rule for Sgd {
    const NAME: &'static str = "sgd";
    const PARAMETERS: &'static [Parameter] = &[Parameter::required("lr", Above0)];
    /// The learning rate.
    type Scalars = f64;

    fn build(_: &Parameters) -> Result<Self> {
        Ok(Self)
    }

    fn begin(&self, step: &Step) -> f64 {
        step.lr
    }

    #[inline(always)]
    fn coefficients(&self, lr: &f64, _: &Seen, _: f32, _: &mut f32) -> Coefficients {
        rate_alone(*lr)
    }
}
