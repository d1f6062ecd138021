//! Class activation maps: the layer, its activations A and their gradient, and the way to the image's grid.
//!
//! The data of a run: a [`Layer`] of the classifier -> A (N, K, h, w) and G = d f_c / d A of one forward and
//! one backward pass -> the method's own equation makes a CAM (N, 1, h, w) of them -> ReLU -> the map
//! (N, 1, H, W), bilinear between the places of the layer's cells on the image. Volumes have a depth before h and H.
//!
//! ```
//! use lacuna_plugin::{Error, Explanation, Request};
//! use lacuna_toolkit::cam;
//!
//! fn explain(request: Request<'_>) -> Result<Explanation, Error> {
//!     cam::explain(&request, |layer| (&layer.activations * &layer.gradient).sum(&[1]))
//! }
//! ```

use crate::saliency::{CAPTUM, all_zero, explain_zeros, findings_for};
use lacuna_plugin::{
    ClassifierInfo, Error, Explanation, Extra, Finding, Info, Interpolation, Need, Parameter, Refusal, Remedy,
};
use lacuna_plugin::{Request, Score, Tensor, log};

/// The layer that is explained, on images (N, K, h, w) or on volumes (N, K, d, h, w).
#[derive(Debug)]
pub struct Layer {
    /// The activations A.
    pub activations: Tensor,
    /// The gradient d f_c / d A, of the same shape.
    pub gradient: Tensor,
    /// The dimensions of the layer's cells, for means and sums over all of them: 2 and 3, and 4 for volumes.
    pub cells: Vec<u32>,
}

/// Adds to `info` the needs of every class activation map, and the parameters `layer`, `placement`, `score` and `rectify`.
pub fn described(info: Info) -> Info {
    info.needs(Need::Gradients).needs(Need::Activations).needs(Need::Readback).parameters([
        Parameter::text("layer", "")
            .summary(
                "Name of the layer, as the classifier's description lists it; n for the n-th, -n for the n-th from the end; \
                 empty for the classifier's own CAM layer, which its manifest may name",
            )
            .source("Selvaraju 2017, Sec. 3: the last convolutional layer"),
        Parameter::choice("placement", ["centres", "spread"])
            .summary(
                "Where the cells of the layer lie on the image: `centres`, the middles of what they see, or `spread`, evenly \
                 over the image, as other tools do",
            )
            .source("Araujo, Norris and Sim 2019, Eq. 2 and 5"),
        Score::Logit.parameter(CAPTUM),
        Parameter::flag("rectify", true)
            .summary("Keep only what speaks for the target: a ReLU before the map is made larger")
            .source("Selvaraju 2017, Eq. 2"),
    ])
}

/// Explains by one `equation`, which makes a CAM (N, 1, h, w) of a layer, with a depth for volumes. The extra `cam` is the CAM
/// on the cells of the layer, after the ReLU if there is one.
///
/// # Errors
/// A layer that does not exist, or that other paths go round, and what the host refuses.
pub fn explain(request: &Request<'_>, equation: impl FnOnce(&Layer) -> Tensor) -> Result<Explanation, Error> {
    let Request { images, targets, classifier, settings, .. } = request;
    let shape = images.image_shape()?;
    let score = Score::from_settings(settings)?;
    let name = layer(&classifier.info(), settings.text("layer")?)?;
    log::info(&format!("the class activation map is taken at the layer `{name}`"));

    let activations = classifier.activations(images, &name);
    let leaf = activations.track();
    let scores = classifier.scores(&classifier.logits_from(&name, &leaf), targets, score);
    let gradient = scores.sum(&[]).backward().of(&leaf);
    let cells = (2..activations.shape()?.len() as u32).collect();
    let signed = equation(&Layer { activations, gradient, cells }).check()?;

    let zero = all_zero(&signed)?;
    let mut findings = explain_zeros(request, score, &signed)?;
    let cam = if settings.flag("rectify")? { signed.relu() } else { signed };
    let rectified: Vec<bool> = all_zero(&cam)?.iter().zip(zero).map(|(after, before)| *after && !before).collect();
    findings.extend(findings_for(&rectified, |_| {
        let text = format!(
            "the map is zero everywhere: the CAM is nowhere positive, at the layer `{name}` nothing speaks for the target"
        );
        let against = Remedy::flag("rectify", false);
        Finding::new("nothing-positive", text).with(against).with(Remedy::vary("layer"))
    }));
    let map = match settings.choice("placement")? {
        "spread" => cam.resize(shape.spatial(), Interpolation::Bilinear),
        _ => classifier.place(&name, &cam),
    };
    Ok(Explanation { map, extras: vec![Extra::other("cam", cam)], findings })
}

/// Finds the layer by the name or the place that the user gives: see [`described`].
fn layer(info: &ClassifierInfo, wanted: &str) -> Result<String, Error> {
    let layers = &info.layers;
    if wanted.is_empty() {
        return info.cam_layer.clone().ok_or_else(|| {
            let text = format!(
                "the classifier `{}` has no layer that is a picture and from which the answer is computed without mixing \
                 all of its parts: class activation maps of tokens, as transformers have them, are not known yet. Methods \
                 of masks and gradients work",
                info.name
            );
            Error::Unsupported(Refusal::new(text).with(Remedy::vary("layer")))
        });
    }
    let at = |place: i64| match place {
        1.. => usize::try_from(place - 1).ok(),
        _ => usize::try_from(place.unsigned_abs()).ok().and_then(|back| layers.len().checked_sub(back)),
    };
    // A name comes first: layers of an ONNX file may be called by numbers.
    let named = layers.iter().find(|layer| *layer == wanted);
    let placed = || wanted.parse().ok().and_then(at).and_then(|index| layers.get(index));
    named.or_else(placed).cloned().ok_or_else(|| {
        let mut known: Vec<String> = layers.iter().enumerate().map(|(i, name)| format!("{} {name}", i + 1)).collect();
        if known.len() > 12 {
            known.splice(4..known.len() - 4, ["...".to_owned()]);
        }
        Error::argument("explain", "layer", &format!("one of {}", known.join(", ")), wanted)
    })
}

#[cfg(test)]
mod tests {
    use super::layer;
    use lacuna_plugin::ClassifierInfo;
    use lacuna_plugin::bindings::imports::classifiers::Activation;

    fn info(layers: &[&str], cam_layer: Option<&str>) -> ClassifierInfo {
        ClassifierInfo {
            name: "network".into(),
            classes: vec!["a".into()],
            channels: 1,
            spatial: vec![8, 8],
            activation: Activation::Softmax,
            differentiable: true,
            layers: layers.iter().map(|&layer| layer.to_owned()).collect(),
            cam_layer: cam_layer.map(str::to_owned),
            activation_functions: vec![],
        }
    }

    #[test]
    fn layers_are_found_by_name_or_place() {
        let network = info(&["first", "second", "third"], Some("second"));
        let known =
            [("", "second"), ("third", "third"), ("1", "first"), ("3", "third"), ("-1", "third"), ("-3", "first")];
        for (wanted, expected) in known {
            assert_eq!(layer(&network, wanted).ok().as_deref(), Some(expected), "{wanted}");
        }
        for wanted in ["4", "-4", "0", "-9223372036854775808", "9223372036854775807", "fourth"] {
            let refused = format!("{:?}", layer(&network, wanted).expect_err("no such layer"));
            assert!(refused.contains("1 first, 2 second, 3 third"), "{refused}");
        }
        assert!(layer(&info(&[], None), "").is_err());
        assert_eq!(layer(&info(&["2", "1"], None), "1").ok().as_deref(), Some("1"), "a name before a place");
    }
}
