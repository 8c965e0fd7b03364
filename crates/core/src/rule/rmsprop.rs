//! `rmsprop` (Hinton, 2012), as in PyTorch: `v += (1 - alpha) * (G^2 - v); w -= lr * G / (sqrt(v) + eps)`.

use super::{Coefficients, MOST_PLANES, Parameter, Parameters, Rule, SCOPE, Step, fade, mean_rate};
use crate::error::Result;
use crate::lanes::Number;
use crate::parameters::Range::{Above0, Fraction};
use crate::tally::Seen;

/// RMSprop, neither centred nor with momentum.
#[derive(Clone)]
pub struct Rmsprop {
    alpha: f64,
    eps: f64,
}

impl Rule for Rmsprop {
    const NAME: &'static str = "rmsprop";
    const PARAMETERS: &'static [Parameter] = &[
        Parameter::number("lr", 0.01, Above0),
        Parameter::number("alpha", 0.99, Fraction),
        Parameter::number("eps", 1e-8, Above0),
        SCOPE,
    ];
    const PLANES: usize = 1;
    const RESTS: bool = false;
    /// The learning rate.
    type Scalars = f64;

    fn build(parameters: &Parameters) -> Result<Self> {
        Ok(Self { alpha: parameters.number("alpha")?, eps: parameters.number("eps")? })
    }

    fn settles(&self) -> bool {
        true
    }

    fn fade(&self, steps: u64, _: &mut f32, v: &mut [f32]) {
        fade(self.alpha, steps, v);
    }

    fn begin(&self, step: &Step) -> f64 {
        step.lr
    }

    #[inline(always)]
    fn coefficients(&self, lr: &f64, _: &Seen, _: f32, _: &mut f32) -> Coefficients {
        [*lr as f32, (1.0 - self.alpha) as f32, self.eps as f32, 0.0]
    }

    #[inline(always)]
    fn element<N: Number>(&[lr, gain, eps, _]: &[N; 4], g: N, w: N, [v, _]: &mut [N; MOST_PLANES]) -> N {
        *v = *v + gain * (g * g - *v);
        w - lr * g / (v.sqrt() + eps)
    }

    fn rate(&self, lr: &f64, _: &Seen, _: f32, planes: &[f32]) -> f32 {
        mean_rate(planes, |v| lr / (v.sqrt() + self.eps))
    }
}
