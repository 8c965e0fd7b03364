//! Scalar functions whose bits must not depend on the platform: built from IEEE operations and the libm crate alone.

/// `base^exponent` by repeated squaring.
pub(crate) fn power(mut base: f64, mut exponent: u64) -> f64 {
    let mut product = 1.0;
    while exponent > 0 {
        if exponent & 1 == 1 {
            product *= base;
        }
        base *= base;
        exponent >>= 1;
    }
    product
}

/// `2^(-x)` for x >= 0, exact where x is whole, and 0 from 1,000 on.
pub(crate) fn halvings(x: f64) -> f64 {
    if x >= 1000.0 {
        return 0.0;
    }
    let whole = libm::floor(x + 0.5);
    let power_of_two = f64::from_bits((1023 - whole as u64) << 52);
    libm::exp((whole - x) * std::f64::consts::LN_2) * power_of_two
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_halvings_are_exact() {
        for k in 0..1000 {
            assert_eq!(halvings(f64::from(k)), 0.5f64.powi(k));
        }
        assert_eq!(halvings(1000.0), 0.0);
        assert_eq!(halvings(f64::INFINITY), 0.0);
    }

    #[test]
    fn halvings_between_are_right_to_the_last_bits() {
        for k in 1..5000 {
            let x = f64::from(k) * 0.137;
            let expected = (-x).exp2();
            assert!((halvings(x) - expected).abs() <= 4.0 * f64::EPSILON * expected, "{x}");
        }
    }

    #[test]
    fn powers_are_products() {
        assert_eq!(power(0.9, 0), 1.0);
        assert_eq!(power(0.5, 10), 1.0 / 1024.0);
        assert_eq!(power(1.5, 5), 1.5 * 1.5 * 1.5 * 1.5 * 1.5);
        assert_eq!(power(0.999, u64::MAX), 0.0);
    }
}
