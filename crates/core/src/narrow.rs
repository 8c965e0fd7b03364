//! Numbers in two bytes: bfloat16 and IEEE half. Arithmetic is float32 everywhere; these are how weights and state are stored, and what
//! is lost on the way there is rounded to nearest, or at random, so that it is right on average.
//!
//! Conversions are loops without branches over slices, which become vector instructions where they are inlined into a
//! [`Kernel`](crate::lanes::Kernel); what becomes none by itself is a method of [`Vector`].

use crate::lanes::{LANES, Vector, copy};

/// How numbers are stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dtype {
    /// As they are.
    #[default]
    F32,
    /// IEEE half: 11 bits of precision, up to 65,504.
    F16,
    /// The upper half of a float32: 8 bits of precision.
    Bf16,
}

/// What becomes of bits for which there is no room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rounding {
    /// To nearest, ties to even.
    #[default]
    Nearest,
    /// Up with the probability that makes the mean right.
    Stochastic,
}

/// What decides the random bits of a row's roundings.
#[derive(Clone, Copy)]
pub(crate) struct Draw {
    pub seed: u64,
    pub step: u64,
    pub row: u32,
    /// Blocks of random words that belong to numbers of the row before these.
    pub block: u32,
}

impl Draw {
    /// Blocks of random words that belong to `count` numbers.
    pub fn blocks(count: usize) -> u32 {
        (count.div_ceil(GROUP) * LANES) as u32
    }
}

/// Numbers that share a call for random words, one block for every eighth of them.
const GROUP: usize = 8 * LANES;

impl Dtype {
    /// The one that options call so; the word has been checked.
    pub(crate) fn named(word: &str) -> Self {
        match word {
            "f16" => Dtype::F16,
            "bf16" => Dtype::Bf16,
            _ => Dtype::F32,
        }
    }

    /// Bytes of a number.
    pub(crate) const fn bytes(self) -> usize {
        match self {
            Dtype::F32 => 4,
            _ => 2,
        }
    }

    /// Words of four bytes that `count` numbers take.
    pub(crate) const fn words(self, count: usize) -> usize {
        match self {
            Dtype::F32 => count,
            _ => count.div_ceil(2),
        }
    }

    /// Reads numbers.
    ///
    /// # Safety
    /// `from` is valid for reading as many numbers as `to` has.
    #[inline(always)]
    pub(crate) unsafe fn read<V: Vector>(self, from: *const u32, to: &mut [f32]) {
        // SAFETY: the caller's promise.
        unsafe {
            match self {
                Dtype::F32 => copy::<V>(std::slice::from_raw_parts(from.cast(), to.len()), to),
                Dtype::F16 => widen_f16::<V>(from.cast(), to),
                Dtype::Bf16 => widen(std::slice::from_raw_parts(from.cast(), to.len()), to, bf16_value),
            }
        }
    }

    /// Writes numbers, rounded to nearest or by a draw.
    ///
    /// # Safety
    /// `to` is valid for writing as many numbers as `from` has, and nobody else uses them.
    #[inline(always)]
    pub(crate) unsafe fn write<V: Vector>(self, from: &[f32], to: *mut u32, draw: Option<Draw>) {
        if self == Dtype::F32 {
            // SAFETY: the caller's promise.
            return unsafe { std::ptr::copy_nonoverlapping(from.as_ptr(), to.cast(), from.len()) };
        }
        // SAFETY: the caller's promise.
        let to = unsafe { std::slice::from_raw_parts_mut(to.cast::<u16>(), from.len()) };
        match (self, draw) {
            (Dtype::F16, None) => round_f16::<V>(from, to),
            (_, None) => round(from, to, bf16_nearest),
            (Dtype::F16, Some(draw)) => round_at_random::<V>(from, to, draw, f16_at_random),
            (_, Some(draw)) => round_at_random::<V>(from, to, draw, bf16_at_random),
        }
    }

    /// What of a number must be finite for it to be stored, in words.
    pub(crate) fn finite_part(self) -> &'static str {
        match self {
            Dtype::F32 => "it",
            Dtype::F16 => "its nearest f16",
            Dtype::Bf16 => "its nearest bf16",
        }
    }

    /// The nearest number of this kind, for tests whether it is finite.
    pub(crate) fn nearest(self, x: f32) -> f32 {
        match self {
            Dtype::F32 => x,
            Dtype::F16 => f16_value(f16_nearest(x.to_bits())),
            Dtype::Bf16 => bf16_value(bf16_nearest(x.to_bits())),
        }
    }
}

#[inline(always)]
fn widen(from: &[u16], to: &mut [f32], value: impl Fn(u16) -> f32) {
    for (from, to) in from.iter().zip(to) {
        *to = value(*from);
    }
}

#[inline(always)]
fn round(from: &[f32], to: &mut [u16], nearest: impl Fn(u32) -> u16) {
    for (from, to) in from.iter().zip(to) {
        *to = nearest(from.to_bits());
    }
}

/// Reads halves.
///
/// # Safety
/// `from` is valid for reading as many halves as `to` has.
#[inline(always)]
unsafe fn widen_f16<V: Vector>(from: *const u16, to: &mut [f32]) {
    let whole = to.len() / LANES * LANES;
    // SAFETY: the caller's promise; eight elements follow below `whole`.
    unsafe {
        for at in (0..whole).step_by(LANES) {
            V::load_f16(from.add(at)).store(to.as_mut_ptr().add(at));
        }
        let rest = std::slice::from_raw_parts(from.add(whole), to.len() - whole);
        widen(rest, &mut to[whole..], f16_value);
    }
}

#[inline(always)]
fn round_f16<V: Vector>(from: &[f32], to: &mut [u16]) {
    assert!(from.len() == to.len());
    let whole = to.len() / LANES * LANES;
    for at in (0..whole).step_by(LANES) {
        // SAFETY: eight elements follow below `whole`.
        unsafe { V::load(from.as_ptr().add(at)).store_f16(to.as_mut_ptr().add(at)) };
    }
    round(&from[whole..], &mut to[whole..], f16_nearest);
}

/// Rounds with 16 random bits a number: of a group of 64, number k takes the half `k / 8 % 2` of word `k / 16` of block `k % 8`.
#[inline(always)]
fn round_at_random<V: Vector>(from: &[f32], to: &mut [u16], draw: Draw, rounded: impl Fn(u32, u32) -> u16) {
    for (group, (from, to)) in from.chunks(GROUP).zip(to.chunks_mut(GROUP)).enumerate() {
        let words = V::random_words(draw.seed, draw.step, draw.row, draw.block + (group * LANES) as u32);
        let mut random = [0; GROUP];
        for (halves, word) in random.chunks_exact_mut(2 * LANES).zip(&words) {
            for lane in 0..LANES {
                halves[lane] = word[lane] & 0xFFFF;
                halves[LANES + lane] = word[lane] >> 16;
            }
        }
        for ((from, to), random) in from.iter().zip(to).zip(&random) {
            *to = rounded(from.to_bits(), *random);
        }
    }
}

#[inline(always)]
fn bf16_value(half: u16) -> f32 {
    f32::from_bits(u32::from(half) << 16)
}

/// NaNs become one quiet NaN.
#[inline(always)]
fn bf16_nearest(bits: u32) -> u16 {
    let rounded = (bits.wrapping_add(0x7FFF + ((bits >> 16) & 1)) >> 16) as u16;
    if bits & MAGNITUDE > INFINITY { 0x7FC0 } else { rounded }
}

#[inline(always)]
fn bf16_at_random(bits: u32, random: u32) -> u16 {
    let rounded = (bits.wrapping_add(random) >> 16) as u16;
    if bits & MAGNITUDE >= INFINITY { bf16_nearest(bits) } else { rounded }
}

/// A float32 without its sign; those of NaNs are above infinity's.
const MAGNITUDE: u32 = 0x7FFF_FFFF;
const INFINITY: u32 = 0x7F80_0000;
/// The least magnitude that is no subnormal as a half, 2^-14.
const F16_NORMAL: u32 = 0x3880_0000;
/// The least magnitude beyond all halves, 2^16.
const F16_BEYOND: u32 = 0x4780_0000;
/// How much larger a float32's exponent field is than a half's.
const REBIAS: u32 = (127 - 15) << 23;

#[inline(always)]
pub(crate) fn f16_value(half: u16) -> f32 {
    let half = u32::from(half);
    let magnitude = (half & 0x7FFF) << 13;
    // As a float32 the bits are too small by 2^112; a product puts subnormals right as well.
    let scaled = (f32::from_bits(magnitude) * f32::from_bits((127 + 112) << 23)).to_bits();
    let special = magnitude | INFINITY;
    let value = if magnitude >= 0x0F80_0000 { special } else { scaled };
    f32::from_bits(value | (half & 0x8000) << 16)
}

#[inline(always)]
pub(crate) fn f16_nearest(bits: u32) -> u16 {
    let magnitude = bits & MAGNITUDE;
    // Adding one half rounds to multiples of 2^-24, the unit of subnormal halves, and leaves their number in the lowest bits.
    let subnormal = (f32::from_bits(magnitude) + 0.5).to_bits().wrapping_sub(0.5f32.to_bits());
    let normal = magnitude.wrapping_sub(REBIAS).wrapping_add(0xFFF + ((magnitude >> 13) & 1)) >> 13;
    f16_of(bits, if magnitude < F16_NORMAL { subnormal } else { normal })
}

#[inline(always)]
fn f16_at_random(bits: u32, random: u32) -> u16 {
    let magnitude = bits & MAGNITUDE;
    // In units of 2^-40, the 2^16th part of the unit of subnormal halves.
    let units = f32::from_bits(magnitude) * f32::from_bits((127 + 40) << 23);
    let units = if units < (1 << 26) as f32 { units } else { 0.0 };
    // SAFETY: a number from 0 to 2^26.
    let subnormal = (unsafe { units.to_int_unchecked::<i32>() } as u32 + random) >> 16;
    let normal = magnitude.wrapping_sub(REBIAS).wrapping_add(random >> 3) >> 13;
    f16_of(bits, if magnitude < F16_NORMAL { subnormal } else { normal })
}

/// Puts together a half from the float32's sign and what its magnitude was rounded to, unless it is none.
#[inline(always)]
fn f16_of(bits: u32, rounded: u32) -> u16 {
    let magnitude = bits & MAGNITUDE;
    let finite = if magnitude >= F16_BEYOND { 0x7C00 } else { rounded };
    let magnitude = if magnitude > INFINITY { 0x7E00 } else { finite };
    let sign = if magnitude == 0x7E00 { 0 } else { bits >> 16 & 0x8000 };
    (sign | magnitude) as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The value of a half, by its definition.
    fn half(bits: u16) -> f64 {
        let (exponent, fraction) = (i32::from(bits >> 10 & 31), f64::from(bits & 1023));
        let magnitude = match exponent {
            0 => fraction * 2f64.powi(-24),
            31 if fraction == 0.0 => f64::INFINITY,
            31 => f64::NAN,
            _ => (1024.0 + fraction) * 2f64.powi(exponent - 25),
        };
        if bits >> 15 == 1 { -magnitude } else { magnitude }
    }

    fn bfloat(bits: u16) -> f64 {
        f64::from(f32::from_bits(u32::from(bits) << 16))
    }

    type Kind = (Dtype, fn(u16) -> f64, fn(u16) -> f32, fn(u32) -> u16, fn(u32, u32) -> u16);
    const KINDS: [Kind; 2] = [
        (Dtype::F16, half, f16_value, f16_nearest, f16_at_random),
        (Dtype::Bf16, bfloat, bf16_value, bf16_nearest, bf16_at_random),
    ];

    /// Float32 bits of all magnitudes.
    fn samples() -> impl Iterator<Item = u32> {
        (0..400_000u32).map(|n| n.wrapping_mul(0x9E37_79B1) ^ n >> 7)
    }

    #[test]
    fn every_number_has_its_value_and_comes_back() {
        for (_, value, widened, nearest, at_random) in KINDS {
            for bits in 0..=u16::MAX {
                let (expected, found) = (value(bits), widened(bits));
                assert!(f64::from(found) == expected || (found.is_nan() && expected.is_nan()), "{bits:#x}");
                let canonical = if expected.is_nan() { nearest(f32::NAN.to_bits()) } else { bits };
                assert_eq!(nearest(found.to_bits()), canonical);
                for random in [0, 1, 0x8000, 0xFFFF] {
                    assert_eq!(at_random(found.to_bits(), random), canonical);
                }
            }
        }
    }

    #[test]
    fn nearest_is_nearest_and_ties_go_to_even() {
        for (_, value, _, nearest, _) in KINDS {
            let magnitudes: Vec<f64> = (0..=0x7F80u16).map(value).take_while(|v| v.is_finite()).collect();
            for bits in samples().filter(|bits| f32::from_bits(*bits).is_finite()) {
                let x = f64::from(f32::from_bits(bits));
                let above = magnitudes.partition_point(|&m| m < x.abs());
                // Beyond the largest lies what would come next.
                let last = magnitudes.len() - 1;
                let next = if above > last { 2.0 * magnitudes[last] - magnitudes[last - 1] } else { magnitudes[above] };
                let below = above.saturating_sub(1);
                let (down, up) = (x.abs() - magnitudes[below], next - x.abs());
                let expected = if above == 0 || down > up || (down == up && above % 2 == 0) { above } else { below };
                let sign = if bits >> 31 == 1 { 0x8000 } else { 0 };
                assert_eq!(nearest(bits), sign | expected as u16, "{x}");
            }
        }
    }

    #[test]
    fn at_random_is_one_of_the_neighbours_as_often_as_is_right_on_average() {
        for (_, value, widened, _, at_random) in KINDS {
            for bits in samples().step_by(997) {
                let x = f64::from(f32::from_bits(bits));
                let down = at_random(bits, 0);
                if !value(down).is_finite() || value(down + 1).is_infinite() {
                    continue;
                }
                let ups = (0..1 << 16).filter(|&random| at_random(bits, random) != down).inspect(|&random| {
                    assert_eq!(at_random(bits, random), down + 1, "{x}");
                });
                let part = (x - f64::from(widened(down))) / (value(down + 1) - value(down));
                // All probabilities are multiples of 2^-16, and exact but for subnormals with more bits below.
                assert!((ups.count() as f64 / 65536.0 - part).abs() < 2f64.powi(-16), "{x}");
            }
        }
    }

    #[test]
    fn what_no_half_can_hold_is_infinite() {
        assert_eq!(Dtype::F16.nearest(65519.996), 65504.0);
        assert_eq!(Dtype::F16.nearest(65520.0), f32::INFINITY);
        assert_eq!(Dtype::F16.nearest(-1e30), f32::NEG_INFINITY);
        assert_eq!(Dtype::Bf16.nearest(f32::MAX), f32::INFINITY);
    }
}
