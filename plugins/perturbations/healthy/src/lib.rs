//! Deletes regions by replacing them with the healthy tissue that a generative model would put there.

use std::cell::RefCell;

use lacuna_plugin::{
    Adam, Error, Generator, Info, Need, Parameter, Perturbation, Settings, Tensor, export_perturbation,
};

/// Phi(x; m) = m x + (1 - m) R with R = f_VAE(x0) (Uzunova 2019, Eq. 2 and Sec. 2.2).
struct Healthy {
    images: Tensor,
    options: Options,
    /// The reference R (N, C, H, W), and how often it was used since it was made.
    reference: RefCell<(Tensor, u32)>,
}

struct Options {
    generator: Generator,
    restoration: Option<Restoration>,
    match_intensities: bool,
    detail: f32,
    detail_sigma: f32,
    refresh: u32,
}

struct Restoration {
    steps: u32,
    rate: f32,
    tolerance: f32,
}

impl Perturbation for Healthy {
    fn describe() -> Info {
        Info::new("healthy", env!("CARGO_PKG_VERSION"), "Replaces deleted regions by the healthy tissue of a generator")
            .needs(Need::Generator)
            .parameter(
                Parameter::flag("match-intensities", false)
                    .summary("Gives R the mean and the deviation of the image where the mask keeps it")
                    .source("an option to compare; Uzunova 2019 has none"),
            )
            .parameter(
                Parameter::number("detail", 0.0, 0.0..=1.0)
                    .summary("Share of the image's own fine structure in R, so that blur alone is no cue")
                    .source("an option to compare; Uzunova 2019 has none"),
            )
            .parameter(
                Parameter::number("detail-sigma", 1.5, 0.1..=50.0)
                    .summary("Fine is what a Gaussian of this deviation takes away")
                    .unit("pixels")
                    .source("experiment"),
            )
            .parameter(
                Parameter::integer("restoration-steps", 0, 0..=1000)
                    .summary("Steps of z toward the pixels that look healthy already; 0 takes the encoder's z")
                    .source("an option to compare; restoration as in Chen et al. 2020"),
            )
            .parameter(
                Parameter::number("restoration-rate", 0.05, 1e-4..=1.0)
                    .summary("Learning rate of these steps (Adam)")
                    .source("experiment"),
            )
            .parameter(
                Parameter::number("restoration-tolerance", 0.1, 1e-3..=1.0)
                    .summary("Pixels count by exp(-(d / tolerance)^2) for a difference d of image and R")
                    .unit("intensity")
                    .source("experiment"),
            )
            .parameter(
                Parameter::integer("refresh", 0, 0..=10_000)
                    .summary("Every so many uses R is made anew from what the mask keeps; 0 never")
                    .source("an option to compare; Uzunova 2019 has none"),
            )
            .preset("uzunova2019", "R = f_VAE(x0) as it is (Uzunova 2019, Eq. 2)", &[])
    }

    fn create(images: Tensor, settings: &Settings, _seed: u64) -> Result<Self, Error> {
        let restoration = match settings.count("restoration-steps")? {
            0 => None,
            steps => Some(Restoration {
                steps,
                rate: settings.number("restoration-rate")?,
                tolerance: settings.number("restoration-tolerance")?,
            }),
        };
        let options = Options {
            generator: Generator::chosen()?,
            restoration,
            match_intensities: settings.flag("match-intensities")?,
            detail: settings.number("detail")?,
            detail_sigma: settings.number("detail-sigma")?,
            refresh: settings.count("refresh")?,
        };
        let reference = options.reference(&images)?.check()?;
        Ok(Self { images, options, reference: RefCell::new((reference, 0)) })
    }

    fn apply(&self, mask: &Tensor) -> Result<Tensor, Error> {
        let mut state = self.reference.borrow_mut();
        if self.options.refresh > 0 && state.1 == self.options.refresh {
            let kept = self.images.blend(&state.0, &mask.detach());
            *state = (self.options.reference(&kept)?.check()?, 0);
        }
        state.1 += 1;
        let mut reference = state.0.clone();
        if self.options.match_intensities {
            reference = matched(&reference, &self.images, &mask.detach());
        }
        if self.options.detail > 0.0 {
            let fine = |x: &Tensor| x - x.gaussian_blur(self.options.detail_sigma);
            let missing = fine(&self.images) - fine(&reference);
            reference = (reference + missing * self.options.detail).clamp(0.0, 1.0);
        }
        Ok(self.images.blend(&reference, mask))
    }
}

impl Options {
    /// R for images x (N, C, H, W): the decoder of the encoder's z, or of a z that was moved to minimise
    /// sum_u w(u) |x(u) - D(z)(u)|, where w counts the pixels that look healthy already.
    fn reference(&self, images: &Tensor) -> Result<Tensor, Error> {
        let images = images.detach();
        let Some(restoration) = &self.restoration else { return Ok(self.generator.reconstruct(&images)) };
        let [_, _, height, width] = images.planar_shape()?;
        let mut adam = Adam::new(restoration.rate)?;
        let mut z = self.generator.encode(&images).check()?;
        for _ in 0..restoration.steps {
            let leaf = z.track();
            let difference = &images - self.generator.decode(&leaf, &[height, width]);
            let healthy =
                (difference.detach() * (1.0 / restoration.tolerance)).power(2.0).affine(-1.0, 0.0).exponential();
            let loss = (healthy * difference.absolute()).sum(&[]);
            z = adam.step(&leaf, &loss.backward().of(&leaf)).check()?;
        }
        Ok(&images * 0.0 + self.generator.decode(&z, &[height, width]))
    }
}

/// Gives R the mean and the deviation of x over the pixels that `mask` (N, 1, H, W) keeps.
fn matched(reference: &Tensor, images: &Tensor, mask: &Tensor) -> Tensor {
    let weights = images * 0.0 + mask;
    let all = [1, 2, 3];
    let mean = |x: &Tensor| (x * &weights).sum(&all) / (weights.sum(&all) + 1e-6);
    let deviation = |x: &Tensor, centre: &Tensor| (mean(&(x - centre).power(2.0)) + 1e-8).square_root();
    let (from, to) = (mean(reference), mean(images));
    let gain = (deviation(images, &to) / deviation(reference, &from)).clamp(0.5, 2.0);
    ((reference - from) * gain + to).clamp(0.0, 1.0)
}

export_perturbation!(Healthy);
