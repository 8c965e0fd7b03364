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
    /// The loss of a raw prediction, and its derivative by that.
    pub fn of(self, raw: f64, label: f64) -> (f64, f64) {
        match self {
            Loss::Logistic => {
                let e = libm::exp(-raw.abs());
                (libm::log1p(e) + raw.max(0.0) - label * raw, probability(raw, e) - label)
            }
            Loss::Squared => (0.5 * (raw - label) * (raw - label), raw - label),
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

/// The logistic function, where `e` is exp(-|raw|).
fn probability(raw: f64, e: f64) -> f64 {
    if raw >= 0.0 { 1.0 / (1.0 + e) } else { e / (1.0 + e) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_derivative_is_what_differences_say() {
        for loss in [Loss::Logistic, Loss::Squared] {
            for raw in [-30.0, -2.5, -1e-3, 0.0, 0.7, 4.0, 30.0] {
                for label in [0.0, 1.0] {
                    let h = 1e-5;
                    let difference = (loss.of(raw + h, label).0 - loss.of(raw - h, label).0) / (2.0 * h);
                    let (_, derivative) = loss.of(raw, label);
                    assert!((difference - derivative).abs() < 1e-8, "{loss:?} at {raw}: {difference}, {derivative}");
                }
            }
        }
    }

    #[test]
    fn extreme_predictions_have_finite_losses() {
        assert_eq!(Loss::Logistic.of(1e4, 0.0), (1e4, 1.0));
        assert_eq!(Loss::Logistic.of(-1e4, 0.0), (0.0, 0.0));
        assert_eq!(Loss::Logistic.prediction(f64::NEG_INFINITY), 0.0);
        assert!(Loss::Logistic.of(f64::NAN, 0.0).0.is_nan());
    }
}
