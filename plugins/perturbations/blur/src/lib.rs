//! Deletes regions by blurring them.

use lacuna_plugin::{Error, Info, Parameter, Perturbation, Settings, Tensor, export_perturbation};

/// Phi(x; m) = m x + (1 - m) G_sigma * x (Uzunova 2019, Eq. 2; Fong and Vedaldi 2017, Sec. 4.1).
struct Blur {
    images: Tensor,
    reference: Tensor,
}

impl Perturbation for Blur {
    fn describe() -> Info {
        Info::new("blur", env!("CARGO_PKG_VERSION"), "Replaces deleted regions by a Gaussian blur of the image")
            .parameter(
                Parameter::number("sigma", 10.0, 0.0..=200.0)
                    .summary("Standard deviation of the Gaussian, on the classifier's grid")
                    .unit("pixels")
                    .source("Fong and Vedaldi 2017, Sec. 4.1, for 224 x 224"),
            )
            .preset("fong2017", "Fong and Vedaldi 2017, Sec. 4.1", &["sigma=10"])
    }

    fn create(images: Tensor, settings: &Settings, _seed: u64) -> Result<Self, Error> {
        let reference = images.gaussian_blur(settings.number("sigma")?).check()?;
        Ok(Self { images, reference })
    }

    fn apply(&self, mask: &Tensor) -> Result<Tensor, Error> {
        Ok(self.images.blend(&self.reference, mask))
    }
}

export_perturbation!(Blur);
