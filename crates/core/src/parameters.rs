//! What options may hold, as data: the facade reads names from here, so that nothing is listed twice, and values are checked
//! here, so that every door checks alike. Rules declare theirs, and `options` those of a table.

use crate::error::{Error, Result};
use crate::memory::Buffer;

/// One option of a rule.
#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    /// Its name in the options.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
}

/// What an option holds. Every kind but counts travels as one float64.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// A number in a range.
    Number {
        /// Value if not given: NaN means that it is required.
        default: f64,
        /// The range.
        range: Range,
    },
    /// A number in a range, or nothing.
    Optional {
        /// The range.
        range: Range,
    },
    /// `true` (1) or `false` (0, the default).
    Flag,
    /// One of some words, as its index. Which one is the default, if any, is for those to say who ask.
    Choice {
        /// The words.
        words: &'static [&'static str],
        /// Whether one must be given where other options of the same group are.
        required: bool,
    },
    /// One number a row, each at least 0. Required.
    Counts,
}

/// Where a number must lie.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Range {
    /// x > 0.
    Above0,
    /// x >= 0.
    AtLeast0,
    /// 0 <= x < 1.
    Fraction,
}

impl Range {
    fn holds(self, x: f64) -> bool {
        // Rates and the like are rounded to float32 before they meet elements.
        (x as f32).is_finite()
            && match self {
                Range::Above0 => x as f32 > 0.0,
                Range::AtLeast0 => x >= 0.0,
                Range::Fraction => (0.0..1.0).contains(&x),
            }
    }

    fn words(self) -> &'static str {
        match self {
            Range::Above0 => "a number above 0 and finite in float32",
            Range::AtLeast0 => "a number of at least 0, finite in float32",
            Range::Fraction => "a number from 0 up to, but not including, 1",
        }
    }
}

impl Parameter {
    /// A number without a default.
    pub(crate) const fn required(name: &'static str, range: Range) -> Self {
        Self::number(name, f64::NAN, range)
    }
    /// A number with a default.
    pub(crate) const fn number(name: &'static str, default: f64, range: Range) -> Self {
        Self { name, kind: Kind::Number { default, range } }
    }
    /// A number that may be absent.
    pub(crate) const fn optional(name: &'static str, range: Range) -> Self {
        Self { name, kind: Kind::Optional { range } }
    }

    /// `true` or `false`, which is the default.
    pub(crate) const fn flag(name: &'static str) -> Self {
        Self { name, kind: Kind::Flag }
    }
    /// One of some words.
    pub(crate) const fn choice(name: &'static str, words: &'static [&'static str]) -> Self {
        Self { name, kind: Kind::Choice { words, required: false } }
    }
    /// One of some words, without a default.
    pub(crate) const fn required_choice(name: &'static str, words: &'static [&'static str]) -> Self {
        Self { name, kind: Kind::Choice { words, required: true } }
    }

    /// An array of what [`Parameter::to_json`] gives.
    pub(crate) fn all_to_json(all: &[Self]) -> String {
        format!("[{}]", all.iter().map(|parameter| parameter.to_json()).collect::<Vec<_>>().join(","))
    }

    /// What it is, as JSON; names and choices are plain words.
    fn to_json(self) -> String {
        let (kind, choices) = match self.kind {
            Kind::Number { .. } | Kind::Optional { .. } => ("number", &[][..]),
            Kind::Flag => ("flag", &[][..]),
            Kind::Choice { words, .. } => ("choice", words),
            Kind::Counts => ("counts", &[][..]),
        };
        let required = match self.kind {
            Kind::Number { default, .. } => default.is_nan(),
            Kind::Choice { required, .. } => required,
            _ => false,
        };
        format!(r#"{{"name":{:?},"kind":{kind:?},"choices":{choices:?},"required":{required}}}"#, self.name)
    }
}

/// The values given for declared parameters, checked one by one as they are taken.
pub struct Parameters<'a> {
    /// What stands before their names, if they are a part of the options.
    part: &'static str,
    declared: &'static [Parameter],
    values: &'a [f64],
    counts: Counts<'a>,
    rows: u32,
}

/// Where one number a row comes from.
#[derive(Clone, Copy)]
pub(crate) enum Counts<'a> {
    /// Nowhere: a rule that asks for them is refused.
    Missing,
    /// Here they are.
    Given(&'a [f64]),
    /// They follow, with the rest of a table that was saved.
    Later,
}

impl<'a> Parameters<'a> {
    /// `values` are in the order of `declared`, NaN for those not given, or empty.
    pub(crate) fn new(
        part: &'static str,
        declared: &'static [Parameter],
        values: &'a [f64],
        counts: Counts<'a>,
        rows: u32,
    ) -> Result<Self> {
        if values.is_empty() || values.len() == declared.len() {
            Ok(Self { part, declared, values, counts, rows })
        } else {
            let expected = format!("one value for each of {} parameters", declared.len());
            let argument = if part.is_empty() { "options" } else { part };
            Err(Error::WrongLength { argument, expected, found: values.len() })
        }
    }

    fn find(&self, name: &str) -> (Kind, f64) {
        let at = self.declared.iter().position(|parameter| parameter.name == name);
        let at = at.expect("a rule takes only parameters that it declares");
        (self.declared[at].kind, self.values.get(at).copied().unwrap_or(f64::NAN))
    }

    /// Whether there is such a parameter.
    pub(crate) fn declares(&self, name: &str) -> bool {
        self.declared.iter().any(|parameter| parameter.name == name)
    }

    /// The name as users know it.
    fn dotted(&self, name: &str) -> String {
        if self.part.is_empty() { name.into() } else { format!("{}.{name}", self.part) }
    }

    /// The error for a required parameter that is not given.
    pub(crate) fn missing(&self, name: &str) -> Error {
        Error::MissingOption { name: self.dotted(name) }
    }

    /// The error for a parameter's value that is out of range.
    pub(crate) fn refused(&self, name: &str, expected: &str, value: f64) -> Error {
        Error::option(&self.dotted(name), expected, value)
    }

    fn in_range(&self, name: &str, value: f64, range: Range) -> Result<f64> {
        if range.holds(value) { Ok(value) } else { Err(self.refused(name, range.words(), value)) }
    }

    /// Whether it was given.
    pub(crate) fn is_given(&self, name: &str) -> bool {
        !self.find(name).1.is_nan()
    }

    /// A number that is there, because it was given or has a default.
    pub(crate) fn number(&self, name: &str) -> Result<f64> {
        let (Kind::Number { default, range }, value) = self.find(name) else { unreachable!("{name} is declared as a number") };
        match (value.is_nan(), default.is_nan()) {
            (true, true) => Err(self.missing(name)),
            (true, false) => Ok(default),
            (false, _) => self.in_range(name, value, range),
        }
    }

    /// A number that may be absent.
    pub(crate) fn optional(&self, name: &str) -> Result<Option<f64>> {
        let (Kind::Optional { range }, value) = self.find(name) else { unreachable!("{name} is declared as optional") };
        if value.is_nan() { Ok(None) } else { self.in_range(name, value, range).map(Some) }
    }

    /// A flag, false if not given.
    pub(crate) fn flag(&self, name: &str) -> bool {
        let (_, value) = self.find(name);
        value == 1.0
    }

    /// A word, if one was given.
    pub(crate) fn word(&self, name: &str) -> Result<Option<&'static str>> {
        let (Kind::Choice { words, .. }, value) = self.find(name) else { unreachable!("{name} is declared as a choice") };
        if value.is_nan() {
            return Ok(None);
        }
        let word = words.get(value as usize).filter(|_| value >= 0.0);
        word.copied().map(Some).ok_or_else(|| self.refused(name, &format!("the index of one of {words:?}"), value))
    }

    /// The required number of each row; zeros if they follow later.
    pub(crate) fn counts(&self, name: &str) -> Result<Buffer<f64>> {
        let buffer = || Buffer::zeroed(self.rows.into(), "a number for each row");
        let counts = match self.counts {
            Counts::Missing => return Err(self.missing(name)),
            Counts::Later => return buffer(),
            Counts::Given(counts) => counts,
        };
        if counts.len() as u64 != u64::from(self.rows) {
            let expected = format!("rows = {}", self.rows);
            return Err(Error::WrongLength { argument: "optimizer.expectedCounts", expected, found: counts.len() });
        }
        if let Some(row) = counts.iter().position(|&count| !is_count(count)) {
            return Err(self.refused(&format!("{name}[{row}]"), Range::AtLeast0.words(), counts[row]));
        }
        let mut buffer = buffer()?;
        buffer.copy_from_slice(counts);
        Ok(buffer)
    }

    /// Whether the numbers of rows follow later.
    pub(crate) fn counts_follow(&self) -> bool {
        matches!(self.counts, Counts::Later)
    }
}

/// Whether a number can be a row's.
pub(crate) fn is_count(count: f64) -> bool {
    Range::AtLeast0.holds(count)
}

/// Checks a learning rate, or a factor of one, set between steps, which, unlike the first, may be 0.
pub(crate) fn check_factor(name: &str, value: f64) -> Result<f64> {
    if Range::AtLeast0.holds(value) { Ok(value) } else { Err(Error::option(name, Range::AtLeast0.words(), value)) }
}
