//! Bags: features of any number of ids, whose vectors are pooled into one, and whose pooled vector's gradient goes back to each of them.
//! How they are pooled is written down in docs/arithmetic.md.

use std::ops::Range;

use crate::error::{Error, Result};
use crate::float_mode::standard;
use crate::lanes::{Kernel, Over, Times, Vector, add_times, change, dispatch, dot};
use crate::lookup::{Present, is_present};
use crate::memory::Buffer;
use crate::pool::{self, TASKS};
use crate::shared::SharedSlice;
use crate::table::{Ids, Table};
use crate::width::{Width, with_width};

/// What becomes of a bag's vectors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Their sum.
    #[default]
    Sum,
    /// Their mean.
    Mean,
    /// Their sum, divided by the root of their number.
    SqrtN,
    /// In each element the largest; of equals, the first.
    Max,
}

impl Mode {
    /// Every mode by the name that it has in options.
    pub const NAMES: [(&'static str, Mode); 4] =
        [("sum", Mode::Sum), ("mean", Mode::Mean), ("sqrt-n", Mode::SqrtN), ("max", Mode::Max)];

    /// The mode called `name`.
    pub fn named(name: &str) -> Result<Self> {
        Self::NAMES.iter().find(|(known, _)| *known == name).map(|&(_, mode)| mode).ok_or_else(|| Error::OptionValue {
            name: "mode".into(),
            expected: "\"sum\", \"mean\", \"sqrt-n\", \"max\"".into(),
            found: format!("{name:?}"),
        })
    }
}

/// A batch of bags.
#[derive(Clone, Copy, Debug)]
pub struct Bags<'a> {
    /// The ids of all bags, one after the other.
    pub ids: Ids<'a>,
    /// Where each bag begins, and once more where the last one ends.
    pub offsets: &'a [u32],
    /// What becomes of a bag's vectors.
    pub mode: Mode,
    /// What each vector is multiplied with.
    pub weights: Option<&'a [f32]>,
}

impl Bags<'_> {
    /// Number of bags.
    pub fn len(&self) -> usize {
        self.offsets.len().saturating_sub(1)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn positions(&self, bag: usize) -> Range<usize> {
        self.offsets[bag] as usize..self.offsets[bag + 1] as usize
    }

    /// Positions of a bag that count: all but those of the padding row.
    fn counting(&self, bag: usize, padding: Option<u32>) -> impl Iterator<Item = usize> + Clone {
        let ids = self.ids.bits;
        self.positions(bag).filter(move |&at| padding != Some(ids[at]))
    }

    /// What the sum of `count` vectors is divided by.
    fn divisor(&self, count: usize) -> f32 {
        match self.mode {
            Mode::Sum | Mode::Max => 1.0,
            Mode::Mean => count as f32,
            Mode::SqrtN => (count as f64).sqrt() as f32,
        }
    }

    /// Checks everything but the ids.
    fn check(&self) -> Result<()> {
        let (count, last) = (self.ids.bits.len(), self.offsets.len().wrapping_sub(1));
        let bad = |position: usize, expected: String| {
            Err(Error::Offsets { position, expected, found: self.offsets.get(position).copied() })
        };
        if self.offsets.first() != Some(&0) {
            return bad(0, "0".into());
        }
        if let Some(at) = self.offsets.windows(2).position(|pair| pair[0] > pair[1]) {
            return bad(at + 1, format!("at least {} (the offset before it)", self.offsets[at]));
        }
        if self.offsets[last] as usize != count {
            return bad(last, format!("ids.length = {count}"));
        }
        let Some(weights) = self.weights else { return Ok(()) };
        if self.mode == Mode::Max {
            let because = "a weight would change which vector is the largest";
            return Err(Error::OptionConflict { one: "weights".into(), other: "mode: \"max\"".into(), because });
        }
        if weights.len() != count {
            return Err(Error::WrongLength {
                argument: "weights",
                expected: format!("ids.length = {count}"),
                found: weights.len(),
            });
        }
        match weights.iter().position(|weight| !weight.is_finite()) {
            Some(position) => Err(Error::NonFinite { argument: "weights", position, value: weights[position], what: "it" }),
            None => Ok(()),
        }
    }
}

impl Table {
    /// Writes each bag's pooled vector to `out`, `bags.len() * dim` long; zeros for a bag without ids.
    pub fn pool(&self, bags: Bags, out: &mut [f32]) -> Result<()> {
        self.check(bags.ids)?;
        bags.check()?;
        self.check_length("out", "bags * dim", bags.elements(self.dim), out.len())?;
        standard(|| {
            share(
                self,
                bags,
                out,
                |bag| bag * self.dim,
                |range, out| with_width!(self.dim, is_present(self), width => dispatch(self.simd, PoolBags { table: self, bags, range, out, width })),
            )
        });
        Ok(())
    }

    /// One step by the gradients of pooled vectors, `bags.len() * dim` of them; gives the number of rows that were skipped. To
    /// `weight_gradients`, if it is there, go the gradients of `bags.weights`, as they were before the step.
    pub fn update_pool(
        &mut self,
        bags: Bags,
        gradients: &[f32],
        scale: f64,
        weight_gradients: Option<&mut [f32]>,
    ) -> Result<u64> {
        self.check(bags.ids)?;
        bags.check()?;
        let (dim, count) = (self.dim, bags.ids.bits.len());
        self.check_length("gradients", "bags * dim", bags.elements(dim), gradients.len())?;
        if let Some(out) = &weight_gradients {
            self.check_length("weightGradients", "ids.length", count as u64, out.len())?;
        }
        let mut scratch = std::mem::replace(&mut self.scratch.occurrences, Buffer::zeroed(0, PURPOSE)?);
        let outcome = scratch.reserve(count * (dim + 1), PURPOSE).and_then(|()| {
            let (expanded, dots) = scratch[..count * (dim + 1)].split_at_mut(count * dim);
            standard(|| {
                if weight_gradients.is_some() {
                    share(
                        self,
                        bags,
                        dots,
                        |bag| bags.offsets[bag] as usize,
                        |range, out| {
                            dispatch(self.simd, WeightGradients { table: self, bags, gradients, range, out });
                        },
                    );
                }
                share(
                    self,
                    bags,
                    expanded,
                    |bag| bags.offsets[bag] as usize * dim,
                    |range, out| {
                        dispatch(self.simd, Expand { table: self, bags, gradients, range, out });
                    },
                );
            });
            let skipped = self.update(bags.ids, expanded, scale).map_err(|error| bags.own(error, dim))?;
            if let Some(out) = weight_gradients {
                out.copy_from_slice(dots);
            }
            Ok(skipped)
        });
        self.scratch.occurrences = scratch;
        outcome
    }
}

const PURPOSE: &str = "the gradients of a batch of bags";
/// Bags of a batch whose rows are fetched ahead.
const AHEAD: usize = 8;

impl Bags<'_> {
    fn elements(&self, dim: usize) -> u64 {
        self.len() as u64 * dim as u64
    }

    /// An error about the gradients of occurrences as one about those of bags.
    fn own(&self, error: Error, dim: usize) -> Error {
        let element = |position: usize| {
            let bag = self.offsets.partition_point(|&offset| offset as usize <= position / dim) - 1;
            bag * dim + position % dim
        };
        match error {
            Error::NonFinite { argument: "gradients", position, value, what } => {
                Error::NonFinite { argument: "gradients", position: element(position), value, what }
            }
            Error::SquaresNotFinite { first, last } => Error::SquaresNotFinite { first: element(first), last: element(last) },
            other => other,
        }
    }
}

/// Runs `work` on ranges of bags and their parts of `out`, the first of which begins at `start` of the bag, on several threads if there is much to do.
fn share(
    table: &Table,
    bags: Bags,
    out: &mut [f32],
    start: impl Fn(usize) -> usize + Sync,
    work: impl Fn(Range<usize>, &mut [f32]) + Sync,
) {
    let elements = bags.ids.bits.len() * table.dim;
    if table.threads == 1 || elements < pool::WORTH_SHARING {
        return work(0..bags.len(), out);
    }
    let out = SharedSlice::new(out);
    let a_task = bags.len().div_ceil(TASKS);
    let task = |task: usize| {
        let range = task * a_task..((task + 1) * a_task).min(bags.len());
        // SAFETY: each task has bags of its own, and so parts of their own.
        work(range.clone(), unsafe { out.range(start(range.start)..start(range.end)) });
    };
    pool::run(table.threads, bags.len().div_ceil(a_task), &task).expect("working on a bag cannot fail");
}

struct PoolBags<'a, W: Width> {
    table: &'a Table,
    bags: Bags<'a>,
    range: Range<usize>,
    out: &'a mut [f32],
    width: W,
}

impl<W: Width> Kernel for PoolBags<'_, W> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self) {
        let Self { table, bags, range, out, width } = self;
        let (mut row, ids) = (Present::new(table), bags.ids.bits);
        let plain = W::PLAIN.then(|| table.storage.weights(width));
        for (bag, out) in range.zip(out.chunks_exact_mut(width.dim())) {
            let mut count = 0;
            for at in bags.counting(bag, table.padding) {
                let next = ids[(at + AHEAD).min(ids.len() - 1)];
                let weights = if let Some(plain) = plain {
                    plain.prefetch(next);
                    plain.get(ids[at])
                } else {
                    table.storage.prefetch_weights(next);
                    row.weights(table, ids[at])
                };
                let factor = bags.weights.map_or(1.0, |weights| weights[at]);
                match (bags.mode, count) {
                    (_, 0) => {
                        out.copy_from_slice(weights);
                        change::<V>(out, Times(factor));
                    }
                    (Mode::Max, _) => {
                        out.iter_mut().zip(weights).for_each(|(most, &w)| *most = if w > *most { w } else { *most })
                    }
                    _ => add_times::<V>(out, factor, weights),
                }
                count += 1;
            }
            if count == 0 {
                out.fill(0.0);
            } else {
                change::<V>(out, Over(bags.divisor(count)));
            }
        }
    }
}

/// Writes the gradient of each occurrence.
struct Expand<'a> {
    table: &'a Table,
    bags: Bags<'a>,
    gradients: &'a [f32],
    range: Range<usize>,
    out: &'a mut [f32],
}

impl Kernel for Expand<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self) {
        let Self { table, bags, gradients, range, out } = self;
        let (dim, first) = (table.dim, bags.offsets[range.start] as usize);
        out.fill(0.0);
        let mut largest = Largest::new(table);
        for bag in range {
            let gradient = &gradients[bag * dim..(bag + 1) * dim];
            let counting = bags.counting(bag, table.padding);
            if bags.mode == Mode::Max {
                largest.find(bags, counting);
                for (d, (&at, &g)) in largest.positions.iter().zip(gradient).enumerate().filter(|(_, (at, _))| **at != NOBODY) {
                    out[(at - first) * dim + d] = g;
                }
                continue;
            }
            let divisor = bags.divisor(counting.clone().count());
            for at in counting {
                let out = &mut out[(at - first) * dim..(at - first + 1) * dim];
                out.copy_from_slice(gradient);
                if let Some(weights) = bags.weights {
                    change::<V>(out, Times(weights[at]));
                }
                if divisor != 1.0 {
                    change::<V>(out, Over(divisor));
                }
            }
        }
    }
}

/// Where a bag without ids has its largest elements.
const NOBODY: usize = usize::MAX;

/// Finds which occurrence of a bag has the largest of each element.
struct Largest<'a> {
    table: &'a Table,
    row: Present,
    values: Vec<f32>,
    /// For each element a position in the batch.
    positions: Vec<usize>,
}

impl<'a> Largest<'a> {
    fn new(table: &'a Table) -> Self {
        Self { table, row: Present::new(table), values: vec![0.0; table.dim], positions: vec![NOBODY; table.dim] }
    }

    fn find(&mut self, bags: Bags, counting: impl Iterator<Item = usize>) {
        self.positions.fill(NOBODY);
        for at in counting {
            let weights = self.row.weights(self.table, bags.ids.bits[at]);
            for ((value, position), &w) in self.values.iter_mut().zip(&mut self.positions).zip(weights) {
                if *position == NOBODY || w > *value {
                    (*value, *position) = (w, at);
                }
            }
        }
    }
}

/// Writes the gradient of each occurrence's weight in its bag.
struct WeightGradients<'a> {
    table: &'a Table,
    bags: Bags<'a>,
    gradients: &'a [f32],
    range: Range<usize>,
    out: &'a mut [f32],
}

impl Kernel for WeightGradients<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self) {
        let Self { table, bags, gradients, range, out } = self;
        let (dim, first) = (table.dim, bags.offsets[range.start] as usize);
        let mut row = Present::new(table);
        out.fill(0.0);
        for bag in range {
            let counting = bags.counting(bag, table.padding);
            let divisor = bags.divisor(counting.clone().count());
            for at in counting {
                let weights = row.weights(table, bags.ids.bits[at]);
                out[at - first] = dot::<V>(weights, &gradients[bag * dim..(bag + 1) * dim]) / divisor;
            }
        }
    }
}
