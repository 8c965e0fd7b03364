//! Times steps of the kernel without JavaScript: every shape and rule, beside plain and bare loops, in turns of some steps each. Prints a
//! table of medians, or with `--json` one object a line.
//!
//! Options: `--shape NAME`, `--rule NAME`, `--rounds N`, `--json`.

use std::time::Instant;

use tallygrad_bench::bare::{Bare, Grouped, Runner};
use tallygrad_bench::cases::{Case, cases};
use tallygrad_bench::plain::Plain;
use tallygrad_bench::workload::{self, Batch, SHAPES, Shape};
use tallygrad_core::options::NonFinite;
use tallygrad_core::table::Ids;

/// Takes a batch's number, and the batch.
type TakesStep = dyn FnMut(usize, &Batch);

/// One thing that is timed.
struct Contestant {
    name: String,
    step: Box<TakesStep>,
    micros: Vec<f64>,
}

impl Contestant {
    fn new(name: impl Into<String>, step: impl FnMut(usize, &Batch) + 'static) -> Self {
        Self { name: name.into(), step: Box::new(step), micros: Vec::new() }
    }

    fn quantile(&mut self, q: f64) -> f64 {
        self.micros.sort_by(f64::total_cmp);
        self.micros[((self.micros.len() - 1) as f64 * q).round() as usize]
    }
}

/// The kernel and the plain loop must agree before either is timed.
fn check_answer(shape: Shape, batches: &[Batch]) {
    let mut plain = Plain::new(shape.rows, shape.dim, false);
    let mut kernel = Case::named("cf-sgd").table(shape.rows, shape.dim, NonFinite::Reject, 2);
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

/// A rule's contestants: plain loops, bare loops over rows like the rule's, the kernel.
fn contestants(shape: Shape, case: &Case, batches: &[Batch]) -> Vec<Contestant> {
    let mut cf_sgd = Plain::new(shape.rows, shape.dim, false);
    let mut all = vec![Contestant::new("plain cf-sgd loop", move |_, batch| cf_sgd.cf_sgd(batch))];
    if case.name == "adam" {
        let mut adam = Plain::new(shape.rows, shape.dim, true);
        all.push(Contestant::new("plain adam loop", move |_, batch| adam.adam(batch)));
    }
    for threads in [1, 2] {
        let bare = Bare::like(case, shape.rows, shape.dim);
        let mut runner = Runner::new(bare, batches.iter().map(Grouped::new).collect(), threads);
        all.push(Contestant::new(format!("bare loop {threads}t"), move |batch, _| runner.step(batch)));
    }
    let modes = [("reject", NonFinite::Reject), ("skip", NonFinite::Skip), ("allow", NonFinite::Allow)];
    for threads in [1, 2] {
        for (mode, non_finite) in modes {
            let mut table = case.table(shape.rows, shape.dim, non_finite, threads);
            all.push(Contestant::new(format!("{} {mode} {threads}t", case.name), move |_, batch| {
                table.update(Ids::from(&batch.ids[..]), &batch.gradients, 1.0).expect("good batches");
            }));
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
        let rounds = option("--rounds").map_or(8, |rounds| rounds.parse().expect("a number of rounds"));
        for case in cases().iter().filter(|case| option("--rule").is_none_or(|name| name == case.name)) {
            let mut contestants = contestants(shape, case, &batches);
            time(&mut contestants, shape, &batches, rounds);
            print(&mut contestants, shape, case, json);
        }
    }
}

/// Lets contestants step in turns.
fn time(contestants: &mut [Contestant], shape: Shape, batches: &[Batch], rounds: usize) {
    for round in 0..=rounds {
        for contestant in &mut *contestants {
            for (number, batch) in batches.iter().enumerate().cycle().take(shape.steps_a_turn) {
                let start = Instant::now();
                (contestant.step)(number, batch);
                contestant.micros.push(start.elapsed().as_secs_f64() * 1e6);
            }
            if round == 0 {
                contestant.micros.clear(); // The first turn touches pages and fills caches.
            }
        }
    }
}

/// Medians, and beside those of the kernel how often they hold the bare loop's on as many threads.
fn print(contestants: &mut [Contestant], shape: Shape, case: &Case, json: bool) {
    let bare = [1, 2].map(|threads| {
        let name = format!("bare loop {threads}t");
        contestants.iter_mut().find(|other| other.name == name).expect("a bare loop").quantile(0.5)
    });
    for contestant in contestants {
        let [median, p10, p90] = [0.5, 0.1, 0.9].map(|q| contestant.quantile(q));
        let (shape, name) = (shape.name, &contestant.name);
        if json {
            println!(r#"{{"shape":"{shape}","name":"{name}","median":{median:.2},"p10":{p10:.2},"p90":{p90:.2}}}"#);
            continue;
        }
        let ratio = match name.strip_prefix(&case.name) {
            Some(_) => format!("   {:5.2} x bare", median / bare[usize::from(name.ends_with("2t"))]),
            None => String::new(),
        };
        println!("{shape:3} {name:32} {median:10.1} µs   p10 {p10:10.1}   p90 {p90:10.1}{ratio}");
    }
}
