//! The promise "same bits": the fast step against the reference, over rules, widths, options, instruction sets and thread counts.
//! After every step all tables must have the same fingerprint, which covers every byte that later steps depend on.

use tallygrad_core::init::Init;
use tallygrad_core::lanes::Simd;
use tallygrad_core::narrow::{Dtype, Rounding};
use tallygrad_core::options::{Clip, NonFinite, Options, Reduction, WeightDecay};
use tallygrad_core::parameters::Kind;
use tallygrad_core::pool::WORTH_SHARING;
use tallygrad_core::rule::AnyRule;
use tallygrad_core::table::{CHUNK, Findings, Ids, Table};
use tallygrad_core::tally::Unit;

/// Occurrences of a batch of rows of 64 that threads share.
const SHARED: usize = WORTH_SHARING / 64 + 100;

/// A small generator of test data (SplitMix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }
    /// Gradients of many magnitudes, some of them zeros of either sign.
    fn gradients(&mut self, count: usize) -> Vec<f32> {
        let gradient = |bits: u64| {
            let unit = (bits >> 40) as f32 / (1 << 23) as f32 - 1.0;
            unit * [1.0, 1e-3, 30.0, 0.0][(bits & 3) as usize]
        };
        (0..count).map(|_| gradient(self.next())).collect()
    }
    /// Ids of which some rows take most.
    fn ids(&mut self, count: usize, rows: usize, crowding: usize) -> Vec<u32> {
        let mut id = || {
            let choices = if self.below(4) < crowding { 3.min(rows) } else { rows };
            self.below(choices) as u32
        };
        (0..count).map(|_| id()).collect()
    }
}

/// A rule with parameters by name.
fn rule(name: &'static str, given: &[(&str, f64)]) -> (&'static str, Vec<f64>) {
    let catalogue = AnyRule::catalogue();
    let (_, parameters) = catalogue.iter().find(|(rule, _)| *rule == name).expect("a rule of the catalogue");
    let value = |name: &str| given.iter().find(|(given, _)| *given == name).map_or(f64::NAN, |&(_, value)| value);
    (name, parameters.iter().map(|parameter| value(parameter.name)).collect())
}

/// Every rule of the catalogue at least once, with each of its options.
fn rules() -> Vec<(&'static str, Vec<f64>)> {
    let rules = vec![
        rule("tallygrad", &[]),
        rule("tallygrad", &[("lr", 0.1), ("start", 0.0), ("floor", 0.5)]),
        rule("sgd", &[("lr", 0.01)]),
        rule("fa-sgd", &[("lr", 0.1), ("maxLr", 0.02)]),
        rule("cf-sgd", &[("lr", 0.1)]),
        rule("cf-sgd", &[("lr", 0.1), ("maxLr", 0.03), ("start", 2.0), ("horizon", 3.0)]),
        rule("cf-sgd", &[("lr", 0.1), ("maxLr", 0.05), ("normalize", 1.0)]),
        rule("adagrad", &[]),
        rule("adagrad", &[("accumulator", 0.1), ("eps", 0.0)]),
        rule("rowwise-adagrad", &[("accumulator", 0.1)]),
        rule("adam", &[]),
        rule("adam", &[("biasCorrection", 1.0), ("beta1", 0.5)]),
        rule("adam", &[("scope", 1.0), ("eps", 0.01)]),
        rule("adamw", &[("scope", 1.0)]),
        rule("sgd", &[("lr", 0.01), ("momentum", 0.9)]),
        rule("sgd", &[("lr", 0.01), ("momentum", 0.5), ("nesterov", 1.0)]),
        rule("sgd", &[("lr", 0.01), ("momentum", 0.9), ("scope", 1.0)]),
        rule("rowwise-adam", &[]),
        rule("rowwise-adam", &[("scope", 1.0)]),
        rule("rmsprop", &[]),
        rule("rmsprop", &[("alpha", 0.5), ("scope", 1.0)]),
        rule("ftrl", &[]),
        rule("ftrl", &[("lr", 0.2), ("lambda2", 0.3), ("beta", 0.0)]),
        rule("ftrl", &[("lr", 0.2), ("lambda1", 0.4), ("lambda2", 0.3)]),
    ];
    assert!(AnyRule::catalogue().iter().all(|(name, _)| rules.iter().any(|(rule, _)| rule == name)), "a rule is not tested");
    rules
}

/// A parameter's value; NaN if it is not given, or not a parameter of the rule.
fn value((name, values): &(&'static str, Vec<f64>), parameter: &str) -> f64 {
    let catalogue = AnyRule::catalogue();
    let (_, parameters) = catalogue.iter().find(|(rule, _)| rule == name).expect("a rule of the catalogue");
    parameters.iter().zip(values).find(|(declared, _)| declared.name == parameter).map_or(f64::NAN, |(_, &value)| value)
}

/// Which rules compare sums with single occurrences and so exclude some options.
fn measures_occurrences(rule: &(&'static str, Vec<f64>)) -> bool {
    rule.0 == "tallygrad" || value(rule, "normalize") == 1.0
}

fn options<'a>(rule: &'a (&'static str, Vec<f64>), rows: usize, dim: usize) -> Options<'a> {
    let needs_counts = AnyRule::catalogue()
        .iter()
        .any(|(name, parameters)| *name == rule.0 && parameters.iter().any(|p| p.kind == Kind::Counts));
    Options {
        rows: rows as u32,
        dim,
        rule: rule.0,
        parameters: &rule.1,
        counts: needs_counts.then(|| leak((0..rows).map(|row| (row % 7) as f64).collect::<Vec<_>>()).as_slice()),
        // Only zeros are where an L1 term holds first weights.
        init: if value(rule, "lambda1") > 0.0 { Init::Zeros } else { Init::Uniform { scale: 0.1 } },
        threads: 1,
        ..Options::default()
    }
}

/// Steps a reference and a fast table for each instruction set side by side.
fn step_side_by_side(
    options: impl Fn() -> Options<'static>,
    batches: &[(Vec<u32>, Vec<f32>, f64)],
    threads: &[usize],
    what: &str,
) {
    let mut reference = Table::new(options()).unwrap();
    let mut fast: Vec<Table> = Vec::new();
    for simd in [Simd::detect(), Simd::baseline()] {
        for &threads in threads {
            let mut table = Table::new(Options { threads, ..options() }).unwrap();
            table.set_simd(simd);
            fast.push(table);
        }
    }
    for (number, (ids, gradients, scale)) in batches.iter().enumerate() {
        let ids = Ids::from(&ids[..]);
        let skipped = reference.update_by_reference(ids, gradients, *scale).unwrap();
        let expected = reference.fingerprint().unwrap();
        for table in &mut fast {
            assert_eq!(table.update(ids, gradients, *scale).unwrap(), skipped, "{what}");
            let (simd, threads) = (table.simd().name(), table.threads());
            assert_eq!(table.fingerprint().unwrap(), expected, "{what}, step {number}, {simd}, {threads} threads");
        }
    }
}

fn leak<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}

#[test]
fn every_rule_at_every_width_equals_the_reference() {
    let mut random = Random(1);
    for rule in rules() {
        let rule = leak(rule);
        for dim in 1..=257 {
            let batches: Vec<_> = [0, 1, 40, 300]
                .map(|count| (random.ids(count, 50, 1), random.gradients(count * dim), [1.0, 0.25, 3.7][count % 3]))
                .to_vec();
            step_side_by_side(|| options(rule, 50, dim), &batches, &[1], &format!("{rule:?} at dim {dim}"));
        }
    }
}

#[test]
fn rows_that_occur_thousands_of_times_equal_the_reference() {
    let mut random = Random(2);
    for rule in rules() {
        let rule = leak(rule);
        for dim in [1, 9, 64] {
            let batches: Vec<_> =
                [256, 257, 512, 4000].map(|count| (random.ids(count, 20, 3), random.gradients(count * dim), 1.0)).to_vec();
            step_side_by_side(|| options(rule, 20, dim), &batches, &[1], &format!("{rule:?} at dim {dim}"));
        }
    }
}

#[test]
fn any_number_of_threads_equals_the_reference() {
    let mut random = Random(3);
    for rule in rules() {
        let rule = leak(rule);
        for (dim, crowding) in [(64, 0), (64, 3), (130, 1)] {
            let batches: Vec<_> = [SHARED, SHARED + 700]
                .map(|count| (random.ids(count, 3000, crowding), random.gradients(count * dim), 1.0))
                .to_vec();
            step_side_by_side(|| options(rule, 3000, dim), &batches, &[1, 2, 3, 4], &format!("{rule:?} at dim {dim}"));
        }
    }
}

#[test]
fn table_options_equal_the_reference() {
    let mut random = Random(4);
    for rule in rules() {
        let rule = leak(rule);
        for (dim, count) in [(5, 700), (64, SHARED)] {
            let batches: Vec<_> = (0..4)
                .map(|number| {
                    let mut gradients = random.gradients(count * dim);
                    if number > 0 {
                        gradients[random.below(count * dim)] = [f32::NAN, f32::INFINITY, 1e25][number % 3];
                    }
                    (random.ids(count, 400, 1), gradients, 1.0)
                })
                .collect();
            for unit in [Unit::Occurrence, Unit::Batch] {
                for reduction in [Reduction::Sum, Reduction::Mean] {
                    if measures_occurrences(rule) && (unit == Unit::Batch || reduction == Reduction::Mean) {
                        continue;
                    }
                    for (half_life, non_finite, padding) in [
                        (Some(2.5), NonFinite::Skip, Some(1)),
                        (None, NonFinite::Skip, None),
                        (Some(100.0), NonFinite::Allow, Some(399)),
                    ] {
                        let what = format!(
                            "{rule:?}, {unit:?}, {reduction:?}, {half_life:?}, {non_finite:?}, padding {padding:?}, dim {dim}"
                        );
                        let options = || Options { unit, reduction, half_life, non_finite, padding, ..options(rule, 400, dim) };
                        step_side_by_side(options, &batches, &[1, 2], &what);
                    }
                }
            }
        }
    }
}

/// What can be done to rows besides their rule, and how they can be stored.
fn treatments(rule: &(&'static str, Vec<f64>)) -> Vec<Options<'static>> {
    let default = Options::default;
    let decay = |rate, l2, by_tally| Some(WeightDecay { rate, l2, by_tally, all: None });
    let mut treatments = vec![
        Options { clip: Clip::Value(0.3), max_norm: Some(0.2), ..default() },
        Options { clip: Clip::RowNorm(0.5), weight_decay: decay(0.1, false, false), ..default() },
        Options { clip: Clip::GlobalNorm(2.0), non_finite: NonFinite::Skip, padding: Some(3), ..default() },
        Options { clip: Clip::Cow { ratio: 1.0, floor: 0.01 }, dtype: Dtype::Bf16, ..default() },
        Options { dtype: Dtype::F16, state_dtype: Dtype::Bf16, rounding: Rounding::Stochastic, ..default() },
        Options { dtype: Dtype::Bf16, rounding: Rounding::Stochastic, max_norm: Some(0.4), ..default() },
        Options { state_dtype: Dtype::Bf16, half_life: Some(3.0), ..default() },
    ];
    if rule.0 != "adamw" {
        treatments.push(Options { weight_decay: decay(0.1, true, false), clip: Clip::RowNorm(1.0), ..default() });
    }
    if value(rule, "scope") != 1.0 {
        treatments.push(Options { weight_decay: decay(0.01, false, true), half_life: Some(5.0), ..default() });
        let all = Some(WeightDecay { rate: 0.05, l2: false, by_tally: false, all: Some(true) });
        treatments.push(Options { weight_decay: all, dtype: Dtype::F16, ..default() });
    }
    treatments
}

#[test]
fn treated_and_narrow_rows_equal_the_reference() {
    let mut random = Random(7);
    for rule in rules() {
        let rule = leak(rule);
        for treatment in treatments(rule) {
            let treatment = leak(treatment);
            for (dim, rows, counts, threads) in [
                (1, 30, [20, 40, 3], &[1][..]),
                (21, 60, [40, 0, 70], &[1]),
                (70, 40, [10, 30, 5], &[1]),
                (64, 900, [SHARED, 50, SHARED], &[2]),
            ] {
                let batches: Vec<_> = counts
                    .iter()
                    .chain(&counts)
                    .map(|&count| (random.ids(count, rows, 1), random.gradients(count * dim), [1.0, 0.5][count % 2]))
                    .collect();
                let options = || {
                    let Options { rows, counts, rule, parameters, init, .. } = options(rule, rows, dim);
                    Options { rows, dim, counts, rule, parameters, init, threads: 1, ..treatment.clone() }
                };
                let what =
                    format!("{rule:?}, {:?}, {:?}, {:?} at dim {dim}", treatment.clip, treatment.weight_decay, treatment.dtype);
                step_side_by_side(options, &batches, threads, &what);
            }
        }
    }
}

#[test]
fn gradients_that_were_inspected_in_parts_equal_the_reference() {
    let mut random = Random(6);
    for rule in rules() {
        let rule = leak(rule);
        for non_finite in [NonFinite::Reject, NonFinite::Skip, NonFinite::Allow] {
            let (dim, count) = (5, 4 * CHUNK + 300);
            let mut reference = Table::new(Options { non_finite, padding: Some(1), ..options(rule, 400, dim) }).unwrap();
            for part in [CHUNK, 3 * CHUNK] {
                let mut table = reference.try_clone().unwrap();
                let (ids, mut gradients) = (random.ids(count, 400, 1), random.gradients(count * dim));
                if non_finite != NonFinite::Reject {
                    gradients[2 * CHUNK * dim + 3] = f32::NAN;
                }
                let findings =
                    ids.chunks(part).zip(gradients.chunks(part * dim)).fold(Findings::default(), |so_far, (ids, gradients)| {
                        table.inspect(so_far, Ids::from(ids), gradients, 0.3).unwrap()
                    });
                let ids = Ids::from(&ids[..]);
                let skipped = table.update_inspected(findings, ids, &gradients, 0.3).unwrap();
                assert_eq!(reference.update_by_reference(ids, &gradients, 0.3).unwrap(), skipped, "{rule:?}");
                assert_eq!(table.fingerprint().unwrap(), reference.fingerprint().unwrap(), "{rule:?}, {non_finite:?}, {part}");
            }
        }
    }
}

#[test]
fn rejection_looks_at_what_the_reduction_leaves() {
    // The sum's square overflows, the mean's does not.
    let (ids, gradients) = ([0u32, 0, 1], [1.2e19f32, 1.2e19, 1.0]);
    for rule in rules().into_iter().filter(|rule| !measures_occurrences(rule)) {
        for reduction in [Reduction::Sum, Reduction::Mean] {
            let mut fast = Table::new(Options { reduction, ..options(&rule, 2, 1) }).unwrap();
            let mut reference = fast.try_clone().unwrap();
            let expected = reference.update_by_reference(Ids::from(&ids[..]), &gradients, 1.0).map_err(|error| error.code());
            assert_eq!(fast.update(Ids::from(&ids[..]), &gradients, 1.0).map_err(|error| error.code()), expected, "{rule:?}");
            assert_eq!(fast.fingerprint().unwrap(), reference.fingerprint().unwrap(), "{rule:?}");
        }
    }
}

#[test]
fn a_refused_batch_changes_nothing_and_the_next_step_is_as_if_it_had_not_been() {
    let mut random = Random(5);
    for rule in rules() {
        for (dim, count) in [(7, 300), (64, SHARED)] {
            let mut table = Table::new(Options { threads: 2, ..options(&rule, 100, dim) }).unwrap();
            let mut undisturbed = table.try_clone().unwrap();
            for bad in [f32::NAN, f32::NEG_INFINITY, f32::MAX] {
                let before = table.fingerprint().unwrap();
                let (ids, mut gradients) = (random.ids(count, 100, 2), random.gradients(count * dim));
                let position = random.below(count) * dim;
                let good = std::mem::replace(&mut gradients[position], bad);
                if bad == f32::MAX {
                    // Finite by itself; the sum of the row is not.
                    let row = ids[position / dim];
                    ids.iter().enumerate().filter(|(_, id)| **id == row).for_each(|(at, _)| gradients[at * dim] = bad);
                    if ids.iter().filter(|id| **id == row).count() < 2 {
                        continue;
                    }
                }
                let error = table.update(Ids::from(&ids[..]), &gradients, 1.0).unwrap_err();
                assert_eq!(error.code(), "ERR_NON_FINITE", "{rule:?}");
                if bad != f32::MAX {
                    assert!(error.to_string().starts_with(&format!("gradients[{position}] ")), "{error}");
                }
                let mut wrong = ids.clone();
                wrong[count - 1] = 100;
                assert_eq!(table.update(Ids::from(&wrong[..]), &gradients, 1.0).unwrap_err().code(), "ERR_ID_OUT_OF_RANGE");
                assert_eq!(table.fingerprint().unwrap(), before);

                gradients.fill(good);
                table.update(Ids::from(&ids[..]), &gradients, 1.0).unwrap();
                undisturbed.update(Ids::from(&ids[..]), &gradients, 1.0).unwrap();
                assert_eq!(table.fingerprint().unwrap(), undisturbed.fingerprint().unwrap());
            }
        }
    }
}
