//! The two files of a model: weights as safetensors, and the manifest beside them.

use crate::network::{CLASSES, Normalisation, Parameter, shapes};
use crate::phantom::SIDE;
use crate::{Error, Result, TrainOptions};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};

/// The manifest's file name.
pub const MANIFEST_FILE: &str = "model.toml";
/// The file name of the weights, which the manifest names.
pub const WEIGHTS_FILE: &str = "model.safetensors";

/// The bytes of a safetensors file, the same for the same parameters.
pub(crate) fn write(parameters: &[Parameter]) -> Result<Vec<u8>> {
    let damaged = |error: safetensors::SafeTensorError| Error::Weights {
        found: error.to_string(),
        expected: "arrays of finite numbers".into(),
    };
    let bytes: Vec<Vec<u8>> =
        parameters.iter().map(|p| p.values.iter().flat_map(|value| value.to_le_bytes()).collect()).collect();
    let views = parameters
        .iter()
        .zip(&bytes)
        .map(|(p, bytes)| Ok((p.name.as_str(), TensorView::new(Dtype::F32, p.shape.clone(), bytes)?)));
    let views: Vec<(&str, TensorView<'_>)> = views.collect::<std::result::Result<_, _>>().map_err(damaged)?;
    // Sorted by name, and no metadata, whose order would be random.
    safetensors::serialize(views, None).map_err(damaged)
}

/// The parameters in a safetensors file, sorted by name.
///
/// # Errors
/// [`Error::Weights`] unless they are exactly those of the network.
pub(crate) fn read(bytes: &[u8]) -> Result<Vec<Parameter>> {
    let file = SafeTensors::deserialize(bytes)
        .map_err(|error| Error::Weights { found: error.to_string(), expected: "a safetensors file".into() })?;
    let expected = shapes();
    if file.len() != expected.len() {
        return Err(Error::Weights {
            found: format!("{} arrays", file.len()),
            expected: format!("{} arrays", expected.len()),
        });
    }
    expected.into_iter().map(|(name, shape)| one(&file, name, shape)).collect()
}

fn one(file: &SafeTensors<'_>, name: String, shape: Vec<usize>) -> Result<Parameter> {
    let wrong = |found: String| Error::Weights { found, expected: format!("{name} as F32 of shape {shape:?}") };
    let view = file.tensor(&name).map_err(|error| wrong(error.to_string()))?;
    if view.dtype() != Dtype::F32 || view.shape() != shape {
        return Err(wrong(format!("{:?} of shape {:?}", view.dtype(), view.shape())));
    }
    let (words, _) = view.data().as_chunks::<4>();
    let values = words.iter().map(|word| f32::from_le_bytes(*word)).collect();
    Ok(Parameter { name, shape, values })
}

/// The manifest that names [`WEIGHTS_FILE`].
pub(crate) fn manifest(options: &TrainOptions, normalisation: Normalisation) -> String {
    let Normalisation { mean, deviation } = normalisation;
    let [healthy, lesion] = CLASSES;
    let TrainOptions { seed, steps, batch, .. } = options;
    format!(
        r#"name = "phantom"
source = "trained on made images: seed {seed}, {steps} steps of {batch} images"

[model]
architecture = "small-cnn"
weights = "{WEIGHTS_FILE}"

[input]
channels = 1
height = {SIDE}
width = {SIDE}
mean = [{mean}]
deviation = [{deviation}]

[output]
classes = ["{healthy}", "{lesion}"]
activation = "softmax"
healthy = "{healthy}"
"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::Network;
    use burn::tensor::Device;

    #[test]
    fn weights_come_back_as_they_were_written() {
        let parameters = Network::random(3, &Device::flex()).parameters().unwrap();
        let names: Vec<&str> = parameters.iter().map(|p| p.name.as_str()).collect();
        let expected: Vec<(String, Vec<usize>)> = shapes();
        assert_eq!(names, expected.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>());
        assert!(parameters.iter().zip(&expected).all(|(p, (_, shape))| p.shape == *shape));
        let bytes = write(&parameters).unwrap();
        assert_eq!(bytes, write(&parameters).unwrap());
        assert!(bytes.len() < 200_000, "{} bytes", bytes.len());
        let back = read(&bytes).unwrap();
        assert_eq!(back, parameters);
        assert_eq!(Network::assemble(&back, &Device::flex()).parameters().unwrap(), parameters);
    }

    #[test]
    fn what_is_no_weights_file_is_named() {
        let mut parameters = Network::random(3, &Device::flex()).parameters().unwrap();
        let bytes = write(&parameters).unwrap();
        assert!(read(&bytes[..bytes.len() / 2]).unwrap_err().to_string().contains("expected a safetensors file"));
        parameters[1].shape = vec![64, 2];
        let error = read(&write(&parameters).unwrap()).unwrap_err().to_string();
        assert!(error.contains("[64, 2]") && error.contains("classifier.weight as F32 of shape [2, 64]"), "{error}");
        assert!(read(&write(&parameters[1..]).unwrap()).unwrap_err().to_string().contains("7 arrays"));
    }

    #[test]
    fn the_manifest_says_what_the_network_expects() {
        let text = manifest(&TrainOptions::default(), Normalisation { mean: 0.25, deviation: 0.2001 });
        for line in [
            "architecture = \"small-cnn\"",
            "mean = [0.25]",
            "deviation = [0.2001]",
            "classes = [\"healthy\", \"lesion\"]",
            "healthy = \"healthy\"",
        ] {
            assert!(text.contains(line), "{text}");
        }
    }
}
