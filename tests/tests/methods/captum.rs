//! Compares maps with those of PyTorch and Captum: `golden/*.safetensors` of the evaluation data, whose README says how they
//! were made.

use crate::{error, extra, map};
use lacuna_engine::{Classifier, Device, Tensor};
use lacuna_runtime::Outcome;
use lacuna_tests::{data_folder, double};
use std::path::{Path, PathBuf};

const LIGHT_OCT: Model = Model { name: "lightoct", manifest: "lightoct.toml", channels: 1 };
const SQUEEZENET: Model = Model { name: "pneumonia_squeezenet1_1", manifest: "pneumonia.toml", channels: 3 };
const DENSENET: Model = Model { name: "densenet121_torchvision_untrained", manifest: "densenet121.toml", channels: 3 };

struct Model {
    name: &'static str,
    manifest: &'static str,
    channels: usize,
}

/// One image of a model's golden file.
struct Case {
    name: String,
    image: Tensor,
    target: usize,
}

impl Model {
    fn open(&self) -> Classifier {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("real").join(self.manifest);
        Classifier::open(&manifest, &Device::cpu()).unwrap()
    }

    fn file(&self, data: &Path, ending: &str) -> PathBuf {
        data.join(format!("golden/{}.{ending}", self.name))
    }

    fn cases(&self, data: &Path) -> Vec<Case> {
        let about = std::fs::read_to_string(self.file(data, "json")).unwrap();
        let about: serde_json::Value = serde_json::from_str(&about).unwrap();
        let case = |(name, about): (&String, &serde_json::Value)| {
            let image = lacuna_imaging::Image::read(data.join(about["file"].as_str().unwrap())).unwrap();
            let image = image.to_channels(self.channels, lacuna_imaging::RgbToGrey::OnlyIfGrey).unwrap();
            let shape = [1, self.channels, image.height(), image.width()];
            Case {
                name: name.clone(),
                image: Tensor::from_data(&Device::cpu(), &shape, image.data().to_vec()).unwrap(),
                target: about["target"].as_u64().unwrap() as usize,
            }
        };
        about.as_object().unwrap().iter().map(case).collect()
    }

    /// Compares one extra of a method, or its map, with the golden map of that name for every image.
    fn compare(&self, golden: &str, method: &str, settings: &[&str], what: impl Fn(&Outcome) -> Tensor) {
        let Some(data) = data_folder() else { return };
        let classifier = self.open();
        let bytes = std::fs::read(self.file(&data, "safetensors")).unwrap();
        let all = safetensors::SafeTensors::deserialize(&bytes).unwrap();
        for case in self.cases(&data) {
            let wanted = all.tensor(&format!("{}.{golden}", case.name)).unwrap();
            let wanted: Vec<f32> =
                wanted.data().as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
            let found = what(&map(method, &classifier, &case.image, &[case.target], settings));
            let error = error(&found, &wanted);
            double::near(self.name, &format!("{}.{golden}", case.name), &found.read().unwrap(), error);
        }
    }

    /// Grad-CAM at the layer of that name.
    fn compare_at(&self, layer: &str) {
        if data_folder().is_none() {
            return;
        }
        self.compare("grad_cam_lowres", "grad-cam", &[&format!("layer={layer}")], |o| extra(o, "cam"));
    }
}

/// The golden map of an occlusion is repeated for every channel.
fn repeated(outcome: &Outcome, channels: usize) -> Tensor {
    Tensor::concatenate(&vec![outcome.map.clone(); channels], 1).unwrap()
}

fn attribution(outcome: &Outcome) -> Tensor {
    extra(outcome, "attribution")
}

#[test]
fn gradient() {
    for model in [LIGHT_OCT, SQUEEZENET, DENSENET] {
        model.compare("gradient", "gradient", &[], attribution);
    }
}

#[test]
fn input_x_gradient() {
    for model in [LIGHT_OCT, SQUEEZENET, DENSENET] {
        model.compare("input_x_gradient", "input-x-gradient", &[], attribution);
    }
}

#[test]
fn guided_backpropagation() {
    for model in [LIGHT_OCT, SQUEEZENET, DENSENET] {
        model.compare("guided_backprop", "guided-backpropagation", &["sigma=0"], attribution);
    }
}

/// In single precision a few of DenseNet121's ReLUs open or close by rounding in 50 passes, in PyTorch's too, and which ones
/// depends on the order of the sums: a map has to be as near as 1e-3 to PyTorch's, or to the one in double precision.
#[test]
fn integrated_gradients() {
    for model in [LIGHT_OCT, SQUEEZENET, DENSENET] {
        model.compare("integrated_gradients", "integrated-gradients", &["steps=50"], attribution);
    }
}

/// The layers that the golden maps were made at: the last 13 x 13 of LightOCT, the output of torchvision's `features`.
#[test]
fn grad_cam() {
    for (model, layer) in [(LIGHT_OCT, "/cnn/cnn.13/out_activation/Relu"), (SQUEEZENET, "/features/features.12/Concat")]
    {
        model.compare_at(layer);
    }
}

#[test]
fn grad_cam_before_a_relu() {
    DENSENET.compare_at("features.norm5");
}

#[test]
fn occlusion() {
    for model in [LIGHT_OCT, SQUEEZENET] {
        model.compare("occlusion_16_8", "occlusion", &["window=16", "stride=8"], |o| repeated(o, model.channels));
    }
}

#[test]
fn occlusion_of_a_deep_network() {
    DENSENET.compare("occlusion_16_8", "occlusion", &["window=16", "stride=8"], |o| repeated(o, 3));
}
