//! The frozen operators and Burn's pooling, with their gradients, against their definitions in double precision: on the
//! CPU, and on a GPU where the environment names one, on the same random sizes.

use super::{FrozenConv, FrozenOps, Nonlinearity, Then};
use crate::graph::volume_tests;
use crate::kernels::cpu::tests::conv::{input_gradient, output};
use crate::kernels::cpu::tests::elementwise::{bends_near, definition, function};
use crate::kernels::cpu::tests::geometry::{ConvCase, PoolCase, convolution, pooling};
use crate::kernels::cpu::tests::pool;
use crate::{Device, DeviceChoice, ReluRule, Tensor};
use burn::backend::Dispatch;
use burn::backend::ops::ModuleOps;
use lacuna_tests::child;
use lacuna_tests::precision::{Exact, config, numbers, within};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use std::sync::Arc;

type Checked = Result<(), TestCaseError>;

#[test]
fn on_the_cpu() {
    all(&Device::cpu(), 100_000, &config(), &config());
}

#[test]
fn on_a_gpu() {
    child::passes("kernels::tests::checks");
}

#[test]
#[ignore = "run by on_a_gpu, in a process of its own"]
fn checks() {
    let choice: DeviceChoice = std::env::var("LACUNA_TEST_ADAPTER").unwrap().parse().unwrap();
    let gpu = Device::open(&choice).unwrap();
    assert!(!gpu.is_cpu(), "{choice} opened {}", gpu.name());
    // A software adapter compiles shaders for seconds, some of them for every new convolution.
    let few = |cases: u32| Config { cases: config().cases.min(cases), ..config() };
    for device in [&gpu, &Device::cpu()] {
        all(device, 20_000, &few(12), &few(100));
    }
    println!("{}", child::PASSED);
}

/// Convolutions of at most `most` products. `convolutions` says how many cases of what is slow to compile on a GPU.
fn all(device: &Device, most: usize, convolutions: &Config, others: &Config) {
    let run = |what: &str, config: &Config, checked: &dyn Fn(&mut TestRunner) -> Result<(), String>| {
        let start = std::time::Instant::now();
        checked(&mut TestRunner::new(config.clone()))
            .unwrap_or_else(|why| panic!("{what} on {}: {why}", device.name()));
        println!("{what} on {}: {} cases in {:.1} s", device.name(), config.cases, start.elapsed().as_secs_f64());
    };
    let rule = || prop_oneof![Just(ReluRule::Plain), Just(ReluRule::Guided), Just(ReluRule::Deconvolution)];
    run("convolutions", convolutions, &|runner| {
        let cases = (convolution(most), rule(), any::<bool>());
        runner.run(&cases, |(case, rule, view)| conv(device, &case, rule, view)).map_err(|why| why.to_string())
    });
    run("transposed convolutions", convolutions, &|runner| {
        runner.run(&convolution(most), |case| transposed(device, &case)).map_err(|why| why.to_string())
    });
    run("convolutions of volumes", convolutions, &|runner| {
        runner
            .run(&volume_tests::convolution(), |case| volume_tests::conv(device, &case))
            .map_err(|why| why.to_string())
    });
    run("transposed convolutions of volumes", convolutions, &|runner| {
        let cases = volume_tests::transposition();
        runner.run(&cases, |case| volume_tests::transposed(device, &case)).map_err(|why| why.to_string())
    });
    run("largest numbers of windows", others, &|runner| {
        runner.run(&pooling(), |case| max_pool(device, &case)).map_err(|why| why.to_string())
    });
    run("averages of windows", others, &|runner| {
        let cases = (pooling(), any::<bool>());
        runner.run(&cases, |(case, counts)| average_pool(device, &case, counts)).map_err(|why| why.to_string())
    });
    run("nonlinearities", others, &|runner| {
        let cases = (function(), 1..=300_usize, any::<u64>());
        runner
            .run(&cases, |(function, length, seed)| nonlinearity(device, function, length, seed))
            .map_err(|why| why.to_string())
    });
    run("scale, shift and ReLU", others, &|runner| {
        let cases = (1..=3_usize, 1..=5_usize, 1..=9_usize, 1..=17_usize, rule(), any::<u64>());
        runner
            .run(&cases, |(n, c, h, w, rule, seed)| scale_shift(device, [n, c, h, w], rule, seed))
            .map_err(|why| why.to_string())
    });
}

/// What `operator` makes of x, and the gradient of x where that of the result is `slopes`.
fn forward_and_backward(
    device: &Device,
    (shape, x): ([usize; 4], &[f32]),
    slopes: impl Fn(&[f32]) -> Vec<f32>,
    operator: impl Fn(&Tensor) -> Tensor,
) -> [Vec<f32>; 2] {
    let leaf = Tensor::from_data(device, &shape, x.to_vec()).unwrap().track().unwrap();
    let y = operator(&leaf);
    let found = y.read().unwrap();
    let slopes = Tensor::from_data(device, &y.shape(), slopes(&found)).unwrap();
    let gradients = y.multiply(&slopes).unwrap().sum(&[]).unwrap().backward().unwrap();
    [found, gradients.of_leaf(&leaf).unwrap().read().unwrap()]
}

/// What of `slopes` passes a ReLU that made y.
fn passing(rule: ReluRule, slopes: &[f32], y: &[f32]) -> Vec<f32> {
    let passes = |slope: f32, y: f32| match rule {
        ReluRule::Plain => y > 0.0,
        ReluRule::Guided => y > 0.0 && slope > 0.0,
        ReluRule::Deconvolution => slope > 0.0,
    };
    slopes.iter().zip(y).map(|(slope, y)| if passes(*slope, *y) { *slope } else { 0.0 }).collect()
}

fn frozen(device: &Device, case: &ConvCase, weights: &[f32], bias: &[f32]) -> (Arc<FrozenConv>, [Tensor; 2]) {
    let g = case.geometry.clone();
    if device.is_cpu() {
        let nothing = Tensor::full(device, &[1], 0.0).unwrap();
        return (Arc::new(FrozenConv::on_cpu(g, None, weights, bias)), [nothing.clone(), nothing]);
    }
    let shape = [g.channels_out, g.channels_in / g.groups, g.kernel[0], g.kernel[1]];
    let weight = Tensor::from_data(device, &shape, weights.to_vec()).unwrap();
    let bias = Tensor::from_data(device, &[g.channels_out], bias.to_vec()).unwrap();
    (Arc::new(FrozenConv::on_gpu(g, None)), [weight, bias])
}

/// The images come as they are, or as a view of images whose axes lie the other way round.
fn conv(device: &Device, case: &ConvCase, rule: ReluRule, view: bool) -> Checked {
    let (g, [h, w]) = (&case.geometry, case.size);
    let shape = [case.batch, g.channels_in, h, w];
    let x = numbers(shape.iter().product(), case.seed);
    let (weights, bias) = (numbers(case.weights(), case.seed ^ 1), numbers(g.channels_out, case.seed ^ 2));
    let mut y = output(case, &x, &weights, &bias);
    if case.relu {
        y.iter_mut().for_each(|y| y.value = y.value.max(0.0));
    }
    let slopes = numbers(y.len(), case.seed ^ 3);
    let (frozen, [weight, bias]) = frozen(device, case, &weights, &bias);
    let then = if case.relu { Then::Relu(rule) } else { Then::Nothing };
    let [found, gradient] = forward_and_backward(
        device,
        (shape, &x),
        |_| slopes.clone(),
        |x| {
            let x = match view {
                true => x.permute(&[3, 2, 1, 0]).unwrap().affine(1.0, 0.0).unwrap().permute(&[3, 2, 1, 0]).unwrap(),
                false => x.clone(),
            };
            let (weight, bias) = (weight.primitive(), bias.primitive());
            x.like(Dispatch::frozen_conv(x.primitive(), weight, bias, frozen.clone(), then))
        },
    );
    within(&found, &y)?;
    let slopes = if case.relu { passing(rule, &slopes, &found) } else { slopes };
    within(&gradient, &input_gradient(case, &slopes, &weights))
}

/// The transposed convolution is the gradient of the convolution, and that its gradient.
fn transposed(device: &Device, case: &ConvCase) -> Checked {
    let (g, output_size) = (&case.geometry, case.output());
    let shape = [case.batch, g.channels_out, output_size[0], output_size[1]];
    let x = numbers(shape.iter().product(), case.seed);
    let (weights, zeros) = (numbers(case.weights(), case.seed ^ 1), vec![0.0; g.channels_out]);
    let y = input_gradient(case, &x, &weights);
    let slopes = numbers(y.len(), case.seed ^ 3);
    let (frozen, [weight, zero]) = frozen(device, case, &weights, &zeros);
    let [found, gradient] = forward_and_backward(
        device,
        (shape, &x),
        |_| slopes.clone(),
        |x| {
            let (weight, zero) = (weight.primitive(), zero.primitive());
            x.like(Dispatch::frozen_conv_transpose(x.primitive(), weight, zero, frozen.clone(), case.size.to_vec()))
        },
    );
    within(&found, &y)?;
    within(&gradient, &output(case, &slopes, &weights, &zeros))
}

fn max_pool(device: &Device, case: &PoolCase) -> Checked {
    let shape = [1, case.planes, case.size[0], case.size[1]];
    let x = numbers(shape.iter().product(), case.seed);
    let windows = pool::definition(case, &x);
    let slopes = numbers(windows.len(), case.seed ^ 1);
    let mut expected = vec![Exact::default(); x.len()];
    // A window without a pixel has no number that a GPU could write; the CPU's is tested with its kernel.
    prop_assume!(windows.iter().all(|(number, _)| number.is_finite()));
    for ((_, at), slope) in windows.iter().zip(&slopes) {
        expected[*at].add(f64::from(*slope));
    }
    let [found, gradient] = forward_and_backward(
        device,
        (shape, &x),
        |_| slopes.clone(),
        |x| x.like(Dispatch::max_pool(x.primitive(), case.pool)),
    );
    prop_assert_eq!(found, windows.iter().map(|(number, _)| *number).collect::<Vec<_>>());
    within(&gradient, &expected)
}

/// The mean of each window: of its places on the image, or, where the padding counts, of those on image and padding.
fn average_pool(device: &Device, case: &PoolCase, counts: bool) -> Checked {
    let pool = crate::kernels::MaxPool { dilation: [1, 1], ..case.pool };
    let ([h, w], [height, width]) = (case.size, pool.output_size(case.size).unwrap());
    let shape = [1, case.planes, h, w];
    let x = numbers(shape.iter().product(), case.seed);
    let slopes = numbers(case.planes * height * width, case.seed ^ 1);
    let mut y = vec![Exact::default(); slopes.len()];
    let mut gradient = vec![Exact::default(); x.len()];
    // Where a window begins and ends, with the padding cut off or not.
    let ends = |axis: usize, index: usize, size: usize, counts: bool| {
        let start = (index * pool.stride[axis]) as isize - pool.padding[axis] as isize;
        let end =
            (start + pool.kernel[axis] as isize).min((size + if counts { pool.padding[axis] } else { 0 }) as isize);
        (if counts { start } else { start.max(0) }, end)
    };
    for (index, (y, slope)) in y.iter_mut().zip(&slopes).enumerate() {
        let (plane, row, column) = (index / (height * width), index / width % height, index % width);
        let ((top, bottom), (left, right)) = (ends(0, row, h, counts), ends(1, column, w, counts));
        let count = ((bottom - top) * (right - left)) as f64;
        for (y_at, x_at) in (top..bottom).flat_map(|y| (left..right).map(move |x| (y, x))) {
            if (0..h as isize).contains(&y_at) && (0..w as isize).contains(&x_at) {
                let at = (plane * h + y_at as usize) * w + x_at as usize;
                y.add(f64::from(x[at]) / count);
                gradient[at].add(f64::from(*slope) / count);
            }
        }
    }
    let [found, found_gradient] = forward_and_backward(
        device,
        (shape, &x),
        |_| slopes.clone(),
        |x| {
            let (kernel, stride, padding) = (pool.kernel, pool.stride, pool.padding);
            x.like(Dispatch::avg_pool2d(x.primitive(), kernel, stride, padding, counts, pool.round_up))
        },
    );
    within(&found, &y)?;
    within(&found_gradient, &gradient)
}

fn nonlinearity(device: &Device, function: Nonlinearity, length: usize, seed: u64) -> Checked {
    let x: Vec<f32> =
        numbers(length, seed).into_iter().map(|x| 5.0 * x).filter(|x| !bends_near(function, *x)).collect();
    prop_assume!(!x.is_empty());
    let slopes = numbers(x.len(), seed ^ 1);
    let shape = [1, 1, 1, x.len()];
    let [found, gradient] = forward_and_backward(
        device,
        (shape, &x),
        |_| slopes.clone(),
        |x| x.like(Dispatch::nonlinearity(x.primitive(), function)),
    );
    // Eight roundings on numbers of the size of x and of 1; exponentials of GPUs are good to a few more.
    let terms = if device.is_cpu() { 8 } else { 64 };
    let size = |x: &f32| 1.0 + f64::from(x.abs());
    let y: Vec<Exact> = x.iter().map(|x| Exact::of(definition(function, f64::from(*x))[0], size(x), terms)).collect();
    within(&found, &y)?;
    let steepness = |x: &f32| definition(function, f64::from(*x))[1];
    let expected = x.iter().zip(&slopes).map(|(x, slope)| Exact::of(f64::from(*slope) * steepness(x), size(x), terms));
    within(&gradient, &expected.collect::<Vec<_>>())
}

fn scale_shift(device: &Device, shape: [usize; 4], rule: ReluRule, seed: u64) -> Checked {
    let [_, channels, h, w] = shape;
    let x = numbers(shape.iter().product(), seed);
    let (scale, shift) = (numbers(channels, seed ^ 1), numbers(channels, seed ^ 2));
    let slopes = numbers(x.len(), seed ^ 3);
    let of_channel = |list: &[f32], index: usize| f64::from(list[index / (h * w) % channels]);
    let of = |list: &[f32]| Tensor::from_data(device, &[1, channels, 1, 1], list.to_vec()).unwrap();
    let (scales, shifts) = (of(&scale), of(&shift));
    let [found, gradient] = forward_and_backward(
        device,
        (shape, &x),
        |_| slopes.clone(),
        |x| x.like(Dispatch::scale_shift_relu(x.primitive(), scales.primitive(), shifts.primitive(), rule)),
    );
    let y = x.iter().enumerate().map(|(index, x)| {
        let product = of_channel(&scale, index) * f64::from(*x);
        let shift = of_channel(&shift, index);
        Exact::of((product + shift).max(0.0), product.abs() + shift.abs(), 2)
    });
    within(&found, &y.collect::<Vec<_>>())?;
    let passed = passing(rule, &slopes, &found);
    let expected = passed.iter().enumerate().map(|(index, slope)| {
        let value = of_channel(&scale, index) * f64::from(*slope);
        Exact::of(value, value.abs(), 1)
    });
    within(&gradient, &expected.collect::<Vec<_>>())
}
