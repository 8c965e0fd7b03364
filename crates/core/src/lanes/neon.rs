//! Eight lanes in two NEON registers.

use std::arch::aarch64::*;
use std::ops::{Add, Div, Mul, Sub};

use super::{Kernel, LANES, Number, Vector};

/// Runs `kernel` with NEON switched on.
///
/// # Safety
/// The machine must have NEON.
#[target_feature(enable = "neon")]
pub(super) unsafe fn run<K: Kernel>(kernel: K) -> K::Output {
    kernel.run::<Neon>()
}

/// Lanes 0 to 3 and 4 to 7. Values exist only inside [`run`], so the machine has NEON wherever there is one: that is the fact on
/// which every `unsafe` below rests, besides its caller's promise about the address.
#[derive(Clone, Copy)]
pub(super) struct Neon(float32x4_t, float32x4_t);

macro_rules! operator {
    ($operator:ident, $method:ident, $instruction:ident) => {
        impl $operator for Neon {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                // SAFETY: NEON as in `Neon`.
                unsafe { Self($instruction(self.0, other.0), $instruction(self.1, other.1)) }
            }
        }
    };
}
operator!(Add, add, vaddq_f32);
operator!(Sub, sub, vsubq_f32);
operator!(Mul, mul, vmulq_f32);
operator!(Div, div, vdivq_f32);

/// The bits of all magnitudes, as integers that are ordered like them, NaNs last.
#[inline(always)]
fn magnitude(x: float32x4_t) -> uint32x4_t {
    // SAFETY: NEON as in `Neon`.
    unsafe { vreinterpretq_u32_f32(vabsq_f32(x)) }
}

#[inline(always)]
fn within(x: float32x4_t, limit: float32x4_t) -> float32x4_t {
    // SAFETY: NEON as in `Neon`.
    unsafe {
        let x = vbslq_f32(vcltq_f32(limit, x), limit, x);
        let least = vnegq_f32(limit);
        vbslq_f32(vcgtq_f32(least, x), least, x)
    }
}

impl Number for Neon {
    #[inline(always)]
    fn splat(value: f32) -> Self {
        // SAFETY: NEON as in `Neon`.
        unsafe { Self(vdupq_n_f32(value), vdupq_n_f32(value)) }
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        // SAFETY: NEON as in `Neon`.
        unsafe { Self(vsqrtq_f32(self.0), vsqrtq_f32(self.1)) }
    }
    #[inline(always)]
    fn within(self, limit: Self) -> Self {
        Self(within(self.0, limit.0), within(self.1, limit.1))
    }
}

impl Vector for Neon {
    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the caller's promise; NEON as in `Neon`.
        unsafe { Self(vld1q_f32(from), vld1q_f32(from.add(4))) }
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
        // SAFETY: the caller's promise; NEON as in `Neon`.
        unsafe {
            vst1q_f32(to, self.0);
            vst1q_f32(to.add(4), self.1);
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
        // SAFETY: NEON as in `Neon`.
        unsafe {
            let four = vaddq_f32(self.0, self.1);
            let two = vadd_f32(vget_low_f32(four), vget_high_f32(four));
            vget_lane_f32::<0>(two) + vget_lane_f32::<1>(two)
        }
    }

    #[inline(always)]
    fn larger_magnitude(self, other: Self) -> Self {
        // SAFETY: NEON as in `Neon`.
        unsafe {
            Self(
                vreinterpretq_f32_u32(vmaxq_u32(magnitude(self.0), magnitude(other.0))),
                vreinterpretq_f32_u32(vmaxq_u32(magnitude(self.1), magnitude(other.1))),
            )
        }
    }

    #[inline(always)]
    fn largest_magnitude(self) -> f32 {
        // SAFETY: NEON as in `Neon`.
        unsafe { f32::from_bits(vmaxvq_u32(vmaxq_u32(magnitude(self.0), magnitude(self.1)))) }
    }
}
