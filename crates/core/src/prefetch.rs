//! Fetching memory ahead of its use. A step's rows are scattered over the table, so that without this each of them would be waited for.
//!
//! Where the machine has an instruction that fetches without waiting, the rows a few places ahead are fetched one by one. WebAssembly has
//! none. There a block of rows is loaded just before it is used: loads that depend on nothing overlap, so that a block is waited
//! for once.

/// How many rows are fetched together.
pub(crate) const TOGETHER: usize = if INSTRUCTION { 1 } else { 16 };
/// How many rows before its use a row is fetched.
pub(crate) const AHEAD: usize = if INSTRUCTION { 12 } else { 0 };
/// Whether [`prefetch`] is an instruction that does not wait.
pub(crate) const INSTRUCTION: bool = cfg!(not(target_arch = "wasm32"));

/// Words in a cache line.
const LINE: usize = 16;

/// Brings the cache line at `address` close: to the second cache, where more can be under way than to the first, whose few buffers make
/// even a prefetch wait once they are taken (a step that is bound by memory takes up to a third less for it on an EPYC of AMD). On Arm, where
/// that was not measured, to the first.
///
/// # Safety
/// A byte at `address` must be valid for reading.
#[inline(always)]
pub(crate) unsafe fn prefetch<T>(address: *const T) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a prefetch never faults.
    unsafe {
        std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T1 }>(address.cast());
    }
    #[cfg(target_arch = "aarch64")]
    // SAFETY: a prefetch never faults, and touches neither memory nor flags.
    unsafe {
        std::arch::asm!("prfm pldl1keep, [{0}]", in(reg) address, options(nostack, readonly, preserves_flags));
    }
    #[cfg(target_arch = "wasm32")]
    // SAFETY: the caller's promise. Volatile, because nobody wants the byte.
    unsafe {
        std::ptr::read_volatile(address.cast::<u8>());
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "wasm32")))]
    let _ = address;
}

/// Whether so many words of four bytes take more than one cache line.
#[inline(always)]
pub(crate) const fn takes_lines(count: usize) -> bool {
    count > LINE
}

/// Where in a line words begin.
#[derive(Clone, Copy)]
pub(crate) enum Beginning {
    /// Somewhere: large arrays of C libraries begin 16 bytes after a page.
    Anywhere,
    /// With a line if they take whole lines, as one of many records in a row, the first of which begins with one.
    AsRecords,
}

/// Brings the cache lines of `count` words of four bytes close, `most` of them and the last; the hardware follows after that.
///
/// # Safety
/// `count` words at `start` must be valid for reading.
#[inline(always)]
pub(crate) unsafe fn prefetch_words<T>(start: *const T, count: usize, most: usize, beginning: Beginning) {
    // SAFETY: the caller's promise; each line begins inside the words.
    unsafe {
        for line in 0..count.div_ceil(LINE).min(most) {
            prefetch(start.add(line * LINE));
        }
        let has_one_more = match beginning {
            Beginning::Anywhere => takes_lines(count),
            Beginning::AsRecords => !count.is_multiple_of(LINE),
        };
        if INSTRUCTION && has_one_more {
            prefetch(start.add(count - 1));
        }
    }
}
