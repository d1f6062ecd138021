//! A map that is zero everywhere, in words.

use crate::{Error, Request, Score, Tensor};

/// For each image of a map (N, 1, H, W) whether it is zero everywhere. Read back: describe
/// [`crate::Need::Readback`].
///
/// # Errors
/// [`Error::NonFinite`] for a map of NaN or infinities, which is no result.
pub fn all_zero(map: &Tensor) -> Result<Vec<bool>, Error> {
    let [n, c, h, w] = map.image_shape()?;
    let largest = map.absolute().reshape(&[n, c * h * w]).max_along(1).read()?;
    match largest.iter().all(|x| x.is_finite()) {
        true => Ok(largest.iter().map(|x| *x == 0.0).collect()),
        false => Err(Error::NonFinite(
            "the map: the classifier's answer or its gradient is NaN or infinite; check its weights and the intensity \
             scaling of its manifest, or try another --param score"
                .into(),
        )),
    }
}

/// A finding for each image whose map (N, 1, H, W) of this `score` is zero everywhere, with its likely causes.
///
/// # Errors
/// As [`all_zero`].
pub fn explain_zeros(request: &Request<'_>, score: Score, map: &Tensor) -> Result<Vec<String>, Error> {
    let zero = all_zero(map)?;
    if !zero.contains(&true) {
        return Ok(Vec::new());
    }
    let logits = request.classifier.logits(&request.images);
    let probabilities = request.classifier.scores(&logits, &request.targets, Score::Probability).read()?;
    Ok(say(&zero, |image| cause(score, probabilities.get(image).copied().unwrap_or(f32::NAN))))
}

/// A finding for each image that `zero` marks, with the cause that `why` gives for it.
pub fn say(zero: &[bool], why: impl Fn(usize) -> String) -> Vec<String> {
    let marked = zero.iter().enumerate().filter(|(_, zero)| **zero);
    marked.map(|(image, _)| format!("{}the map is zero everywhere: {}", whose(image, zero.len()), why(image))).collect()
}

fn cause(score: Score, probability: f32) -> String {
    if score == Score::Probability && !(1e-4..=1.0 - 1e-4).contains(&probability) {
        return format!("the probability is saturated (p = {probability:.3}); use --param score=log-odds");
    }
    format!(
        "the score of the target (p = {probability:.3}) does not change; likely the classifier gives every image this \
         answer or a ReLU switches the target off (check its weights and --target), or there is nothing to compare: the \
         image is its own baseline, or the perturbation deletes nothing"
    )
}

/// What a finding about one image of several begins with: `image 2 of 3: `.
pub fn whose(image: usize, images: usize) -> String {
    if images == 1 { String::new() } else { format!("image {} of {images}: ", image + 1) }
}

#[cfg(test)]
mod tests {
    use super::{cause, say};
    use crate::Score;

    #[test]
    fn a_saturated_probability_is_said_with_its_remedy() {
        assert!(cause(Score::Probability, 1.0).contains("saturated (p = 1.000)"));
        assert!(cause(Score::Probability, 0.0).contains("score=log-odds"));
        assert!(cause(Score::Probability, 0.5).contains("does not change"));
        assert!(cause(Score::Logit, 1.0).contains("does not change"));
    }

    #[test]
    fn only_the_empty_maps_of_a_batch_are_named() {
        let said = say(&[false, true, true], |image| format!("cause {image}"));
        assert_eq!(said.len(), 2);
        assert_eq!(said[0], "image 2 of 3: the map is zero everywhere: cause 1");
        assert_eq!(say(&[true], |_| "cause".into()), ["the map is zero everywhere: cause"]);
    }
}
