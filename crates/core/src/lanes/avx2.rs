//! Eight lanes in one AVX2 register.

use std::arch::x86_64::*;
use std::ops::{Add, Div, Mul, Sub};

use super::{Kernel, LANES, Number, Vector};
use crate::rng::{FACTORS, KEY_STEPS, ROUNDS, WORDS};

/// Runs `kernel` with AVX2 switched on, and F16C, which all machines have that have AVX2.
///
/// # Safety
/// The machine must have both.
#[target_feature(enable = "avx2,f16c")]
pub(super) unsafe fn run<K: Kernel>(kernel: K) -> K::Output {
    kernel.run::<Avx2>()
}

/// Eight lanes. Values exist only inside [`run`], so the machine has AVX2 wherever there is one: that is the fact on which every
/// `unsafe` below rests, besides its caller's promise about the address.
#[derive(Clone, Copy)]
pub(super) struct Avx2(__m256);

/// A mask whose first `count` lanes are set.
#[inline(always)]
unsafe fn first(count: usize) -> __m256i {
    static MASKS: [i32; 2 * LANES] = [-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0];
    debug_assert!(count <= LANES);
    // SAFETY: `count` is at most 8, so that eight integers follow from `8 - count`; AVX2 as in `Avx2`.
    unsafe { _mm256_loadu_si256(MASKS.as_ptr().add(LANES - count).cast()) }
}

/// The bits of all magnitudes, as integers that are ordered like them, NaNs last.
#[inline(always)]
fn magnitude(x: __m256) -> __m256i {
    // SAFETY: AVX2 as in `Avx2`.
    unsafe { _mm256_and_si256(_mm256_castps_si256(x), _mm256_set1_epi32(0x7fff_ffff)) }
}

macro_rules! operator {
    ($operator:ident, $method:ident, $instruction:ident) => {
        impl $operator for Avx2 {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                // SAFETY: AVX2 as in `Avx2`.
                Self(unsafe { $instruction(self.0, other.0) })
            }
        }
    };
}
operator!(Add, add, _mm256_add_ps);
operator!(Sub, sub, _mm256_sub_ps);
operator!(Mul, mul, _mm256_mul_ps);
operator!(Div, div, _mm256_div_ps);

impl Number for Avx2 {
    #[inline(always)]
    fn splat(value: f32) -> Self {
        // SAFETY: AVX2 as in `Avx2`.
        Self(unsafe { _mm256_set1_ps(value) })
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        // SAFETY: AVX2 as in `Avx2`.
        Self(unsafe { _mm256_sqrt_ps(self.0) })
    }
    #[inline(always)]
    fn within(self, limit: Self) -> Self {
        // SAFETY: AVX2 as in `Avx2`. Both instructions give their second operand where one is a NaN.
        unsafe {
            let least = _mm256_xor_ps(limit.0, _mm256_set1_ps(-0.0));
            Self(_mm256_max_ps(least, _mm256_min_ps(limit.0, self.0)))
        }
    }
}

impl Vector for Avx2 {
    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the caller's promise; AVX2 as in `Avx2`.
        Self(unsafe { _mm256_loadu_ps(from) })
    }

    #[inline(always)]
    unsafe fn load_part(from: *const f32, count: usize) -> Self {
        // SAFETY: lanes outside the mask are not read; the caller's promise covers the others.
        Self(unsafe { _mm256_maskload_ps(from, first(count)) })
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: the caller's promise; AVX2 as in `Avx2`.
        unsafe { _mm256_storeu_ps(to, self.0) }
    }

    #[inline(always)]
    unsafe fn store_part(self, to: *mut f32, count: usize) {
        // SAFETY: lanes outside the mask are not written; the caller's promise covers the others.
        unsafe { _mm256_maskstore_ps(to, first(count), self.0) }
    }

    #[inline(always)]
    fn sum(self) -> f32 {
        // SAFETY: AVX2 as in `Avx2`.
        unsafe {
            let four = _mm_add_ps(_mm256_castps256_ps128(self.0), _mm256_extractf128_ps::<1>(self.0));
            let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
            _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps::<1>(two, two)))
        }
    }

    #[inline(always)]
    fn larger_magnitude(self, other: Self) -> Self {
        // SAFETY: AVX2 as in `Avx2`.
        Self(unsafe { _mm256_castsi256_ps(_mm256_max_epi32(magnitude(self.0), magnitude(other.0))) })
    }

    #[inline(always)]
    fn largest_magnitude(self) -> f32 {
        // SAFETY: AVX2 as in `Avx2`.
        unsafe {
            let eight = magnitude(self.0);
            let four = _mm_max_epi32(_mm256_castsi256_si128(eight), _mm256_extracti128_si256::<1>(eight));
            let two = _mm_max_epi32(four, _mm_shuffle_epi32::<0b01_00_11_10>(four));
            let one = _mm_max_epi32(two, _mm_shuffle_epi32::<0b10_11_00_01>(two));
            f32::from_bits(_mm_cvtsi128_si32(one) as u32)
        }
    }

    #[inline(always)]
    unsafe fn load_f16(from: *const u16) -> Self {
        // SAFETY: the caller's promise; F16C as AVX2 in `Avx2`.
        Self(unsafe { _mm256_cvtph_ps(_mm_loadu_si128(from.cast())) })
    }

    #[inline(always)]
    unsafe fn store_f16(self, to: *mut u16) {
        // SAFETY: the caller's promise; F16C as AVX2 in `Avx2`. NaNs become one.
        unsafe {
            let is_nan = _mm256_cmp_ps::<_CMP_UNORD_Q>(self.0, self.0);
            let lanes = _mm256_blendv_ps(self.0, _mm256_set1_ps(f32::NAN), is_nan);
            _mm_storeu_si128(to.cast(), _mm256_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(lanes));
        }
    }

    #[inline(always)]
    fn random_words(seed: u64, step: u64, row: u32, block: u32) -> [[u32; LANES]; WORDS] {
        // SAFETY: AVX2 as in `Avx2`; a vector is eight words.
        unsafe {
            let lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
            let mut counter = [
                _mm256_set1_epi32(row as i32),
                _mm256_add_epi32(_mm256_set1_epi32(block as i32), lane),
                _mm256_set1_epi32(step as i32),
                _mm256_set1_epi32((step >> 32) as i32),
            ];
            let mut keys = [_mm256_set1_epi32(seed as i32), _mm256_set1_epi32((seed >> 32) as i32)];
            for _ in 0..ROUNDS {
                let (high0, low0) = products(counter[0], FACTORS[0]);
                let (high2, low2) = products(counter[2], FACTORS[1]);
                counter = [
                    _mm256_xor_si256(_mm256_xor_si256(high2, counter[1]), keys[0]),
                    low2,
                    _mm256_xor_si256(_mm256_xor_si256(high0, counter[3]), keys[1]),
                    low0,
                ];
                keys[0] = _mm256_add_epi32(keys[0], _mm256_set1_epi32(KEY_STEPS[0] as i32));
                keys[1] = _mm256_add_epi32(keys[1], _mm256_set1_epi32(KEY_STEPS[1] as i32));
            }
            counter.map(|words| std::mem::transmute(words))
        }
    }
}

/// The products of eight numbers with one, as high and low halves.
#[inline(always)]
fn products(x: __m256i, factor: u32) -> (__m256i, __m256i) {
    // SAFETY: AVX2 as in `Avx2`.
    unsafe {
        let factor = _mm256_set1_epi64x(i64::from(factor));
        let even = _mm256_mul_epu32(x, factor);
        let odd = _mm256_mul_epu32(_mm256_srli_epi64::<32>(x), factor);
        let high = _mm256_blend_epi32::<0b1010_1010>(_mm256_srli_epi64::<32>(even), odd);
        let low = _mm256_blend_epi32::<0b1010_1010>(even, _mm256_slli_epi64::<32>(odd));
        (high, low)
    }
}
