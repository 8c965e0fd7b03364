//! A host program that flushes subnormals to zero gets the same bits, from its own thread and from the pool's, which inherit its mode:
//! so this is a test binary of its own, whose pool starts while the mode is set.
#![cfg(target_arch = "x86_64")]

use std::arch::asm;

use tallygrad_core::options::Options;
use tallygrad_core::pool::WORTH_SHARING;
use tallygrad_core::table::{Ids, Table};

const FLUSH_AND_ROUND_DOWN: u32 = 0x8040 | 0x2000;

fn set_mode(mode: u32) {
    let mut register = 0u32;
    // SAFETY: reads and writes the mode bits of MXCSR.
    unsafe {
        asm!("stmxcsr [{0}]", in(reg) &raw mut register);
        register = register & !FLUSH_AND_ROUND_DOWN | mode;
        asm!("ldmxcsr [{0}]", in(reg) &raw const register);
    }
}

const ROWS: u32 = 500;
const DIM: usize = 64;

/// Starts the pool's threads from a look-up, which does no arithmetic and so leaves the caller's mode alone.
fn start_pool() {
    let table = Table::new(Options { rows: 1, dim: DIM, threads: 4, ..Options::default() }).unwrap();
    let count = WORTH_SHARING / DIM;
    table.lookup(Ids::from(&vec![0; count][..]), &mut vec![0.0; count * DIM]).unwrap();
}

/// Creates a table and takes steps.
fn fingerprint(rule: &str, parameters: &[f64], threads: usize, (ids, gradients): &(Vec<u32>, Vec<f32>)) -> String {
    let mut table = Table::new(Options { rows: ROWS, dim: DIM, rule, parameters, threads, ..Options::default() }).unwrap();
    for scale in [0.1, 1.0, 1e36] {
        table.update(Ids::from(&ids[..]), gradients, scale).unwrap();
    }
    table.fingerprint().unwrap()
}

#[test]
fn the_callers_float_mode_changes_no_bit() {
    // Accumulator and eps are subnormal, or not exact, in float32.
    let rules: [(&str, &[f64]); 4] = [
        ("tallygrad", &[]),
        ("rowwise-adagrad", &[0.1, 1e-40, 0.0, f64::NAN]),
        ("adagrad", &[0.1, 0.1, 1e-40, f64::NAN]),
        ("adam", &[0.1, 0.9, 0.999, 1e-40, f64::NAN, f64::NAN]),
    ];
    // Gradients around the smallest normal number.
    let count = WORTH_SHARING / DIM + 100;
    let gradients = (0..count * DIM).map(|i| f32::MIN_POSITIVE * (i % 13) as f32 * 0.3);
    let batch = ((0..count as u32).map(|i| i * 7 % ROWS).collect(), gradients.collect());
    for (rule, parameters) in rules {
        let expected = fingerprint(rule, parameters, 1, &batch);
        set_mode(FLUSH_AND_ROUND_DOWN);
        start_pool();
        let found = [1, 2, 4].map(|threads| fingerprint(rule, parameters, threads, &batch));
        set_mode(0);
        assert!(found.iter().all(|print| *print == expected), "{rule}");
    }
}
