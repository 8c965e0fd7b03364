//! The process's threads. A job is a number of tasks; the caller works on them like everybody else, so a job never waits for a
//! thread that is late, only for tasks that somebody has already claimed (`claim` has the protocol). Threads are started when a
//! job first wants them, look for work for a moment after a job, then sleep.
//!
//! One job at a time has the threads; a second caller (another JavaScript thread) does its own job alone.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use crate::float_mode;
use claim::{Board, MOST_TASKS};
use seat::Seat;

pub(crate) mod claim;
mod seat;

/// How long a thread without work looks for some before it sleeps: longer than JavaScript takes between two steps of some tables, because
/// to be woken takes a good part of such a step.
const PATIENCE: Duration = Duration::from_micros(150);
/// More threads than this do not help work that is bound by memory.
pub const MOST_THREADS: usize = 256;

/// Elements of a batch from which a step or look-up is shared among threads. Measured on two cores: at half of this, handing over costs
/// more than it gives, above all if the caller does something else between two calls, so that threads must be woken.
pub const WORTH_SHARING: usize = 1 << 19;

/// Tasks that a job over a batch or table is cut into: more than threads, so that a thread that is late leaves its share to others.
pub const TASKS: usize = 64;

/// A job lost a task to a panic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Panicked;

/// The threads' common state.
struct Pool {
    board: Board,
    /// Held by the caller whose job the threads are on; the threads started so far.
    started: Mutex<Vec<Arc<Seat>>>,
}

fn pool() -> &'static Pool {
    static POOL: OnceLock<Pool> = OnceLock::new();
    POOL.get_or_init(|| Pool { board: Board::new(), started: Mutex::new(Vec::new()) })
}

/// The number of threads worth using on this machine.
pub fn available_threads() -> usize {
    thread::available_parallelism().map_or(1, |threads| threads.get().min(MOST_THREADS))
}

/// Runs `work(0)` to `work(tasks - 1)` on at most `threads` threads, this one among them, and returns when all are done.
pub fn run(threads: usize, tasks: usize, work: &(dyn Fn(usize) + Sync)) -> Result<(), Panicked> {
    debug_assert!(tasks <= MOST_TASKS);
    let panicked = AtomicBool::new(false);
    let guarded = |task: usize| {
        if catch_unwind(AssertUnwindSafe(|| work(task))).is_err() {
            panicked.store(true, Ordering::Relaxed);
        }
    };
    let helpers = threads.min(tasks).saturating_sub(1);
    let threads = if helpers > 0 { pool().started.try_lock().ok() } else { None };
    if let Some(mut started) = threads {
        start_threads(&mut started, helpers);
        let helpers = helpers.min(started.len());
        started[..helpers].iter().for_each(|seat| seat.keep_off());
        pool().board.run(helpers, tasks, &guarded);
    } else {
        (0..tasks).for_each(guarded);
    }
    if panicked.into_inner() { Err(Panicked) } else { Ok(()) }
}

/// Starts threads until there are `wanted`, or the system gives no more: then the job has fewer.
fn start_threads(started: &mut Vec<Arc<Seat>>, wanted: usize) {
    while started.len() < wanted {
        let (index, seat) = (started.len(), Arc::new(Seat::new()));
        let thread = thread::Builder::new().name(format!("tallygrad-{index}"));
        let its_seat = Arc::clone(&seat);
        if thread.spawn(move || float_mode::standard(|| help(index, &its_seat))).is_err() {
            return;
        }
        started.push(seat);
    }
}

/// What a thread does until the process ends.
fn help(index: usize, seat: &Seat) -> ! {
    let board = &pool().board;
    let mut done = 0;
    seat.take();
    loop {
        seat.rest();
        let idle_since = Instant::now();
        while board.epoch() == done && idle_since.elapsed() < PATIENCE {
            for _ in 0..16 {
                std::hint::spin_loop();
            }
        }
        if board.epoch() == done {
            board.sleep_while(done);
        }
        done = board.help(index);
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::collections::HashSet;
    use std::sync::atomic::AtomicUsize;

    use super::*;

    fn counts(threads: usize, tasks: usize) -> Vec<usize> {
        let counts: Vec<_> = (0..tasks).map(|_| AtomicUsize::new(0)).collect();
        run(threads, tasks, &|task| {
            counts[task].fetch_add(1, Ordering::Relaxed);
        })
        .unwrap();
        counts.into_iter().map(AtomicUsize::into_inner).collect()
    }

    #[test]
    fn every_task_runs_once_at_any_number_of_threads() {
        for round in 0..300 {
            for threads in [1, 2, 3, 8] {
                let tasks = [0, 1, 2, 64, 1000][round % 5];
                assert_eq!(counts(threads, tasks), vec![1; tasks]);
            }
            if round % 100 == 0 {
                thread::sleep(Duration::from_millis(2)); // Lets the threads go to sleep.
            }
        }
    }

    #[test]
    fn jobs_of_several_callers_do_not_meet() {
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..500).for_each(|_| assert_eq!(counts(4, 20), vec![1; 20])));
            }
        });
    }

    #[test]
    fn a_panic_in_a_task_is_reported_and_the_pool_goes_on() {
        let outcome = run(2, 10, &|task| assert_ne!(task, 7, "a panic on purpose"));
        assert_eq!(outcome, Err(Panicked));
        assert_eq!(counts(2, 10), vec![1; 10]);
    }

    #[test]
    fn a_job_is_shared_and_a_job_of_one_thread_leaves_the_others_alone() {
        let threads_of = |threads: usize| {
            let seen = Mutex::new(HashSet::new());
            let work = |_| {
                seen.lock().unwrap().insert(thread::current().id());
                thread::sleep(Duration::from_millis(1));
            };
            run(threads, 40, &work).unwrap();
            seen.into_inner().unwrap().len()
        };
        thread::scope(|scope| {
            scope.spawn(|| assert_eq!(threads_of(1), 1));
            // Other tests' jobs may have the pool for a moment.
            assert!((0..100).any(|_| threads_of(4) > 1));
        });
    }
}
