//! Programs that nobody thought of: any rule, any treatment, any storage, any order of calls. The fast table and the reference go through
//! the same program and must hold the same bits after every call, and show the same weights.

use proptest::prelude::*;
use tallygrad_core::init::Init;
use tallygrad_core::narrow::{Dtype, Rounding};
use tallygrad_core::options::{Clip, NonFinite, Options, Reduction, WeightDecay};
use tallygrad_core::parameters::Kind;
use tallygrad_core::rule::AnyRule;
use tallygrad_core::table::{Ids, Table};
use tallygrad_core::tally::Unit;

const ROWS: u32 = 12;

/// One call.
#[derive(Clone, Debug)]
enum Call {
    Update { ids: Vec<u32>, seed: u32, scale: f64 },
    SetRows { ids: Vec<u32>, seed: u32 },
    ResetRows(Vec<u32>),
    SetLr(f64),
    Flush,
}

fn ids() -> impl Strategy<Value = Vec<u32>> {
    prop::collection::vec(0..ROWS, 0..40)
}

fn call() -> impl Strategy<Value = Call> {
    prop_oneof![
        6 => (ids(), any::<u32>(), prop::sample::select(vec![1.0, 0.5, 3.7]))
            .prop_map(|(ids, seed, scale)| Call::Update { ids, seed, scale }),
        1 => (ids(), any::<u32>()).prop_map(|(ids, seed)| Call::SetRows { ids, seed }),
        1 => ids().prop_map(Call::ResetRows),
        1 => prop::sample::select(vec![0.0, 0.01, 0.3]).prop_map(Call::SetLr),
        1 => Just(Call::Flush),
    ]
}

/// Floats of many magnitudes, by a seed, now and then one that is not finite.
fn floats(seed: u32, count: usize, finite: bool) -> Vec<f32> {
    let mut state = u64::from(seed) | 1;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as u32
    };
    let mut float = || match next() % 97 {
        0 if !finite => f32::NAN,
        1 if !finite => 1e25,
        2 => 0.0,
        n => (next() as f32 / (1u32 << 30) as f32 - 1.0) * [1.0, 1e-3, 20.0][n as usize % 3],
    };
    (0..count).map(|_| float()).collect()
}

fn options() -> impl Strategy<Value = Options<'static>> {
    let rules = AnyRule::catalogue();
    let rule = prop::sample::select(rules).prop_flat_map(|(rule, parameters)| {
        let values: Vec<_> = parameters
            .iter()
            .map(|parameter| match parameter.kind {
                _ if parameter.name == "lr" => Just(0.1).boxed(),
                Kind::Flag => prop::sample::select(vec![f64::NAN, 0.0, 1.0]).boxed(),
                Kind::Choice { words, .. } => (0..words.len()).prop_map(|word| word as f64).boxed(),
                Kind::Counts => Just(f64::NAN).boxed(),
                _ => prop::sample::select(vec![f64::NAN, 0.1, 0.9]).boxed(),
            })
            .collect();
        (Just(rule), values)
    });
    let decay = (any::<bool>(), any::<bool>(), prop::option::of(any::<bool>())).prop_map(|(l2, by_tally, all)| WeightDecay {
        rate: 0.05,
        l2,
        by_tally,
        all,
    });
    let clip = prop_oneof![
        Just(Clip::Nothing),
        Just(Clip::Value(0.5)),
        Just(Clip::RowNorm(1.0)),
        Just(Clip::GlobalNorm(3.0)),
        Just(Clip::Cow { ratio: 1.0, floor: 0.1 })
    ];
    let dtype = prop::sample::select(vec![Dtype::F32, Dtype::F16, Dtype::Bf16]);
    let storage = (dtype, any::<bool>(), any::<bool>());
    let tally = (any::<bool>(), prop::option::of(prop::sample::select(vec![0.7, 4.0])));
    let others = (any::<bool>(), 0..3usize, prop::option::of(0..ROWS), prop::option::of(Just(0.5)), 1..20usize);
    let init = prop::sample::select(vec![Init::Normal { scale: 0.05 }, Init::Uniform { scale: 0.3 }, Init::Zeros]);
    (rule, prop::option::of(decay), clip, storage, tally, others, init).prop_map(
        |((rule, values), weight_decay, clip, storage, (batch, half_life), (mean, non_finite, padding, max_norm, dim), init)| {
            let options = Options {
                rows: ROWS,
                dim,
                init,
                weight_decay,
                clip,
                max_norm,
                unit: if batch { Unit::Batch } else { Unit::Occurrence },
                half_life,
                dtype: storage.0,
                state_dtype: if storage.1 { Dtype::Bf16 } else { Dtype::F32 },
                rounding: if storage.2 { Rounding::Stochastic } else { Rounding::Nearest },
                reduction: if mean { Reduction::Mean } else { Reduction::Sum },
                non_finite: [NonFinite::Reject, NonFinite::Skip, NonFinite::Allow][non_finite],
                padding,
                threads: 1,
                ..Options::default()
            };
            fitting(rule, values, options)
        },
    )
}

/// These options for a rule with these values of its parameters, with those changed that exclude others: all that is refused otherwise.
fn fitting(rule: &'static str, mut values: Vec<f64>, mut options: Options<'static>) -> Options<'static> {
    let catalogue = AnyRule::catalogue();
    let (_, parameters) = catalogue.iter().find(|(name, _)| *name == rule).expect("a rule of the catalogue");
    let place = |name: &str| parameters.iter().position(|parameter| parameter.name == name);
    let value = |values: &[f64], name: &str| place(name).map_or(f64::NAN, |at| values[at]);

    let visits_all = value(&values, "scope") == 1.0;
    if let Some(at) = place("biasCorrection").filter(|_| visits_all) {
        values[at] = f64::NAN;
    }
    if let Some(at) = place("momentum").filter(|&at| values[at].is_nan() && value(&values, "nesterov") == 1.0) {
        values[at] = 0.9;
    }
    if rule == "tallygrad" || value(&values, "normalize") == 1.0 {
        (options.reduction, options.unit) = (Reduction::Sum, Unit::Occurrence);
    }
    if value(&values, "lambda1") > 0.0 {
        options.init = Init::Zeros;
    }
    if parameters.iter().any(|parameter| parameter.kind == Kind::Counts) {
        // A row that is expected never needs a cap.
        let least = u32::from(value(&values, "maxLr").is_nan());
        options.counts = Some((0..ROWS).map(|row| f64::from(least + row % 5)).collect::<Vec<_>>().leak());
    }
    if let Some(decay) = &mut options.weight_decay {
        decay.l2 &= rule != "adamw";
        decay.all = decay.all.filter(|_| !decay.l2);
        decay.by_tally &= options.half_life.is_some() && !decay.all.unwrap_or(visits_all);
    }
    Options { rule, parameters: values.leak(), ..options }
}

/// Does a call on a table, an update in one way or the other. Gives what it gave, or the code of its refusal.
fn perform(table: &mut Table, call: &Call, by_reference: bool) -> Result<u64, &'static str> {
    let dim = table.dim();
    let outcome = match call {
        Call::Update { ids, seed, scale } => {
            let gradients = floats(*seed, ids.len() * dim, false);
            let update = if by_reference { Table::update_by_reference } else { Table::update };
            update(table, Ids::from(&ids[..]), &gradients, *scale)
        }
        Call::SetRows { ids, seed } => table.set_rows(Ids::from(&ids[..]), &floats(*seed, ids.len() * dim, true)).map(|()| 0),
        Call::ResetRows(ids) => table.reset_rows(Ids::from(&ids[..])).map(|()| 0),
        Call::SetLr(lr) => table.set_lr(*lr).map(|()| 0),
        Call::Flush => table.flush().map(|()| 0),
    };
    outcome.map_err(|error| error.code())
}

/// All weights' bits, NaNs in one form.
fn weights(table: &Table) -> Vec<u32> {
    let rows: Vec<u32> = (0..ROWS).collect();
    let mut weights = vec![0.0; rows.len() * table.dim()];
    table.lookup(Ids::from(&rows[..]), &mut weights).expect("rows of the table");
    weights.into_iter().map(|w| if w.is_nan() { f32::NAN.to_bits() } else { w.to_bits() }).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, ..ProptestConfig::default() })]

    #[test]
    fn any_program_leaves_the_reference_bits(options in options(), program in prop::collection::vec(call(), 1..20)) {
        let dtype = options.dtype;
        let mut fast = Table::new(options.clone()).expect("options that fit");
        let mut reference = Table::new(options).expect("the same options");
        for call in &program {
            let expected = perform(&mut reference, call, true);
            prop_assert_eq!(perform(&mut fast, call, false), expected);
            prop_assert_eq!(fast.fingerprint(), reference.fingerprint());
        }
        prop_assert_eq!(weights(&fast), weights(&reference));
        // Reading writes nothing, and catching up leaves what reading showed.
        prop_assert_eq!(fast.fingerprint(), reference.fingerprint());
        let before = weights(&fast);
        fast.flush().expect("a whole table");
        if dtype == Dtype::F32 {
            prop_assert_eq!(weights(&fast), before);
        }
    }
}
