//! The learning rates of the steps since all rows were last brought up to date, and what visits at those rates do to a row where that is a
//! linear map. Steps of one rate are one run, so that a table whose rate stays needs one entry, however many steps it takes.

use crate::error::Result;
use crate::memory::{copied, make_room};

/// A linear map of (weight, state).
pub(crate) type Map = [[f64; 2]; 2];

const PURPOSE: &str = "the learning rates of steps";
const IDENTITY: Map = [[1.0, 0.0], [0.0, 1.0]];

/// `a` after `b`.
fn after(a: &Map, b: &Map) -> Map {
    let entry = |row: usize, column: usize| a[row][0] * b[0][column] + a[row][1] * b[1][column];
    [[entry(0, 0), entry(0, 1)], [entry(1, 0), entry(1, 1)]]
}

/// A map `times` times over, by repeated squaring.
fn repeated(mut map: Map, mut times: u64) -> Map {
    let mut product = IDENTITY;
    while times > 0 {
        if times & 1 == 1 {
            product = after(&map, &product);
        }
        map = after(&map, &map);
        times >>= 1;
    }
    product
}

/// Consecutive steps of one rate.
#[derive(Clone, Copy)]
pub(crate) struct Run {
    /// Number of its first step.
    pub first: u64,
    pub lr: f64,
}

/// The rates of the steps since a certain one.
#[derive(Default)]
pub(crate) struct History {
    runs: Vec<Run>,
    /// Which runs have a rate that no later one exceeds, in order.
    peaks: Vec<usize>,
    /// On level k at i the product over the runs from `i << k` up to `(i + 1) << k`, where these have ended.
    products: Vec<Vec<Map>>,
    /// What one visit of the last run does, twice that, four times: as many as the run's length has digits.
    powers: Vec<Map>,
}

impl History {
    pub fn runs(&self) -> &[Run] {
        &self.runs
    }

    pub fn bytes(&self) -> u64 {
        let maps: usize = self.products.iter().map(Vec::capacity).sum::<usize>() + self.powers.capacity();
        let (runs, peaks) = (self.runs.capacity(), self.peaks.capacity());
        (runs * size_of::<Run>() + maps * size_of::<Map>() + peaks * size_of::<usize>()) as u64
    }

    /// A copy.
    pub fn try_clone(&self) -> Result<Self> {
        Ok(Self {
            runs: copied(&self.runs, PURPOSE)?,
            peaks: copied(&self.peaks, PURPOSE)?,
            products: self.products.iter().map(|products| copied(products, PURPOSE)).collect::<Result<_>>()?,
            powers: self.powers.clone(),
        })
    }

    /// Makes room for a step. There are few levels and powers, so that they are simply taken.
    pub fn reserve(&mut self) -> Result<()> {
        let Self { runs, peaks, products, .. } = self;
        let are_full = products.iter().any(|products| products.len() == products.capacity());
        if !are_full && runs.len() < runs.capacity() && peaks.len() < peaks.capacity() {
            return Ok(());
        }
        make_room(PURPOSE, size_of::<Map>() * (runs.len() + 1), || {
            runs.try_reserve(1)?;
            peaks.try_reserve(1)?;
            products.iter_mut().try_for_each(|products| products.try_reserve(1))
        })
    }

    /// Takes on the next step, for which there is room: its rate, and what a visit at that rate does, if that is a map.
    pub fn push(&mut self, step: u64, lr: f64, map: impl FnOnce() -> Option<Map>) {
        if let Some(&Run { first, lr: before }) = self.runs.last() {
            if lr == before {
                return self.lengthen(step + 1 - first);
            }
            if !self.powers.is_empty() {
                self.end_run(self.of_last_run(step - first));
            }
        }
        while self.peaks.last().is_some_and(|&peak| self.runs[peak].lr <= lr) {
            self.peaks.pop();
        }
        self.peaks.push(self.runs.len());
        self.runs.push(Run { first: step, lr });
        self.powers.clear();
        self.powers.extend(map());
    }

    /// Makes sure that there are powers for so many visits of the last run.
    fn lengthen(&mut self, visits: u64) {
        while let Some(last) = self.powers.last().filter(|_| self.powers.len() <= visits.ilog2() as usize) {
            self.powers.push(after(last, last));
        }
    }

    fn end_run(&mut self, mut product: Map) {
        for level in 0.. {
            if level == self.products.len() {
                self.products.push(Vec::new());
            }
            let products = &mut self.products[level];
            products.push(product);
            let [.., before, last] = products[..] else { return };
            if products.len() % 2 == 1 {
                return;
            }
            product = after(&last, &before);
        }
    }

    /// What so many visits of the last run do: as [`repeated`], with powers that are known.
    fn of_last_run(&self, mut visits: u64) -> Map {
        let mut product = IDENTITY;
        for power in &self.powers {
            if visits & 1 == 1 {
                product = after(power, &product);
            }
            visits >>= 1;
        }
        debug_assert_eq!(visits, 0);
        product
    }

    /// Which run a step belongs to.
    pub fn run_of(&self, step: u64) -> usize {
        self.runs.partition_point(|run| run.first <= step) - 1
    }

    /// Whether no run after this one has a higher rate.
    pub fn is_peak(&self, run: usize) -> bool {
        self.peaks.binary_search(&run).is_ok()
    }

    /// What the visits of the steps after `last` up to and including `now`, the latest, do. `map` says it of one visit at a rate.
    pub fn product(&self, last: u64, now: u64, map: impl FnOnce(f64) -> Map) -> Map {
        let (first, end) = (self.run_of(last + 1), self.runs.len() - 1);
        if first == end {
            return self.of_last_run(now - last);
        }
        let mut product = repeated(map(self.runs[first].lr), self.runs[first + 1].first - 1 - last);
        let mut run = first + 1;
        while run < end {
            // The most runs that begin here and have a product.
            let level = run.trailing_zeros().min((end - run).ilog2()) as usize;
            product = after(&self.products[level][run >> level], &product);
            run += 1 << level;
        }
        after(&self.of_last_run(now + 1 - self.runs[end].first), &product)
    }

    /// Forgets all steps.
    pub fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rates that change at every step, in runs, or never; the map of a rate makes the order of factors matter.
    fn rate(pattern: u64, step: u64) -> f64 {
        match pattern {
            0 => 0.1,
            1 => 0.01 * (step * 7 % 13) as f64,
            _ => 0.02 * (step / 5 % 4) as f64,
        }
    }

    fn map(lr: f64) -> Map {
        [[1.0 - lr, -0.9 * lr], [lr, 0.9]]
    }

    fn near(a: &Map, b: &Map) -> bool {
        a.iter().flatten().zip(b.iter().flatten()).all(|(a, b)| (a - b).abs() < 1e-14)
    }

    #[test]
    fn products_are_what_steps_do_one_by_one() {
        for pattern in 0..3 {
            let mut history = History::default();
            for step in 11..=80 {
                history.push(step, rate(pattern, step), || Some(map(rate(pattern, step))));
                for last in 10..step {
                    check(&history, pattern, last, step);
                }
            }
        }
    }

    /// The product of the steps after `last` up to and including `now`, which is the last one, is what they do one by one.
    fn check(history: &History, pattern: u64, last: u64, now: u64) {
        let steps = (last + 1..=now).fold(IDENTITY, |product, step| after(&map(rate(pattern, step)), &product));
        assert!(near(&history.product(last, now, map), &steps), "pattern {pattern}, {last} to {now}");
    }

    #[test]
    fn peaks_are_runs_that_no_later_one_exceeds() {
        for pattern in 0..3 {
            let mut history = History::default();
            (1..=60).for_each(|step| history.push(step, rate(pattern, step), || None));
            for step in 1..=60 {
                let highest = (step..=60).map(|later| rate(pattern, later)).fold(0.0, f64::max);
                // A run that is equalled later on counts from there.
                let expected = rate(pattern, step) == highest
                    && history.runs()[history.run_of(step) + 1..].iter().all(|run| run.lr < highest);
                assert_eq!(history.is_peak(history.run_of(step)), expected);
            }
        }
    }

    #[test]
    fn a_rate_that_stays_takes_one_run() {
        let mut history = History::default();
        (1..100_000).for_each(|step| history.push(step, 0.1, || Some(map(0.1))));
        assert_eq!(history.runs().len(), 1);
    }
}
