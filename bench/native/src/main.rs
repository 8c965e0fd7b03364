//! Times steps of the kernel without JavaScript: every shape and rule, beside plain loops, in turns of some steps each. Prints a table of
//! medians, or with `--json` one object a line for `bench/update.ts` to show beside its own.
//!
//! Options: `--shape NAME`, `--rule NAME`, `--rounds N`, `--json`.

use std::time::Instant;

use tallygrad_core::init::Init;
use tallygrad_core::options::{NonFinite, Options};
use tallygrad_core::parameters::Kind;
use tallygrad_core::rule::AnyRule;
use tallygrad_core::table::{Ids, Table};

mod plain;
mod workload;

use plain::{LR, Plain};
use workload::{Batch, SHAPES, Shape};

/// One thing that is timed.
struct Contestant {
    name: String,
    step: Box<dyn FnMut(&Batch)>,
    micros: Vec<f64>,
}

impl Contestant {
    fn new(name: impl Into<String>, step: impl FnMut(&Batch) + 'static) -> Self {
        Self { name: name.into(), step: Box::new(step), micros: Vec::new() }
    }

    fn quantile(&mut self, q: f64) -> f64 {
        self.micros.sort_by(f64::total_cmp);
        self.micros[((self.micros.len() - 1) as f64 * q).round() as usize]
    }
}

fn table(shape: Shape, rule: &str, non_finite: NonFinite, threads: usize) -> Table {
    let catalogue = AnyRule::catalogue();
    let (_, parameters) = catalogue.iter().find(|(name, _)| *name == rule).expect("a known rule");
    let values: Vec<f64> = parameters.iter().map(|p| if p.name == "lr" { f64::from(LR) } else { f64::NAN }).collect();
    let counts = vec![5.0; if parameters.iter().any(|p| p.kind == Kind::Counts) { shape.rows } else { 0 }];
    let counts = Some(&counts[..]).filter(|counts| !counts.is_empty());
    let rows = shape.rows as u32;
    Table::new(Options {
        rows,
        dim: shape.dim,
        rule,
        parameters: &values,
        counts,
        init: Init::Zeros,
        non_finite,
        threads,
        ..Options::default()
    })
    .expect("a table for the bench")
}

/// The kernel and the plain loop must agree before either is timed.
fn check_answer(shape: Shape, batches: &[Batch]) {
    let mut plain = Plain::new(shape.rows, shape.dim, false);
    let mut kernel = table(shape, "cf-sgd", NonFinite::Reject, 2);
    for batch in batches {
        plain.cf_sgd(batch);
        kernel.update(Ids::from(&batch.ids[..]), &batch.gradients, 1.0).expect("good batches");
    }
    let mut weights = vec![0.0; shape.dim];
    for row in 0..shape.rows {
        kernel.lookup(Ids::from(&[row as u32][..]), &mut weights).expect("a row of the table");
        let near = plain.weights(row).iter().zip(&weights).all(|(a, b)| (a - b).abs() < 1e-4);
        assert!(near, "the plain loop and the kernel disagree about row {row} of {}", shape.name);
    }
}

fn contestants(shape: Shape, only: Option<&str>) -> Vec<Contestant> {
    let mut all = vec![
        {
            let mut plain = Plain::new(shape.rows, shape.dim, false);
            Contestant::new("plain cf-sgd loop", move |batch| plain.cf_sgd(batch))
        },
        {
            let mut plain = Plain::new(shape.rows, shape.dim, true);
            Contestant::new("plain adam loop", move |batch| plain.adam(batch))
        },
    ];
    let modes = [("reject", NonFinite::Reject), ("skip", NonFinite::Skip), ("allow", NonFinite::Allow)];
    for (rule, _) in AnyRule::catalogue() {
        if only.is_some_and(|only| only != rule) {
            continue;
        }
        for threads in [1, 2] {
            for (mode, non_finite) in modes {
                if non_finite == NonFinite::Allow && threads == 2 {
                    continue;
                }
                let mut table = table(shape, rule, non_finite, threads);
                all.push(Contestant::new(format!("{rule} {mode} {threads}t"), move |batch| {
                    table.update(Ids::from(&batch.ids[..]), &batch.gradients, 1.0).expect("good batches");
                }));
            }
        }
    }
    all
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let option = |name: &str| arguments.iter().position(|a| a == name).map(|at| arguments.get(at + 1).expect("a value").as_str());
    let json = arguments.iter().any(|a| a == "--json");
    for shape in SHAPES {
        if option("--shape").is_some_and(|name| name != shape.name) {
            continue;
        }
        let batches = workload::batches(shape);
        check_answer(shape, &batches);
        let mut contestants = contestants(shape, option("--rule"));
        let rounds = option("--rounds").map_or(8, |rounds| rounds.parse().expect("a number of rounds"));
        for round in 0..=rounds {
            for contestant in &mut contestants {
                for batch in batches.iter().cycle().take(shape.steps_a_turn) {
                    let start = Instant::now();
                    (contestant.step)(batch);
                    contestant.micros.push(start.elapsed().as_secs_f64() * 1e6);
                }
                if round == 0 {
                    contestant.micros.clear(); // The first turn touches pages and fills caches.
                }
            }
        }
        for contestant in &mut contestants {
            let [median, p10, p90] = [0.5, 0.1, 0.9].map(|q| contestant.quantile(q));
            if json {
                println!(
                    r#"{{"shape":"{}","name":"{}","median":{median:.2},"p10":{p10:.2},"p90":{p90:.2}}}"#,
                    shape.name, contestant.name
                );
            } else {
                println!("{:3} {:32} {median:10.1} µs   p10 {p10:10.1}   p90 {p90:10.1}", shape.name, contestant.name);
            }
        }
    }
}
