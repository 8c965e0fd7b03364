//! The kernel's hot paths, one a call, for Valgrind to count the instructions of: `instructions PATH`, or `--list` for the names of all. Only what
//! `counted_steps` does is meant to be counted. One thread, small tables; sizes are part of the committed figures.

use std::hint::black_box;

use tallygrad_bench::cases::Case;
use tallygrad_bench::workload::{Batch, Shape, batches};
use tallygrad_core::bags::{Bags, Mode};
use tallygrad_core::options::NonFinite;
use tallygrad_core::rule::AnyRule;
use tallygrad_core::table::{Ids, Table};

const SHAPE: Shape = Shape { name: "counted", rows: 10_000, dim: 16, ids: 2048, zipf: 1.05, hot: 0.0, steps_a_turn: 0 };
/// Steps that are counted, after one that is not.
const STEPS: usize = 4;
/// Ids of a bag.
const BAG: usize = 8;

/// Takes a step. A function of its own and with a name of its own, so that Valgrind finds it.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn counted_steps(steps: &mut Steps) {
    for batch in &steps.batches[1..=STEPS] {
        (steps.step)(batch);
    }
}

struct Steps {
    batches: Vec<Batch>,
    step: Box<dyn FnMut(&Batch)>,
}

fn table(rule: &str) -> Table {
    Case::named(rule).table(SHAPE.rows, SHAPE.dim, NonFinite::Reject, 1)
}

fn path(name: &str) -> Box<dyn FnMut(&Batch)> {
    let mut out = vec![0.0; SHAPE.ids * SHAPE.dim];
    match name.split_once(' ') {
        Some(("update", rule)) => {
            let mut table = table(rule);
            Box::new(move |batch| {
                black_box(table.update(Ids::from(&batch.ids[..]), &batch.gradients, 1.0).expect("a good batch"));
            })
        }
        _ if name == "plan" => {
            let mut table = table("sgd");
            // What comes before the first row is changed: ids and gradients are checked, occurrences grouped.
            Box::new(move |batch| {
                let ready = table.prepare(Ids::from(&batch.ids[..]), &batch.gradients, 1.0, 1).expect("a good batch");
                let _ = black_box(ready);
            })
        }
        _ if name == "lookup" => {
            let table = table("sgd");
            Box::new(move |batch| table.lookup(Ids::from(&batch.ids[..]), black_box(&mut out)).expect("rows of the table"))
        }
        _ if name == "pool" => {
            let table = table("sgd");
            let offsets: Vec<u32> = (0..=SHAPE.ids / BAG).map(|bag| (bag * BAG) as u32).collect();
            out.truncate(SHAPE.ids / BAG * SHAPE.dim);
            Box::new(move |batch| {
                let bags = Bags { ids: Ids::from(&batch.ids[..]), offsets: &offsets, mode: Mode::Sum, weights: None };
                table.pool(bags, black_box(&mut out)).expect("rows of the table");
            })
        }
        _ => panic!("there is no path {name:?}"),
    }
}

fn main() {
    let name = std::env::args().nth(1).expect("a path");
    if name == "--list" {
        for (rule, _) in AnyRule::catalogue() {
            println!("update {rule}");
        }
        println!("plan\nlookup\npool");
        return;
    }
    let mut steps = Steps { batches: batches(SHAPE), step: path(&name) };
    (steps.step)(&steps.batches[0]);
    counted_steps(black_box(&mut steps));
}
