//! Schedules: how the learning rate goes from step to step, as a factor. Computed here, with the bits of every platform alike.

use crate::error::{Error, Result};
use crate::parameters::Parameters;

/// A factor of the learning rate for each step.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Schedule {
    shape: Shape,
    /// Steps over which the factor rises from 0 to 1 before anything else.
    warmup: f64,
}

/// What comes after warm-up.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Shape {
    /// 1 for ever.
    #[default]
    Constant,
    /// A straight line down to `end` at step `steps`.
    Linear { steps: f64, end: f64 },
    /// Half a cosine down to `end` at step `steps`.
    Cosine { steps: f64, end: f64 },
    /// 1 / sqrt(step), continuing from warm-up.
    InverseSqrt,
}

impl Schedule {
    /// What `schedule.type` may be.
    pub(crate) const TYPES: &'static [&'static str] = &["constant", "linear", "cosine", "inverse-sqrt"];

    pub(crate) fn from_settings(given: &Parameters) -> Result<Option<Self>> {
        let kind = given.word("schedule.type")?;
        let warmup = given.optional("schedule.warmup")?.unwrap_or(0.0);
        let (steps, end) = (given.optional("schedule.steps")?, given.optional("schedule.end")?);
        let Some(kind) = kind else {
            let parts = ["schedule.warmup", "schedule.steps", "schedule.end"];
            return if parts.iter().any(|part| given.is_given(part)) { Err(given.missing("schedule.type")) } else { Ok(None) };
        };
        let falls = kind == "linear" || kind == "cosine";
        for (part, value) in [("schedule.steps", steps), ("schedule.end", end)] {
            if let (false, Some(_)) = (falls, value) {
                let other = format!("schedule.type: {kind:?}");
                return Err(Error::OptionConflict { one: part.into(), other, because: "it has no end" });
            }
        }
        let end = end.unwrap_or(0.0);
        let shape = match kind {
            "constant" => Shape::Constant,
            "inverse-sqrt" => Shape::InverseSqrt,
            _ => {
                let steps = steps.ok_or_else(|| given.missing("schedule.steps"))?;
                if steps <= warmup {
                    return Err(given.refused("schedule.steps", "above schedule.warmup", steps));
                }
                if kind == "linear" { Shape::Linear { steps, end } } else { Shape::Cosine { steps, end } }
            }
        };
        Ok(Some(Self { shape, warmup }))
    }

    /// The factor for step number `step`, from 1.
    pub(crate) fn factor(&self, step: u64) -> f64 {
        let (step, warmup) = (step as f64, self.warmup);
        if step < warmup {
            return step / warmup;
        }
        let part = |steps: f64| ((step - warmup) / (steps - warmup)).min(1.0);
        match self.shape {
            Shape::Constant => 1.0,
            Shape::Linear { steps, end } => 1.0 + (end - 1.0) * part(steps),
            Shape::Cosine { steps, end } => end + (1.0 - end) * (0.5 * (1.0 + libm::cos(std::f64::consts::PI * part(steps)))),
            Shape::InverseSqrt => (warmup.max(1.0) / step).sqrt(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn factors(shape: Shape, warmup: f64, steps: &[u64]) -> Vec<f64> {
        let schedule = Schedule { shape, warmup };
        steps.iter().map(|&step| schedule.factor(step)).collect()
    }

    #[test]
    fn warm_up_rises_in_a_straight_line() {
        assert_eq!(factors(Shape::Constant, 4.0, &[1, 2, 3, 4, 5, 1000]), [0.25, 0.5, 0.75, 1.0, 1.0, 1.0]);
    }

    #[test]
    fn falls_end_where_they_should_and_stay_there() {
        let line = Shape::Linear { steps: 10.0, end: 0.2 };
        assert_eq!(factors(line, 2.0, &[2, 6, 10, 11]), [1.0, 0.6, 0.19999999999999996, 0.19999999999999996]);
        let cosine = Shape::Cosine { steps: 8.0, end: 0.0 };
        let expected = [1.0, 0.5, 0.0, 0.0];
        for (factor, expected) in factors(cosine, 0.0, &[0, 4, 8, 9]).into_iter().zip(expected) {
            assert!((factor - expected).abs() < 1e-15);
        }
    }

    #[test]
    fn the_inverse_root_continues_from_warm_up() {
        assert_eq!(factors(Shape::InverseSqrt, 16.0, &[8, 16, 64]), [0.5, 1.0, 0.5]);
        assert_eq!(factors(Shape::InverseSqrt, 0.0, &[1, 4]), [1.0, 0.5]);
    }
}
