//! `cf-sgd`: frequency-aware SGD with frequencies counted on the way, after Li et al. (2022): `w -= min(maxLr, lr / sqrt(x)) * G`, where
//! x is the tally, or the tally scaled to a fixed horizon.

use super::{Coefficients, Parameter, Parameters, Rule, Step, rate_alone};
use crate::error::Result;
use crate::parameters::Range::{Above0, AtLeast0};
use crate::tally::Seen;

/// SGD with a rate a row that follows from its tally.
#[derive(Clone)]
pub struct CfSgd {
    max_lr: f64,
    start: f64,
    horizon: Option<f64>,
    normalize: bool,
}

/// Rate, horizon and normalisation as of one step.
#[derive(Clone, Copy)]
pub struct Scalars {
    lr: f64,
    /// Numerator and denominator of horizon / min(step, horizon).
    horizon: Option<(f64, f64)>,
    /// The root of R2, to divide by; 0 asks for a rate of 0.
    scale: Option<f64>,
}

impl Rule for CfSgd {
    const NAME: &'static str = "cf-sgd";
    const PARAMETERS: &'static [Parameter] = &[
        Parameter::required("lr", Above0),
        Parameter::optional("maxLr", Above0),
        Parameter::number("start", 0.0, AtLeast0),
        Parameter::optional("horizon", Above0),
        Parameter::flag("normalize"),
    ];
    type Scalars = Scalars;

    fn build(parameters: &Parameters) -> Result<Self> {
        Ok(Self {
            max_lr: parameters.optional("maxLr")?.unwrap_or(f64::INFINITY),
            start: parameters.number("start")?,
            horizon: parameters.optional("horizon")?,
            normalize: parameters.flag("normalize"),
        })
    }

    fn squares(&self) -> bool {
        self.normalize
    }
    fn needs_mean_square(&self) -> Option<&'static str> {
        self.normalize.then_some("normalize")
    }

    fn begin(&self, step: &Step) -> Scalars {
        Scalars {
            lr: step.lr,
            horizon: self.horizon.map(|horizon| (horizon, horizon.min(step.number as f64))),
            scale: self.normalize.then(|| step.mean_square.sqrt()),
        }
    }

    #[inline(always)]
    fn coefficients(&self, scalars: &Scalars, seen: &Seen, _: f32, _: &mut f32) -> Coefficients {
        let mut x = seen.after + self.start;
        if let Some((horizon, elapsed)) = scalars.horizon {
            x = x * horizon / elapsed;
        }
        let capped = (scalars.lr / x.sqrt()).min(self.max_lr);
        rate_alone(match scalars.scale {
            None => capped,
            Some(0.0) => 0.0,
            Some(scale) => capped / scale,
        })
    }
}
