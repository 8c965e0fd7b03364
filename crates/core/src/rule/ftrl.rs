//! `ftrl`: FTRL-Proximal (McMahan et al., "Ad click prediction: a view from the trenches", 2013), whose L1 term makes weights exactly 0.
//!
//! ```text
//! z += G - (sqrt(a + G^2) - sqrt(a)) / lr * w;  a += G^2
//! w = |z| <= lambda1 ? 0 : -(z - sign(z) * lambda1) / ((beta + sqrt(a)) / lr + lambda2)
//! ```
//!
//! Weights are a function of z and a. Weights from outside, first ones too, therefore become z.

use super::{Coefficients, MOST_PLANES, Parameter, Parameters, Rule, Step, mean_rate};
use crate::error::Result;
use crate::lanes::Number;
use crate::parameters::Range::{Above0, AtLeast0};
use crate::tally::Seen;

/// FTRL-Proximal.
#[derive(Clone)]
pub struct Ftrl {
    lr: f64,
    beta: f64,
    lambda1: f64,
    lambda2: f64,
}

impl Ftrl {
    /// 1 / lr, lambda1, and beta / lr + lambda2.
    fn constants(&self) -> Coefficients {
        [(1.0 / self.lr) as f32, self.lambda1 as f32, (self.beta / self.lr + self.lambda2) as f32, 0.0]
    }
}

impl Rule for Ftrl {
    const NAME: &'static str = "ftrl";
    const PARAMETERS: &'static [Parameter] = &[
        Parameter::number("lr", 0.05, Above0),
        Parameter::number("beta", 1.0, AtLeast0),
        Parameter::number("lambda1", 0.0, AtLeast0),
        Parameter::number("lambda2", 0.0, AtLeast0),
    ];
    /// z and a.
    const PLANES: usize = 2;
    const FIXED_RATE: bool = true;
    /// The formula's constants.
    type Scalars = Coefficients;

    fn build(parameters: &Parameters) -> Result<Self> {
        let number = |name| parameters.number(name);
        let rule = Self { lr: number("lr")?, beta: number("beta")?, lambda1: number("lambda1")?, lambda2: number("lambda2")? };
        let [_, _, constant, _] = rule.constants();
        if constant > 0.0 { Ok(rule) } else { Err(parameters.refused("beta", "above 0, as lambda2 is 0", rule.beta)) }
    }

    fn only_zeros(&self) -> Option<&'static str> {
        (self.lambda1 > 0.0).then_some("lambda1")
    }

    fn begin(&self, _: &Step) -> Coefficients {
        self.constants()
    }

    #[inline(always)]
    fn coefficients(&self, constants: &Coefficients, _: &Seen, _: f32, _: &mut f32) -> Coefficients {
        *constants
    }

    #[inline(always)]
    fn element<N: Number>(&[inverse, lambda1, constant, _]: &[N; 4], g: N, w: N, [z, a]: &mut [N; MOST_PLANES]) -> N {
        let before = a.sqrt();
        *a = *a + g * g;
        let root = a.sqrt();
        *z = *z + g - (root - before) * inverse * w;
        (z.within(lambda1) - *z) / (root * inverse + constant)
    }

    fn adopt(&self, weights: &[f32], planes: &mut [f32]) {
        let [inverse, lambda1, constant, _] = self.constants();
        let (z, a) = planes.split_at_mut(weights.len());
        for ((&w, z), a) in weights.iter().zip(z).zip(a) {
            let without_lambda1 = w * (a.sqrt() * inverse + constant);
            *z = if w == 0.0 { z.within(lambda1) } else { -(without_lambda1 + lambda1.copysign(w)) };
        }
    }

    fn rate(&self, _: &Coefficients, _: &Seen, _: f32, planes: &[f32]) -> f32 {
        let (_, a) = planes.split_at(planes.len() / 2);
        mean_rate(a, |a| 1.0 / ((self.beta + a.sqrt()) / self.lr + self.lambda2))
    }
}
