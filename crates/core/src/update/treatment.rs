//! What is done to a row besides its rule: its gradient is clipped and its weights decay before, their norm is bounded after. In that
//! order, each a pass of its own over a row that is in the cache by then.

use crate::lanes::{Times, Vector, Within, add_times, change, sum_of_squares};
use crate::missed::kept;
use crate::options::{Clip, WeightDecay};
use crate::tally::Seen;

/// What is to be done to every row.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Treatment {
    pub clip: Clip,
    pub decay: Option<WeightDecay>,
    /// With which the decay of a row is multiplied, divided by its tally.
    pub half_life: f64,
    pub max_norm: Option<f64>,
}

/// The same, for one step.
#[derive(Clone, Copy)]
pub(crate) struct StepTreatment<'a> {
    pub treatment: &'a Treatment,
    pub lr: f64,
    /// What clipping by the global norm leaves of every gradient.
    pub kept_by_global_norm: f32,
}

impl Treatment {
    /// Whether rows are left to their rule.
    pub fn is_nothing(&self) -> bool {
        *self == Self { half_life: self.half_life, ..Self::default() }
    }
}

impl StepTreatment<'_> {
    /// Before the rule: clips `gradient`, the sum of `occurrences`, and lets weights decay. Says whether it changed weights.
    #[cfg_attr(target_arch = "wasm32", inline(never))] // One for all rules keeps the module small.
    #[cfg_attr(not(target_arch = "wasm32"), inline(always))]
    pub fn before_rule<V: Vector>(&self, seen: &Seen, occurrences: usize, gradient: &mut [f32], weights: &mut [f32]) -> bool {
        match self.treatment.clip {
            Clip::Nothing => {}
            Clip::Value(limit) => change::<V>(gradient, Within(limit as f32)),
            Clip::RowNorm(limit) => {
                bound::<V>(gradient, limit);
            }
            Clip::GlobalNorm(_) if self.kept_by_global_norm < 1.0 => change::<V>(gradient, Times(self.kept_by_global_norm)),
            Clip::GlobalNorm(_) => {}
            Clip::Cow { ratio, floor } => {
                let limit = occurrences as f64 * (ratio * norm::<V>(weights)).max(floor);
                bound::<V>(gradient, limit);
            }
        }
        let Some(decay) = self.treatment.decay else { return false };
        let rate = if decay.by_tally { decay.rate * self.treatment.half_life / seen.after } else { decay.rate };
        if decay.l2 {
            add_times::<V>(gradient, rate as f32, weights);
        } else {
            change::<V>(weights, Times(kept(rate, self.lr) as f32));
        }
        !decay.l2
    }

    /// After the rule: bounds the weights' norm. Says whether it changed weights.
    #[cfg_attr(target_arch = "wasm32", inline(never))] // One for all rules keeps the module small.
    #[cfg_attr(not(target_arch = "wasm32"), inline(always))]
    pub fn after_rule<V: Vector>(&self, weights: &mut [f32]) -> bool {
        match self.treatment.max_norm {
            Some(limit) => bound::<V>(weights, limit),
            None => false,
        }
    }
}

/// The Euclidean norm.
#[inline(always)]
fn norm<V: Vector>(x: &[f32]) -> f64 {
    f64::from(sum_of_squares::<V>(x, 1.0)).sqrt()
}

/// Shortens `x` to a norm of `limit`, if it is longer. Says whether it was.
#[inline(always)]
fn bound<V: Vector>(x: &mut [f32], limit: f64) -> bool {
    let norm = norm::<V>(x);
    let exceeds = norm > limit;
    if exceeds {
        change::<V>(x, Times((limit / norm) as f32));
    }
    exceeds
}
