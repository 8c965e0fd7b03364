//! Eight lanes in two WebAssembly SIMD registers. There is nothing to choose at run time: a module with SIMD runs only where SIMD is.

use std::arch::wasm32::*;
use std::ops::{Add, Div, Mul, Sub};

use super::{LANES, Number, Vector};

/// Lanes 0 to 3 and 4 to 7.
#[derive(Clone, Copy)]
pub(super) struct Simd128(v128, v128);

macro_rules! operator {
    ($operator:ident, $method:ident, $instruction:ident) => {
        impl $operator for Simd128 {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                Self($instruction(self.0, other.0), $instruction(self.1, other.1))
            }
        }
    };
}
operator!(Add, add, f32x4_add);
operator!(Sub, sub, f32x4_sub);
operator!(Mul, mul, f32x4_mul);
operator!(Div, div, f32x4_div);

/// The bits of all magnitudes, as integers that are ordered like them, NaNs last.
#[inline(always)]
fn magnitude(x: v128) -> v128 {
    f32x4_abs(x)
}

impl Number for Simd128 {
    #[inline(always)]
    fn splat(value: f32) -> Self {
        Self(f32x4_splat(value), f32x4_splat(value))
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        Self(f32x4_sqrt(self.0), f32x4_sqrt(self.1))
    }
    #[inline(always)]
    fn within(self, limit: Self) -> Self {
        // Both give their first operand where one is a NaN.
        let within = |x: v128, limit: v128| f32x4_pmax(f32x4_pmin(x, limit), f32x4_neg(limit));
        Self(within(self.0, limit.0), within(self.1, limit.1))
    }
}

impl Vector for Simd128 {
    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the caller's promise; these loads need no alignment.
        unsafe { Self(v128_load(from.cast()), v128_load(from.add(4).cast())) }
    }

    #[inline(always)]
    unsafe fn load_part(from: *const f32, count: usize) -> Self {
        let mut lanes = [0.0f32; LANES];
        // SAFETY: the caller promises `count` readable elements, at most 7; then `lanes` has eight.
        unsafe {
            std::ptr::copy_nonoverlapping(from, lanes.as_mut_ptr(), count);
            Self::load(lanes.as_ptr())
        }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: the caller's promise; these stores need no alignment.
        unsafe {
            v128_store(to.cast(), self.0);
            v128_store(to.add(4).cast(), self.1);
        }
    }

    #[inline(always)]
    unsafe fn store_part(self, to: *mut f32, count: usize) {
        let mut lanes = [0.0f32; LANES];
        // SAFETY: `lanes` has eight elements; the caller promises `count` writable ones, at most 7.
        unsafe {
            self.store(lanes.as_mut_ptr());
            std::ptr::copy_nonoverlapping(lanes.as_ptr(), to, count);
        }
    }

    #[inline(always)]
    fn sum(self) -> f32 {
        let four = f32x4_add(self.0, self.1);
        let two = f32x4_add(four, i32x4_shuffle::<2, 3, 0, 1>(four, four));
        f32x4_extract_lane::<0>(two) + f32x4_extract_lane::<1>(two)
    }

    #[inline(always)]
    fn larger_magnitude(self, other: Self) -> Self {
        Self(i32x4_max(magnitude(self.0), magnitude(other.0)), i32x4_max(magnitude(self.1), magnitude(other.1)))
    }

    #[inline(always)]
    fn largest_magnitude(self) -> f32 {
        let four = i32x4_max(magnitude(self.0), magnitude(self.1));
        let two = i32x4_max(four, i32x4_shuffle::<2, 3, 0, 1>(four, four));
        f32::from_bits(i32x4_extract_lane::<0>(two).max(i32x4_extract_lane::<1>(two)) as u32)
    }
}
