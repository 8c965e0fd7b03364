//! What predictions cost.

/// What is minimised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// The negative log-likelihood of labels 0 and 1, of which predictions are the log-odds.
    Logistic,
    /// Half the square of the difference.
    Squared,
}

impl Loss {
    /// The derivative of a raw prediction's loss by that; the loss goes to `sum`, times `weight`.
    #[inline(always)]
    pub fn slope(self, raw: f64, label: f64, weight: f64, sum: &mut LossSum) -> f64 {
        match self {
            Loss::Logistic => {
                let e = libm::exp(-raw.abs());
                sum.add_log(1.0 + e, weight);
                sum.add(weight * (raw.max(0.0) - label * raw));
                weight * (probability(raw, e) - label)
            }
            Loss::Squared => {
                sum.add(weight * (0.5 * (raw - label) * (raw - label)));
                weight * (raw - label)
            }
        }
    }

    /// What a raw prediction says: a probability, or a value.
    pub fn prediction(self, raw: f64) -> f64 {
        match self {
            Loss::Logistic => probability(raw, libm::exp(-raw.abs())),
            Loss::Squared => raw,
        }
    }
}

/// A sum of losses. Logarithms of numbers from 1 to 2 are one logarithm of their product, as far as that goes.
#[derive(Clone, Copy, Debug)]
pub struct LossSum {
    sum: f64,
    product: f64,
}

/// A product that may be multiplied by 2 is below the largest float64.
const MOST_PRODUCT: f64 = 1e300;

impl LossSum {
    /// Nothing yet.
    pub fn new() -> Self {
        Self { sum: 0.0, product: 1.0 }
    }

    #[inline(always)]
    fn add(&mut self, loss: f64) {
        self.sum += loss;
    }

    /// Adds `weight * ln(x)`.
    #[inline(always)]
    fn add_log(&mut self, x: f64, weight: f64) {
        if weight != 1.0 {
            return self.sum += weight * libm::log(x);
        }
        self.product *= x;
        if self.product > MOST_PRODUCT {
            self.sum += libm::log(self.product);
            self.product = 1.0;
        }
    }

    /// All that was added.
    pub fn total(self) -> f64 {
        self.sum + libm::log(self.product)
    }
}

impl Default for LossSum {
    fn default() -> Self {
        Self::new()
    }
}

/// The logistic function, where `e` is exp(-|raw|).
fn probability(raw: f64, e: f64) -> f64 {
    if raw >= 0.0 { 1.0 / (1.0 + e) } else { e / (1.0 + e) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loss_and_slope(loss: Loss, raw: f64, label: f64) -> (f64, f64) {
        let mut sum = LossSum::new();
        let slope = loss.slope(raw, label, 1.0, &mut sum);
        (sum.total(), slope)
    }

    #[test]
    fn the_derivative_is_what_differences_say() {
        for loss in [Loss::Logistic, Loss::Squared] {
            for raw in [-30.0, -2.5, -1e-3, 0.0, 0.7, 4.0, 30.0] {
                for label in [0.0, 1.0] {
                    let h = 1e-5;
                    let above = loss_and_slope(loss, raw + h, label).0;
                    let difference = (above - loss_and_slope(loss, raw - h, label).0) / (2.0 * h);
                    let (_, derivative) = loss_and_slope(loss, raw, label);
                    assert!((difference - derivative).abs() < 1e-8, "{loss:?} at {raw}: {difference}, {derivative}");
                }
            }
        }
    }

    #[test]
    fn extreme_predictions_have_finite_losses() {
        assert_eq!(loss_and_slope(Loss::Logistic, 1e4, 0.0), (1e4, 1.0));
        assert_eq!(loss_and_slope(Loss::Logistic, -1e4, 0.0), (0.0, 0.0));
        assert_eq!(Loss::Logistic.prediction(f64::NEG_INFINITY), 0.0);
        assert!(loss_and_slope(Loss::Logistic, f64::NAN, 0.0).0.is_nan());
    }

    #[test]
    fn a_sum_of_many_losses_is_the_sum_of_each() {
        let mut sum = LossSum::new();
        let mut expected = 0.0;
        for n in 0..10_000 {
            let (raw, label, weight) =
                (f64::from(n % 97) / 10.0 - 5.0, f64::from(n % 2), [1.0, 0.5, 3.0][n as usize % 3 / (1 + n as usize % 2)]);
            Loss::Logistic.slope(raw, label, weight, &mut sum);
            expected += weight * ((1.0 + (-raw).exp()).ln() + (1.0 - label) * raw);
        }
        assert!((sum.total() - expected).abs() < 1e-9 * expected, "{}, but {expected}", sum.total());
    }
}
