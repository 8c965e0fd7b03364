//! What a rule's options may hold, as data: the facade reads names and defaults from here, so that nothing is listed twice, and
//! values are checked here, so that every door checks alike.

use crate::error::{Error, Result};

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
    /// One of these words, as its index; the first is the default.
    Choice(&'static [&'static str]),
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
    pub(super) const fn required(name: &'static str, range: Range) -> Self {
        Self::number(name, f64::NAN, range)
    }
    /// A number with a default.
    pub(super) const fn number(name: &'static str, default: f64, range: Range) -> Self {
        Self { name, kind: Kind::Number { default, range } }
    }
    /// A number that may be absent.
    pub(super) const fn optional(name: &'static str, range: Range) -> Self {
        Self { name, kind: Kind::Optional { range } }
    }

    /// Name and kind, as JSON; names and choices are plain words.
    pub(super) fn to_json(self) -> String {
        let (kind, choices) = match self.kind {
            Kind::Number { .. } | Kind::Optional { .. } => ("number", &[][..]),
            Kind::Flag => ("flag", &[][..]),
            Kind::Choice(choices) => ("choice", choices),
            Kind::Counts => ("counts", &[][..]),
        };
        format!(r#"{{"name":{:?},"kind":{kind:?},"choices":{choices:?}}}"#, self.name)
    }
}

/// The values given for a rule's parameters, checked one by one as its constructor takes them.
pub struct Parameters<'a> {
    declared: &'static [Parameter],
    values: &'a [f64],
    counts: Option<&'a [f64]>,
    rows: u32,
}

impl<'a> Parameters<'a> {
    /// `values` are in the order of `declared`, NaN for those not given, or empty.
    pub(super) fn new(declared: &'static [Parameter], values: &'a [f64], counts: Option<&'a [f64]>, rows: u32) -> Result<Self> {
        if values.is_empty() || values.len() == declared.len() {
            Ok(Self { declared, values, counts, rows })
        } else {
            let expected = format!("one value for each of {} parameters", declared.len());
            Err(Error::WrongLength { argument: "optimizer", expected, found: values.len() })
        }
    }

    fn find(&self, name: &str) -> (Kind, f64) {
        let at = self.declared.iter().position(|parameter| parameter.name == name);
        let at = at.expect("a rule takes only parameters that it declares");
        (self.declared[at].kind, self.values.get(at).copied().unwrap_or(f64::NAN))
    }

    /// A number that is there, because it was given or has a default.
    pub(super) fn number(&self, name: &str) -> Result<f64> {
        let (Kind::Number { default, range }, value) = self.find(name) else { unreachable!("{name} is declared as a number") };
        match (value.is_nan(), default.is_nan()) {
            (true, true) => Err(Error::MissingOption { name: dotted(name) }),
            (true, false) => Ok(default),
            (false, _) => in_range(name, value, range),
        }
    }

    /// A number that may be absent.
    pub(super) fn optional(&self, name: &str) -> Result<Option<f64>> {
        let (Kind::Optional { range }, value) = self.find(name) else { unreachable!("{name} is declared as optional") };
        if value.is_nan() { Ok(None) } else { in_range(name, value, range).map(Some) }
    }

    /// A flag, false if not given.
    pub(super) fn flag(&self, name: &str) -> bool {
        let (_, value) = self.find(name);
        value == 1.0
    }

    /// The required number of each row.
    pub(super) fn counts(&self, name: &str) -> Result<&'a [f64]> {
        let counts = self.counts.ok_or_else(|| Error::MissingOption { name: dotted(name) })?;
        if counts.len() as u64 != u64::from(self.rows) {
            let expected = format!("rows = {}", self.rows);
            return Err(Error::WrongLength { argument: "optimizer.expectedCounts", expected, found: counts.len() });
        }
        match counts.iter().position(|&count| !Range::AtLeast0.holds(count)) {
            Some(row) => Err(refused(&format!("{name}[{row}]"), Range::AtLeast0.words(), counts[row])),
            None => Ok(counts),
        }
    }
}

fn dotted(name: &str) -> String {
    format!("optimizer.{name}")
}

fn in_range(name: &str, value: f64, range: Range) -> Result<f64> {
    if range.holds(value) { Ok(value) } else { Err(refused(name, range.words(), value)) }
}

/// The error for a parameter's value that is out of range.
pub(super) fn refused(name: &str, expected: &str, value: f64) -> Error {
    Error::option(&dotted(name), expected, value)
}

/// Checks a learning rate set between steps, which, unlike the first, may be 0.
pub(crate) fn check_lr(lr: f64) -> Result<f64> {
    if Range::AtLeast0.holds(lr) { Ok(lr) } else { Err(Error::option("lr", Range::AtLeast0.words(), lr)) }
}

pub(super) fn unknown_rule(name: &str) -> Error {
    Error::OptionValue { name: "optimizer.type".into(), expected: "the name of a rule".into(), found: format!("{name:?}") }
}
