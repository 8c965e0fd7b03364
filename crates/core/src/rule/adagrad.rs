//! `adagrad` (Duchi, Hazan, Singer, 2011), element by element: `s += G^2; w -= lr * G / (sqrt(s) + eps)`.

use super::{Coefficients, MOST_PLANES, Parameter, Parameters, Rule, SCOPE, Step, mean_rate};
use crate::error::Result;
use crate::lanes::Number;
use crate::parameters::Range::{Above0, AtLeast0};
use crate::tally::Seen;

/// Adagrad with an accumulator an element.
#[derive(Clone)]
pub struct Adagrad {
    accumulator: f32,
    eps: f64,
}

impl Rule for Adagrad {
    const NAME: &'static str = "adagrad";
    const PARAMETERS: &'static [Parameter] = &[
        Parameter::number("lr", 0.01, Above0),
        Parameter::number("accumulator", 0.0, AtLeast0),
        Parameter::number("eps", 1e-10, AtLeast0),
        SCOPE,
    ];
    const PLANES: usize = 1;
    /// The learning rate.
    type Scalars = f64;

    fn build(parameters: &Parameters) -> Result<Self> {
        let accumulator = parameters.number("accumulator")? as f32;
        let eps = parameters.number("eps")?;
        if accumulator == 0.0 && eps as f32 == 0.0 {
            return Err(parameters.refused("eps", "above 0 in float32, as the accumulator starts at 0", eps));
        }
        Ok(Self { accumulator, eps })
    }

    fn first_state(&self) -> f32 {
        self.accumulator
    }

    fn begin(&self, step: &Step) -> f64 {
        step.lr
    }

    #[inline(always)]
    fn coefficients(&self, lr: &f64, _: &Seen, _: f32, _: &mut f32) -> Coefficients {
        [*lr as f32, self.eps as f32, 0.0, 0.0]
    }

    #[inline(always)]
    fn element<N: Number>(&[lr, eps, ..]: &[N; 4], g: N, w: N, [s, _]: &mut [N; MOST_PLANES]) -> N {
        *s = *s + g * g;
        w - lr * g / (s.sqrt() + eps)
    }

    fn rate(&self, lr: &f64, _: &Seen, _: f32, planes: &[f32]) -> f32 {
        mean_rate(planes, |s| lr / (s.sqrt() + self.eps))
    }
}
