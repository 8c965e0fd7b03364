//! The specification: a step as one plain loop over rows, occurrences and elements. Every fast path equals it bit for bit.
//!
//! It shares with them the rules' formulas, run here on single floats, what catches a row up, and the table's data; how gradients are
//! grouped, summed, squared, clipped, counted and checked is written out again, as docs/arithmetic.md has it.

use std::collections::{BTreeMap, BTreeSet};

use super::MeanSquare;
use super::gradients::Gradients;
use crate::error::{Error, Result};
use crate::lanes::Number;
use crate::lookup::Present;
use crate::narrow::{Draw, Rounding};
use crate::options::{Clip, NonFinite, Reduction};
use crate::rule::{MOST_PLANES, Rule, Step, with_rule};
use crate::table::Table;

/// One step of `table`, the slow way.
pub(crate) fn update(table: &mut Table, ids: &[u32], gradients: Gradients) -> Result<u64> {
    let rule = table.rule.clone();
    with_rule!(&rule, rule => run(table, rule, ids, gradients))
}

fn run<R: Rule>(table: &mut Table, rule: &R, ids: &[u32], gradients: Gradients) -> Result<u64> {
    let occurrences: Vec<(u32, Vec<f32>)> = ids
        .iter()
        .enumerate()
        .filter(|&(_, &id)| table.padding != Some(id))
        .map(|(position, &id)| (id, gradients.at(position).iter().map(|g| g * gradients.scale).collect()))
        .collect();
    let mut rows: BTreeMap<u32, Vec<&[f32]>> = BTreeMap::new();
    for (id, gradient) in &occurrences {
        rows.entry(*id).or_default().push(gradient);
    }
    let sums: BTreeMap<u32, Vec<f32>> = rows.iter().map(|(&row, gradients)| (row, sum(gradients, table.reduction))).collect();

    let finite = |x: &[f32], squaring: bool| x.iter().all(|v| v.is_finite()) && (!squaring || squares(x).is_finite());
    let sum_squaring = rule.squares() || table.treatment.clip.squares();
    let sum_is_finite = |sum: &[f32]| finite(sum, sum_squaring);
    if table.non_finite == NonFinite::Reject {
        if let Some((row, _)) = occurrences.iter().find(|(_, gradient)| !finite(gradient, rule.squares())) {
            return Err(Error::SumNotFinite { row: *row });
        }
        if let Some((&row, _)) = sums.iter().find(|(_, sum)| !sum_is_finite(sum)) {
            return Err(Error::SumNotFinite { row });
        }
    }

    let mean_square = mean_square(table, ids, gradients);
    let dim = gradients.dim as f64;
    let r2 = if rule.needs_mean_square().is_some() { mean_square.per_element(dim) } else { 0.0 };
    let lr = table.lr * table.schedule.factor(table.step + 1) * table.factor;
    let step = Step { number: table.step + 1, lr, mean_square: r2, dim };
    let global = global_norm(table, ids, &sums);
    let scalars = rule.begin(&step);
    let mut present = Present::new(table);
    let mut skipped = 0;
    for (&row, sum) in &sums {
        if table.non_finite == NonFinite::Skip && !sum_is_finite(sum) {
            skipped += 1;
            continue;
        }
        let n = rows[&row].len();
        // SAFETY: the row exists, and this is the only thread.
        let seen = unsafe { table.tallies.shared().bump(row, n as u32, step.number) };
        present.read(table, rule, row);
        let (weights, planes) = present.floats.split_at_mut(sum.len());

        let mut gradient = sum.clone();
        match table.treatment.clip {
            Clip::Nothing => {}
            Clip::Value(limit) => gradient.iter_mut().for_each(|g| *g = g.within(limit as f32)),
            Clip::RowNorm(limit) => _ = shorten(&mut gradient, norm(sum), limit),
            Clip::GlobalNorm(limit) => _ = shorten(&mut gradient, global, limit),
            Clip::Cow { ratio, floor } => _ = shorten(&mut gradient, norm(sum), n as f64 * (ratio * norm(weights)).max(floor)),
        }
        if let Some(decay) = table.treatment.decay {
            let rate = if decay.by_tally { decay.rate * table.treatment.half_life / seen.after } else { decay.rate };
            if decay.l2 {
                gradient.iter_mut().zip(&*weights).for_each(|(g, w)| *g += rate as f32 * w);
            } else {
                let kept = (1.0 - lr * rate).max(0.0) as f32;
                weights.iter_mut().for_each(|w| *w *= kept);
                rule.adopt(weights, planes);
            }
        }
        let c = rule.coefficients(&scalars, &seen, squares(&gradient), &mut present.state);
        for (element, (&g, w)) in gradient.iter().zip(&mut *weights).enumerate() {
            let mut state = [0.0f32; MOST_PLANES];
            for (plane, value) in state.iter_mut().enumerate().take(R::PLANES) {
                *value = planes[plane * gradient.len() + element];
            }
            *w = R::element::<f32>(&c, g, *w, &mut state);
            for (plane, &value) in state.iter().enumerate().take(R::PLANES) {
                planes[plane * gradient.len() + element] = value;
            }
        }
        if table.treatment.max_norm.is_some_and(|limit| shorten(weights, norm(weights), limit)) {
            rule.adopt(weights, planes);
        }
        let draw = Draw { seed: table.seed, step: step.number, row, block: 0 };
        let draw = (table.rounding == Rounding::Stochastic).then_some(draw);
        table.write_row(row, &present.floats, present.state, step.number, draw);
    }
    if let Some(missed) = &mut table.missed {
        missed.visits.reserve()?;
        missed.visits.push(rule, step.number, lr);
    }
    if rule.needs_mean_square().is_some() {
        table.mean_square = mean_square;
    }
    table.step += 1;
    Ok(skipped)
}

/// The Euclidean norm.
fn norm(x: &[f32]) -> f64 {
    f64::from(squares(x)).sqrt()
}

/// Multiplies `x` with `limit / norm` if `norm` is above `limit`. Says whether it was.
fn shorten(x: &mut [f32], norm: f64, limit: f64) -> bool {
    if norm > limit {
        x.iter_mut().for_each(|v| *v *= (limit / norm) as f32);
    }
    norm > limit
}

/// The norm of all rows' sums, in order of the rows' first occurrences. The padding row adds nothing, but has its place.
fn global_norm(table: &Table, ids: &[u32], sums: &BTreeMap<u32, Vec<f32>>) -> f64 {
    let mut known = BTreeSet::new();
    let order: Vec<u32> = ids.iter().copied().filter(|&id| known.insert(id)).collect();
    let mut total = 0.0;
    for chunk in order.chunks(1024) {
        let mut a = [0.0f64; 8];
        for (place, row) in chunk.iter().enumerate() {
            let square = sums.get(row).map_or(0.0, |sum| squares(sum));
            let skipped = table.non_finite == NonFinite::Skip && !square.is_finite();
            a[place % 8] += if skipped { 0.0 } else { f64::from(square) };
        }
        total += ((a[0] + a[4]) + (a[2] + a[6])) + ((a[1] + a[5]) + (a[3] + a[7]));
    }
    total.sqrt()
}

/// A row's gradients, summed in runs of 256.
fn sum(gradients: &[&[f32]], reduction: Reduction) -> Vec<f32> {
    let add = |a: Vec<f32>, b: Vec<f32>| a.iter().zip(b).map(|(a, b)| a + b).collect();
    let run = |run: &[&[f32]]| run.iter().map(|gradient| gradient.to_vec()).reduce(add);
    let total = gradients.chunks(256).filter_map(run).reduce(add).unwrap_or_default();
    match reduction {
        Reduction::Sum => total,
        Reduction::Mean => total.iter().map(|v| v / gradients.len() as f32).collect(),
    }
}

/// The sum of squares over eight accumulators.
fn squares(x: &[f32]) -> f32 {
    let mut a = [0.0f32; 8];
    for (d, v) in x.iter().enumerate() {
        a[d % 8] += v * v;
    }
    ((a[0] + a[4]) + (a[2] + a[6])) + ((a[1] + a[5]) + (a[3] + a[7]))
}

/// R2's sums after this batch.
fn mean_square(table: &Table, ids: &[u32], gradients: Gradients) -> MeanSquare {
    let (mut total, mut count) = (0.0, 0);
    for first in (0..ids.len()).step_by(1024) {
        let mut a = [0.0f64; 8];
        for position in first..(first + 1024).min(ids.len()) {
            let scaled: Vec<f32> = gradients.at(position).iter().map(|g| g * gradients.scale).collect();
            let square = f64::from(squares(&scaled));
            if table.padding == Some(ids[position]) || (table.non_finite == NonFinite::Skip && !square.is_finite()) {
                continue;
            }
            a[position % 8] += square;
            count += 1;
        }
        total += ((a[0] + a[4]) + (a[2] + a[6])) + ((a[1] + a[5]) + (a[3] + a[7]));
    }
    table.mean_square.after(table.tallies.decay(), total, count)
}
