//! Growing: more rows for a table, which begin as if they had been there from the start.

use std::sync::Arc;

use crate::error::{Error, Result};
use crate::float_mode::standard;
use crate::init;
use crate::plan::Plan;
use crate::rule::{AnyRule, Rule, with_rule};
use crate::table::Table;

impl Table {
    /// Makes it a table of `rows` rows, no fewer than it has. All memory is had first: a table that cannot grow stays as it is.
    pub fn grow(&mut self, rows: u32) -> Result<()> {
        self.check_whole()?;
        if rows < self.rows {
            return Err(Error::option("rows", &format!("at least {}, as many as there are", self.rows), rows.into()));
        }
        if rows == self.rows {
            return Ok(());
        }
        let old = self.rows;
        let rule = grown_rule(&self.rule, rows)?;
        let (storage, tallies) = (self.storage.grown(rows)?, self.tallies.grown(rows)?);
        let missed = self.missed.as_ref().map(|missed| missed.grown(rows, self.step)).transpose()?;
        self.plan = Plan::new(rows)?;
        (self.rows, self.rule, self.storage, self.tallies, self.missed) = (rows, rule, storage, tallies, missed);
        let (rule, init) = (self.rule.clone(), self.init);
        standard(|| with_rule!(&rule, rule => init::fill(self, rule, &init, old..rows)));
        Ok(())
    }
}

/// The rule for more rows. Where it has a number for each, new rows have 0.
fn grown_rule(rule: &AnyRule, rows: u32) -> Result<AnyRule> {
    let mut rule = rule.clone();
    with_rule!(&mut rule, rule => {
        let refused = rule.refuses_count(0.0);
        if let Some(counts) = rule.counts_mut() {
            if let Some(expected) = refused {
                return Err(Error::option("optimizer.expectedCounts, 0 for a new row,", expected, 0.0));
            }
            *counts = Arc::new(counts.grown(rows.into(), "a number for each row")?);
        }
    });
    Ok(rule)
}
