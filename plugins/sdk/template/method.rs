//! An explanation method: how much each pixel of an image speaks for the target.

use lacuna_plugin::{
    Error, Explanation, Finding, Info, Method, Need, Parameter, Request, Score, Tensor, export_method,
};

/// The map is d f_c(Phi(x; m)) / d m at the mask m = 1, smoothed: how much the score falls where a pixel is deleted
/// a little. Numbers stay on the host's device: a `Tensor` is a handle to them.
struct Plugin;

impl Method for Plugin {
    /// What users see in `lacuna plugins inspect {{name}}`. The name is what they type.
    fn describe() -> Info {
        let summary = "How much the score falls where a pixel is deleted a little";
        Info::new("{{name}}", env!("CARGO_PKG_VERSION"), summary)
            .needs(Need::Gradients)
            // For `findings` below. It has to be granted: --grant {{name}}:readback.
            .needs(Need::Readback)
            .parameter(
                Parameter::number("sigma", 3.0, 0.5..=50.0)
                    .summary("Standard deviation of the Gaussian that smooths the map")
                    .unit("pixels")
                    .source("an example: name the paper or the experiment here"),
            )
    }

    /// The map (N, 1, H, W) of images (N, C, H, W) in [0, 1]; larger means more evidence for the target. Call
    /// `progress::report` in a long loop, which is also where it can be stopped.
    fn explain(request: Request<'_>) -> Result<Explanation, Error> {
        let Request { images, targets, classifier, .. } = &request;
        let mask = Tensor::full(&images.image_shape()?.masks(), 1.0).track();
        // The perturbation that the user chose.
        let perturbed = request.phi()?.apply(&mask);
        // The scores are summed before the backward pass: each depends on its own image only.
        let scores = classifier.scores(&classifier.logits(&perturbed), targets, Score::LogOdds);
        let gradient = scores.sum(&[]).backward().of(&mask);
        // An error in a formula waits for `check`.
        let map = gradient.gaussian_blur(request.settings.number("sigma")?).check()?;
        let findings = findings(&map)?;
        Ok(Explanation { map, extras: Vec::new(), findings })
    }
}

/// A finding for each image whose map is zero everywhere, so that it is not taken for an answer.
fn findings(map: &Tensor) -> Result<Vec<Finding>, Error> {
    let shape = map.image_shape()?;
    let largest = map.absolute().reshape(&[shape.images(), shape.pixels()]).max_along(1).read()?;
    let text =
        "the map is zero everywhere: the classifier's answer does not change, or the perturbation deletes nothing";
    let zero = largest.iter().enumerate().filter(|(_, value)| **value == 0.0);
    Ok(zero.map(|(image, _)| Finding::new("zero-map", text).of_image(image)).collect())
}

export_method!(Plugin);

#[cfg(test)]
mod tests {
    use super::*;

    /// What needs no host can be tested by `cargo test`.
    #[test]
    fn is_described() {
        assert_eq!(Plugin::describe().into_contract().name, "{{name}}");
    }
}
