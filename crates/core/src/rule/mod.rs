//! Rules: what an optimizer does with one row. Each file holds one, as pure arithmetic: a few scalars a row in float64, then one
//! formula an element. The same code serves every instruction set and the reference.
//!
//! To add one: a file here, a line in `rules!` below, its type in `index.d.ts`, its line in `docs/arithmetic.md`.

use crate::error::Result;
use crate::lanes::Number;
use crate::tally::Seen;

mod adagrad;
mod adam;
mod cf_sgd;
mod fa_sgd;
mod parameters;
mod rowwise_adagrad;
mod sgd;
mod tallygrad;

pub(crate) use parameters::check_lr;
pub use parameters::{Kind, Parameter, Parameters, Range};

/// Float32 scalars that a rule broadcasts over a row.
pub type Coefficients = [f32; 4];
/// The most state a rule keeps, in floats an element.
pub const MOST_PLANES: usize = 2;

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
    /// Floats of state an element.
    const PLANES: usize = 0;
    /// Whether it keeps a float of state a row.
    const ROW_STATE: bool = false;
    /// Whether [`Rule::coefficients`] reads the sum of the squared gradient.
    const READS_SQUARES: bool = false;
    /// Scalars that [`Rule::begin`] computes once a step.
    type Scalars: Copy + Sync;

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
    /// Bytes it holds besides the table's state.
    fn bytes(&self) -> u64 {
        0
    }

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

/// Declares [`AnyRule`], one variant a rule, and the catalogue of all rules.
macro_rules! rules {
    ($($variant:ident($path:path)),+ $(,)?) => {
        /// Any of the rules.
        #[derive(Clone)]
        pub enum AnyRule {
            $(#[doc = stringify!($variant)] $variant($path)),+
        }

        impl AnyRule {
            /// Builds the rule called `name` and its learning rate. `values` are in the order of its parameters, NaN for those not
            /// given, or empty.
            pub fn build(name: &str, values: &[f64], counts: Option<&[f64]>, rows: u32) -> Result<(Self, f64)> {
                $(if name == <$path>::NAME {
                    let parameters = Parameters::new(<$path>::PARAMETERS, values, counts, rows)?;
                    let lr = parameters.number("lr")?;
                    return <$path>::build(&parameters).map(|rule| (Self::$variant(rule), lr));
                })+
                Err(parameters::unknown_rule(name))
            }

            /// Every rule's name and parameters, the default rule first.
            pub fn catalogue() -> Vec<(&'static str, &'static [Parameter])> {
                vec![$((<$path>::NAME, <$path>::PARAMETERS)),+]
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

impl AnyRule {
    /// The catalogue as JSON: `{ "rule": [{ "name", "kind", "choices"? }] }`, for facades.
    pub fn catalogue_json() -> String {
        let parameters =
            |parameters: &[Parameter]| parameters.iter().copied().map(Parameter::to_json).collect::<Vec<_>>().join(",");
        let rules = Self::catalogue().into_iter().map(|(name, declared)| format!("{name:?}:[{}]", parameters(declared)));
        format!("{{{}}}", rules.collect::<Vec<_>>().join(","))
    }
}

rules! {
    Tallygrad(tallygrad::Tallygrad),
    Sgd(sgd::Sgd),
    FaSgd(fa_sgd::FaSgd),
    CfSgd(cf_sgd::CfSgd),
    Adagrad(adagrad::Adagrad),
    RowwiseAdagrad(rowwise_adagrad::RowwiseAdagrad),
    Adam(adam::Adam),
}
