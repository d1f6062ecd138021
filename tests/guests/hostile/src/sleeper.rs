//! A perturbation that never says what it is.

wit_bindgen::generate!({ path: "../../../wit/v0.2", world: "perturbation-plugin" });

use exports::lacuna::explain::{
    description::{self, PluginInfo},
    perturbations::{self, GuestPerturbation, Perturbation},
};
use lacuna::explain::{errors::Error, parameters::Setting, tensors::Tensor};

struct Sleeper;

impl description::Guest for Sleeper {
    fn describe() -> PluginInfo {
        hostile::endless_loop()
    }
}

impl perturbations::Guest for Sleeper {
    type Perturbation = Sleeper;

    fn create(_: &Tensor, _: Vec<Setting>, _: u64) -> Result<Perturbation, Error> {
        Ok(Perturbation::new(Sleeper))
    }
}

impl GuestPerturbation for Sleeper {
    fn apply(&self, mask: &Tensor) -> Result<Tensor, Error> {
        mask.share()
    }
}

export!(Sleeper);
