//! What a new table is to be like, and the checks that need no table.

use crate::error::{Error, Result};
use crate::init::Init;
use crate::narrow::{Dtype, Rounding};
use crate::parameters::Range::{Above0, AtLeast0};
use crate::parameters::{Counts, Parameter, Parameters};
use crate::pool;
use crate::rule::{AnyRule, Built, Rule, with_rule};
use crate::schedule::Schedule;
use crate::tally::Unit;

/// The most rows of a table.
pub const MOST_ROWS: u32 = u32::MAX;
/// The most weights of a row.
pub const MOST_DIM: usize = 1 << 16;

/// What becomes of a row's several gradients in a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reduction {
    /// Their sum.
    #[default]
    Sum,
    /// Their mean.
    Mean,
}

/// What a gradient that is not finite does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NonFinite {
    /// The batch is refused.
    #[default]
    Reject,
    /// Its row keeps its bytes.
    Skip,
    /// It spreads.
    Allow,
}

/// Weights that shrink by themselves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WeightDecay {
    /// How fast: multiplied with the learning rate, or, with `l2`, with the weight.
    pub rate: f64,
    /// The decay goes through the rule, as a part of the gradient, instead of beside it.
    pub l2: bool,
    /// The rate is multiplied by halfLife / tally.
    pub by_tally: bool,
    /// Every step visits all rows. If it is not said, that is as in the rule.
    pub all: Option<bool>,
}

/// What bounds a row's summed gradient.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Clip {
    /// Nothing.
    #[default]
    Nothing,
    /// Each element's magnitude.
    Value(f64),
    /// The row's Euclidean norm.
    RowNorm(f64),
    /// The norm over all rows of the batch.
    GlobalNorm(f64),
    /// CowClip: the row's norm, to occurrences * max(ratio * |weights|, floor).
    Cow {
        /// Of the weights' norm.
        ratio: f64,
        /// The least bound.
        floor: f64,
    },
}

/// What a new table is to be like.
#[derive(Clone, Debug)]
pub struct Options<'a> {
    /// Number of rows, 1 to [`MOST_ROWS`].
    pub rows: u32,
    /// Weights a row, 1 to [`MOST_DIM`].
    pub dim: usize,
    /// Name of the rule.
    pub rule: &'a str,
    /// Its parameters in the order of [`AnyRule::catalogue`], NaN for those not given; none at all for all defaults.
    pub parameters: &'a [f64],
    /// One number a row for a rule that asks for them.
    pub counts: Option<&'a [f64]>,
    /// How the learning rate goes from step to step, if it does not stay.
    pub schedule: Option<Schedule>,
    /// Weight decay; `None` for what belongs to the rule's name.
    pub weight_decay: Option<WeightDecay>,
    /// What bounds gradients.
    pub clip: Clip,
    /// The most that a row's Euclidean norm may be after a step.
    pub max_norm: Option<f64>,
    /// What tallies count.
    pub unit: Unit,
    /// Steps after which an occurrence counts half.
    pub half_life: Option<f64>,
    /// How weights are stored.
    pub dtype: Dtype,
    /// How state an element is stored.
    pub state_dtype: Dtype,
    /// What becomes of what does not fit.
    pub rounding: Rounding,
    /// First weights.
    pub init: Init<'a>,
    /// Seed of every random number.
    pub seed: u64,
    /// What becomes of several gradients of a row.
    pub reduction: Reduction,
    /// What a gradient that is not finite does.
    pub non_finite: NonFinite,
    /// A row that is zeros for ever.
    pub padding: Option<u32>,
    /// The most threads a step may use.
    pub threads: usize,
}

impl Default for Options<'_> {
    /// The defaults of everything but `rows` and `dim`, which are 1.
    fn default() -> Self {
        Self {
            rows: 1,
            dim: 1,
            rule: "tallygrad",
            parameters: &[],
            counts: None,
            schedule: None,
            weight_decay: None,
            clip: Clip::default(),
            max_norm: None,
            unit: Unit::default(),
            half_life: None,
            dtype: Dtype::F32,
            state_dtype: Dtype::F32,
            rounding: Rounding::default(),
            init: Init::Normal { scale: 0.05 },
            seed: 0,
            reduction: Reduction::default(),
            non_finite: NonFinite::default(),
            padding: None,
            threads: pool::available_threads(),
        }
    }
}

/// Every option that is a number or a word, by its dotted name: what doors pass on without knowing them.
const SETTINGS: &[Parameter] = &[
    Parameter::choice("tally.unit", &["occurrence", "batch"]),
    Parameter::optional("tally.halfLife", Above0),
    Parameter::choice("reduction", &["sum", "mean"]),
    Parameter::choice("nonFinite", &["reject", "skip", "allow"]),
    Parameter::choice("dtype", &["f32", "f16", "bf16"]),
    Parameter::choice("stateDtype", &["f32", "bf16"]),
    Parameter::choice("rounding", &["nearest", "stochastic"]),
    Parameter::required("weightDecay.rate", AtLeast0),
    Parameter::choice("weightDecay.type", &["decoupled", "l2"]),
    Parameter::choice("weightDecay.by", &["step", "tally"]),
    Parameter::choice("weightDecay.scope", &["touched", "all"]),
    Parameter::required_choice("clip.type", &["value", "row-norm", "global-norm", "cow"]),
    Parameter::optional("clip.limit", Above0),
    Parameter::optional("clip.ratio", Above0),
    Parameter::optional("clip.floor", Above0),
    Parameter::optional("maxNorm", Above0),
    Parameter::required_choice("schedule.type", Schedule::TYPES),
    Parameter::optional("schedule.steps", Above0),
    Parameter::optional("schedule.end", AtLeast0),
    Parameter::optional("schedule.warmup", AtLeast0),
];

impl<'a> Options<'a> {
    /// What options there are, as JSON for facades: `{ "rules": { name: [parameter] }, "settings": [parameter] }`, where a parameter is
    /// `{ "name", "kind", "choices", "required" }`.
    pub fn catalogue_json() -> String {
        let rules =
            AnyRule::catalogue().into_iter().map(|(name, declared)| format!("{name:?}:{}", Parameter::all_to_json(declared)));
        format!(r#"{{"rules":{{{}}},"settings":{}}}"#, rules.collect::<Vec<_>>().join(","), Parameter::all_to_json(SETTINGS))
    }

    /// These options with `settings` in place of the defaults: a value for each setting of the catalogue, NaN for those not given.
    pub fn with_settings(self, settings: &[f64]) -> Result<Self> {
        let given = Parameters::new("", SETTINGS, settings, Counts::Missing, self.rows)?;
        let dtype = |name| Ok(given.word(name)?.map_or(Dtype::F32, Dtype::named));
        Ok(Self {
            schedule: Schedule::from_settings(&given)?,
            weight_decay: WeightDecay::from_settings(&given)?,
            clip: Clip::from_settings(&given)?,
            max_norm: given.optional("maxNorm")?,
            unit: if given.word("tally.unit")? == Some("batch") { Unit::Batch } else { Unit::Occurrence },
            half_life: given.optional("tally.halfLife")?,
            dtype: dtype("dtype")?,
            state_dtype: dtype("stateDtype")?,
            rounding: if given.word("rounding")? == Some("stochastic") { Rounding::Stochastic } else { Rounding::Nearest },
            reduction: if given.word("reduction")? == Some("mean") { Reduction::Mean } else { Reduction::Sum },
            non_finite: match given.word("nonFinite")? {
                Some("skip") => NonFinite::Skip,
                Some("allow") => NonFinite::Allow,
                _ => NonFinite::Reject,
            },
            ..self
        })
    }

    /// Checks what depends on nothing else, and builds the rule.
    pub(crate) fn check(&self) -> Result<Built> {
        self.check_with(self.counts.map_or(Counts::Missing, Counts::Given))
    }

    /// The same, with a rule's numbers from elsewhere.
    pub(crate) fn check_with(&self, counts: Counts) -> Result<Built> {
        let &Options { rows, dim, .. } = self;
        if rows == 0 {
            return Err(Error::option("rows", "from 1 to 4294967295", 0.0));
        }
        if !(1..=MOST_DIM).contains(&dim) {
            return Err(Error::option("dim", "from 1 to 65536", dim as f64));
        }
        if let Some(padding) = self.padding.filter(|padding| *padding >= rows) {
            return Err(Error::option("paddingId", "a row of the table", padding.into()));
        }
        if let Some(half_life) = self.half_life.filter(|h| !(h.is_finite() && *h > 0.0)) {
            return Err(Error::option("tally.halfLife", "a finite number above 0", half_life));
        }
        self.init.check(rows, dim, self.dtype)?;
        let built = AnyRule::build(self.rule, self.parameters, counts, rows)?;
        self.check_rule(&built.rule)?;
        self.check_decay(&built)?;
        Ok(built)
    }

    /// Whether the rule goes with the other options.
    fn check_rule(&self, rule: &AnyRule) -> Result<()> {
        let (measuring, only_zeros, fixed) =
            with_rule!(rule, rule => (rule.needs_mean_square(), rule.only_zeros(), has_fixed_rate(rule)));
        if let Some(one) = measuring {
            let one = if one == self.rule { self.rule_option() } else { format!("optimizer.{one}: true") };
            let because = "the rule compares a row's summed gradient with the mean square of single occurrences";
            if self.reduction == Reduction::Mean {
                return Err(conflict(one, "reduction: \"mean\"", because));
            }
            if self.unit == Unit::Batch {
                return Err(conflict(one, "tally.unit: \"batch\"", because));
            }
        }
        if let Some(one) = only_zeros.filter(|_| !matches!(self.init, Init::Zeros)) {
            let because = "with it weights start where it holds them, at 0: pass init: { type: \"zeros\" }";
            return Err(conflict(format!("optimizer.{one}"), "init", because));
        }
        if fixed && self.schedule.is_some() {
            return Err(conflict(self.rule_option(), "schedule", "all weights are a function of its learning rate"));
        }
        Ok(())
    }

    /// Whether weight decay goes with the other options.
    fn check_decay(&self, built: &Built) -> Result<()> {
        let Some(decay) = self.weight_decay else { return Ok(()) };
        let all = decay.all.unwrap_or(built.visits_all);
        if decay.by_tally && self.half_life.is_none() {
            let because = "the rate is multiplied with halfLife / tally";
            return Err(conflict("weightDecay.by: \"tally\"", "a tally without halfLife", because));
        }
        if decay.by_tally && all {
            let because = "halfLife / tally makes up for the steps that miss a row, and then none does";
            return Err(conflict("weightDecay.by: \"tally\"", "scope: \"all\"", because));
        }
        if decay.l2 && built.decay > 0.0 {
            let because = "that is adam, and what sets adamw apart is decay beside the gradient";
            return Err(conflict(self.rule_option(), "weightDecay.type: \"l2\"", because));
        }
        if decay.l2 && decay.all.is_some_and(|all| all != built.visits_all) {
            let because = "this decay is a gradient, and so the rule would have to visit the same rows";
            let scope = if all { "all" } else { "touched" };
            return Err(conflict(format!("weightDecay.scope: {scope:?} with type \"l2\""), "another optimizer.scope", because));
        }
        Ok(())
    }

    fn rule_option(&self) -> String {
        format!("optimizer.type: {:?}", self.rule)
    }
}

pub(crate) fn has_fixed_rate<R: Rule>(_: &R) -> bool {
    R::FIXED_RATE
}

fn conflict(one: impl Into<String>, other: impl Into<String>, because: &'static str) -> Error {
    Error::OptionConflict { one: one.into(), other: other.into(), because }
}

impl WeightDecay {
    fn from_settings(given: &Parameters) -> Result<Option<Self>> {
        const PARTS: [&str; 4] = ["weightDecay.rate", "weightDecay.type", "weightDecay.by", "weightDecay.scope"];
        if !PARTS.iter().any(|part| given.is_given(part)) {
            return Ok(None);
        }
        Ok(Some(Self {
            rate: given.number("weightDecay.rate")?,
            l2: given.word("weightDecay.type")? == Some("l2"),
            by_tally: given.word("weightDecay.by")? == Some("tally"),
            all: given.word("weightDecay.scope")?.map(|word| word == "all"),
        }))
    }
}

impl Clip {
    /// Whether it squares gradients, so that a square that overflows counts as not finite.
    pub(crate) fn squares(&self) -> bool {
        !matches!(self, Clip::Nothing | Clip::Value(_))
    }

    fn from_settings(given: &Parameters) -> Result<Self> {
        let limit = || given.optional("clip.limit")?.ok_or_else(|| given.missing("clip.limit"));
        let kind = given.word("clip.type")?;
        for (part, of_cow) in [("clip.limit", false), ("clip.ratio", true), ("clip.floor", true)] {
            match kind {
                None if given.is_given(part) => return Err(given.missing("clip.type")),
                Some(kind) if given.is_given(part) && of_cow != (kind == "cow") => {
                    return Err(conflict(part, format!("clip.type: {kind:?}"), "that is bounded in another way"));
                }
                _ => {}
            }
        }
        Ok(match kind {
            None => Clip::Nothing,
            Some("value") => Clip::Value(limit()?),
            Some("row-norm") => Clip::RowNorm(limit()?),
            Some("global-norm") => Clip::GlobalNorm(limit()?),
            Some(_) => Clip::Cow {
                ratio: given.optional("clip.ratio")?.unwrap_or(1.0),
                floor: given.optional("clip.floor")?.unwrap_or(1e-5),
            },
        })
    }
}

impl<'a> Init<'a> {
    /// What `init` names; `values` are there if, and only if, it is an array.
    pub fn named(word: &str, scale: f64, values: Option<&'a [f32]>) -> Result<Self> {
        if let Some(values) = values {
            return Ok(Init::Values(values));
        }
        match word {
            "zeros" => Ok(Init::Zeros),
            "uniform" => Ok(Init::Uniform { scale }),
            "normal" => Ok(Init::Normal { scale }),
            _ => Err(Error::OptionValue {
                name: "init.type".into(),
                expected: "\"zeros\", \"uniform\", \"normal\"".into(),
                found: format!("{word:?}"),
            }),
        }
    }
}
