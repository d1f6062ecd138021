//! Minimises a model of the objective over masks, without a call of the classifier.

use lacuna_plugin::{Error, Tensor};

/// The number of steps for one mask; changes can cross its grid a few times in them.
const STEPS: u32 = 80;

/// Finds the mask in [0, 1] that minimises `model`, by projected gradients with Nesterov's momentum (FISTA; Beck and Teboulle
/// 2009), from `start` (N, 1, S, S). `model` gives one element, the sum over the masks; `curvature` (N, 1, 1, 1) is at
/// least the largest second derivative of the model of each mask.
///
/// # Errors
/// Whatever an operation of the model refused.
pub fn minimise(start: &Tensor, curvature: &Tensor, model: impl Fn(&Tensor) -> Tensor) -> Result<Tensor, Error> {
    let step = curvature.power(-1.0);
    let (mut mask, mut ahead) = (start.clone(), start.clone());
    for done in 0..STEPS {
        let leaf = ahead.track();
        let gradient = model(&leaf).backward().of(&leaf);
        let next = (&ahead - gradient * &step).clamp(0.0, 1.0).detach();
        ahead = (&next + (&next - &mask) * (done as f32 / (done as f32 + 3.0))).check()?;
        mask = next;
    }
    mask.check()
}
