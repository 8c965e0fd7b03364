//! `sgd`: `w -= lr * G`; with momentum `b = momentum * b + G`, and the step is along b, or, after Nesterov, along `G + momentum * b`.

use super::{Coefficients, MOST_PLANES, Parameter, Parameters, Rule, SCOPE, Step, rate_alone};
use crate::error::{Error, Result};
use crate::history::Map;
use crate::lanes::Number;
use crate::parameters::Range::{Above0, Fraction};
use crate::tally::Seen;

const NAME: &str = "sgd";
const PARAMETERS: &[Parameter] =
    &[Parameter::required("lr", Above0), Parameter::number("momentum", 0.0, Fraction), Parameter::flag("nesterov"), SCOPE];

/// Stochastic gradient descent with one rate for all rows.
#[derive(Clone)]
pub struct Sgd;

impl Rule for Sgd {
    const NAME: &'static str = NAME;
    const PARAMETERS: &'static [Parameter] = PARAMETERS;
    /// The learning rate.
    type Scalars = f64;

    fn fits(parameters: &Parameters) -> Result<bool> {
        Ok(parameters.number("momentum")? == 0.0)
    }

    fn build(parameters: &Parameters) -> Result<Self> {
        if parameters.flag("nesterov") {
            let because = "Nesterov's step looks ahead along the momentum";
            return Err(Error::OptionConflict {
                one: "optimizer.nesterov: true".into(),
                other: "optimizer.momentum: 0".into(),
                because,
            });
        }
        Ok(Self)
    }

    fn visit(&self, lr: f64, l2: f64) -> Option<Map> {
        Some([[1.0 - lr * l2, 0.0], [0.0, 1.0]])
    }

    fn begin(&self, step: &Step) -> f64 {
        step.lr
    }

    #[inline(always)]
    fn coefficients(&self, lr: &f64, _: &Seen, _: f32, _: &mut f32) -> Coefficients {
        rate_alone(*lr)
    }
}

/// The same with momentum.
#[derive(Clone)]
pub struct Momentum<const NESTEROV: bool> {
    momentum: f32,
}

impl<const NESTEROV: bool> Rule for Momentum<NESTEROV> {
    const NAME: &'static str = NAME;
    const PARAMETERS: &'static [Parameter] = PARAMETERS;
    const PLANES: usize = 1;
    const RESTS: bool = false;
    /// The learning rate.
    type Scalars = f64;

    fn fits(parameters: &Parameters) -> Result<bool> {
        Ok(parameters.number("momentum")? > 0.0 && parameters.flag("nesterov") == NESTEROV)
    }

    fn build(parameters: &Parameters) -> Result<Self> {
        let momentum = parameters.number("momentum")?;
        if momentum as f32 == 1.0 {
            return Err(parameters.refused("momentum", "below 1 in float32", momentum));
        }
        Ok(Self { momentum: momentum as f32 })
    }

    fn squares(&self) -> bool {
        false
    }

    fn visit(&self, lr: f64, l2: f64) -> Option<Map> {
        let momentum = f64::from(self.momentum);
        // b = momentum * b + g with g = l2 * w, and the step is along b, or along g + momentum * b.
        let along = if NESTEROV { [(1.0 + momentum) * l2, momentum * momentum] } else { [l2, momentum] };
        Some([[1.0 - lr * along[0], -lr * along[1]], [l2, momentum]])
    }

    fn begin(&self, step: &Step) -> f64 {
        step.lr
    }

    #[inline(always)]
    fn coefficients(&self, lr: &f64, _: &Seen, _: f32, _: &mut f32) -> Coefficients {
        [*lr as f32, self.momentum, 0.0, 0.0]
    }

    #[inline(always)]
    fn element<N: Number>(&[lr, momentum, ..]: &[N; 4], g: N, w: N, [b, _]: &mut [N; MOST_PLANES]) -> N {
        *b = momentum * *b + g;
        w - lr * if NESTEROV { g + momentum * *b } else { *b }
    }

    fn rate(&self, lr: &f64, _: &Seen, _: f32, _: &[f32]) -> f32 {
        *lr as f32
    }
}
