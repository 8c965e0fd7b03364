//! The rules as benches run them: each of the catalogue with its defaults but for the learning rate, and those of their options that change what
//! a row holds.

use tallygrad_core::init::Init;
use tallygrad_core::options::{NonFinite, Options};
use tallygrad_core::parameters::{Kind, Parameter};
use tallygrad_core::rule::AnyRule;
use tallygrad_core::table::Table;

use crate::plain::LR;

/// A rule with parameters, by the name that benches give it.
pub struct Case {
    /// The rule's, or with what is special about it, as `sgd-momentum`.
    pub name: String,
    rule: &'static str,
    parameters: Vec<f64>,
    needs_counts: bool,
}

/// All of them.
pub fn cases() -> Vec<Case> {
    let case = |name: &str, rule: &'static str, parameters: &[Parameter], given: &[(&str, f64)]| {
        let value = |name: &str| given.iter().find(|(given, _)| *given == name).map_or(f64::NAN, |&(_, value)| value);
        let values = parameters.iter().map(|p| if p.name == "lr" { f64::from(LR) } else { value(p.name) }).collect();
        let needs_counts = parameters.iter().any(|p| p.kind == Kind::Counts);
        Case { name: name.into(), rule, parameters: values, needs_counts }
    };
    let mut all = Vec::new();
    for (rule, parameters) in AnyRule::catalogue() {
        all.push(case(rule, rule, parameters, &[]));
        if rule == "sgd" {
            all.push(case("sgd-momentum", rule, parameters, &[("momentum", 0.9)]));
        }
    }
    all
}

impl Case {
    /// The case of a name.
    pub fn named(name: &str) -> Self {
        cases().into_iter().find(|case| case.name == name).unwrap_or_else(|| panic!("there is no rule {name}"))
    }

    /// A table of zeros with this rule.
    pub fn table(&self, rows: usize, dim: usize, non_finite: NonFinite, threads: usize) -> Table {
        let counts = vec![5.0; if self.needs_counts { rows } else { 0 }];
        Table::new(Options {
            rows: rows as u32,
            dim,
            rule: self.rule,
            parameters: &self.parameters,
            counts: self.needs_counts.then_some(&counts),
            init: Init::Zeros,
            non_finite,
            threads,
            ..Options::default()
        })
        .expect("a table for the bench")
    }
}
