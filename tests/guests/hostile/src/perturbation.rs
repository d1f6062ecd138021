//! A perturbation that multiplies by the mask, or misbehaves as its parameter `misbehaviour` says.

use hostile::{endless_loop, memory_bomb, recursion};
use std::cell::{Cell, RefCell};

wit_bindgen::generate!({ path: "../../../wit/v0.2", world: "perturbation-plugin" });

use exports::lacuna::explain::{
    description::{self, ChoiceOptions, Kind, Parameter, PluginInfo},
    perturbations::{self, GuestPerturbation, Perturbation},
};
use lacuna::explain::{
    autodiff,
    errors::{Error, Refusal},
    log,
    parameters::{Setting, Value},
    tensors::Tensor,
};

const MISBEHAVIOURS: [&str; 19] = [
    "none",
    "endless-loop",
    "memory-bomb",
    "handle-bomb",
    "tensor-bomb",
    "wrong-shape",
    "nan",
    "nan-late",
    "trap",
    "trap-in-create",
    "trap-in-drop",
    "recursion",
    "refuse",
    "read",
    "ignore-cancel",
    "hoard-masks",
    "hoard-results",
    "use-up-graph",
    "deep-graph",
];

struct Hostile {
    images: Tensor,
    misbehaviour: String,
    applied: Cell<u32>,
    kept: RefCell<Vec<Tensor>>,
}

impl description::Guest for Hostile {
    fn describe() -> PluginInfo {
        let options = MISBEHAVIOURS.map(String::from).to_vec();
        PluginInfo {
            name: "hostile".into(),
            version: "0.1.0".into(),
            summary: "Misbehaves".into(),
            needs: vec![],
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

impl perturbations::Guest for Hostile {
    type Perturbation = Hostile;

    fn create(images: &Tensor, settings: Vec<Setting>, _seed: u64) -> Result<Perturbation, Error> {
        let Value::Choice(misbehaviour) = settings[0].value.clone() else { unreachable!() };
        if misbehaviour == "trap-in-create" {
            unreachable!();
        }
        Ok(Perturbation::new(Hostile { images: images.share()?, misbehaviour, applied: Cell::new(0), kept: RefCell::default() }))
    }
}

impl GuestPerturbation for Hostile {
    fn apply(&self, mask: &Tensor) -> Result<Tensor, Error> {
        self.applied.set(self.applied.get() + 1);
        let mut hoard = Vec::new();
        let perturbed = self.images.multiply(mask)?;
        match self.misbehaviour.as_str() {
            "endless-loop" => endless_loop(),
            "memory-bomb" => memory_bomb(),
            "handle-bomb" => loop {
                hoard.push(Tensor::full(&[1], 1.0)?);
            },
            "tensor-bomb" => loop {
                hoard.push(Tensor::full(&[1 << 20], 1.0)?);
            },
            "wrong-shape" => return perturbed.reshape(&[1, perturbed.shape().iter().product()]),
            "nan" => return perturbed.affine(f32::NAN, 0.0),
            "nan-late" if self.applied.get() > 1 => return perturbed.affine(f32::NAN, 0.0),
            "trap" => unreachable!(),
            "recursion" => log::message(log::Level::Info, &recursion(0).to_string()),
            "refuse" => {
                return Err(Error::Unsupported(Refusal { text: "images of this kind cannot be perturbed".into(), remedies: vec![] }));
            }
            "read" => drop(mask.read()?),
            // Each mask stays alive after the method has dropped it.
            "hoard-masks" => self.kept.borrow_mut().push(mask.share()?),
            // Each result keeps the method's graph below it.
            "hoard-results" => self.kept.borrow_mut().push(perturbed.share()?),
            // The graph below the mask is the method's.
            "use-up-graph" => drop(autodiff::backward(&mask.sum(&[])?)?),
            "deep-graph" => {
                let mut x = mask.sum(&[])?;
                for _ in 0..4000 {
                    x = x.affine(0.5, 0.0)?;
                }
                return perturbed.add(&x.reshape(&[1, 1, 1, 1])?);
            }
            "ignore-cancel" => loop {
                if let Err(Error::Cancelled) = Tensor::full(&[1], 1.0) {
                    endless_loop();
                }
            },
            _ => {}
        }
        Ok(perturbed)
    }
}

impl Drop for Hostile {
    fn drop(&mut self) {
        if self.misbehaviour == "trap-in-drop" {
            unreachable!();
        }
    }
}

export!(Hostile);
