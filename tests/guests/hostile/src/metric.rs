//! A metric that answers the mean of each map, or misbehaves as its parameter `misbehaviour` says.

use hostile::{endless_loop, memory_bomb};

wit_bindgen::generate!({ path: "../../../wit/v0.2", world: "metric-plugin" });

use exports::lacuna::explain::{
    description::{self, ChoiceOptions, Kind, Need, Parameter, PluginInfo},
    metrics::{self, Request},
};
use lacuna::explain::{errors::{Error, Refusal}, generators, parameters::Value, perturbations};

const MISBEHAVIOURS: [&str; 9] =
    ["none", "endless-loop", "memory-bomb", "too-few", "nan", "trap", "refuse", "no-perturbation", "no-generator"];

struct Hostile;

impl description::Guest for Hostile {
    fn describe() -> PluginInfo {
        let options = MISBEHAVIOURS.map(String::from).to_vec();
        PluginInfo {
            name: "hostile".into(),
            version: "0.1.0".into(),
            summary: "Misbehaves".into(),
            needs: vec![Need::Readback],
            parameters: vec![Parameter {
                name: "misbehaviour".into(),
                summary: "What it does".into(),
                kind: Kind::Choice(ChoiceOptions { default: "none".into(), options }),
                unit: String::new(),
                source: String::new(),
            }],
            presets: vec![],
        }
    }
}

impl metrics::Guest for Hostile {
    fn measure(request: Request<'_>) -> Result<Vec<Option<f64>>, Error> {
        let Value::Choice(misbehaviour) = &request.settings[0].value else { unreachable!() };
        let means = request.maps.mean(&[1, 2, 3])?.read()?;
        match misbehaviour.as_str() {
            "endless-loop" => endless_loop(),
            "memory-bomb" => memory_bomb(),
            "too-few" => return Ok(vec![]),
            "nan" => return Ok(vec![Some(f64::NAN); means.len()]),
            "trap" => unreachable!(),
            "refuse" => return Err(Error::Unsupported(Refusal { text: "maps of this kind cannot be measured".into(), remedies: vec![] })),
            "no-perturbation" => drop(perturbations::create(request.images, &[], 0)?),
            "no-generator" => drop(generators::chosen()?),
            _ => {}
        }
        Ok(means.into_iter().map(|mean| Some(f64::from(mean))).collect())
    }
}

export!(Hostile);
