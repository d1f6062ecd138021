//! Deletes regions by replacing them with one intensity.

use lacuna_plugin::{Error, Info, Parameter, Perturbation, Settings, Tensor, export_perturbation};

/// Phi(x; m) = m x + (1 - m) value (Uzunova 2019, Eq. 2, "constant" of Sec. 3.2).
struct Constant {
    images: Tensor,
    reference: Tensor,
}

impl Perturbation for Constant {
    fn describe() -> Info {
        Info::new("constant", env!("CARGO_PKG_VERSION"), "Replaces deleted regions by one intensity")
            .parameter(
                Parameter::number("value", 0.5, 0.0..=1.0)
                    .summary("Intensity of the reference; 0 is black, 1 is white")
                    .unit("intensity")
                    .source("Uzunova 2019, Sec. 3.2 and Table 1: grey, 127 of 255"),
            )
            .preset("black", "Uzunova 2019, Sec. 3.2: 0 of 255", &["value=0"])
            .preset("grey", "Uzunova 2019, Sec. 3.2: the middle (127 of 255) of the range", &["value=0.5"])
            .preset("white", "Uzunova 2019, Sec. 3.2: 255 of 255", &["value=1"])
    }

    fn create(images: Tensor, settings: &Settings, _seed: u64) -> Result<Self, Error> {
        let reference = Tensor::full(&images.shape()?, settings.number("value")?).check()?;
        Ok(Self { images, reference })
    }

    fn apply(&self, mask: &Tensor) -> Result<Tensor, Error> {
        Ok(self.images.blend(&self.reference, mask))
    }
}

export_perturbation!(Constant);
