//! Native contestants of bench/suite: plain and bare loops, the kernel without JavaScript, and what memory allows. Each line of the input asks for a
//! turn, `{"contestant":"plain cf-sgd","workload":"W1","rows":1000000,"dim":64,"count":65536,"threads":1,"steps":8}`, and is answered by the
//! microseconds of each step, `{"micros":[...]}`. What was asked for once is kept until a line says `{"close":true}`.
//!
//! Argument: the folder in which bench/suite wrote the workloads' batches.

use std::collections::HashMap;
use std::io::BufRead;
use std::time::Instant;

use tallygrad_bench::bare::{Bare, Grouped, Runner};
use tallygrad_bench::cases::Case;
use tallygrad_bench::limit::{RandomRows, Stream};
use tallygrad_bench::plain::Plain;
use tallygrad_bench::workload::{Batch, Pages, read_batches, zeros};
use tallygrad_core::options::NonFinite;
use tallygrad_core::table::Ids;

/// What a line asks for. Its objects are flat and have no escapes, so that no library is needed to read them.
struct Request<'a>(&'a str);

impl Request<'_> {
    fn text(&self, name: &str) -> &str {
        let start = self.0.find(&format!("\"{name}\":")).unwrap_or_else(|| panic!("{name} is missing in {}", self.0));
        let value = &self.0[start + name.len() + 3..];
        match value.strip_prefix('"') {
            Some(text) => &text[..text.find('"').expect("a closed string")],
            None => &value[..value.find([',', '}']).expect("an end")],
        }
    }

    fn number(&self, name: &str) -> usize {
        self.text(name).parse().unwrap_or_else(|_| panic!("{name} is no number in {}", self.0))
    }
}

/// Takes one step on a batch and gives its seconds.
type TakesStep = Box<dyn FnMut(&Batch) -> f64>;

fn timed(mut step: impl FnMut(&Batch) + 'static) -> TakesStep {
    Box::new(move |batch| {
        let start = Instant::now();
        step(batch);
        start.elapsed().as_secs_f64()
    })
}

fn contestant(request: &Request, batches: &[Batch]) -> TakesStep {
    let (rows, dim, threads) = (request.number("rows"), request.number("dim"), request.number("threads"));
    match request.text("contestant") {
        "plain lookup" => plain_lookup(rows, dim),
        "limit rows" => {
            let mut visited = RandomRows::new(rows, dim, Pages::Huge);
            Box::new(move |batch| visited.visit(distinct(&batch.ids), threads))
        }
        name @ ("limit stream" | "limit stream on huge pages") => {
            let pages = if name == "limit stream" { Pages::Small } else { Pages::Huge };
            let mut stream = Stream::new(batches.iter().map(|batch| batch.gradients.len()).sum(), pages);
            Box::new(move |batch| stream.read(batch.gradients.len(), threads))
        }
        name => match name.split_once(' ') {
            Some(("plain", rule)) => plain_update(rule, rows, dim, batches),
            Some(("bare", rule)) => bare(rule, rows, dim, batches, threads),
            Some(("kernel", rule)) => kernel(rule, rows, dim, threads),
            _ => panic!("there is no contestant {name:?}"),
        },
    }
}

/// A plain loop, after its first answer was compared with the kernel's. Adam's takes a step for each occurrence: another answer, with the same traffic.
fn plain_update(rule: &str, rows: usize, dim: usize, batches: &[Batch]) -> TakesStep {
    let mut plain = Plain::new(rows, dim, rule == "adam");
    let step = match rule {
        "cf-sgd" => Plain::cf_sgd,
        "sgd" => Plain::sgd,
        "adam" => Plain::adam,
        _ => panic!("there is no plain loop of {rule}"),
    };
    if rule != "adam" {
        let batch = &batches[0];
        let mut table = Case::named(rule).table(rows, dim, NonFinite::Reject, 1);
        table.update(Ids::from(&batch.ids[..]), &batch.gradients, 1.0).expect("a good batch");
        step(&mut plain, batch);
        let mut weights = vec![0.0; batch.gradients.len()];
        table.lookup(Ids::from(&batch.ids[..]), &mut weights).expect("rows of the table");
        for (&id, weights) in batch.ids.iter().zip(weights.chunks_exact(dim)) {
            let near = plain.weights(id as usize).iter().zip(weights).all(|(a, b)| (a - b).abs() < 1e-4);
            assert!(near, "the plain loop and the kernel disagree about row {id}");
        }
    }
    timed(move |batch| step(&mut plain, batch))
}

/// A bare loop over rows like the rule's. It goes through the batches by itself, in the order in which it is given them.
fn bare(rule: &str, rows: usize, dim: usize, batches: &[Batch], threads: usize) -> TakesStep {
    let grouped: Vec<Grouped> = batches.iter().map(Grouped::new).collect();
    let count = grouped.len();
    let mut runner = Runner::new(Bare::like(&Case::named(rule), rows, dim), grouped, threads);
    let mut number = 0;
    timed(move |_| {
        number += 1;
        runner.step(number % count);
    })
}

fn kernel(rule: &str, rows: usize, dim: usize, threads: usize) -> TakesStep {
    let mut table = Case::named(rule).table(rows, dim, NonFinite::Reject, threads);
    timed(move |batch| {
        table.update(Ids::from(&batch.ids[..]), &batch.gradients, 1.0).expect("a good batch");
    })
}

fn plain_lookup(rows: usize, dim: usize) -> TakesStep {
    let weights = zeros(rows * dim);
    let mut out = Vec::new();
    timed(move |batch| {
        out.resize(batch.gradients.len(), 0.0);
        for (&id, vector) in batch.ids.iter().zip(out.chunks_exact_mut(dim)) {
            vector.copy_from_slice(&weights[id as usize * dim..(id as usize + 1) * dim]);
        }
        std::hint::black_box(&out);
    })
}

fn distinct(ids: &[u32]) -> usize {
    ids.iter().collect::<std::collections::HashSet<_>>().len()
}

fn main() {
    let folder = std::env::args().nth(1).expect("the folder of the workloads");
    let mut batches: HashMap<String, Vec<Batch>> = HashMap::new();
    let mut open: HashMap<String, (TakesStep, usize)> = HashMap::new();
    for line in std::io::stdin().lock().lines() {
        let line = line.expect("text");
        if line.contains("\"close\"") {
            open.clear();
            batches.clear();
            println!("{{\"micros\":[]}}");
            continue;
        }
        let request = Request(&line);
        let workload = request.text("workload");
        let batches = batches.entry(workload.into()).or_insert_with(|| {
            read_batches(&folder, workload, request.number("count"), request.number("dim")).expect("the workload's batches")
        });
        let key = format!("{workload} {} {}", request.text("contestant"), request.text("threads"));
        let (step, next) = open.entry(key).or_insert_with(|| (contestant(&request, batches), 0));
        let micros: Vec<String> = (0..request.number("steps"))
            .map(|_| {
                *next += 1;
                format!("{:.2}", 1e6 * step(&batches[*next % batches.len()]))
            })
            .collect();
        println!("{{\"micros\":[{}]}}", micros.join(","));
    }
}
