//! Eight float32 lanes: the arithmetic of a row, written once and run on whatever instruction set the machine has.
//!
//! [`Number`] is what a rule needs, and `f32` itself is one: that is how `update/reference` runs the same formulas one element
//! at a time. [`Vector`] adds loads and stores. Each instruction set is a thin type in a file of its own; [`dispatch`] is
//! the one place that chooses. Every operation is IEEE and rounded by itself, so all of them give the same bits.

use std::ops::{Add, Div, Mul, Sub};

use crate::narrow::{f16_nearest, f16_value};
use crate::rng::{WORDS, philox_lanes};

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "aarch64")]
mod neon;
mod portable;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod simd128;

pub use portable::Portable;

/// Lanes of a [`Vector`], fixed because sums inside a row run over a fixed tree of this many lanes.
pub const LANES: usize = 8;

/// Something with float32 arithmetic: one element, or eight side by side.
pub trait Number: Copy + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Div<Output = Self> {
    /// The same value in every lane.
    fn splat(value: f32) -> Self;
    /// The correctly rounded square root.
    fn sqrt(self) -> Self;
    /// The nearest number from `-limit` to `limit`; a NaN stays one. `limit` is at least 0.
    fn within(self, limit: Self) -> Self;
}

impl Number for f32 {
    #[inline(always)]
    fn splat(value: f32) -> Self {
        value
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        f32::sqrt(self)
    }
    #[inline(always)]
    fn within(self, limit: Self) -> Self {
        // Not `clamp`, which refuses a limit that is a NaN.
        let x = if limit < self { limit } else { self };
        if -limit > x { -limit } else { x }
    }
}

/// Eight float32 lanes that can be loaded and stored.
pub trait Vector: Number {
    /// The first eight elements at `from`.
    ///
    /// # Safety
    /// `from` must be valid for reading eight elements.
    unsafe fn load(from: *const f32) -> Self;

    /// The first `count` elements at `from`, zeros in the other lanes.
    ///
    /// # Safety
    /// `from` must be valid for reading `count` elements; `count` is 1 to 7.
    unsafe fn load_part(from: *const f32, count: usize) -> Self;

    /// Writes all lanes.
    ///
    /// # Safety
    /// `to` must be valid for writing eight elements.
    unsafe fn store(self, to: *mut f32);

    /// Writes the first `count` lanes.
    ///
    /// # Safety
    /// `to` must be valid for writing `count` elements; `count` is 1 to 7.
    unsafe fn store_part(self, to: *mut f32, count: usize);

    /// `((l0+l4) + (l2+l6)) + ((l1+l5) + (l3+l7))`.
    fn sum(self) -> f32;

    /// In each lane the larger of the two magnitudes. A NaN counts as larger than infinity.
    fn larger_magnitude(self, other: Self) -> Self;

    /// The largest magnitude of all lanes; a NaN if there is one.
    fn largest_magnitude(self) -> f32;

    /// The first eight half-precision numbers at `from`.
    ///
    /// # Safety
    /// `from` must be valid for reading eight of them.
    #[inline(always)]
    unsafe fn load_f16(from: *const u16) -> Self {
        // SAFETY: the caller's promise; an array of eight floats may be loaded from.
        unsafe { Self::load(std::array::from_fn::<f32, LANES, _>(|lane| f16_value(*from.add(lane))).as_ptr()) }
    }

    /// Writes all lanes, rounded to half precision.
    ///
    /// # Safety
    /// `to` must be valid for writing eight numbers of two bytes.
    #[inline(always)]
    unsafe fn store_f16(self, to: *mut u16) {
        let mut lanes = [0.0; LANES];
        // SAFETY: the caller's promise; the array has eight floats.
        unsafe {
            self.store(lanes.as_mut_ptr());
            to.cast::<[u16; LANES]>().write(lanes.map(|lane| f16_nearest(lane.to_bits())));
        }
    }

    /// Word by word, the eight Philox blocks from `block` on that belong to a row at `step`, one a lane.
    #[inline(always)]
    fn random_words(seed: u64, step: u64, row: u32, block: u32) -> [[u32; LANES]; WORDS] {
        philox_lanes(seed, step, row, block)
    }
}

/// A computation that can run on any vector type.
///
/// `run` must be `#[inline(always)]`, and must hold no closure that does vector arithmetic: both would leave the instruction set
/// behind that [`dispatch`] switched on.
pub trait Kernel {
    /// What it returns.
    type Output;
    /// Runs on `V`.
    fn run<V: Vector>(self) -> Self::Output;
}

/// An instruction set for [`dispatch`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Simd(Set);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Set {
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "aarch64")]
    Neon,
    Baseline,
}

/// What needs no choice at run time, and its name.
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
type Baseline = simd128::Simd128;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
const BASELINE: &str = "simd128";
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
type Baseline = Portable;
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
const BASELINE: &str = "none";

impl Simd {
    /// The best instruction set of this machine.
    pub fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        if std::is_x86_feature_detected!("avx2") && std::is_x86_feature_detected!("f16c") {
            return Self(Set::Avx2);
        }
        #[cfg(target_arch = "aarch64")]
        if std::arch::is_aarch64_feature_detected!("neon") {
            return Self(Set::Neon);
        }
        Self::baseline()
    }

    /// What every machine has that runs this build.
    pub fn baseline() -> Self {
        Self(Set::Baseline)
    }

    /// Its name: `"avx2"`, `"neon"`, `"simd128"` or `"none"`.
    pub fn name(self) -> &'static str {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Set::Avx2 => "avx2",
            #[cfg(target_arch = "aarch64")]
            Set::Neon => "neon",
            Set::Baseline => BASELINE,
        }
    }
}

/// Runs `kernel` on `simd`.
#[inline]
pub fn dispatch<K: Kernel>(simd: Simd, kernel: K) -> K::Output {
    match simd.0 {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: a `Simd` of AVX2 is only made by `detect`, which found AVX2 and F16C.
        Set::Avx2 => unsafe { avx2::run(kernel) },
        #[cfg(target_arch = "aarch64")]
        // SAFETY: a `Simd` of NEON is only made by `detect`, which found NEON.
        Set::Neon => unsafe { neon::run(kernel) },
        Set::Baseline => run_baseline(kernel),
    }
}

/// A function of its own for each kernel. Inlined into its caller, all kernels of all rules would become one function, too large for
/// WebAssembly engines to keep its values in registers.
#[inline(never)]
fn run_baseline<K: Kernel>(kernel: K) -> K::Output {
    kernel.run::<Baseline>()
}

/// `squares(x)` of docs/arithmetic.md, the sum of squares over eight accumulators, of `scale * x`.
#[inline(always)]
pub fn sum_of_squares<V: Vector>(x: &[f32], scale: f32) -> f32 {
    let whole = x.len() / LANES * LANES;
    let (mut sums, scale) = (V::splat(0.0), V::splat(scale));
    // SAFETY: every read lies in `x`: whole vectors below `whole`, and the rest of 1 to 7 elements from there.
    unsafe {
        for at in (0..whole).step_by(LANES) {
            let part = V::load(x.as_ptr().add(at)) * scale;
            sums = sums + part * part;
        }
        if whole < x.len() {
            let part = V::load_part(x.as_ptr().add(whole), x.len() - whole) * scale;
            sums = sums + part * part;
        }
    }
    sums.sum()
}

/// The sum of products of two slices of one length, over eight accumulators like [`sum_of_squares`].
#[inline(always)]
pub fn dot<V: Vector>(x: &[f32], y: &[f32]) -> f32 {
    assert!(x.len() == y.len());
    let whole = x.len() / LANES * LANES;
    let mut sums = V::splat(0.0);
    // SAFETY: as in `sum_of_squares`, for both slices.
    unsafe {
        for at in (0..whole).step_by(LANES) {
            sums = sums + V::load(x.as_ptr().add(at)) * V::load(y.as_ptr().add(at));
        }
        if whole < x.len() {
            let count = x.len() - whole;
            sums = sums + V::load_part(x.as_ptr().add(whole), count) * V::load_part(y.as_ptr().add(whole), count);
        }
    }
    sums.sum()
}

/// Something to do to each element of a row.
pub trait Change: Copy {
    /// What becomes of `x`.
    fn of<V: Vector>(self, x: V) -> V;
}

/// Nothing.
#[derive(Clone, Copy)]
pub struct Unchanged;

/// A product.
#[derive(Clone, Copy)]
pub struct Times(pub f32);

/// A quotient.
#[derive(Clone, Copy)]
pub struct Over(pub f32);

/// [`Number::within`].
#[derive(Clone, Copy)]
pub struct Within(pub f32);

impl Change for Unchanged {
    #[inline(always)]
    fn of<V: Vector>(self, x: V) -> V {
        x
    }
}

impl Change for Times {
    #[inline(always)]
    fn of<V: Vector>(self, x: V) -> V {
        x * V::splat(self.0)
    }
}

impl Change for Over {
    #[inline(always)]
    fn of<V: Vector>(self, x: V) -> V {
        x / V::splat(self.0)
    }
}

impl Change for Within {
    #[inline(always)]
    fn of<V: Vector>(self, x: V) -> V {
        x.within(V::splat(self.0))
    }
}

/// Changes each element of `x`.
#[inline(always)]
pub fn change<V: Vector>(x: &mut [f32], change: impl Change) {
    let whole = x.len() / LANES * LANES;
    // SAFETY: whole vectors lie below `whole`, 1 to 7 elements from there to the end.
    unsafe {
        for at in (0..whole).step_by(LANES) {
            let at = x.as_mut_ptr().add(at);
            change.of(V::load(at)).store(at);
        }
        if whole < x.len() {
            let (at, count) = (x.as_mut_ptr().add(whole), x.len() - whole);
            change.of(V::load_part(at, count)).store_part(at, count);
        }
    }
}

/// Adds `factor * from` to `to`, which is as long.
#[inline(always)]
pub fn add_times<V: Vector>(to: &mut [f32], factor: f32, from: &[f32]) {
    assert!(to.len() == from.len());
    let (whole, factor) = (to.len() / LANES * LANES, V::splat(factor));
    // SAFETY: as in `change`, for both slices.
    unsafe {
        for at in (0..whole).step_by(LANES) {
            let to = to.as_mut_ptr().add(at);
            (V::load(to) + factor * V::load(from.as_ptr().add(at))).store(to);
        }
        if whole < to.len() {
            let (at, count) = (to.as_mut_ptr().add(whole), to.len() - whole);
            let sum = V::load_part(at, count) + factor * V::load_part(from.as_ptr().add(whole), count);
            sum.store_part(at, count);
        }
    }
}

/// Copies `from` to `to`, which is as long. For rows this is faster than a call of the system's copy.
#[inline(always)]
pub fn copy<V: Vector>(from: &[f32], to: &mut [f32]) {
    assert!(to.len() == from.len());
    let whole = to.len() / LANES * LANES;
    // SAFETY: as in `change`, for both slices.
    unsafe {
        for at in (0..whole).step_by(LANES) {
            V::load(from.as_ptr().add(at)).store(to.as_mut_ptr().add(at));
        }
        if whole < to.len() {
            let count = to.len() - whole;
            V::load_part(from.as_ptr().add(whole), count).store_part(to.as_mut_ptr().add(whole), count);
        }
    }
}

/// The largest magnitude in `x`; a NaN if there is one, 0 if `x` is empty.
#[inline(always)]
pub fn largest_magnitude<V: Vector>(x: &[f32]) -> f32 {
    let whole = x.len() / LANES * LANES;
    let mut largest = V::splat(0.0);
    // SAFETY: as in `sum_of_squares`.
    unsafe {
        for at in (0..whole).step_by(LANES) {
            largest = largest.larger_magnitude(V::load(x.as_ptr().add(at)));
        }
        if whole < x.len() {
            largest = largest.larger_magnitude(V::load_part(x.as_ptr().add(whole), x.len() - whole));
        }
    }
    largest.largest_magnitude()
}

#[cfg(test)]
mod tests;
