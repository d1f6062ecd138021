//! The small network: three 3x3 convolutions with stride 2 and ReLU, the mean over all pixels, and a
//! linear layer. The engine knows the same one as architecture `small-cnn`.

use crate::phantom::SIDE;
use crate::random::Purpose;
use crate::{Result, SplitMix};
use burn::module::{Module, Param};
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::{Linear, LinearConfig, PaddingConfig2d};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor, TensorData};

/// Channels before the first and after each convolution.
const WIDTHS: [usize; 4] = [1, 16, 32, 64];
/// One logit each.
pub(crate) const CLASSES: [&str; 2] = ["healthy", "lesion"];

/// A named array under PyTorch's conventions: (out, in, kh, kw) for convolutions, (out, in) for the
/// linear layer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Parameter {
    pub(crate) name: String,
    pub(crate) shape: Vec<usize>,
    pub(crate) values: Vec<f32>,
}

#[derive(Module, Debug)]
pub(crate) struct Network {
    conv1: Conv2d,
    conv2: Conv2d,
    conv3: Conv2d,
    classifier: Linear,
}

impl Network {
    /// Weights as He et al. (2015) initialise them, biases 0.
    pub(crate) fn random(seed: u64, device: &Device) -> Self {
        let mut random = SplitMix::stream(seed, 0, Purpose::Weights);
        let parameters: Vec<Parameter> = shapes()
            .into_iter()
            .map(|(name, shape)| {
                let fan_in: usize = shape.iter().skip(1).product();
                let deviation = if shape.len() > 1 { (2.0 / fan_in as f64).sqrt() } else { 0.0 };
                let values = (0..shape.iter().product()).map(|_| (deviation * random.normal()) as f32).collect();
                Parameter { name, shape, values }
            })
            .collect();
        Self::assemble(&parameters, device)
    }

    /// The logits (N, 2) of normalised images (N, 1, SIDE, SIDE).
    pub(crate) fn forward(&self, input: Tensor<4>) -> Tensor<2> {
        self.classifier.forward(self.features(input))
    }

    /// As [`Network::forward`], with each feature standardised over the batch (BatchNorm, Ioffe and
    /// Szegedy 2015). A lesion is few pixels of the mean over all, and without this the linear layer
    /// would need many steps to hear it beside the brightness of the head.
    pub(crate) fn forward_standardised(&self, input: Tensor<4>) -> Tensor<2> {
        let features = self.features(input);
        let (mean, deviation) = statistics(features.clone());
        self.classifier.forward((features - mean) / deviation)
    }

    /// Lets [`Network::forward`] compute what [`Network::forward_standardised`] does, with the mean
    /// and the deviation of these images. For a network on a device without autodiff.
    pub(crate) fn fold(mut self, input: Tensor<4>) -> Self {
        let (mean, deviation) = statistics(self.features(input));
        let weight = self.classifier.weight.val() / deviation.transpose();
        let shift = mean.matmul(weight.clone()).squeeze_dim::<1>(0);
        self.classifier.weight = Param::from_tensor(weight);
        self.classifier.bias = self.classifier.bias.map(|bias| Param::from_tensor(bias.val() - shift));
        self
    }

    /// The last layer's mean over all pixels (N, 64).
    fn features(&self, input: Tensor<4>) -> Tensor<2> {
        let x = relu(self.conv1.forward(input));
        let x = relu(self.conv2.forward(x));
        let x = relu(self.conv3.forward(x));
        x.flatten::<3>(2, 3).mean_dim(2).squeeze_dim::<2>(2)
    }

    /// Every parameter, sorted by name.
    ///
    /// # Errors
    /// What the backend says when it cannot hand out the numbers.
    pub(crate) fn parameters(&self) -> Result<Vec<Parameter>> {
        let linear = self.classifier.weight.val().transpose();
        let mut all = vec![parameter("classifier.weight", linear)?];
        for (name, conv) in [("conv1", &self.conv1), ("conv2", &self.conv2), ("conv3", &self.conv3)] {
            all.push(parameter(&format!("{name}.weight"), conv.weight.val())?);
            if let Some(bias) = &conv.bias {
                all.push(parameter(&format!("{name}.bias"), bias.val())?);
            }
        }
        if let Some(bias) = &self.classifier.bias {
            all.push(parameter("classifier.bias", bias.val())?);
        }
        all.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(all)
    }

    /// The network with parameters of the names and shapes of [`shapes`]; any other stays as Burn
    /// initialises it.
    pub(crate) fn assemble(parameters: &[Parameter], device: &Device) -> Self {
        let data = |name: &str| {
            parameters.iter().find(|p| p.name == name).map(|p| TensorData::new(p.values.clone(), p.shape.clone()))
        };
        let conv = |i: usize| {
            let config = Conv2dConfig::new([WIDTHS[i - 1], WIDTHS[i]], [3, 3])
                .with_stride([2, 2])
                .with_padding(PaddingConfig2d::Explicit(1, 1, 1, 1));
            let mut conv = config.init(device);
            if let Some(data) = data(&format!("conv{i}.weight")) {
                conv.weight = Param::from_data(data, device);
            }
            if let Some(data) = data(&format!("conv{i}.bias")) {
                conv.bias = Some(Param::from_data(data, device));
            }
            conv
        };
        let mut classifier = LinearConfig::new(WIDTHS[3], CLASSES.len()).init(device);
        if let Some(data) = data("classifier.weight") {
            classifier.weight = Param::from_tensor(Tensor::<2>::from_data(data, device).transpose());
        }
        if let Some(data) = data("classifier.bias") {
            classifier.bias = Some(Param::from_data(data, device));
        }
        Self { conv1: conv(1), conv2: conv(2), conv3: conv(3), classifier }
    }
}

/// Mean and standard deviation (1, F) of features (N, F).
fn statistics(features: Tensor<2>) -> (Tensor<2>, Tensor<2>) {
    let mean = features.clone().mean_dim(0);
    let variance = (features - mean.clone()).square().mean_dim(0);
    // A feature that is the same in all images stays finite.
    (mean, (variance + 1e-6).sqrt())
}

/// Names and shapes of all parameters, sorted by name.
pub(crate) fn shapes() -> Vec<(String, Vec<usize>)> {
    let mut all = vec![
        ("classifier.bias".to_owned(), vec![CLASSES.len()]),
        ("classifier.weight".to_owned(), vec![CLASSES.len(), WIDTHS[3]]),
    ];
    for i in 1..WIDTHS.len() {
        all.push((format!("conv{i}.bias"), vec![WIDTHS[i]]));
        all.push((format!("conv{i}.weight"), vec![WIDTHS[i], WIDTHS[i - 1], 3, 3]));
    }
    all
}

/// What the network subtracts and divides by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Normalisation {
    pub(crate) mean: f32,
    pub(crate) deviation: f32,
}

impl Normalisation {
    /// Of the pixels of these images, rounded to what the manifest shows.
    pub(crate) fn of<'a>(images: impl Iterator<Item = &'a [f32]>) -> Self {
        let (mut count, mut sum, mut squares) = (0.0_f64, 0.0, 0.0);
        for value in images.flatten().copied().map(f64::from) {
            count += 1.0;
            sum += value;
            squares += value * value;
        }
        let mean = sum / count;
        let round = |value: f64| ((value * 1e4).round() / 1e4) as f32;
        Self { mean: round(mean), deviation: round((squares / count - mean * mean).sqrt()) }
    }

    /// Images of SIDE x SIDE in [0, 1] as the network's input (N, 1, SIDE, SIDE).
    pub(crate) fn input(self, images: &[&[f32]], device: &Device) -> Tensor<4> {
        let values: Vec<f32> =
            images.iter().flat_map(|image| image.iter()).map(|value| (value - self.mean) / self.deviation).collect();
        Tensor::from_data(TensorData::new(values, [images.len(), 1, SIDE, SIDE]), device)
    }
}

fn parameter<const D: usize>(name: &str, tensor: Tensor<D>) -> Result<Parameter> {
    Ok(Parameter { name: name.to_owned(), shape: tensor.dims().to_vec(), values: numbers(tensor)? })
}

/// The numbers of a tensor, in row-major order.
///
/// # Errors
/// What the backend says when it cannot hand them out.
pub(crate) fn numbers<const D: usize>(tensor: Tensor<D>) -> Result<Vec<f32>> {
    tensor.try_into_vec_as::<f32>().map_err(|error| crate::Error::Device(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::phantom::phantoms;

    #[test]
    fn folding_the_statistics_changes_no_logit() {
        let device = Device::flex();
        let made: Vec<Vec<f32>> = phantoms(2, 8).map(|p| p.image).collect();
        let images: Vec<&[f32]> = made.iter().map(Vec::as_slice).collect();
        let input = Normalisation::of(images.iter().copied()).input(&images, &device);
        let network = Network::random(1, &device);
        let before = numbers(network.forward_standardised(input.clone())).unwrap();
        let after = numbers(network.fold(input.clone()).forward(input)).unwrap();
        assert_eq!(before.len(), 16);
        assert!(before.iter().zip(&after).all(|(a, b)| (a - b).abs() < 1e-3), "{before:?} {after:?}");
    }

    #[test]
    fn normalised_pixels_have_mean_0_and_deviation_1() {
        let image: Vec<f32> = (0..SIDE * SIDE).map(|i| (i % 5) as f32 / 5.0).collect();
        let normalisation = Normalisation::of(std::iter::once(image.as_slice()));
        let values = numbers(normalisation.input(&[&image], &Device::flex())).unwrap();
        let mean = values.iter().sum::<f32>() / values.len() as f32;
        let square = values.iter().map(|v| v * v).sum::<f32>() / values.len() as f32;
        assert!(mean.abs() < 1e-3 && (square - 1.0).abs() < 1e-3, "{mean} {square}");
    }
}
