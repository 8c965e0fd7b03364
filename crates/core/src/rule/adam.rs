//! `adam` (Kingma, Ba, 2015) for the rows of a batch, with eps where PyTorch's SparseAdam has it:
//!
//! ```text
//! m += (1 - beta1) * (G - m);  v += (1 - beta2) * (G^2 - v)
//! w -= lr * sqrt(1 - beta2^t) / (1 - beta1^t) * m / (sqrt(v) + eps)
//! ```
//!
//! t is the number of the step, or, with `biasCorrection: "tally"`, the row's tally. `adamw` (Loshchilov, Hutter, 2019) is the same with
//! weights that decay. `rowwise-adam` keeps one v a row, of the mean of G^2.

use super::{Coefficients, MOST_PLANES, Parameter, Parameters, Rule, SCOPE, Step, fade, mean_rate, rate_alone};
use crate::error::{Error, Result};
use crate::lanes::Number;
use crate::parameters::Range::{Above0, Fraction};
use crate::scalar::power;
use crate::tally::Seen;

const PARAMETERS: &[Parameter] = &[
    Parameter::number("lr", 1e-3, Above0),
    Parameter::number("beta1", 0.9, Fraction),
    Parameter::number("beta2", 0.999, Fraction),
    Parameter::number("eps", 1e-8, Above0),
    Parameter::choice("biasCorrection", &["step", "tally"]),
    SCOPE,
];

/// What both Adams have in common.
#[derive(Clone)]
struct Moments {
    beta1: f64,
    beta2: f64,
    eps: f64,
    corrects_by_tally: bool,
    visits_all: bool,
}

/// What steps are made of.
#[derive(Clone, Copy)]
pub struct Scalars {
    /// The rate with bias correction, or without it, where each row has its own.
    rate: f64,
    eps: f64,
    dim: f64,
}

impl Moments {
    fn build(parameters: &Parameters) -> Result<Self> {
        let corrects_by_tally = parameters.word("biasCorrection")? == Some("tally");
        let visits_all = parameters.visits_all()?;
        if corrects_by_tally && visits_all {
            return Err(Error::OptionConflict {
                one: "optimizer.biasCorrection: \"tally\"".into(),
                other: "optimizer.scope: \"all\"".into(),
                because: "moments that every step changes are as old as the table, not as the row's tally",
            });
        }
        Ok(Self {
            beta1: parameters.number("beta1")?,
            beta2: parameters.number("beta2")?,
            eps: parameters.number("eps")?,
            corrects_by_tally,
            visits_all,
        })
    }

    fn begin(&self, step: &Step) -> Scalars {
        let Step { number, lr, dim, .. } = *step;
        if self.corrects_by_tally {
            return Scalars { rate: lr, eps: self.eps, dim };
        }
        let root = (1.0 - power(self.beta2, number)).sqrt();
        // The dense algorithm divides v by its correction before eps is added, which is the same as a smaller eps.
        let eps = if self.visits_all { self.eps * root } else { self.eps };
        Scalars { rate: lr * root / (1.0 - power(self.beta1, number)), eps, dim }
    }

    #[inline(always)]
    fn rate(&self, scalars: &Scalars, seen: &Seen) -> f64 {
        if self.corrects_by_tally { self.rate_by_tally(scalars.rate, seen.after) } else { scalars.rate }
    }

    /// The correction with a tally, which need not be whole, in place of t.
    fn rate_by_tally(&self, lr: f64, tally: f64) -> f64 {
        let power = |beta: f64| libm::exp(tally * libm::log(beta));
        lr * (1.0 - power(self.beta2)).sqrt() / (1.0 - power(self.beta1))
    }

    fn gain1(&self) -> f32 {
        (1.0 - self.beta1) as f32
    }

    /// With these betas a step without gradients is shorter than the one before it.
    fn settles(&self) -> bool {
        self.beta1 * self.beta1 <= self.beta2
    }
}

/// Adam with both moments an element.
#[derive(Clone)]
pub struct Adam(Moments);

impl Rule for Adam {
    const NAME: &'static str = "adam";
    const DECAYING: Option<(&'static str, f64)> = Some(("adamw", 0.01));
    const PARAMETERS: &'static [Parameter] = PARAMETERS;
    const PLANES: usize = 2;
    const RESTS: bool = false;
    type Scalars = Scalars;

    fn build(parameters: &Parameters) -> Result<Self> {
        Moments::build(parameters).map(Self)
    }

    fn settles(&self) -> bool {
        self.0.settles()
    }

    fn fade(&self, steps: u64, _: &mut f32, planes: &mut [f32]) {
        let (m, v) = planes.split_at_mut(planes.len() / 2);
        fade(self.0.beta1, steps, m);
        fade(self.0.beta2, steps, v);
    }

    fn begin(&self, step: &Step) -> Scalars {
        self.0.begin(step)
    }

    #[inline(always)]
    fn coefficients(&self, scalars: &Scalars, seen: &Seen, _: f32, _: &mut f32) -> Coefficients {
        [self.0.rate(scalars, seen) as f32, self.0.gain1(), (1.0 - self.0.beta2) as f32, scalars.eps as f32]
    }

    #[inline(always)]
    fn element<N: Number>(&[rate, gain1, gain2, eps]: &[N; 4], g: N, w: N, [m, v]: &mut [N; MOST_PLANES]) -> N {
        *m = *m + gain1 * (g - *m);
        *v = *v + gain2 * (g * g - *v);
        w - rate * *m / (v.sqrt() + eps)
    }

    fn rate(&self, scalars: &Scalars, seen: &Seen, _: f32, planes: &[f32]) -> f32 {
        let (_, v) = planes.split_at(planes.len() / 2);
        let rate = self.0.rate(scalars, seen);
        mean_rate(v, |v| rate / (v.sqrt() + scalars.eps))
    }
}

/// Adam with a second moment a row.
#[derive(Clone)]
pub struct RowwiseAdam(Moments);

impl Rule for RowwiseAdam {
    const NAME: &'static str = "rowwise-adam";
    const PARAMETERS: &'static [Parameter] = PARAMETERS;
    const PLANES: usize = 1;
    const ROW_STATE: bool = true;
    const READS_SQUARES: bool = true;
    const RESTS: bool = false;
    type Scalars = Scalars;

    fn build(parameters: &Parameters) -> Result<Self> {
        Moments::build(parameters).map(Self)
    }

    fn settles(&self) -> bool {
        self.0.settles()
    }

    fn fade(&self, steps: u64, v: &mut f32, m: &mut [f32]) {
        fade(self.0.beta1, steps, m);
        fade(self.0.beta2, steps, std::slice::from_mut(v));
    }

    fn begin(&self, step: &Step) -> Scalars {
        self.0.begin(step)
    }

    #[inline(always)]
    fn coefficients(&self, scalars: &Scalars, seen: &Seen, squares: f32, v: &mut f32) -> Coefficients {
        let before = f64::from(*v);
        *v = (before + (1.0 - self.0.beta2) * (f64::from(squares) / scalars.dim - before)) as f32;
        let [rate, ..] = rate_alone(self.0.rate(scalars, seen) / (f64::from(*v).sqrt() + scalars.eps));
        [rate, self.0.gain1(), 0.0, 0.0]
    }

    #[inline(always)]
    fn element<N: Number>(&[rate, gain1, ..]: &[N; 4], g: N, w: N, [m, _]: &mut [N; MOST_PLANES]) -> N {
        *m = *m + gain1 * (g - *m);
        w - rate * *m
    }

    fn rate(&self, scalars: &Scalars, seen: &Seen, v: f32, _: &[f32]) -> f32 {
        let [rate, ..] = rate_alone(self.0.rate(scalars, seen) / (f64::from(v).sqrt() + scalars.eps));
        rate
    }
}
