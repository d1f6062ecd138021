//! Deletes regions by replacing them with noise around the image's mean.

use lacuna_plugin::{Error, Info, Parameter, Perturbation, Settings, Tensor, export_perturbation};

/// Phi(x; m) = m x + (1 - m) R (Uzunova 2019, Eq. 2) with R = clamp(mean(x) + N(0, sigma), 0, 1),
/// the mean taken for each image and channel (Fong and Vedaldi 2017, Sec. 4.1, "noise").
///
/// The noise is drawn once for a seed and is the same for every image of a batch, so that an image
/// is explained alike alone and in company.
struct Noise {
    images: Tensor,
    reference: Tensor,
}

impl Perturbation for Noise {
    fn describe() -> Info {
        Info::new(
            "noise",
            env!("CARGO_PKG_VERSION"),
            "Replaces deleted regions by Gaussian noise around the image's mean intensity",
        )
        .parameter(
            Parameter::number("sigma", 0.2, 0.0..=1.0)
                .summary("Standard deviation of the noise; what leaves [0, 1] is clamped")
                .unit("intensity")
                .source("chosen here: Fong and Vedaldi 2017, Sec. 4.1, give none"),
        )
    }

    fn create(images: Tensor, settings: &Settings, seed: u64) -> Result<Self, Error> {
        let shape = images.image_shape()?;
        let noise = Tensor::normal(&shape.with(1, shape.channels()), 0.0, settings.number("sigma")?, seed);
        let spatial: Vec<u32> = shape.inner().into_iter().skip(1).collect();
        let reference = (images.mean(&spatial) + noise).clamp(0.0, 1.0).check()?;
        Ok(Self { images, reference })
    }

    fn apply(&self, mask: &Tensor) -> Result<Tensor, Error> {
        Ok(self.images.blend(&self.reference, mask))
    }
}

export_perturbation!(Noise);
