//! The gradient of the score: which pixels change it most when they change a little.
//!
//! a = d f_c / d x, and the map is max over c of |a| (Simonyan, Vedaldi and Zisserman 2014, "Deep inside
//! convolutional networks", Sec. 3). The extra `attribution` is a (N, C, H, W), signed, which is Captum's
//! `Saliency(abs=False)`.

use lacuna_plugin::{Error, Explanation, Extra, Info, Method, Need, ReluRule, Request, Score, export_method};
use lacuna_toolkit::saliency::{CAPTUM, Channels, explain_zeros};

struct Gradient;

impl Method for Gradient {
    fn describe() -> Info {
        Info::new("gradient", env!("CARGO_PKG_VERSION"), "How much the score changes with each pixel (Simonyan 2014)")
            .needs(Need::Gradients)
            .needs(Need::Readback)
            .parameter(Score::Logit.parameter(CAPTUM))
            .parameter(Channels::AbsoluteMaximum.parameter("Simonyan 2014, Sec. 3.1"))
    }

    fn explain(request: Request<'_>) -> Result<Explanation, Error> {
        let score = Score::from_settings(&request.settings)?;
        let Request { images, targets, classifier, .. } = &request;
        let attribution = classifier.gradient(images, targets, score, ReluRule::Plain).check()?;
        let map = Channels::from_settings(&request.settings)?.reduce(&attribution);
        let findings = explain_zeros(&request, score, &map)?;
        Ok(Explanation { map, extras: vec![Extra::other("attribution", attribution)], findings })
    }
}

export_method!(Gradient);
