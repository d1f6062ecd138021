//! Perturbed images that are no images: their numbers are outside of [0, 1].

use lacuna_diagnostic::{Finding, Remedy};

/// What a perturbed image may miss [0, 1] by: a blur or a resize may overshoot a little, and a network's output too.
const MARGIN: f32 = 0.05;

/// What is to be said of a perturbed image with numbers that no image has. The classifier was asked about it all the same.
pub fn outside(perturbed: &[f32], deletes: bool) -> Option<Finding> {
    let (low, high) =
        perturbed.iter().fold((0.0_f32, 1.0_f32), |(low, high), value| (low.min(*value), high.max(*value)));
    if low >= -MARGIN && high <= 1.0 + MARGIN {
        return None;
    }
    let text = format!(
        "the perturbed image has numbers from {low:.3} to {high:.3}, and images have numbers from 0 to 1: the classifier was \
         asked about what it has never seen"
    );
    let remedies = match deletes {
        true => vec![Remedy::another("perturbation"), Remedy::advice("let the perturbation clip its images to [0, 1]")],
        false => vec![Remedy::another("method")],
    };
    Some(Finding { image: None, code: "outside-range".to_owned(), text, remedies })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_no_image_has_are_told() {
        assert_eq!(outside(&[0.0, 1.0, 1.04, -0.04], true), None);
        let found = outside(&[0.5, 50.0, -2.0], true).map(|found| (found.code, found.text));
        let (code, text) = found.unwrap_or_default();
        assert!(code == "outside-range" && text.contains("from -2.000 to 50.000"), "{text}");
        assert!(outside(&[f32::NAN, 2.0], false).is_some());
    }
}
