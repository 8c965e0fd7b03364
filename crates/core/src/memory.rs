//! Large zeroed arrays. Where the operating system offers huge pages they are asked for, because a step reads and writes rows
//! scattered over the whole table and would otherwise wait for address translation; and a failed allocation is an error with
//! its size, never an abort. So it is with lists whose length depends on a table, a batch or keys; what is small is simply taken.

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::collections::TryReserveError;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;

use crate::error::{Error, Result};

/// Types for which all-zero bytes are a valid value.
///
/// # Safety
/// Every bit pattern of zeros must be a valid `Self`, and `Self` must not need dropping.
pub unsafe trait Zeroable: Copy {}
// SAFETY: zero is a valid value of each of these, and none has drop glue.
unsafe impl Zeroable for u32 {}
// SAFETY: as above.
unsafe impl Zeroable for u64 {}
// SAFETY: as above.
unsafe impl Zeroable for f32 {}
// SAFETY: as above.
unsafe impl Zeroable for f64 {}

/// Arrays of at least this many bytes are mapped directly, so that huge pages can be asked for before they are touched.
#[cfg(unix)]
const MAPPED_FROM: usize = 1 << 20;
/// Size and alignment of a huge page on x86-64 and, with 4 KiB base pages, on arm64.
#[cfg(unix)]
const HUGE_PAGE: usize = 2 << 20;
/// The most bytes an array may have: what a pointer may be offset by, and room to start on a huge page.
const MOST_BYTES: usize = isize::MAX as usize - (2 << 20);
/// What lists leave alone in WebAssembly, whose memory has a ceiling: enough for what is simply taken, of which the most is what a call needs for
/// the floats of one row, 1.8 MB where it has 65,536 weights. Those that are not short leave twice that, so that calls with short ones go on.
#[cfg(target_family = "wasm")]
const SPARE: usize = 2 << 20;
/// Lists of fewer bytes are short.
#[cfg(target_family = "wasm")]
const SHORT: usize = 1 << 16;
/// Smaller arrays start on a cache line.
const CACHE_LINE: usize = 64;

/// A fixed-length array of `T`, zeros at first, aligned to a cache line at least.
pub struct Buffer<T: Zeroable> {
    start: NonNull<T>,
    len: usize,
    origin: Origin,
}

/// Where a buffer's memory came from, that is, how to give it back.
enum Origin {
    /// No memory: the buffer has no bytes.
    Nothing,
    /// The global allocator.
    Allocator(Layout),
    /// `mmap`, at this address and of this length.
    #[cfg(unix)]
    Mapping(*mut libc::c_void, usize),
}

// SAFETY: a buffer owns its memory, and `T` is plain data.
unsafe impl<T: Zeroable + Send> Send for Buffer<T> {}
// SAFETY: shared access to a buffer only reads.
unsafe impl<T: Zeroable + Sync> Sync for Buffer<T> {}

impl<T: Zeroable> Buffer<T> {
    /// `len` zeros. `what` names the purpose in the error.
    pub fn zeroed(len: u128, what: &'static str) -> Result<Self> {
        let bytes = len * size_of::<T>() as u128;
        let refused = || Error::OutOfMemory { what, bytes };
        if bytes == 0 {
            return Ok(Self { start: NonNull::dangling(), len: len as usize, origin: Origin::Nothing });
        }
        let size = usize::try_from(bytes).ok().filter(|&size| size <= MOST_BYTES).ok_or_else(refused)?;
        let (start, origin) = sparing(size, || allocate(size)).ok_or_else(refused)?;
        Ok(Self { start: start.cast(), len: len as usize, origin })
    }

    /// Bytes in use.
    pub fn bytes(&self) -> u64 {
        (self.len * size_of::<T>()) as u64
    }

    /// A copy of this buffer, or the error that says what could not be had.
    pub fn try_clone(&self, what: &'static str) -> Result<Self> {
        self.grown(self.len as u128, what)
    }

    /// A copy of length `len`, which is no less than this one's, with zeros behind.
    pub fn grown(&self, len: u128, what: &'static str) -> Result<Self> {
        let mut copy = Self::zeroed(len, what)?;
        copy[..self.len].copy_from_slice(self);
        Ok(copy)
    }

    /// Makes room for at least `len` elements. The contents are zeros after a growth and unchanged otherwise.
    pub fn reserve(&mut self, len: usize, what: &'static str) -> Result<()> {
        if len > self.len {
            // The old memory goes first: scratch space is never worth holding twice.
            *self = Self::zeroed(0, what)?;
            *self = Self::zeroed(len.next_power_of_two() as u128, what)?;
        }
        Ok(())
    }
}

/// Makes room in lists, or says for what and how many bytes there is none.
pub fn make_room(
    what: &'static str,
    bytes: usize,
    take: impl FnOnce() -> std::result::Result<(), TryReserveError>,
) -> Result<()> {
    sparing(bytes, || take().ok()).ok_or(Error::OutOfMemory { what, bytes: bytes as u128 })
}

/// A copy of a list.
pub(crate) fn copied<T: Copy>(list: &[T], what: &'static str) -> Result<Vec<T>> {
    let mut copy = Vec::new();
    make_room(what, size_of_val(list), || copy.try_reserve_exact(list.len()))?;
    copy.extend_from_slice(list);
    Ok(copy)
}

/// Takes so many bytes if enough is left for what is small.
#[cfg(target_family = "wasm")]
fn sparing<T>(bytes: usize, take: impl FnOnce() -> Option<T>) -> Option<T> {
    let mut spare = Vec::<u8>::new();
    spare.try_reserve_exact(if bytes < SHORT { SPARE } else { 2 * SPARE }).ok()?;
    // The optimizer must not leave out memory that is only held.
    std::hint::black_box(spare.as_mut_ptr());
    take()
}

/// Takes memory. Operating systems have more.
#[cfg(not(target_family = "wasm"))]
fn sparing<T>(_bytes: usize, take: impl FnOnce() -> Option<T>) -> Option<T> {
    take()
}

#[cfg(unix)]
fn allocate(size: usize) -> Option<(NonNull<u8>, Origin)> {
    if size < MAPPED_FROM { allocate_small(size) } else { map(size) }
}

#[cfg(not(unix))]
fn allocate(size: usize) -> Option<(NonNull<u8>, Origin)> {
    allocate_small(size)
}

fn allocate_small(size: usize) -> Option<(NonNull<u8>, Origin)> {
    let layout = Layout::from_size_align(size, CACHE_LINE).ok()?;
    // SAFETY: the layout's size is not 0.
    let start = NonNull::new(unsafe { alloc_zeroed(layout) })?;
    Some((start, Origin::Allocator(layout)))
}

/// Maps zeroed pages, with room to start on a huge page, and asks for huge pages.
#[cfg(unix)]
fn map(size: usize) -> Option<(NonNull<u8>, Origin)> {
    let length = size.checked_add(HUGE_PAGE)?;
    // SAFETY: a fresh anonymous mapping overlaps nothing.
    let mapping = unsafe {
        libc::mmap(
            std::ptr::null_mut(),
            length,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
            -1,
            0,
        )
    };
    if mapping == libc::MAP_FAILED {
        return None;
    }
    let start = mapping.cast::<u8>().map_addr(|address| address.next_multiple_of(HUGE_PAGE));
    #[cfg(target_os = "linux")]
    // SAFETY: the range lies inside the mapping; advice changes no contents. A refusal costs speed only.
    unsafe {
        libc::madvise(start.cast(), size, libc::MADV_HUGEPAGE);
    }
    Some((NonNull::new(start)?, Origin::Mapping(mapping, length)))
}

impl<T: Zeroable> Drop for Buffer<T> {
    fn drop(&mut self) {
        match self.origin {
            Origin::Nothing => {}
            // SAFETY: allocated with this layout, and nobody borrows a buffer that is dropped.
            Origin::Allocator(layout) => unsafe { dealloc(self.start.as_ptr().cast(), layout) },
            #[cfg(unix)]
            // SAFETY: mapped at this address with this length, and nobody borrows a buffer that is dropped.
            Origin::Mapping(address, length) => unsafe {
                libc::munmap(address, length);
            },
        }
    }
}

impl<T: Zeroable> Deref for Buffer<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        // SAFETY: `start` points to `len` initialised (zeroed, then written) elements that this buffer owns.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }
}

impl<T: Zeroable> DerefMut for Buffer<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        // SAFETY: as in `deref`, and `&mut self` makes the access exclusive.
        unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr(), self.len) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_and_mapped_buffers_are_zero_and_aligned() {
        for len in [1usize, 100, MAPPED_FROM / 4 - 1, MAPPED_FROM / 4, 3_000_000] {
            let buffer = Buffer::<f32>::zeroed(len as u128, "a test").unwrap();
            assert_eq!(buffer.len(), len);
            assert_eq!(buffer.as_ptr() as usize % CACHE_LINE, 0);
            assert!(buffer.iter().all(|&x| x.to_bits() == 0));
        }
    }

    #[test]
    fn an_impossible_size_is_an_error_that_names_it() {
        let error = Buffer::<f32>::zeroed(1 << 60, "weights").err().unwrap();
        assert_eq!(error, Error::OutOfMemory { what: "weights", bytes: 1 << 62 });
        assert!(Buffer::<f64>::zeroed(u64::MAX as u128 * 65_536, "weights").is_err());
    }

    #[test]
    fn an_empty_buffer_needs_no_memory() {
        let buffer = Buffer::<f32>::zeroed(0, "nothing").unwrap();
        assert!(buffer.is_empty());
    }
}
