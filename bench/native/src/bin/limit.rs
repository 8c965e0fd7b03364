//! Prints what this machine's memory can do, one JSON object a line: rows of some sizes read, changed and written at random places of a
//! table, and a stream read, on huge pages and on small ones, by one thread and by two. Medians of rounds.
//!
//! Options: `--megabytes N` (of table and stream, default 256), `--rounds N` (default 9).

use tallygrad_bench::limit::{RandomRows, Stream};
use tallygrad_bench::workload::Pages;

/// Bytes of a row.
const SIZES: [usize; 3] = [64, 256, 512];
/// Rows that are visited a round.
const VISITS: usize = 65_536;
const FLOAT: usize = size_of::<f32>();

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let option = |name: &str, otherwise: usize| {
        let at = arguments.iter().position(|argument| argument == name);
        at.map_or(otherwise, |at| arguments.get(at + 1).and_then(|value| value.parse().ok()).expect("a number"))
    };
    let (bytes, rounds) = (option("--megabytes", 256) << 20, option("--rounds", 9));
    for (pages, kind) in [(Pages::Huge, "huge"), (Pages::Small, "small")] {
        for size in SIZES {
            let mut rows = RandomRows::new(bytes / size, size / FLOAT, pages);
            let visits = VISITS.min(bytes / size);
            for threads in [1, 2] {
                let seconds = median(rounds, || rows.visit(visits, threads));
                let rate = visits as f64 / seconds;
                println!(
                    r#"{{"what":"rows","bytes":{size},"table":{bytes},"pages":"{kind}","threads":{threads},"perSecond":{rate:.0}}}"#
                );
            }
        }
        let mut stream = Stream::new(bytes / FLOAT, pages);
        for threads in [1, 2] {
            let part = bytes / 8;
            let rate = part as f64 / median(rounds, || stream.read(part / FLOAT, threads));
            println!(r#"{{"what":"stream","bytes":{bytes},"pages":"{kind}","threads":{threads},"perSecond":{rate:.0}}}"#);
        }
    }
}

/// Of so many rounds after a first one, which touches pages.
fn median(rounds: usize, mut round: impl FnMut() -> f64) -> f64 {
    let mut seconds: Vec<f64> = (0..=rounds).map(|_| round()).skip(1).collect();
    seconds.sort_by(f64::total_cmp);
    seconds[seconds.len() / 2]
}
