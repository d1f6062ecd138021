//! The gradient times the image: what each pixel adds to the score, to first order.
//!
//! a = x d f_c / d x (Shrikumar, Greenside, Shcherbina and Kundaje 2016, "Not just a black box"), for images x
//! in [0, 1] before normalisation: black pixels get none. The map is the sum of a over c, signed. The extra
//! `attribution` is a (N, C, H, W), as Captum's `InputXGradient`.

use lacuna_plugin::{Error, Explanation, Extra, Info, Method, Need, ReluRule, Request, Score, export_method};
use lacuna_toolkit::saliency::{CAPTUM, Channels, explain_zeros};

struct InputXGradient;

impl Method for InputXGradient {
    fn describe() -> Info {
        Info::new(
            "input-x-gradient",
            env!("CARGO_PKG_VERSION"),
            "What each pixel adds to the score, to first order (Shrikumar 2016)",
        )
        .needs(Need::Gradients)
        .needs(Need::Readback)
        .parameter(Score::Logit.parameter(CAPTUM))
        .parameter(Channels::Sum.parameter("each attribution is a share of the score; shares add up"))
    }

    fn explain(request: Request<'_>) -> Result<Explanation, Error> {
        let score = Score::from_settings(&request.settings)?;
        let Request { images, targets, classifier, .. } = &request;
        let gradient = classifier.gradient(images, targets, score, ReluRule::Plain);
        let attribution = (images * gradient).check()?;
        let map = Channels::from_settings(&request.settings)?.reduce(&attribution);
        let findings = explain_zeros(&request, score, &map)?;
        Ok(Explanation { map, extras: vec![Extra::other("attribution", attribution)], findings })
    }
}

export_method!(InputXGradient);
