//! The gradient with another rule at every ReLU, smoothed.
//!
//! Where a ReLU y = max(x, 0) passes a gradient g back as g `[x > 0]`, guided backpropagation passes
//! max(g, 0) `[x > 0]` (Springenberg, Dosovitskiy, Brox and Riedmiller 2015, Fig. 1), and the deconvolution of
//! Zeiler and Fergus 2014 max(g, 0). The map is max over c of |a|, then a Gaussian of sigma 5 pixels, with
//! which Uzunova 2019, Sec. 3.2.2, compares. The extra `attribution` is a (N, C, H, W), signed and not smoothed,
//! as Captum's `GuidedBackprop`.
//!
//! The rule acts on every ReLU of the model, in-place, functional, used twice or inside ONNX. Any other
//! activation function passes gradients as they are, which is said with their names and numbers; so is a model
//! on which the rule changes nothing.

use lacuna_plugin::{
    ActivationFunction, Error, Explanation, Extra, Finding, Info, Method, Need, Parameter, ReluRule, Request, Score,
    export_method,
};
use lacuna_toolkit::saliency::{CAPTUM, Channels, all_zero, explain_zeros};

const RULES: [(&str, ReluRule); 2] = [("guided", ReluRule::Guided), ("deconvolution", ReluRule::Deconvolution)];

struct GuidedBackpropagation;

impl Method for GuidedBackpropagation {
    fn describe() -> Info {
        Info::new(
            "guided-backpropagation",
            env!("CARGO_PKG_VERSION"),
            "The gradient of what speaks for the target at every ReLU, smoothed (Springenberg 2015)",
        )
        .needs(Need::Gradients)
        .needs(Need::Readback)
        .parameter(
            Parameter::one_of("rule", ReluRule::Guided, RULES)
                .summary("What a ReLU passes back: positive gradients where it was open, or everywhere")
                .source("Springenberg 2015, Fig. 1; Zeiler and Fergus 2014, Sec. 2.1"),
        )
        .parameter(
            Parameter::number("sigma", 5.0, 0.0..=200.0)
                .summary("Standard deviation of the Gaussian that smooths the map; 0 leaves it as it is")
                .unit("pixels")
                .source("Uzunova 2019, Sec. 3.2.2"),
        )
        .parameter(Score::Logit.parameter(CAPTUM))
        .parameter(Channels::AbsoluteMaximum.parameter("as for the gradient: Simonyan 2014, Sec. 3.1"))
    }

    fn explain(request: Request<'_>) -> Result<Explanation, Error> {
        let settings = &request.settings;
        let score = Score::from_settings(settings)?;
        let Request { images, targets, classifier, .. } = &request;
        let rule = settings.one_of("rule", RULES)?;
        let attribution = classifier.gradient(images, targets, score, rule).check()?;
        let map = Channels::from_settings(settings)?.reduce(&attribution).gaussian_blur(settings.number("sigma")?);
        let mut findings = explain_zeros(&request, score, &map)?;
        let functions = classifier.info().activation_functions;
        let ruled = functions.is_empty() || functions.iter().any(|function| function.ruled);
        findings.extend(others(&functions));
        let plain = classifier.gradient(images, targets, score, ReluRule::Plain);
        let (same, empty) = (all_zero(&(&attribution - plain))?, all_zero(&attribution)?);
        let unchanged = same.iter().zip(&empty).enumerate().filter(|(_, (same, empty))| ruled && **same && !**empty);
        findings.extend(unchanged.map(|(image, _)| {
            let text = "the rule changed nothing, so this is the plain gradient: no negative gradient met a ReLU";
            Finding::new("rule-without-effect", text).of_image(image)
        }));
        Ok(Explanation { map, extras: vec![Extra::other("attribution", attribution)], findings })
    }
}

/// The finding about a model that has other activation functions than ReLU.
fn others(functions: &[ActivationFunction]) -> Option<Finding> {
    let named = |ruled: bool| {
        let some: Vec<String> =
            functions.iter().filter(|f| f.ruled == ruled).map(|f| format!("{} {}", f.count, f.name)).collect();
        some.join(", ")
    };
    match (named(true), named(false)) {
        (_, others) if others.is_empty() => None,
        (ruled, others) if ruled.is_empty() => Some(Finding::new(
            "rule-without-relu",
            format!(
                "this is the plain gradient: the model has no ReLU for the rule to act on, only {others}, which pass \
                 gradients as they are"
            ),
        )),
        (ruled, others) => Some(Finding::new(
            "rule-in-part",
            format!("the rule acted on {ruled}; {others} passed gradients as they are, for the rule is about ReLU"),
        )),
    }
}

export_method!(GuidedBackpropagation);
