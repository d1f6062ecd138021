//! The gradient integrated on the straight line from a baseline to the image.
//!
//! a = (x - b) integral over alpha in [0, 1] of d f_c / d x at b + alpha (x - b) (Sundararajan, Taly and Yan
//! 2017, Eq. 1), by the midpoint rule: alpha_i = (i + 1/2) / n. The map is the sum of a over c, signed. The
//! extras are `attribution`, a (N, C, H, W), and `baseline`, b. Captum's `IntegratedGradients` with
//! `method="riemann_middle"` gives the same.
//!
//! Completeness: the sum of a over an image is f_c(x) - f_c(b). What is missing of it is a finding. The
//! baseline may also be what the user's perturbation makes of the image when it deletes everything.

use lacuna_plugin::export_method;
use lacuna_plugin::{
    Error, Explanation, Extra, Finding, Info, Method, Need, Parameter, Remedy, Request, Score, Tensor,
};
use lacuna_toolkit::saliency::{CAPTUM, Channels, Passes, Stack, explain_zeros};

/// The share of f_c(x) - f_c(b) that may be missing (Sundararajan 2017, Sec. 5: "within 5 %").
const TOLERANCE: f32 = 0.05;

struct IntegratedGradients;

impl Method for IntegratedGradients {
    fn describe() -> Info {
        Info::new(
            "integrated-gradients",
            env!("CARGO_PKG_VERSION"),
            "What each pixel adds to the score on the way from a baseline (Sundararajan 2017)",
        )
        .needs(Need::Gradients)
        .needs(Need::Readback)
        .parameter(
            Parameter::integer("steps", 50, 1..=100_000)
                .summary("Points of the midpoint rule on the line from the baseline to the image")
                .unit("steps")
                .source("Sundararajan 2017, Sec. 5: 20 to 300; Captum: 50"),
        )
        .parameter(
            Parameter::choice("baseline", ["constant", "perturbation"])
                .summary("One intensity, or the image with everything deleted by the chosen perturbation")
                .source("Sundararajan 2017, Sec. 3: a black image"),
        )
        .parameter(
            Parameter::number("baseline-value", 0.0, 0.0..=1.0)
                .summary("The intensity of baseline=constant; 0 is black")
                .unit("intensity")
                .source("Sundararajan 2017, Sec. 3: a black image"),
        )
        .parameter(Score::Logit.parameter(CAPTUM))
        .parameter(Channels::Sum.parameter("keeps completeness: Sundararajan 2017, Prop. 1"))
        .parameter(Passes::parameter())
    }

    fn explain(request: Request<'_>) -> Result<Explanation, Error> {
        let settings = &request.settings;
        let score = Score::from_settings(settings)?;
        let (images, steps) = (&request.images, settings.count("steps")?);
        let shape = images.image_shape()?;
        let n = shape.images();
        let baseline = baseline(&request)?;
        let passes = Passes::new(settings, steps, n)?;
        let stack = Stack::new(&request, score, passes.most())?;
        let starts = Tensor::concatenate(&vec![&baseline; passes.most() as usize], 0);
        let mut total = Tensor::full(shape.sizes(), 0.0);
        passes.run(|pass| {
            let count = pass.end - pass.start;
            let alphas = pass.flat_map(|i| vec![(i as f32 + 0.5) / steps as f32; n as usize]);
            let alphas = Tensor::from_data(&shape.numbers(count * n), &alphas.collect::<Vec<_>>());
            let start = starts.slice(0, 0..count * n);
            let points = &start + (stack.copies(count) - &start) * alphas;
            total = (&total + stack.sum_of_gradients(&points, count)).check()?;
            Ok(())
        })?;
        let attribution = ((images - &baseline) * total / steps as f32).check()?;
        let map = Channels::from_settings(settings)?.reduce(&attribution);
        let mut findings = explain_zeros(&request, score, &map)?;
        let scores = [images, &baseline].map(|images| stack.scores(images, 1).reshape(&[n]));
        findings.extend(incomplete(&attribution, &scores, steps)?);
        Ok(Explanation {
            map,
            extras: vec![Extra::other("attribution", attribution), Extra::other("baseline", baseline)],
            findings,
        })
    }
}

/// The baseline b, of the images' shape.
fn baseline(request: &Request<'_>) -> Result<Tensor, Error> {
    let shape = request.images.image_shape()?;
    match request.settings.choice("baseline")? {
        "perturbation" => request.phi()?.apply(&Tensor::full(&shape.masks(), 0.0)).check(),
        _ => Tensor::full(shape.sizes(), request.settings.number("baseline-value")?).check(),
    }
}

/// A finding for each image whose attributions do not sum to f_c(x) - f_c(b), the two `scores` (N).
fn incomplete(attribution: &Tensor, [image, baseline]: &[Tensor; 2], steps: u32) -> Result<Vec<Finding>, Error> {
    let shape = attribution.image_shape()?;
    let (n, inner) = (shape.images(), shape.inner());
    let sum = |x: &Tensor| x.sum(&inner).reshape(&[n]);
    let columns = [&sum(attribution), &sum(&attribution.absolute()), image, baseline];
    let numbers = Tensor::concatenate(&columns, 0).read()?;
    let n = n as usize;
    let at = |column: usize, index: usize| numbers.get(column * n + index).copied().unwrap_or(f32::NAN);
    let judge = |index: usize| {
        let (sum, size, change) = (at(0, index), at(1, index), at(2, index) - at(3, index));
        // Where attributions of both signs almost cancel, less of their size counts than of their sum.
        ((sum - change).abs() > TOLERANCE * change.abs() + 1e-3 * size).then(|| {
            let text = format!(
                "the attributions sum to {sum:.3e}, but the score changes by {change:.3e} from the baseline to the \
                 image: {steps} steps are too coarse"
            );
            let more = Remedy::count("steps", steps.saturating_mul(4));
            Finding::new("incomplete-attributions", text).of_image(index).with(more)
        })
    };
    Ok((0..n).filter_map(judge).collect())
}

export_method!(IntegratedGradients);
