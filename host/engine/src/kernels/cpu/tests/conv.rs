//! Convolution and its gradient.

use super::geometry::{ConvCase, convolution};
use crate::kernels::ConvGeometry;
use crate::kernels::cpu::conv::PackedConv;
use crate::kernels::cpu::instructions::Instructions;
use crate::kernels::cpu::product::{Block, COLUMNS, ROWS, WHOLE};
use lacuna_tests::precision::{Exact, Poisoned, config, numbers, within};
use proptest::prelude::*;

/// Calls `see` with the places in output, weights and input that belong together.
pub(crate) fn definition(g: &ConvGeometry, size: [usize; 2], batch: usize, mut see: impl FnMut(usize, usize, usize)) {
    let [height, width] = g.output_size(size).unwrap();
    let (ins, outs) = (g.channels_in / g.groups, g.channels_out / g.groups);
    for n in 0..batch {
        for o in 0..g.channels_out {
            for (y, x) in (0..height).flat_map(|y| (0..width).map(move |x| (y, x))) {
                for i in 0..ins {
                    for (ky, kx) in (0..g.kernel[0]).flat_map(|ky| (0..g.kernel[1]).map(move |kx| (ky, kx))) {
                        let at_y = (y * g.stride[0] + ky * g.dilation[0]).checked_sub(g.padding[0]);
                        let at_x = (x * g.stride[1] + kx * g.dilation[1]).checked_sub(g.padding[1]);
                        let (Some(at_y), Some(at_x)) = (at_y, at_x) else { continue };
                        if at_y >= size[0] || at_x >= size[1] {
                            continue;
                        }
                        let channel = o / outs * ins + i;
                        see(
                            ((n * g.channels_out + o) * height + y) * width + x,
                            ((o * ins + i) * g.kernel[0] + ky) * g.kernel[1] + kx,
                            ((n * g.channels_in + channel) * size[0] + at_y) * size[1] + at_x,
                        );
                    }
                }
            }
        }
    }
}

/// Output of a convolution before its ReLU.
pub(crate) fn output(case: &ConvCase, x: &[f32], weights: &[f32], bias: &[f32]) -> Vec<Exact> {
    let [height, width] = case.output();
    let plane = height * width;
    let mut y = vec![Exact::default(); case.batch * case.geometry.channels_out * plane];
    definition(&case.geometry, case.size, case.batch, |o, w, i| y[o].add(f64::from(weights[w]) * f64::from(x[i])));
    for (index, y) in y.iter_mut().enumerate() {
        y.add(f64::from(bias[index / plane % case.geometry.channels_out]));
    }
    y
}

/// Gradient of the input from that of the output.
pub(crate) fn input_gradient(case: &ConvCase, gradient: &[f32], weights: &[f32]) -> Vec<Exact> {
    let [h, w] = case.size;
    let mut x = vec![Exact::default(); case.batch * case.geometry.channels_in * h * w];
    definition(&case.geometry, case.size, case.batch, |o, w, i| {
        x[i].add(f64::from(weights[w]) * f64::from(gradient[o]))
    });
    x
}

#[test]
fn random_convolutions_and_their_gradients_follow_the_definition() {
    proptest!(config(), |(case in convolution(200_000))| {
        let (g, output_size) = (&case.geometry, case.output());
        let x = numbers(case.batch * g.channels_in * case.size[0] * case.size[1], case.seed);
        let weights = numbers(case.weights(), case.seed ^ 1);
        let bias = if case.bias { numbers(g.channels_out, case.seed ^ 2) } else { vec![0.0; g.channels_out] };
        let given = case.bias.then_some(bias.as_slice());
        let mut y = output(&case, &x, &weights, &bias);
        if case.relu {
            y.iter_mut().for_each(|y| y.value = y.value.max(0.0));
        }
        let slopes = numbers(y.len(), case.seed ^ 3);
        let gradient = input_gradient(&case, &slopes, &weights);
        let (x, slopes) = (Poisoned::new(&x), Poisoned::new(&slopes));
        for instructions in Instructions::available() {
            let on = |error: TestCaseError| TestCaseError::fail(format!("{}: {error}", instructions.name()));
            let forward = PackedConv::forward(g, &weights, given, instructions);
            within(&forward.run(x.numbers(), case.size, output_size, case.relu), &y).map_err(on)?;
            let backward = PackedConv::input_gradient(g, &weights, instructions);
            within(&backward.run(slopes.numbers(), output_size, case.size, false), &gradient).map_err(on)?;
        }
    });
}

/// LeNet, and every Keras layer by default: the convolution that was wrong up to commit 0cf7205 wherever the input has a
/// multiple of 16 pixels, and at full padding its gradient.
#[test]
fn a_convolution_without_padding_sees_the_end_of_the_last_image() {
    for (size, kernel) in [(28, 5), (32, 3), (64, 3), (224, 7), (16, 2), (4, 4)] {
        for padding in [0, kernel - 1] {
            let geometry = ConvGeometry {
                channels_in: 2,
                channels_out: 3,
                kernel: [kernel; 2],
                stride: [1; 2],
                padding: [padding; 4],
                dilation: [1; 2],
                groups: 1,
            };
            let case = ConvCase { geometry, size: [size; 2], batch: 1, bias: false, relu: false, seed: 5 };
            let (x, weights) = (numbers(2 * size * size, 1), numbers(case.weights(), 2));
            let y = output(&case, &x, &weights, &[0.0; 3]);
            let slopes = numbers(y.len(), 3);
            for instructions in Instructions::available() {
                let forward = PackedConv::forward(&case.geometry, &weights, None, instructions);
                within(&forward.run(&x, case.size, case.output(), false), &y).unwrap();
                let backward = PackedConv::input_gradient(&case.geometry, &weights, instructions);
                let gradient = backward.run(&slopes, case.output(), case.size, false);
                within(&gradient, &input_gradient(&case, &slopes, &weights)).unwrap();
            }
        }
    }
}

fn square(channels: usize, size: usize, padding: usize) -> ConvCase {
    let geometry = ConvGeometry {
        channels_in: channels,
        channels_out: 2 * channels,
        kernel: [3; 2],
        stride: [1; 2],
        padding: [padding; 4],
        dilation: [1; 2],
        groups: 1,
    };
    ConvCase { geometry, size: [size; 2], batch: 1, bias: false, relu: false, seed: 0 }
}

#[test]
fn a_kernel_larger_than_the_image_has_no_output() {
    assert_eq!(square(1, 2, 0).geometry.output_size([2, 9]), None);
}

#[test]
fn a_nan_passes_the_relu() {
    let case = square(4, 13, 1);
    let mut x = numbers(4 * 13 * 13, 2);
    x[40] = f32::NAN;
    for instructions in Instructions::available() {
        let conv = PackedConv::forward(&case.geometry, &numbers(case.weights(), 1), None, instructions);
        let y = conv.run(&x, case.size, case.output(), true);
        assert_eq!(y.iter().filter(|y| y.is_nan()).count(), 8 * 9, "{}", instructions.name());
    }
}

/// A sum that lacks a window would be a wrong number that nobody sees.
#[test]
fn a_window_that_ends_outside_the_input_stops_the_computation() {
    let (weights, input) = (numbers(ROWS, 1), numbers(40, 2));
    for instructions in Instructions::available() {
        let sums = |offset: usize| {
            let mut block: Block = [[0.0; COLUMNS]; ROWS];
            instructions.product::<ROWS>(&weights, &input, &[offset], 0..16, WHOLE, &mut block);
            block
        };
        assert!(sums(24)[0][15] == weights[0] * input[39], "{}", instructions.name());
        assert!(std::panic::catch_unwind(|| sums(25)).is_err(), "{}", instructions.name());
    }
}
