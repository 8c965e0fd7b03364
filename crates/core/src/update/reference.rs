//! The specification: a step as one plain loop over rows, occurrences and elements. Every fast path equals it bit for bit.
//!
//! It shares with them the rules' formulas, run here on single floats, and the table's data; how gradients are grouped, summed,
//! squared, counted and checked is written out again, as docs/arithmetic.md has it.

use std::collections::BTreeMap;

use super::MeanSquare;
use super::gradients::Gradients;
use crate::error::{Error, Result};
use crate::options::{NonFinite, Reduction};
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

    let finite = |x: &[f32]| x.iter().all(|v| v.is_finite()) && (!rule.squares() || squares(x).is_finite());
    if table.non_finite == NonFinite::Reject {
        if let Some((row, _)) = occurrences.iter().find(|(_, gradient)| !finite(gradient)) {
            return Err(Error::SumNotFinite { row: *row });
        }
        if let Some((&row, _)) = sums.iter().find(|(_, sum)| !finite(sum)) {
            return Err(Error::SumNotFinite { row });
        }
    }

    let mean_square = mean_square(table, ids, gradients);
    let dim = gradients.dim as f64;
    let r2 = if rule.needs_mean_square().is_some() { mean_square.per_element(dim) } else { 0.0 };
    let step = Step { number: table.step + 1, lr: table.lr, mean_square: r2, dim };
    let scalars = rule.begin(&step);
    let mut skipped = 0;
    for (&row, gradient) in &sums {
        if table.non_finite == NonFinite::Skip && !finite(gradient) {
            skipped += 1;
            continue;
        }
        // SAFETY: the row exists, and this is the only thread.
        let seen = unsafe { table.tallies.shared().bump(row, rows[&row].len() as u32, step.number) };
        let mut state = table.storage.row_state(row);
        let c = rule.coefficients(&scalars, &seen, squares(gradient), &mut state);
        if R::ROW_STATE {
            table.storage.set_state(row, state);
        }
        for (element, &g) in gradient.iter().enumerate() {
            let mut planes = [0.0f32; MOST_PLANES];
            for (plane, value) in planes.iter_mut().enumerate().take(R::PLANES) {
                *value = table.storage.planes(row)[plane * gradient.len() + element];
            }
            let w = &mut table.storage.weights_mut(row)[element];
            *w = R::element::<f32>(&c, g, *w, &mut planes);
            for (plane, &value) in planes.iter().enumerate().take(R::PLANES) {
                table.storage.planes_mut(row)[plane * gradient.len() + element] = value;
            }
        }
    }
    if rule.needs_mean_square().is_some() {
        table.mean_square = mean_square;
    }
    table.step += 1;
    Ok(skipped)
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
