//! Where a helper runs. Linux wakes a thread on the processor where it fell asleep, and where all have been busy of late does not look for an
//! idle one. If that is the caller's by then, as often after other programs' turns, the two share it for milliseconds, and a job takes as long
//! as on one thread. So whoever posts a job first tells helpers that sleep there to keep off.

#[cfg(target_os = "linux")]
pub(crate) use linux::Seat;
#[cfg(not(target_os = "linux"))]
pub(crate) use other::Seat;

#[cfg(target_os = "linux")]
mod linux {
    use std::sync::atomic::{AtomicI32, Ordering};
    use std::sync::{Mutex, PoisonError};

    use libc::{CPU_CLR, CPU_COUNT, CPU_ISSET, cpu_set_t, pid_t};

    /// A helper's.
    pub(crate) struct Seat {
        thread: AtomicI32,
        /// Where it last was when it had nothing to do.
        processor: AtomicI32,
        /// What it might use before it was told to keep off one.
        before: Mutex<Option<cpu_set_t>>,
    }

    /// For [`Seat::thread`] and [`Seat::processor`].
    const UNKNOWN: i32 = -1;

    impl Seat {
        pub fn new() -> Self {
            Self { thread: AtomicI32::new(UNKNOWN), processor: AtomicI32::new(UNKNOWN), before: Mutex::new(None) }
        }

        /// Called by the helper when it begins.
        pub fn take(&self) {
            // SAFETY: the call has no conditions.
            self.thread.store(unsafe { libc::gettid() }, Ordering::Relaxed);
        }

        /// Called by the helper whenever it has nothing to do: it may use again what it might before.
        pub fn rest(&self) {
            let mut kept = self.before.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(before) = kept.take() {
                allow(0, &before);
            }
            drop(kept);
            // SAFETY: the call has no conditions.
            self.processor.store(unsafe { libc::sched_getcpu() }, Ordering::Release);
        }

        /// Called before the helper is woken: it is not to wake on this thread's processor, if there is another that it may use.
        pub fn keep_off(&self) {
            // SAFETY: the call has no conditions.
            let here = unsafe { libc::sched_getcpu() };
            if here == UNKNOWN || self.processor.load(Ordering::Acquire) != here {
                return;
            }
            // Until it is told, the helper must not go back to what it might use before.
            let mut kept = self.before.lock().unwrap_or_else(PoisonError::into_inner);
            let thread = self.thread.load(Ordering::Relaxed);
            let Some(before) = allowed(thread) else { return };
            let mut without = before;
            // SAFETY: the processor's number is from the system, which has no more of them than the set has room for.
            unsafe {
                if !CPU_ISSET(here as usize, &before) || CPU_COUNT(&before) == 1 {
                    return;
                }
                CPU_CLR(here as usize, &mut without);
            }
            if allow(thread, &without) {
                kept.get_or_insert(before);
            }
        }
    }

    /// The processors that a thread may use, if the set has room for all that there are.
    pub(super) fn allowed(thread: pid_t) -> Option<cpu_set_t> {
        // SAFETY: a set of no processors is all zeros, and the call writes to no more than it.
        unsafe {
            let mut set = std::mem::zeroed();
            (libc::sched_getaffinity(thread, size_of::<cpu_set_t>(), &mut set) == 0).then_some(set)
        }
    }

    /// Lets a thread use some processors. Says whether the system does.
    pub(super) fn allow(thread: pid_t, processors: &cpu_set_t) -> bool {
        // SAFETY: the call reads the set.
        unsafe { libc::sched_setaffinity(thread, size_of::<cpu_set_t>(), processors) == 0 }
    }
}

#[cfg(not(target_os = "linux"))]
mod other {
    /// Elsewhere the system decides.
    pub(crate) struct Seat;

    impl Seat {
        pub fn new() -> Self {
            Self
        }
        pub fn take(&self) {}
        pub fn rest(&self) {}
        pub fn keep_off(&self) {}
    }
}

#[cfg(all(test, target_os = "linux", not(loom)))]
mod tests {
    use std::sync::mpsc;
    use std::thread;

    use libc::{CPU_COUNT, CPU_ISSET, CPU_SET};

    use super::Seat;
    use super::linux::{allow, allowed};

    #[test]
    fn a_helper_that_rests_where_the_caller_is_wakes_elsewhere_and_may_come_back() {
        let all = allowed(0).expect("no more processors than a set has room for");
        // SAFETY: reads the set.
        if unsafe { CPU_COUNT(&all) } == 1 {
            return;
        }
        let seat = Seat::new();
        let (rested, rests) = mpsc::channel();
        let (wake, woken) = mpsc::channel();
        thread::scope(|scope| {
            let seat = &seat;
            let helper = scope.spawn(move || {
                seat.take();
                seat.rest();
                // SAFETY: the call has no conditions.
                rested.send(unsafe { libc::sched_getcpu() }).unwrap();
                woken.recv().unwrap();
                // SAFETY: as above.
                let there = unsafe { libc::sched_getcpu() };
                let during = allowed(0).unwrap();
                seat.rest();
                (there, during, allowed(0).unwrap())
            });
            scope.spawn(move || {
                let processor = rests.recv().unwrap();
                // SAFETY: a set of no processors is all zeros, and the processor's number is from the system.
                let only = unsafe {
                    let mut only = std::mem::zeroed();
                    CPU_SET(processor as usize, &mut only);
                    only
                };
                assert!(allow(0, &only));
                seat.keep_off();
                seat.keep_off(); // Once more changes nothing.
                wake.send(()).unwrap();
                let (there, during, after) = helper.join().unwrap();
                assert_ne!(there, processor);
                // SAFETY: reads the sets.
                unsafe {
                    assert!(!CPU_ISSET(processor as usize, &during));
                    assert_eq!(CPU_COUNT(&during), CPU_COUNT(&all) - 1);
                    assert_eq!(CPU_COUNT(&after), CPU_COUNT(&all));
                }
            });
        });
    }
}
