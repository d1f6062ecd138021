//! A perturbation: how a region of an image is "deleted".

use lacuna_plugin::{Error, Info, Parameter, Perturbation, Settings, Tensor, export_perturbation};

/// Phi(x; m) = m x + (1 - m) R (Uzunova 2019, Eq. 2), where the reference R is the image's own
/// mean intensity. Numbers stay on the host's device: a `Tensor` is a handle to them.
struct Plugin {
    images: Tensor,
    reference: Tensor,
}

impl Perturbation for Plugin {
    /// What users see in `lacuna plugins inspect {{name}}`. The name is what they type.
    fn describe() -> Info {
        let summary = "Replaces deleted regions by the image's mean intensity";
        Info::new("{{name}}", env!("CARGO_PKG_VERSION"), summary).parameter(
            Parameter::number("brightness", 1.0, 0.0..=2.0)
                .summary("Factor on the mean intensity")
                .source("an example: name the paper or the experiment here"),
        )
    }

    /// Called once for a batch of images (N, C, H, W) in [0, 1]. Compute here what does not depend
    /// on the mask. Settings hold every parameter described above; draw randomness from the seed.
    fn create(images: Tensor, settings: &Settings, _seed: u64) -> Result<Self, Error> {
        // Over rows and columns, so that every image and channel has its own mean: (N, C, 1, 1).
        let mean = images.mean(&[2, 3]) * settings.number("brightness")?;
        // Shapes broadcast as in NumPy: (N, C, H, W). An error in a formula waits for `check`.
        let reference = (&images * 0.0 + mean).clamp(0.0, 1.0).check()?;
        Ok(Self { images, reference })
    }

    /// Called in every step with a mask (N, 1, H, W), where 1 keeps the pixel. A method's gradient
    /// flows back through it.
    fn apply(&self, mask: &Tensor) -> Result<Tensor, Error> {
        Ok(self.images.blend(&self.reference, mask))
    }
}

export_perturbation!(Plugin);

#[cfg(test)]
mod tests {
    use super::*;

    /// What needs no host can be tested by `cargo test`.
    #[test]
    fn is_described() {
        assert_eq!(Plugin::describe().into_contract().name, "{{name}}");
    }
}
