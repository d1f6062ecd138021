//! Deletes regions by blurring them, with the operators that the guests in Python and JavaScript use.

use lacuna_plugin::{Error, Info, Parameter, Perturbation, Settings, Tensor, export_perturbation};

struct Blur {
    images: Tensor,
    reference: Tensor,
}

impl Perturbation for Blur {
    fn describe() -> Info {
        let summary = "Replaces deleted regions by a Gaussian blur of the image";
        Info::new("rust-blur", "0.1.0", summary).parameter(Parameter::number("sigma", 10.0, 0.0..=200.0))
    }

    fn create(images: Tensor, settings: &Settings, _seed: u64) -> Result<Self, Error> {
        let reference = images.gaussian_blur(settings.number("sigma")?).check()?;
        Ok(Self { images, reference })
    }

    fn apply(&self, mask: &Tensor) -> Result<Tensor, Error> {
        Ok(mask * &self.images + (1.0 - mask) * &self.reference)
    }
}

export_perturbation!(Blur);
