//! Every vector type against plain float32 operations, on values that are awkward: zeros of both signs, subnormals, the
//! largest and smallest numbers, infinities, NaN.

use super::*;

const VALUES: [f32; 16] = [
    1.0,
    -0.0,
    3.5,
    f32::MIN_POSITIVE,
    -7.25e-39,
    f32::MAX,
    -1e-20,
    0.1,
    f32::INFINITY,
    -2.0,
    1e30,
    0.0,
    f32::NAN,
    123456.79,
    -f32::MAX,
    1.0000001,
];

/// Compares everything a vector type does with the same thing lane by lane. Returns how many comparisons it made.
struct AgreesWithScalars;

impl Kernel for AgreesWithScalars {
    type Output = usize;
    #[inline(always)]
    fn run<V: Vector>(self) -> usize {
        let mut compared = 0;
        for a in VALUES.windows(LANES) {
            for b in VALUES.windows(LANES) {
                // SAFETY: both windows and the output have eight elements.
                unsafe {
                    let (x, y) = (V::load(a.as_ptr()), V::load(b.as_ptr()));
                    let results = [x + y, x - y, x * y, x / y, x.sqrt(), x.within(y), x.larger_magnitude(y)];
                    for (which, result) in results.into_iter().enumerate() {
                        let mut lanes = [0.0f32; LANES];
                        result.store(lanes.as_mut_ptr());
                        for lane in 0..LANES {
                            let (p, q) = (a[lane], b[lane]);
                            let larger = f32::from_bits(p.abs().to_bits().max(q.abs().to_bits()));
                            let expected = [p + q, p - q, p * q, p / q, p.sqrt(), p.within(q), larger][which];
                            assert!(
                                same(lanes[lane], expected),
                                "operation {which} on {p} and {q}: {} not {expected}",
                                lanes[lane]
                            );
                            compared += 1;
                        }
                    }
                }
            }
        }
        compared
    }
}

fn same(a: f32, b: f32) -> bool {
    a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan())
}

/// Loads and stores the first `0` elements of a pattern and leaves the rest of the target alone.
struct MovesParts(usize);

impl Kernel for MovesParts {
    type Output = [f32; LANES];
    #[inline(always)]
    fn run<V: Vector>(self) -> [f32; LANES] {
        let source = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0];
        let mut target = [-1.0; LANES];
        // SAFETY: at most seven elements are read from and written to arrays of eight.
        unsafe {
            let part = V::load_part(source.as_ptr(), self.0);
            assert_eq!(part.sum(), source[..self.0].iter().sum::<f32>());
            part.store_part(target.as_mut_ptr(), self.0);
        }
        target
    }
}

struct Reductions<'a>(&'a [f32]);

impl Kernel for Reductions<'_> {
    type Output = (f32, f32);
    #[inline(always)]
    fn run<V: Vector>(self) -> (f32, f32) {
        (sum_of_squares::<V>(self.0, 1.0), largest_magnitude::<V>(self.0))
    }
}

/// Compares conversions and random words with those of single numbers.
struct ConvertsLikeScalars;

impl Kernel for ConvertsLikeScalars {
    type Output = ();
    #[inline(always)]
    fn run<V: Vector>(self) {
        for scale in [1.0, 1e-4, 3e-6, 7e-9, 1e35] {
            for values in VALUES.windows(LANES) {
                let values: [f32; LANES] = std::array::from_fn(|lane| values[lane] * scale);
                let (mut halves, mut back) = ([0; LANES], [0.0; LANES]);
                // SAFETY: all arrays have eight elements.
                unsafe {
                    V::load(values.as_ptr()).store_f16(halves.as_mut_ptr());
                    V::load_f16(halves.as_ptr()).store(back.as_mut_ptr());
                }
                assert_eq!(halves, values.map(|x| f16_nearest(x.to_bits())));
                assert!(back.iter().zip(halves).all(|(&back, half)| same(back, f16_value(half))));
            }
        }
        for (seed, step) in [(0, 0), (1 << 40 | 7, 3 << 33 | 5), (u64::MAX, u64::MAX)] {
            for (row, block) in [(0, 0), (77, 40), (u32::MAX, u32::MAX - 3)] {
                assert_eq!(V::random_words(seed, step, row, block), philox_lanes(seed, step, row, block));
            }
        }
    }
}

#[test]
fn conversions_and_random_words_are_those_of_single_numbers() {
    every_set().into_iter().for_each(|simd| dispatch(simd, ConvertsLikeScalars));
}

fn every_set() -> [Simd; 2] {
    [Simd::detect(), Simd::baseline()]
}

#[test]
fn operations_are_those_of_float32() {
    for simd in every_set() {
        assert_eq!(dispatch(simd, AgreesWithScalars), 9 * 9 * 7 * LANES, "{}", simd.name());
    }
}

#[test]
fn parts_touch_only_their_elements() {
    for simd in every_set() {
        for count in 1..LANES {
            let expected: [f32; LANES] = std::array::from_fn(|at| if at < count { at as f32 + 1.0 } else { -1.0 });
            assert_eq!(dispatch(simd, MovesParts(count)), expected, "{}", simd.name());
        }
    }
}

#[test]
fn reductions_follow_the_documented_tree() {
    for len in 0..70usize {
        let x: Vec<f32> = (0..len).map(|d| ((d * 37 % 23) as f32 - 11.0) * 0.3f32.powi((d % 9) as i32)).collect();
        let mut a = [0.0f32; LANES];
        for (d, &v) in x.iter().enumerate() {
            a[d % LANES] += v * v;
        }
        let tree = ((a[0] + a[4]) + (a[2] + a[6])) + ((a[1] + a[5]) + (a[3] + a[7]));
        let largest = x.iter().fold(0.0f32, |m, v| m.max(v.abs()));
        for simd in every_set() {
            assert_eq!(dispatch(simd, Reductions(&x)), (tree, largest), "length {len}, {}", simd.name());
        }
    }
}

#[test]
fn a_nan_or_infinity_anywhere_is_the_largest_magnitude() {
    for len in [1usize, 7, 8, 9, 64, 65] {
        for at in 0..len {
            let mut x = vec![f32::MAX; len];
            x[at] = -f32::NAN;
            assert!(every_set().into_iter().all(|simd| dispatch(simd, Reductions(&x)).1.is_nan()));
            x[at] = f32::NEG_INFINITY;
            assert!(every_set().into_iter().all(|simd| dispatch(simd, Reductions(&x)).1 == f32::INFINITY));
        }
    }
}
