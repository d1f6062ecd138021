//! What training computes, against its definition in double precision: convolutions with the gradients of input, weights
//! and biases, and BatchNorm with the statistics of the batch.

use super::operator::{Operator, Padding};
use super::trainable::{Mode, Trainable};
use super::{Array, Graph, Node};
use crate::kernels::cpu::tests::conv::{definition, input_gradient, output};
use crate::kernels::cpu::tests::geometry::{ConvCase, convolution};
use crate::{Device, Tensor};
use lacuna_tests::precision::{Exact, config, numbers, within};
use proptest::prelude::*;
use std::collections::HashMap;

/// A network of one node, whose arrays are named after their input's number: `1`, `2`, and so on.
fn network(operator: Operator, arrays: &[(&str, Vec<usize>, &[f32])]) -> Trainable {
    let constant = |(name, shape, data): &(&str, Vec<usize>, &[f32])| {
        ((*name).to_owned(), Array::floats(shape.clone(), data.to_vec()))
    };
    let inputs = std::iter::once("x").chain(arrays.iter().map(|(name, ..)| *name)).map(str::to_owned).collect();
    let node = Node { name: "node".into(), operator, inputs, outputs: vec!["y".into()] };
    let constants: HashMap<String, Array> = arrays.iter().map(constant).collect();
    let graph = Graph { input: "x".into(), output: "y".into(), nodes: vec![node], constants, declared: None };
    Trainable::new(graph, &Device::cpu()).unwrap()
}

/// The result for x, and the gradients of x and of every learnt array where that of the result is `slopes`.
fn trained(network: &Trainable, (shape, x): ([usize; 4], &[f32]), slopes: &[f32]) -> (Vec<f32>, Vec<Vec<f32>>) {
    let device = Device::cpu();
    let x = Tensor::from_data(&device, &shape, x.to_vec()).unwrap().track().unwrap();
    let leaves = network.leaves().unwrap();
    let (y, _) = network.run(&leaves, &x, Mode::Training { seed: 1 }).unwrap();
    let found = y.read().unwrap();
    let slopes = Tensor::from_data(&device, &y.shape(), slopes.to_vec()).unwrap();
    let gradients = y.multiply(&slopes).unwrap().sum(&[]).unwrap().backward().unwrap();
    let of = |leaf: &Tensor| gradients.of_leaf(leaf).unwrap().read().unwrap();
    (found, std::iter::once(&x).chain(&leaves).map(of).collect())
}

fn images(case: &ConvCase) -> [usize; 4] {
    [case.batch, case.geometry.channels_in, case.size[0], case.size[1]]
}

#[test]
fn convolutions_in_training_follow_the_definition() {
    proptest!(config(), |(case in convolution(50_000))| {
        let (g, shape) = (&case.geometry, images(&case));
        let x = numbers(shape.iter().product(), case.seed);
        let (weights, bias) = (numbers(case.weights(), case.seed ^ 1), numbers(g.channels_out, case.seed ^ 2));
        let y = output(&case, &x, &weights, &bias);
        let slopes = numbers(y.len(), case.seed ^ 3);
        let (stride, padding) = (g.stride, Padding::Explicit(g.padding));
        let operator = Operator::Conv { stride, padding, dilation: g.dilation, groups: g.groups, depth: None };
        let kernel = vec![g.channels_out, g.channels_in / g.groups, g.kernel[0], g.kernel[1]];
        let network = network(operator, &[("1", kernel, &weights), ("2", vec![g.channels_out], &bias)]);
        let (found, gradients) = trained(&network, (shape, &x), &slopes);
        within(&found, &y)?;
        within(&gradients[0], &input_gradient(&case, &slopes, &weights))?;
        let mut of_weights = vec![Exact::default(); weights.len()];
        definition(g, case.size, case.batch, |o, w, i| of_weights[w].add(f64::from(slopes[o]) * f64::from(x[i])));
        within(&gradients[1], &of_weights)?;
        let mut of_bias = vec![Exact::default(); bias.len()];
        let plane = y.len() / case.batch / g.channels_out;
        slopes.iter().enumerate().for_each(|(o, slope)| of_bias[o / plane % g.channels_out].add(f64::from(*slope)));
        within(&gradients[2], &of_bias)?;
    });
}

/// The cases have the same padding at both ends, which is all that a transposed convolution of ours has, and a result whose
/// size the input fixes.
#[test]
fn transposed_convolutions_in_training_follow_the_definition() {
    proptest!(config(), |(mut case in convolution(50_000), more in prop::array::uniform2(any::<u8>()))| {
        let windows = case.size.map(|size| size.min(9));
        let mut output_padding = [0; 2];
        for axis in 0..2 {
            let g = &mut case.geometry;
            let most = g.dilation[axis] * (g.kernel[axis] - 1);
            let around = g.padding[axis].min(most / 2);
            (g.padding[axis], g.padding[axis + 2]) = (around, around);
            // Pixels at the end that no window reaches.
            output_padding[axis] = usize::from(more[axis]) % g.stride[axis];
            case.size[axis] = (windows[axis] - 1) * g.stride[axis] + most + 1 + output_padding[axis] - 2 * around;
        }
        prop_assert_eq!(case.output(), windows);
        let g = &case.geometry;
        let shape = [case.batch, g.channels_out, windows[0], windows[1]];
        let x = numbers(shape.iter().product(), case.seed);
        let (weights, bias) = (numbers(case.weights(), case.seed ^ 1), numbers(g.channels_in, case.seed ^ 2));
        let mut y = input_gradient(&case, &x, &weights);
        let plane = case.size[0] * case.size[1];
        y.iter_mut().enumerate().for_each(|(at, y)| y.add(f64::from(bias[at / plane % g.channels_in])));
        let slopes = numbers(y.len(), case.seed ^ 3);
        let (stride, padding, dilation, groups) = (g.stride, g.padding, g.dilation, g.groups);
        let operator = Operator::ConvTranspose { stride, padding: Padding::Explicit(padding), output_padding, output_shape: None, dilation, groups, depth: None };
        let kernel = vec![g.channels_out, g.channels_in / g.groups, g.kernel[0], g.kernel[1]];
        let network = network(operator, &[("1", kernel, &weights), ("2", vec![g.channels_in], &bias)]);
        let (found, gradients) = trained(&network, (shape, &x), &slopes);
        within(&found, &y)?;
        within(&gradients[0], &output(&case, &slopes, &weights, &vec![0.0; g.channels_out]))?;
        let mut of_weights = vec![Exact::default(); weights.len()];
        definition(g, case.size, case.batch, |o, w, i| of_weights[w].add(f64::from(slopes[i]) * f64::from(x[o])));
        within(&gradients[1], &of_weights)?;
    });
}

/// Mean and variance of the batch, without Bessel's correction (Ioffe and Szegedy 2015, Alg. 1).
#[test]
fn batch_norm_in_training_follows_the_definition() {
    let sizes = (1..=4_usize, 1..=5_usize, 1..=9_usize, 2..=9_usize);
    proptest!(config(), |((n, c, h, w) in sizes, seed: u64)| {
        let (shape, plane) = ([n, c, h, w], h * w);
        let x = numbers(n * c * plane, seed);
        let (gamma, beta) = (numbers(c, seed ^ 1), numbers(c, seed ^ 2));
        let slopes = numbers(x.len(), seed ^ 3);
        let epsilon = 1e-2_f32;
        let arrays: [(&str, Vec<usize>, &[f32]); 4] = [
            ("1", vec![c], &gamma),
            ("2", vec![c], &beta),
            ("3.running_mean", vec![c], &vec![0.0; c]),
            ("4.running_var", vec![c], &vec![1.0; c]),
        ];
        let network = network(Operator::BatchNorm { epsilon }, &arrays);
        let (found, gradients) = trained(&network, (shape, &x), &slopes);
        let mut y = vec![Exact::default(); x.len()];
        let mut of_x = vec![Exact::default(); x.len()];
        let (mut of_gamma, mut of_beta) = (Vec::new(), Vec::new());
        for channel in 0..c {
            let places: Vec<usize> = (0..x.len()).filter(|at| at / plane % c == channel).collect();
            let count = places.len() as f64;
            let of = |value: &dyn Fn(usize) -> f64| places.iter().map(|at| value(*at)).sum::<f64>();
            let mean = of(&|at| f64::from(x[at])) / count;
            let variance = of(&|at| (f64::from(x[at]) - mean).powi(2)) / count;
            let deviation = (variance + f64::from(epsilon)).sqrt();
            let normal = |at: usize| (f64::from(x[at]) - mean) / deviation;
            let (slope_sum, slope_normal) = (of(&|at| f64::from(slopes[at])), of(&|at| f64::from(slopes[at]) * normal(at)));
            // Sums over the channel, of numbers up to 1, on which everything else rests; the gradient divides twice.
            let terms = 8 * places.len() + 32;
            let (gamma, beta) = (f64::from(gamma[channel]), f64::from(beta[channel]));
            for at in &places {
                y[*at] = Exact::of(gamma * normal(*at) + beta, gamma.abs() / deviation + beta.abs(), terms);
                let gradient = gamma / deviation * (f64::from(slopes[*at]) - slope_sum / count - normal(*at) * slope_normal / count);
                of_x[*at] = Exact::of(gradient, gamma.abs() / deviation * (2.0 + 1.0 / deviation.powi(2)), terms);
            }
            of_gamma.push(Exact::of(slope_normal, count / deviation, terms));
            of_beta.push(Exact::of(slope_sum, count, places.len()));
        }
        within(&found, &y)?;
        within(&gradients[0], &of_x)?;
        within(&gradients[1], &of_gamma)?;
        within(&gradients[2], &of_beta)?;
    });
}
