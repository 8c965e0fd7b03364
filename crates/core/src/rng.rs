//! Random numbers by hashing where they are used: Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3",
//! 2011) over (seed, step, row, element). No stream, no state: any element can be drawn again, in any order, on any thread.

use crate::lanes::LANES;

/// Words of one Philox block.
pub const WORDS: usize = 4;

pub(crate) const ROUNDS: usize = 10;
/// What two words of the counter are multiplied with in each round.
pub(crate) const FACTORS: [u32; 2] = [0xD251_1F53, 0xCD9E_8D57];

/// What the two words of the key grow by from round to round.
pub(crate) const KEY_STEPS: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];

/// The keys of all rounds.
#[inline(always)]
fn round_keys(seed: u64) -> [[u32; 2]; ROUNDS] {
    let (low, high) = (seed as u32, (seed >> 32) as u32);
    std::array::from_fn(|round| {
        let round = round as u32;
        [low.wrapping_add(round.wrapping_mul(KEY_STEPS[0])), high.wrapping_add(round.wrapping_mul(KEY_STEPS[1]))]
    })
}

/// One Philox4x32-10 block.
#[inline(always)]
fn philox(mut counter: [u32; WORDS], keys: &[[u32; 2]; ROUNDS]) -> [u32; WORDS] {
    for [low, high] in keys {
        let [c0, c1, c2, c3] = counter;
        let (one, two) = (u64::from(c0) * u64::from(FACTORS[0]), u64::from(c2) * u64::from(FACTORS[1]));
        counter = [(two >> 32) as u32 ^ c1 ^ low, two as u32, (one >> 32) as u32 ^ c3 ^ high, one as u32];
    }
    counter
}

/// The four words of one Philox block, which belong to a row at `step`.
pub fn words(seed: u64, step: u64, row: u32, block: u32) -> [u32; WORDS] {
    philox([row, block, step as u32, (step >> 32) as u32], &round_keys(seed))
}

/// Word by word, the Philox blocks from `block` on that belong to a row at `step`, one a lane.
#[inline(always)]
pub(crate) fn philox_lanes(seed: u64, step: u64, row: u32, block: u32) -> [[u32; LANES]; WORDS] {
    let keys = round_keys(seed);
    let mut words = [[0; LANES]; WORDS];
    for lane in 0..LANES {
        let block = philox([row, block.wrapping_add(lane as u32), step as u32, (step >> 32) as u32], &keys);
        for (word, value) in words.iter_mut().zip(block) {
            word[lane] = value;
        }
    }
    words
}

/// Fills `out` with the numbers in (0, 1) that belong to a row's elements from 0 at `step`, each mapped by `map` and rounded once.
pub(crate) fn fill_row(seed: u64, step: u64, row: u32, out: &mut [f32], map: impl Fn(f64) -> f64) {
    let keys = round_keys(seed);
    for (block, elements) in out.chunks_mut(WORDS).enumerate() {
        let words = philox([row, block as u32, step as u32, (step >> 32) as u32], &keys);
        for (element, word) in elements.iter_mut().zip(words) {
            *element = map((f64::from(word) + 0.5) / 4_294_967_296.0) as f32;
        }
    }
}

/// The value below which a standard normal number lies with probability `u`, 0 < u < 1, to about 1 part in 10^16.
///
/// Wichura, "Algorithm AS 241: the percentage points of the normal distribution", Applied Statistics 37 (1988), PPND16.
pub(crate) fn normal_quantile(u: f64) -> f64 {
    let q = u - 0.5;
    if q.abs() <= 0.425 {
        return q * ratio(0.180625 - q * q, &CENTRE);
    }
    let r = (-libm::log(u.min(1.0 - u))).sqrt();
    let z = if r <= 5.0 { ratio(r - 1.6, &SHOULDER) } else { ratio(r - 5.0, &TAIL) };
    if q < 0.0 { -z } else { z }
}

/// Numerator and denominator of a rational approximation, highest power first.
struct Coefficients([f64; 8], [f64; 8]);

fn ratio(x: f64, coefficients: &Coefficients) -> f64 {
    polynomial(x, &coefficients.0) / polynomial(x, &coefficients.1)
}

fn polynomial(x: f64, coefficients: &[f64; 8]) -> f64 {
    coefficients[1..].iter().fold(coefficients[0], |sum, c| sum * x + c)
}

#[expect(clippy::excessive_precision, reason = "digits as published")]
const CENTRE: Coefficients = Coefficients(
    [
        2.5090809287301226727e3,
        3.3430575583588128105e4,
        6.7265770927008700853e4,
        4.5921953931549871457e4,
        1.3731693765509461125e4,
        1.9715909503065514427e3,
        1.3314166789178437745e2,
        3.3871328727963666080e0,
    ],
    [
        5.2264952788528545610e3,
        2.8729085735721942674e4,
        3.9307895800092710610e4,
        2.1213794301586595867e4,
        5.3941960214247511077e3,
        6.8718700749205790830e2,
        4.2313330701600911252e1,
        1.0,
    ],
);
#[expect(clippy::excessive_precision, reason = "digits as published")]
const SHOULDER: Coefficients = Coefficients(
    [
        7.74545014278341407640e-4,
        2.27238449892691845833e-2,
        2.41780725177450611770e-1,
        1.27045825245236838258e0,
        3.64784832476320460504e0,
        5.76949722146069140550e0,
        4.63033784615654529590e0,
        1.42343711074968357734e0,
    ],
    [
        1.05075007164441684324e-9,
        5.47593808499534494600e-4,
        1.51986665636164571966e-2,
        1.48103976427480074590e-1,
        6.89767334985100004550e-1,
        1.67638483018380384940e0,
        2.05319162663775882187e0,
        1.0,
    ],
);
#[expect(clippy::excessive_precision, reason = "digits as published")]
const TAIL: Coefficients = Coefficients(
    [
        2.01033439929228813265e-7,
        2.71155556874348757815e-5,
        1.24266094738807843860e-3,
        2.65321895265761230930e-2,
        2.96560571828504891230e-1,
        1.78482653991729133580e0,
        5.46378491116411436990e0,
        6.65790464350110377720e0,
    ],
    [
        2.04426310338993978564e-15,
        1.42151175831644588870e-7,
        1.84631831751005468180e-5,
        7.86869131145613259100e-4,
        1.48753612908506148525e-2,
        1.36929880922735805310e-1,
        5.99832206555887937690e-1,
        1.0,
    ],
);

#[cfg(test)]
mod tests {
    use super::*;

    /// Known answers published with Random123 (kat_vectors).
    #[test]
    fn philox_gives_the_published_answers() {
        let philox = |counter, [low, high]: [u32; 2]| philox(counter, &round_keys(u64::from(high) << 32 | u64::from(low)));
        assert_eq!(philox([0; 4], [0; 2]), [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
        assert_eq!(philox([u32::MAX; 4], [u32::MAX; 2]), [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]);
        assert_eq!(
            philox([0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344], [0xa409_3822, 0x299f_31d0]),
            [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
        );
    }

    #[test]
    fn lanes_are_blocks() {
        let (seed, step) = (0x0123_4567_89ab_cdef, 0x1_0000_0005);
        let lanes = philox_lanes(seed, step, 77, 40);
        for (lane, number) in (40..48).enumerate() {
            assert_eq!(lanes.map(|word| word[lane]), philox([77, number, 5, 1], &round_keys(seed)));
        }
    }

    /// Check values of AS 241 (its paper's table), which has a branch for each.
    #[test]
    fn quantiles_are_the_published_ones() {
        for (u, z) in [(0.25, -0.674_489_750_196_081_7), (0.001, -3.090_232_306_167_813_5), (1e-20, -9.262_340_089_798_408)] {
            assert!((normal_quantile(u) / z - 1.0f64).abs() < 1e-15, "{u}");
        }
        assert_eq!(normal_quantile(0.5), 0.0);
    }

    #[test]
    fn normals_have_the_moments_of_a_normal() {
        let mut x = vec![0.0f32; 200_000];
        fill_row(7, 0, 3, &mut x, normal_quantile);
        let moment = |k: i32| x.iter().map(|&v| f64::from(v).powi(k)).sum::<f64>() / x.len() as f64;
        // Four standard errors of each mean: sqrt(variance of z^k / n).
        let error = |variance: f64| 4.0 * (variance / x.len() as f64).sqrt();
        assert!(moment(1).abs() < error(1.0) && (moment(2) - 1.0).abs() < error(2.0) && (moment(4) - 3.0).abs() < error(96.0));
    }
}
