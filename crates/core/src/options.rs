//! What a new table is to be like, and the checks that need no table.

use crate::error::{Error, Result};
use crate::init::Init;
use crate::pool;
use crate::rule::{AnyRule, Rule, with_rule};
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

/// What a new table is to be like.
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
    /// What tallies count.
    pub unit: Unit,
    /// Steps after which an occurrence counts half.
    pub half_life: Option<f64>,
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
            unit: Unit::default(),
            half_life: None,
            init: Init::Normal { scale: 0.05 },
            seed: 0,
            reduction: Reduction::default(),
            non_finite: NonFinite::default(),
            padding: None,
            threads: pool::available_threads(),
        }
    }
}

impl Options<'_> {
    /// Checks what depends on nothing else, and builds the rule with its learning rate.
    pub(crate) fn check(&self) -> Result<(AnyRule, f64)> {
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
        self.init.check(rows, dim)?;
        let (rule, lr) = AnyRule::build(self.rule, self.parameters, self.counts, rows)?;
        self.check_conflicts(&rule)?;
        Ok((rule, lr))
    }

    /// Rules that measure single occurrences' gradients need sums and occurrence counts.
    fn check_conflicts(&self, rule: &AnyRule) -> Result<()> {
        let Some(one) = with_rule!(rule, rule => rule.needs_mean_square()) else { return Ok(()) };
        let one = if one == self.rule { format!("optimizer.type: {one:?}") } else { format!("optimizer.{one}: true") };
        let because = "the rule compares a row's summed gradient with the mean square of single occurrences";
        match (self.reduction, self.unit) {
            (Reduction::Mean, _) => Err(Error::OptionConflict { one, other: "reduction: \"mean\"".into(), because }),
            (_, Unit::Batch) => Err(Error::OptionConflict { one, other: "tally.unit: \"batch\"".into(), because }),
            _ => Ok(()),
        }
    }
}

/// The value behind an option's word.
fn named<T: Copy>(option: &str, word: &str, choices: &[(&str, T)]) -> Result<T> {
    let found = choices.iter().find(|(name, _)| *name == word).map(|&(_, value)| value);
    found.ok_or_else(|| {
        let words: Vec<String> = choices.iter().map(|(name, _)| format!("{name:?}")).collect();
        Error::OptionValue { name: option.into(), expected: words.join(", "), found: format!("{word:?}") }
    })
}

impl Unit {
    /// The unit that `tally.unit` names.
    pub fn named(word: &str) -> Result<Self> {
        named("tally.unit", word, &[("occurrence", Unit::Occurrence), ("batch", Unit::Batch)])
    }
}

impl Reduction {
    /// The reduction that `reduction` names.
    pub fn named(word: &str) -> Result<Self> {
        named("reduction", word, &[("sum", Reduction::Sum), ("mean", Reduction::Mean)])
    }
}

impl NonFinite {
    /// What `nonFinite` names.
    pub fn named(word: &str) -> Result<Self> {
        named("nonFinite", word, &[("reject", NonFinite::Reject), ("skip", NonFinite::Skip), ("allow", NonFinite::Allow)])
    }
}

impl<'a> Init<'a> {
    /// What `init` names; `values` are there if, and only if, it is an array.
    pub fn named(word: &str, scale: f64, values: Option<&'a [f32]>) -> Result<Self> {
        let random = [("zeros", Init::Zeros), ("uniform", Init::Uniform { scale }), ("normal", Init::Normal { scale })];
        values.map_or_else(|| named("init.type", word, &random), |values| Ok(Init::Values(values)))
    }
}
