//! A classifier that finds bright spots with numbers of its own, or misbehaves as its parameter `misbehaviour` says.

use hostile::{endless_loop, memory_bomb, recursion};
use std::cell::{Cell, RefCell};

wit_bindgen::generate!({ path: "../../../wit/v0.2", world: "classifier-plugin" });

use exports::lacuna::explain::{
    description::{self, ChoiceOptions, Kind, Need, Parameter, PluginInfo},
    models::{self, Activation, ModelInfo},
};
use lacuna::explain::{
    errors::{Error, Refusal},
    parameters::{Setting, Value},
    tensors::Tensor,
};

const MISBEHAVIOURS: [&str; 16] = [
    "none", "no-classes", "no-pixels", "lonely-softmax", "refuse-to-open", "endless-loop", "memory-bomb", "recursion",
    "trap", "trap-later", "loop-later", "hoard", "nan", "too-few", "refuse", "handle-bomb",
];

struct Hostile;

struct Spots {
    misbehaviour: String,
    asked: Cell<u32>,
    hoarded: RefCell<Vec<Tensor>>,
}

impl description::Guest for Hostile {
    fn describe() -> PluginInfo {
        let options = MISBEHAVIOURS.map(String::from).to_vec();
        PluginInfo {
            name: "hostile".into(),
            version: "0.1.0".into(),
            summary: "Finds bright spots, or misbehaves".into(),
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

impl models::Guest for Hostile {
    type Model = Spots;

    fn open(settings: Vec<Setting>) -> Result<models::Model, Error> {
        let Value::Choice(misbehaviour) = &settings[0].value else { unreachable!() };
        if misbehaviour == "refuse-to-open" {
            return Err(Error::Unsupported(Refusal { text: "there are no weights".into(), remedies: vec![] }));
        }
        Ok(models::Model::new(Spots { misbehaviour: misbehaviour.clone(), asked: Cell::new(0), hoarded: RefCell::default() }))
    }
}

impl models::GuestModel for Spots {
    fn info(&self) -> ModelInfo {
        let classes = if self.misbehaviour == "no-classes" { vec![] } else { vec!["bright".to_owned()] };
        let height = if self.misbehaviour == "no-pixels" { 0 } else { 48 };
        let lonely = self.misbehaviour == "lonely-softmax";
        let activation = if lonely { Activation::Softmax } else { Activation::Sigmoid };
        ModelInfo { classes, channels: 1, spatial: vec![height, 48], activation }
    }

    fn logits(&self, images: &Tensor) -> Result<Tensor, Error> {
        self.asked.set(self.asked.get() + 1);
        let count = images.shape()[0];
        match self.misbehaviour.as_str() {
            "endless-loop" => endless_loop(),
            "memory-bomb" => memory_bomb(),
            "recursion" => drop(recursion(0)),
            "trap" => unreachable!(),
            "trap-later" if self.asked.get() > 3 => unreachable!(),
            "loop-later" if self.asked.get() > 1 => endless_loop(),
            "hoard" => self.hoarded.borrow_mut().push(images.share()?),
            "nan" => return Tensor::full(&[count, 1], f32::NAN),
            "too-few" => return Tensor::full(&[1, 3], 0.0),
            "refuse" => return Err(Error::Unsupported(Refusal { text: "images of this kind cannot be classified".into(), remedies: vec![] })),
            "handle-bomb" => {
                let mut held = vec![];
                loop {
                    held.push(images.share()?);
                }
            }
            _ => {}
        }
        let pixels = images.read()?;
        let size = pixels.len() / count as usize;
        let spots = |image: &[f32]| image.iter().map(|pixel| (pixel - 0.5).max(0.0)).sum::<f32>() / size as f32;
        let logits: Vec<f32> = pixels.chunks(size).map(|image| 400.0 * spots(image) - 2.0).collect();
        Tensor::from_data(&[count, 1], &logits)
    }
}

export!(Hostile);
