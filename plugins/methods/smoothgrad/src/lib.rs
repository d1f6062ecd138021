//! The gradient averaged over noisy copies of the image, which takes its own noise away.
//!
//! a = 1/n sum_i d f_c / d x at x + e_i with e_i ~ N(0, sigma^2) and sigma = noise (max x - min x)
//! (Smilkov, Thorat, Kim, Viegas and Wattenberg 2017, Sec. 2.2); the map is max over c of |a|. The extra
//! `attribution` is a (N, C, H, W), signed.
//!
//! Sample i has the same noise in every image of a batch, and noisy copies are not clamped to [0, 1].

use lacuna_plugin::export_method;
use lacuna_plugin::{
    Error, Explanation, Extra, ImageShape, Info, Method, Need, Parameter, Random, Request, Score, Tensor,
};
use lacuna_toolkit::saliency::{CAPTUM, Channels, Passes, Stack, explain_zeros};

struct SmoothGrad;

impl Method for SmoothGrad {
    fn describe() -> Info {
        Info::new(
            "smoothgrad",
            env!("CARGO_PKG_VERSION"),
            "The mean gradient of noisy copies of the image (Smilkov 2017)",
        )
        .needs(Need::Gradients)
        .needs(Need::Readback)
        .parameter(
            Parameter::integer("samples", 50, 1..=100_000)
                .summary("Noisy copies of each image")
                .unit("samples")
                .source("Smilkov 2017, Sec. 3.2: little changes beyond 50"),
        )
        .parameter(
            Parameter::number("noise", 0.15, 0.0..=10.0)
                .summary("Standard deviation of the noise, as a share of the image's own range max x - min x")
                .unit("share of the range")
                .source("Smilkov 2017, Sec. 3.2: 10 to 20 % look best"),
        )
        .parameter(Score::Logit.parameter(CAPTUM))
        .parameter(Channels::AbsoluteMaximum.parameter("as for the gradient: Simonyan 2014, Sec. 3.1"))
        .parameter(Passes::parameter())
    }

    fn explain(request: Request<'_>) -> Result<Explanation, Error> {
        let score = Score::from_settings(&request.settings)?;
        let samples = request.settings.count("samples")?;
        let shape = request.images.image_shape()?;
        let n = shape.images();
        let passes = Passes::new(&request.settings, samples, n)?;
        let stack = Stack::new(&request, score, passes.most())?;
        let deviation = (range(&request.images, &shape) * request.settings.number("noise")?).check()?;
        let mut random = Random::new(request.seed);
        let mut total = Tensor::full(shape.sizes(), 0.0);
        passes.run(|pass| {
            let count = pass.end - pass.start;
            // One draw for each sample, so that the noise does not depend on the size of a pass.
            let one = [vec![1], shape.with(1, shape.channels())].concat();
            let noise: Vec<Tensor> = pass.map(|_| Tensor::normal(&one, 0.0, 1.0, random.bits())).collect();
            let noise = Tensor::concatenate(&noise.iter().collect::<Vec<_>>(), 0) * &deviation;
            let noisy = stack.copies(count) + noise.reshape(&shape.with(count * n, shape.channels()));
            total = (&total + stack.sum_of_gradients(&noisy, count)).check()?;
            Ok(())
        })?;
        let attribution = (total / samples as f32).check()?;
        let map = Channels::from_settings(&request.settings)?.reduce(&attribution);
        let findings = explain_zeros(&request, score, &map)?;
        Ok(Explanation { map, extras: vec![Extra::other("attribution", attribution)], findings })
    }
}

/// The range max x - min x of each image, (1, N, 1, 1, 1), with one dimension more for volumes.
fn range(images: &Tensor, shape: &ImageShape) -> Tensor {
    let n = shape.images();
    let flat = images.reshape(&[n, shape.channels() * shape.pixels()]);
    (flat.max_along(1) + (-flat).max_along(1)).reshape(&[vec![1], shape.numbers(n)].concat())
}

export_method!(SmoothGrad);
