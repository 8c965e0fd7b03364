//! `adam` (Kingma, Ba, 2015) for the rows of a batch only, with eps where PyTorch's SparseAdam has it:
//!
//! ```text
//! m += (1 - beta1) * (G - m);  v += (1 - beta2) * (G^2 - v)
//! w -= lr * sqrt(1 - beta2^t) / (1 - beta1^t) * m / (sqrt(v) + eps)
//! ```

use super::parameters::Range::{Above0, Fraction};
use super::parameters::refused;
use super::{Coefficients, Kind, MOST_PLANES, Parameter, Parameters, Rule, Step, mean_rate};
use crate::error::Result;
use crate::lanes::Number;
use crate::scalar::power;
use crate::tally::Seen;

/// Adam over touched rows.
#[derive(Clone)]
pub struct Adam {
    beta1: f64,
    beta2: f64,
    eps: f64,
}

impl Rule for Adam {
    const NAME: &'static str = "adam";
    const PARAMETERS: &'static [Parameter] = &[
        Parameter::number("lr", 1e-3, Above0),
        Parameter::number("beta1", 0.9, Fraction),
        Parameter::number("beta2", 0.999, Fraction),
        Parameter::number("eps", 1e-8, Above0),
        Parameter { name: "scope", kind: Kind::Choice(&["touched"]) },
    ];
    const PLANES: usize = 2;
    /// The rate after bias correction.
    type Scalars = f64;

    fn build(parameters: &Parameters) -> Result<Self> {
        let eps = parameters.number("eps")?;
        if eps as f32 == 0.0 {
            return Err(refused("eps", "above 0 in float32", eps));
        }
        Ok(Self { beta1: parameters.number("beta1")?, beta2: parameters.number("beta2")?, eps })
    }

    fn begin(&self, step: &Step) -> f64 {
        step.lr * (1.0 - power(self.beta2, step.number)).sqrt() / (1.0 - power(self.beta1, step.number))
    }

    #[inline(always)]
    fn coefficients(&self, rate: &f64, _: &Seen, _: f32, _: &mut f32) -> Coefficients {
        [*rate as f32, (1.0 - self.beta1) as f32, (1.0 - self.beta2) as f32, self.eps as f32]
    }

    #[inline(always)]
    fn element<N: Number>(&[rate, gain1, gain2, eps]: &[N; 4], g: N, w: N, [m, v]: &mut [N; MOST_PLANES]) -> N {
        *m = *m + gain1 * (g - *m);
        *v = *v + gain2 * (g * g - *v);
        w - rate * *m / (v.sqrt() + eps)
    }

    fn rate(&self, rate: &f64, _: &Seen, _: f32, planes: &[f32]) -> f32 {
        let (_, v) = planes.split_at(planes.len() / 2);
        mean_rate(v, |v| rate / (v.sqrt() + self.eps))
    }
}
