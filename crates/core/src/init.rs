//! First weights: zeros, random numbers that belong to their place in the table, or values from outside.

use std::ops::Range;

use crate::error::{Error, Result};
use crate::lanes::Portable;
use crate::narrow::Dtype;
use crate::pool;
use crate::rng::{fill_row, normal_quantile};
use crate::rule::Rule;
use crate::table::Table;

/// What first weights are.
#[derive(Clone, Copy, Debug)]
pub enum Init<'a> {
    /// All zeros.
    Zeros,
    /// Uniform in (-scale, scale).
    Uniform {
        /// Half the width.
        scale: f64,
    },
    /// Normal around 0.
    Normal {
        /// Standard deviation.
        scale: f64,
    },
    /// `rows * dim` finite weights, row-major.
    Values(&'a [f32]),
}

/// The largest scale whose random weights are finite in float32.
const MOST_SCALE: f64 = 1e37;
/// No number drawn is further from 0, in standard deviations.
const MOST_DEVIATIONS: f64 = 7.0;
/// Elements from which filling a table is shared among threads: each costs far more than in a step.
const SHARED_FROM: usize = 1 << 16;

impl Init<'_> {
    pub(crate) fn check(&self, rows: u32, dim: usize, dtype: Dtype) -> Result<()> {
        match *self {
            Init::Zeros => Ok(()),
            Init::Uniform { scale } | Init::Normal { scale } if !(0.0..=MOST_SCALE).contains(&scale) => {
                Err(Error::option("init.scale", "a number from 0 to 1e37", scale))
            }
            Init::Uniform { scale } | Init::Normal { scale } if !dtype.nearest((MOST_DEVIATIONS * scale) as f32).is_finite() => {
                Err(Error::option("init.scale", "a number at whose sevenfold f16 is finite, that is, below 9,360", scale))
            }
            Init::Uniform { .. } | Init::Normal { .. } => Ok(()),
            Init::Values(values) if values.len() as u128 != u128::from(rows) * dim as u128 => {
                let expected = format!("rows * dim = {}", u128::from(rows) * dim as u128);
                Err(Error::WrongLength { argument: "init", expected, found: values.len() })
            }
            Init::Values(values) => match values.iter().position(|&v| !dtype.nearest(v).is_finite()) {
                Some(position) => {
                    let (value, what) = (values[position], dtype.finite_part());
                    Err(Error::NonFinite { argument: "init", position, value, what })
                }
                None => Ok(()),
            },
        }
    }

    /// What is left to tell of it when a row is made new: values from outside are not kept.
    pub(crate) fn without_values(&self) -> Init<'static> {
        match *self {
            Init::Zeros | Init::Values(_) => Init::Zeros,
            Init::Uniform { scale } => Init::Uniform { scale },
            Init::Normal { scale } => Init::Normal { scale },
        }
    }

    /// Writes a row's first weights.
    pub(crate) fn fill_row(&self, seed: u64, row: u32, weights: &mut [f32]) {
        match *self {
            Init::Zeros => weights.fill(0.0),
            Init::Uniform { scale } => fill_row(seed, 0, row, weights, |u| scale * (2.0 * u - 1.0)),
            Init::Normal { scale } => fill_row(seed, 0, row, weights, |u| scale * normal_quantile(u)),
            Init::Values(values) => weights.copy_from_slice(&values[row as usize * weights.len()..][..weights.len()]),
        }
    }
}

/// Makes new rows, whose storage is all zeros, on several threads if there are many.
pub(crate) fn fill<R: Rule>(table: &mut Table, rule: &R, init: &Init, rows: Range<u32>) {
    let first_state = rule.first_state();
    if first_state != 0.0 {
        rows.clone().for_each(|row| table.storage.set_row_state(row, first_state));
    }
    if first_state == 0.0 && matches!(init, Init::Zeros) {
        return;
    }
    let (dim, seed, padding) = (table.dim, table.seed, table.padding);
    let storage = table.storage.shared();
    let a_task = (rows.end - rows.start).div_ceil(pool::TASKS as u32);
    let work = |task: usize| {
        let first = rows.start + task as u32 * a_task;
        let mut floats = vec![0.0; storage.layout.floats()];
        for row in first..first.saturating_add(a_task).min(rows.end) {
            first_floats(rule, if padding == Some(row) { &Init::Zeros } else { init }, seed, row, dim, &mut floats);
            // SAFETY: the row exists, and only this task has it.
            unsafe { storage.layout.write::<Portable>(storage.record(row, storage.layout.stride()), &floats, None) };
        }
    };
    let threads = if rows.len().saturating_mul(dim) < SHARED_FROM { 1 } else { table.threads };
    let filled = pool::run(threads, (rows.end - rows.start).div_ceil(a_task) as usize, &work);
    filled.expect("filling a row cannot fail");
}

/// Makes a row's first weights and state.
pub(crate) fn first_floats<R: Rule>(rule: &R, init: &Init, seed: u64, row: u32, dim: usize, floats: &mut [f32]) {
    let (weights, planes) = floats.split_at_mut(dim);
    init.fill_row(seed, row, weights);
    planes.fill(rule.first_state());
    rule.adopt(weights, planes);
}
