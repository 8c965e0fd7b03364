//! The claim protocol: how a job's tasks are handed out, and how its caller knows that all are done.
//!
//! One atomic word, the *ticket*, holds the job's epoch, how many helpers it wants, how many tasks it has, and the next task. A task
//! is claimed by a compare-and-swap that adds one to the ticket. The caller claims too, and when no task is left waits until
//! those claimed by others are done, which `left` counts.
//!
//! Why a helper never sees a dead job: it reads `job` only after a successful claim. A claim succeeds only while the ticket has
//! this epoch and a task left; the task claimed is not done, so `left` is above 0 and the caller has not returned; so `job` is the
//! one stored before this epoch's ticket was (release on the ticket, acquire in the claim).
//!
//! Why no wake-up is lost: a helper that goes to sleep adds itself to `sleepers`, then reads the ticket under the lock; the caller
//! stores the ticket, then reads `sleepers`. Between the two each has a sequentially consistent fence, so one of them sees the other. The
//! caller passes through the same lock before it notifies, so the helper is either before its check or already waiting.
//!
//! The file compiles with loom's atomics under `--cfg loom`; then its tests run every interleaving (scripts/test.mjs).

#[cfg(loom)]
use loom::sync::{
    Condvar, Mutex,
    atomic::{AtomicPtr, AtomicU32, AtomicU64, Ordering, fence},
};
#[cfg(not(loom))]
use std::sync::{
    Condvar, Mutex,
    atomic::{AtomicPtr, AtomicU32, AtomicU64, Ordering, fence},
};

/// A job's work: called with each task's number.
type Work<'a> = dyn Fn(usize) + Sync + 'a;

/// The most tasks of a job.
pub(crate) const MOST_TASKS: usize = (1 << FIELD) - 1;
/// Bits of a ticket for the next task, the number of tasks, and (half as many) the helpers; the rest is the epoch.
const FIELD: u32 = 12;
const TASKS: u32 = FIELD;
const HELPERS: u32 = 2 * FIELD;
/// Helpers are at most `MOST_THREADS` - 1, so nine bits are enough.
const EPOCH: u32 = HELPERS + 9;

/// What the ticket says.
#[derive(Clone, Copy)]
struct Ticket(u64);

impl Ticket {
    fn new(epoch: u64, helpers: usize, tasks: usize) -> Self {
        Self(epoch << EPOCH | (helpers as u64) << HELPERS | (tasks as u64) << TASKS)
    }
    fn epoch(self) -> u64 {
        self.0 >> EPOCH
    }
    fn helpers(self) -> usize {
        (self.0 >> HELPERS) as usize & ((1 << (EPOCH - HELPERS)) - 1)
    }
    fn tasks(self) -> usize {
        (self.0 >> TASKS) as usize & MOST_TASKS
    }
    fn next(self) -> usize {
        self.0 as usize & MOST_TASKS
    }
}

/// Where jobs are posted.
pub(crate) struct Board {
    ticket: AtomicU64,
    /// Tasks of the present job that are not done.
    left: AtomicU32,
    /// The present job: a pointer to the caller's reference to it.
    job: AtomicPtr<&'static Work<'static>>,
    sleepers: AtomicU32,
    lock: Mutex<()>,
    wake: Condvar,
}

impl Board {
    pub fn new() -> Self {
        Self {
            ticket: AtomicU64::new(0),
            left: AtomicU32::new(0),
            job: AtomicPtr::new(std::ptr::null_mut()),
            sleepers: AtomicU32::new(0),
            lock: Mutex::new(()),
            wake: Condvar::new(),
        }
    }

    /// The epoch of the newest job. 31 bits: a helper would have to miss two billion jobs to mistake one for another, and then would only
    /// look at a ticket that has no task for it.
    pub fn epoch(&self) -> u64 {
        Ticket(self.ticket.load(Ordering::Acquire)).epoch()
    }

    /// Posts a job, works on it, and returns when all its tasks are done. One caller at a time; `work` does not unwind.
    pub fn run(&self, helpers: usize, tasks: usize, work: &Work) {
        // SAFETY: only the lifetime changes. Nobody calls the job after this function returns, as the module's comment argues.
        let work: &'static Work<'static> = unsafe { std::mem::transmute::<&Work, &'static Work<'static>>(work) };
        let epoch = (self.epoch() + 1) & ((1 << (64 - EPOCH)) - 1);
        self.job.store(&raw const work as *mut _, Ordering::Relaxed);
        self.left.store(tasks as u32, Ordering::Relaxed);
        self.ticket.store(Ticket::new(epoch, helpers, tasks).0, Ordering::Release);
        fence(Ordering::SeqCst);
        if self.sleepers.load(Ordering::Relaxed) > 0 {
            drop(self.lock.lock());
            self.wake.notify_all();
        }
        self.drain(epoch);
        self.wait_for_claimed();
    }

    /// Works on the newest job, if it wants helper `index`. Returns the job's epoch.
    pub fn help(&self, index: usize) -> u64 {
        let ticket = Ticket(self.ticket.load(Ordering::Acquire));
        if index < ticket.helpers() {
            self.drain(ticket.epoch());
        }
        ticket.epoch()
    }

    /// Sleeps until the newest job is not `epoch` any more.
    pub fn sleep_while(&self, epoch: u64) {
        self.sleepers.fetch_add(1, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        let mut guard = self.lock.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        while self.epoch() == epoch {
            guard = self.wake.wait(guard).unwrap_or_else(|poisoned| poisoned.into_inner());
        }
        drop(guard);
        self.sleepers.fetch_sub(1, Ordering::Relaxed);
    }

    /// Claims and does tasks of job `epoch` until none is left.
    fn drain(&self, epoch: u64) {
        let mut seen = self.ticket.load(Ordering::Acquire);
        loop {
            let ticket = Ticket(seen);
            if ticket.epoch() != epoch || ticket.next() >= ticket.tasks() {
                return;
            }
            match self.ticket.compare_exchange_weak(seen, seen + 1, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => {
                    // SAFETY: a task of this job is claimed and not done, so its caller has not returned (module comment).
                    let work = unsafe { *self.job.load(Ordering::Relaxed) };
                    work(ticket.next());
                    self.left.fetch_sub(1, Ordering::Release);
                    seen = self.ticket.load(Ordering::Acquire);
                }
                Err(newer) => seen = newer,
            }
        }
    }

    /// Waits until every claimed task is done: microseconds, unless a helper was taken off its processor.
    fn wait_for_claimed(&self) {
        let mut turns = 0u32;
        while self.left.load(Ordering::Acquire) > 0 {
            turns += 1;
            wait_a_little(turns);
        }
    }
}

#[cfg(not(loom))]
fn wait_a_little(turns: u32) {
    if turns.is_multiple_of(256) {
        std::thread::yield_now(); // A helper without a processor may need this one.
    } else {
        std::hint::spin_loop();
    }
}

#[cfg(loom)]
fn wait_a_little(_: u32) {
    loom::thread::yield_now();
}

#[cfg(all(test, loom))]
mod model {
    use loom::sync::Arc;
    use loom::sync::atomic::AtomicUsize;

    use super::*;

    /// Runs `jobs` jobs of `tasks` tasks beside one helper, in every interleaving loom finds.
    fn jobs_beside_a_helper(jobs: usize, tasks: usize) {
        let mut model = loom::model::Builder::new();
        model.preemption_bound = Some(3);
        model.check(move || {
            let board = Arc::new(Board::new());
            let helper = {
                let board = Arc::clone(&board);
                loom::thread::spawn(move || {
                    let mut done = 0;
                    while done < jobs as u64 {
                        board.sleep_while(done);
                        done = board.help(0);
                    }
                })
            };
            for _ in 0..jobs {
                // On the caller's stack, so that a task run after `run` returned would use memory that is gone.
                let counts: Vec<_> = (0..tasks).map(|_| AtomicUsize::new(0)).collect();
                board.run(1, tasks, &|task| {
                    counts[task].fetch_add(1, Ordering::Relaxed);
                });
                assert!(counts.iter().all(|count| count.load(Ordering::Relaxed) == 1));
            }
            helper.join().unwrap();
        });
    }

    #[test]
    fn one_job_runs_each_task_once_and_wakes_its_helper() {
        jobs_beside_a_helper(1, 2);
    }

    #[test]
    fn a_late_helper_never_touches_a_finished_job() {
        jobs_beside_a_helper(2, 1);
    }
}
