//! Finds maps that are zero everywhere, and says why.

use lacuna_plugin::{Choice, Error, Finding, Refusal, Remedy, Request, Score, Tensor};

/// Whether the map of each image is zero everywhere. The map is read back: describe
/// [`lacuna_plugin::Need::Readback`].
///
/// # Errors
/// [`Error::NonFinite`] for a map of NaN or infinities, which is no result.
pub fn all_zero(map: &Tensor) -> Result<Vec<bool>, Error> {
    let shape = map.image_shape()?;
    let each = [shape.images(), shape.channels() * shape.pixels()];
    let largest = map.absolute().reshape(&each).max_along(1).read()?;
    match largest.iter().all(|x| x.is_finite()) {
        true => Ok(largest.iter().map(|x| *x == 0.0).collect()),
        false => Err(Error::NonFinite(
            Refusal::new("the map: the classifier's answer or its gradient is NaN or infinite")
                .with(Remedy::Advice("check its weights and the intensity scaling of its manifest".into()))
                .with(Remedy::vary("score")),
        )),
    }
}

/// Makes a finding for each image whose map of this `score` is zero everywhere, with its likely causes.
///
/// # Errors
/// A map that [`all_zero`] refuses, and what the host refuses.
pub fn explain_zeros(request: &Request<'_>, score: Score, map: &Tensor) -> Result<Vec<Finding>, Error> {
    let zero = all_zero(map)?;
    if !zero.contains(&true) {
        return Ok(Vec::new());
    }
    let logits = request.classifier.logits(&request.images);
    let probabilities = request.classifier.scores(&logits, &request.targets, Score::Probability).read()?;
    Ok(findings_for(&zero, |image| cause(score, probabilities.get(image).copied().unwrap_or(f32::NAN))))
}

/// Makes the finding that `why` gives, for each image that `zero` marks.
pub fn findings_for(zero: &[bool], why: impl Fn(usize) -> Finding) -> Vec<Finding> {
    let marked = zero.iter().enumerate().filter(|(_, zero)| **zero);
    marked.map(|(image, _)| why(image).of_image(image)).collect()
}

fn cause(score: Score, probability: f32) -> Finding {
    if score == Score::Probability && !(1e-4..=1.0 - 1e-4).contains(&probability) {
        let text = format!("the map is zero everywhere: the probability is saturated (p = {probability:.3})");
        return Finding::new("saturated-probability", text).with(Remedy::option("score", "log-odds"));
    }
    Finding::new(
        "zero-map",
        format!(
            "the map is zero everywhere: the score of the target (p = {probability:.3}) does not change; likely the \
             classifier gives every image this answer, a ReLU switches the target off, or there is nothing to compare: \
             the image is its own baseline, or the perturbation deletes nothing"
        ),
    )
    .with(Remedy::Advice("check the classifier's weights".into()))
    .with(Remedy::Choose(Choice::Target))
}

/// The beginning of a message about one image of several, such as `image 2 of 3: `; empty where there is one image.
pub fn image_prefix(image: usize, images: usize) -> String {
    if images == 1 { String::new() } else { format!("image {} of {images}: ", image + 1) }
}

#[cfg(test)]
mod tests {
    use super::{cause, findings_for};
    use lacuna_plugin::{Finding, Remedy, Score};

    #[test]
    fn a_saturated_probability_is_said_with_its_remedy() {
        assert!(cause(Score::Probability, 1.0).text.contains("saturated (p = 1.000)"));
        assert_eq!(cause(Score::Probability, 0.0).remedies, [Remedy::option("score", "log-odds")]);
        assert_eq!(cause(Score::Probability, 0.5).code, "zero-map");
        assert_eq!(cause(Score::Logit, 1.0).code, "zero-map");
    }

    #[test]
    fn only_the_empty_maps_of_a_batch_are_named() {
        let said = findings_for(&[false, true, true], |image| Finding::new("zero-map", format!("cause {image}")));
        let said: Vec<_> = said.iter().map(|finding| (finding.image, finding.text.as_str())).collect();
        assert_eq!(said, [(Some(1), "cause 1"), (Some(2), "cause 2")]);
    }
}
