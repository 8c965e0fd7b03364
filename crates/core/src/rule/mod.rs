//! Rules: what an optimizer does with one row. Each file holds one, as pure arithmetic: a few scalars a row in float64, then one
//! formula an element. The same code serves every instruction set and the reference.
//!
//! `CONTRIBUTING.md` adds one as an example.

use std::sync::Arc;

use crate::error::{Error, Result};
use crate::history::Map;
use crate::lanes::Number;
use crate::memory::Buffer;
use crate::parameters::{Counts, Parameter, Parameters};
use crate::scalar::power;
use crate::tally::Seen;

mod adagrad;
mod adam;
mod cf_sgd;
mod fa_sgd;
mod ftrl;
mod rmsprop;
mod rowwise_adagrad;
mod sgd;
mod tallygrad;

/// Float32 scalars that a rule broadcasts over a row.
pub type Coefficients = [f32; 4];
/// The most state a rule keeps, in floats an element.
pub const MOST_PLANES: usize = 2;

/// The parameter of rules that can visit all rows at every step.
const SCOPE: Parameter = Parameter::choice("scope", &["touched", "all"]);

impl Parameters<'_> {
    /// Whether every step visits all rows, those outside of the batch with a gradient of 0.
    fn visits_all(&self) -> Result<bool> {
        Ok(self.declares(SCOPE.name) && self.word(SCOPE.name)? == Some("all"))
    }
}

/// What is the same for all rows of a step.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// Number of this step, from 1.
    pub number: u64,
    /// The learning rate.
    pub lr: f64,
    /// R2: mean square of a gradient element over all occurrences so far; 0 for rules that do not ask for it.
    pub mean_square: f64,
    /// Weights a row.
    pub dim: f64,
}

/// One optimizer.
pub trait Rule: Clone + Send + Sync {
    /// Its name, the `type` of its options.
    const NAME: &'static str;
    /// What its options may hold.
    const PARAMETERS: &'static [Parameter];
    /// Another name of it, under which weights decay, and how fast unless told otherwise.
    const DECAYING: Option<(&'static str, f64)> = None;
    /// Floats of state an element.
    const PLANES: usize = 0;
    /// Whether it keeps a float of state a row.
    const ROW_STATE: bool = false;
    /// Whether [`Rule::coefficients`] reads the sum of the squared gradient.
    const READS_SQUARES: bool = false;
    /// Whether a gradient of 0 leaves a row's weights and state as they are.
    const RESTS: bool = true;
    /// Whether its learning rate must stay what it was at first.
    const FIXED_RATE: bool = false;
    /// Scalars that [`Rule::begin`] computes once a step.
    type Scalars: Copy + Sync;

    /// Whether it is the one of several rules under one name that these parameters ask for.
    fn fits(_: &Parameters) -> Result<bool> {
        Ok(true)
    }
    /// Builds it from checked parameters. The first is `lr`, which the table keeps.
    fn build(parameters: &Parameters) -> Result<Self>;

    /// Whether it squares gradients, so that a square that overflows counts as not finite.
    fn squares(&self) -> bool {
        Self::PLANES > 0 || Self::READS_SQUARES
    }
    /// Whether it uses R2: then what makes it so, the rule's name or that of an option.
    fn needs_mean_square(&self) -> Option<&'static str> {
        None
    }
    /// What its state starts at.
    fn first_state(&self) -> f32 {
        0.0
    }
    /// The parameter that lets first weights be nothing but zeros, if one does.
    fn only_zeros(&self) -> Option<&'static str> {
        None
    }
    /// Makes a row's state, `planes`, stand for `weights` that did not come from the rule, where weights are a function of state.
    fn adopt(&self, _weights: &[f32], _planes: &mut [f32]) {}
    /// What a step of rate `lr` with `l2` times the weight for a gradient makes of weight and state, if that is a linear map.
    fn visit(&self, _lr: f64, _l2: f64) -> Option<Map> {
        None
    }
    /// Whether a row whose weights a gradient of 0 does not change will be changed by no further ones, at rates that are not higher.
    fn settles(&self) -> bool {
        false
    }
    /// What `steps` gradients of 0 leave of a row's state, where they change no weights.
    fn fade(&self, _steps: u64, _state: &mut f32, _planes: &mut [f32]) {}
    /// The number of each row that it holds besides the table's state, if it does.
    fn counts(&self) -> Option<&Arc<Buffer<f64>>> {
        None
    }
    /// The same, to be replaced.
    fn counts_mut(&mut self) -> Option<&mut Arc<Buffer<f64>>> {
        None
    }
    /// What such a number must be, in words, if `count` is not it.
    fn refuses_count(&self, _count: f64) -> Option<&'static str> {
        None
    }

    /// Brings what it keeps of a row outside of the table's state close.
    ///
    /// # Safety
    /// The row exists.
    #[inline(always)]
    unsafe fn prefetch(&self, _row: u32) {}

    /// What is computed once a step.
    fn begin(&self, step: &Step) -> Self::Scalars;

    /// What is computed once a row. `squares` is the sum of the squared gradient (0 unless [`Rule::READS_SQUARES`]); `state` is the
    /// row's own float.
    fn coefficients(&self, scalars: &Self::Scalars, seen: &Seen, squares: f32, state: &mut f32) -> Coefficients;

    /// The new weight for weight `w` and gradient `g`; `planes` are the element's state. Unless a rule says otherwise its first
    /// coefficient is the row's rate.
    #[inline(always)]
    fn element<N: Number>(&[rate, ..]: &[N; 4], g: N, w: N, _planes: &mut [N; MOST_PLANES]) -> N {
        w - rate * g
    }

    /// The rate the row would get with no gradient; `planes` are the row's state planes, one after the other.
    fn rate(&self, scalars: &Self::Scalars, seen: &Seen, mut state: f32, planes: &[f32]) -> f32 {
        debug_assert!(planes.is_empty(), "a rule with a rate an element says how to average it");
        self.coefficients(scalars, seen, 0.0, &mut state)[0]
    }
}

/// A row's rate as a rule's only coefficient, at most the largest float32; a NaN stays one.
#[inline(always)]
fn rate_alone(rate: f64) -> Coefficients {
    const MOST: f64 = f32::MAX as f64;
    [if rate > MOST { f32::MAX } else { rate as f32 }, 0.0, 0.0, 0.0]
}

/// The mean of `rate` over elements' state, added in order and rounded once.
fn mean_rate(state: &[f32], rate: impl Fn(f64) -> f64) -> f32 {
    (state.iter().map(|&s| rate(f64::from(s))).sum::<f64>() / state.len() as f64) as f32
}

/// Multiplies state with `factor`, `steps` times over.
fn fade(factor: f64, steps: u64, state: &mut [f32]) {
    let factor = power(factor, steps) as f32;
    for s in state {
        *s *= factor;
    }
}

/// Declares [`AnyRule`], one variant a rule, and the catalogue of all rules.
macro_rules! rules {
    ($($variant:ident($path:ty)),+ $(,)?) => {
        /// Any of the rules.
        #[derive(Clone)]
        pub enum AnyRule {
            $(#[doc = stringify!($variant)] $variant($path)),+
        }

        impl AnyRule {
            /// Builds the rule called `name`. `values` are in the order of its parameters, NaN for those not given, or empty.
            pub(crate) fn build(name: &str, values: &[f64], counts: Counts, rows: u32) -> Result<Built> {
                $(if let Some(decay) = answers_to::<$path>(name) {
                    let parameters = Parameters::new("optimizer", <$path>::PARAMETERS, values, counts, rows)?;
                    if <$path>::fits(&parameters)? {
                        let lr = parameters.number("lr")?;
                        let visits_all = parameters.visits_all()?;
                        return Ok(Built { rule: Self::$variant(<$path>::build(&parameters)?), lr, decay, visits_all });
                    }
                })+
                Err(unknown_rule(name))
            }

            /// Every rule's name and parameters, the default rule first.
            pub fn catalogue() -> Vec<(&'static str, &'static [Parameter])> {
                let mut all = Vec::new();
                $(for name in names::<$path>() {
                    if all.iter().all(|&(known, _)| known != name) {
                        all.push((name, <$path>::PARAMETERS));
                    }
                })+
                all
            }
        }

        /// Runs `$body` with `$rule` bound to the rule inside an [`AnyRule`].
        macro_rules! with_rule {
            ($any:expr, $rule:ident => $body:expr) => {
                match $any {
                    $($crate::rule::AnyRule::$variant($rule) => $body),+
                }
            };
        }
        pub(crate) use with_rule;
    };
}

/// A rule as options describe it.
pub(crate) struct Built {
    pub rule: AnyRule,
    pub lr: f64,
    /// The rate at which weights decay if nothing else is said.
    pub decay: f64,
    /// `scope: "all"`.
    pub visits_all: bool,
}

fn names<R: Rule>() -> impl Iterator<Item = &'static str> {
    [R::NAME].into_iter().chain(R::DECAYING.map(|(name, _)| name))
}

/// The rate at which weights decay under `name`, if that is one of the rule's.
fn answers_to<R: Rule>(name: &str) -> Option<f64> {
    if name == R::NAME {
        return Some(0.0);
    }
    R::DECAYING.filter(|(decaying, _)| *decaying == name).map(|(_, decay)| decay)
}

fn unknown_rule(name: &str) -> Error {
    Error::OptionValue { name: "optimizer.type".into(), expected: "the name of a rule".into(), found: format!("{name:?}") }
}

rules! {
    Tallygrad(tallygrad::Tallygrad),
    Sgd(sgd::Sgd),
    Momentum(sgd::Momentum<false>),
    Nesterov(sgd::Momentum<true>),
    FaSgd(fa_sgd::FaSgd),
    CfSgd(cf_sgd::CfSgd),
    Adagrad(adagrad::Adagrad),
    RowwiseAdagrad(rowwise_adagrad::RowwiseAdagrad),
    Adam(adam::Adam),
    RowwiseAdam(adam::RowwiseAdam),
    Rmsprop(rmsprop::Rmsprop),
    Ftrl(ftrl::Ftrl),
}
