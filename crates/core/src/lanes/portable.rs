//! Eight lanes as an array, for machines without a better type here, and as the yardstick of those that have one.

use std::ops::{Add, Div, Mul, Sub};

use super::{LANES, Number, Vector};

/// Eight lanes in an array.
#[derive(Clone, Copy)]
pub struct Portable([f32; LANES]);

/// One operator, lane by lane.
macro_rules! lane_by_lane {
    ($operator:ident, $method:ident) => {
        impl $operator for Portable {
            type Output = Self;
            #[inline(always)]
            fn $method(mut self, other: Self) -> Self {
                for (a, b) in self.0.iter_mut().zip(other.0) {
                    *a = a.$method(b);
                }
                self
            }
        }
    };
}
lane_by_lane!(Add, add);
lane_by_lane!(Sub, sub);
lane_by_lane!(Mul, mul);
lane_by_lane!(Div, div);

impl Number for Portable {
    #[inline(always)]
    fn splat(value: f32) -> Self {
        Self([value; LANES])
    }
    #[inline(always)]
    fn sqrt(mut self) -> Self {
        for lane in &mut self.0 {
            *lane = lane.sqrt();
        }
        self
    }
    #[inline(always)]
    fn within(mut self, limit: Self) -> Self {
        for (lane, limit) in self.0.iter_mut().zip(limit.0) {
            *lane = lane.within(limit);
        }
        self
    }
}

impl Vector for Portable {
    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the caller's promise; an array of f32 may be read from any address aligned for f32.
        Self(unsafe { from.cast::<[f32; LANES]>().read() })
    }

    #[inline(always)]
    unsafe fn load_part(from: *const f32, count: usize) -> Self {
        let mut lanes = [0.0; LANES];
        for (at, lane) in lanes.iter_mut().enumerate().take(count) {
            // SAFETY: `at < count`, and the caller promises `count` readable elements.
            *lane = unsafe { from.add(at).read() };
        }
        Self(lanes)
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: the caller's promise.
        unsafe { to.cast::<[f32; LANES]>().write(self.0) }
    }

    #[inline(always)]
    unsafe fn store_part(self, to: *mut f32, count: usize) {
        for (at, &lane) in self.0.iter().enumerate().take(count) {
            // SAFETY: `at < count`, and the caller promises `count` writable elements.
            unsafe { to.add(at).write(lane) }
        }
    }

    #[inline(always)]
    fn sum(self) -> f32 {
        let l = self.0;
        ((l[0] + l[4]) + (l[2] + l[6])) + ((l[1] + l[5]) + (l[3] + l[7]))
    }

    #[inline(always)]
    fn larger_magnitude(mut self, other: Self) -> Self {
        // The bits of magnitudes are ordered like the magnitudes, NaNs last.
        for (a, b) in self.0.iter_mut().zip(other.0) {
            *a = f32::from_bits(a.abs().to_bits().max(b.abs().to_bits()));
        }
        self
    }

    #[inline(always)]
    fn largest_magnitude(self) -> f32 {
        f32::from_bits(self.0.iter().map(|lane| lane.abs().to_bits()).fold(0, u32::max))
    }
}
