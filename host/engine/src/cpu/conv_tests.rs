//! The convolution kernels against the definition, on odd sizes.

use super::conv::{ConvGeometry, PackedConv};
use crate::tensor::SplitMix;

fn geometry(
    [channels_in, channels_out]: [usize; 2],
    kernel: usize,
    stride: usize,
    padding: [usize; 4],
    dilation: usize,
    groups: usize,
) -> ConvGeometry {
    ConvGeometry {
        channels_in,
        channels_out,
        kernel: [kernel; 2],
        stride: [stride; 2],
        padding,
        dilation: [dilation; 2],
        groups,
    }
}

/// Kernels, strides, paddings, dilations and groups, with the size of the image.
fn cases() -> Vec<(ConvGeometry, [usize; 2])> {
    vec![
        (geometry([3, 10], 7, 2, [3; 4], 1, 1), [23, 29]),
        (geometry([4, 8], 3, 1, [1; 4], 1, 1), [17, 13]),
        (geometry([8, 16], 1, 1, [0; 4], 1, 1), [14, 14]),
        (geometry([8, 12], 1, 1, [0; 4], 1, 1), [16, 16]),
        (geometry([6, 6], 3, 2, [1; 4], 1, 6), [15, 16]),
        (geometry([4, 6], 3, 1, [2; 4], 2, 2), [12, 11]),
        (geometry([5, 7], 1, 2, [0; 4], 1, 1), [9, 8]),
        (geometry([3, 4], 5, 3, [2; 4], 1, 1), [20, 22]),
        (geometry([2, 9], 3, 2, [0, 1, 1, 0], 1, 1), [13, 13]),
        (geometry([1, 1], 3, 1, [0; 4], 1, 1), [3, 3]),
    ]
}

fn numbers(count: usize, seed: u64) -> Vec<f32> {
    let mut random = SplitMix(seed);
    (0..count).map(|_| random.unit() as f32 - 0.5).collect()
}

/// Calls `see` with the places in output, weights and input that belong together.
fn definition(g: &ConvGeometry, size: [usize; 2], batch: usize, mut see: impl FnMut(usize, usize, usize)) {
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

fn close(found: &[f32], expected: &[f32], what: &ConvGeometry) {
    assert_eq!(found.len(), expected.len(), "{what:?}");
    let error = found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(error < 1e-5, "{what:?}: differs by {error}");
}

#[test]
fn forward_and_input_gradient_follow_the_definition() {
    let batch = 2;
    for (g, size) in cases() {
        let weights = numbers(g.channels_out * g.channels_in / g.groups * g.kernel[0] * g.kernel[1], 1);
        let x = numbers(batch * g.channels_in * size[0] * size[1], 2);
        let output = g.output_size(size).unwrap();
        let mut y = vec![0.0; batch * g.channels_out * output[0] * output[1]];
        definition(&g, size, batch, |o, w, i| y[o] += weights[w] * x[i]);
        close(&PackedConv::forward(&g, &weights, None).run(&x, size, output, false), &y, &g);

        let gradient = numbers(y.len(), 3);
        let mut expected = vec![0.0; x.len()];
        definition(&g, size, batch, |o, w, i| expected[i] += weights[w] * gradient[o]);
        close(&PackedConv::input_gradient(&g, &weights).run(&gradient, output, size, false), &expected, &g);
    }
}

#[test]
fn bias_and_relu_follow_the_sum() {
    let (g, size) = cases().remove(1);
    let weights = numbers(8 * 4 * 9, 1);
    let bias = numbers(8, 5);
    let x = numbers(4 * size[0] * size[1], 2);
    let plain = PackedConv::forward(&g, &weights, None).run(&x, size, size, false);
    let found = PackedConv::forward(&g, &weights, Some(&bias)).run(&x, size, size, true);
    let plane = size[0] * size[1];
    let expected: Vec<f32> = plain.iter().enumerate().map(|(i, sum)| (sum + bias[i / plane]).max(0.0)).collect();
    close(&found, &expected, &g);
    assert!(found.contains(&0.0) && found.iter().any(|x| *x > 0.0));
}

#[test]
fn a_kernel_larger_than_the_image_has_no_output() {
    assert_eq!(geometry([1, 1], 5, 1, [0; 4], 1, 1).output_size([4, 9]), None);
}

#[test]
fn a_nan_passes_the_relu() {
    let (g, size) = cases().remove(1);
    let mut x = numbers(4 * size[0] * size[1], 2);
    x[40] = f32::NAN;
    let y = PackedConv::forward(&g, &numbers(8 * 4 * 9, 1), None).run(&x, size, size, true);
    assert_eq!(y.iter().filter(|y| y.is_nan()).count(), 8 * 9);
}
