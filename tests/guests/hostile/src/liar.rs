//! A perturbation whose default lies outside its range.

wit_bindgen::generate!({ path: "../../../wit/v0.2", world: "perturbation-plugin" });

use exports::lacuna::explain::{
    description::{self, Kind, NumberRange, Parameter, PluginInfo},
    perturbations::{self, GuestPerturbation, Perturbation},
};
use lacuna::explain::{errors::Error, parameters::Setting, tensors::Tensor};

struct Liar;

impl description::Guest for Liar {
    fn describe() -> PluginInfo {
        PluginInfo {
            name: "liar".into(),
            version: "0.1.0".into(),
            summary: String::new(),
            needs: vec![],
            parameters: vec![Parameter {
                name: "sigma".into(),
                summary: String::new(),
                kind: Kind::Number(NumberRange { default: 200.0, minimum: 0.0, maximum: 100.0 }),
                unit: String::new(),
                source: String::new(),
            }],
            presets: vec![],
        }
    }
}

impl perturbations::Guest for Liar {
    type Perturbation = Liar;

    fn create(_: &Tensor, _: Vec<Setting>, _: u64) -> Result<Perturbation, Error> {
        Ok(Perturbation::new(Liar))
    }
}

impl GuestPerturbation for Liar {
    fn apply(&self, mask: &Tensor) -> Result<Tensor, Error> {
        mask.share()
    }
}

export!(Liar);
