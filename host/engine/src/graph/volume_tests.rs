//! Convolutions and pooling of volumes (N, C, D, H, W), with their gradients, against plain loops in double precision.

use super::operator::{Depth, Operator, Padding, Pool, TransposedDepth};
use super::{Array, Graph, Node, compile};
use crate::kernels::ConvGeometry;
use crate::kernels::cpu::tests::geometry::{Axis, axis};
use crate::kernels::{self, FrozenConv, FrozenOps, Then};
use crate::{Device, ReluRule, Tensor};
use burn::backend::Dispatch;
use lacuna_tests::precision::{Exact, config, numbers, within};
use proptest::prelude::*;
use std::collections::HashMap;
use std::sync::Arc;

type Checked = Result<(), TestCaseError>;

/// How the padding is written in the file.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Written {
    Amounts,
    SameUpper,
    SameLower,
}

fn written() -> impl Strategy<Value = Written> {
    prop_oneof![3 => Just(Written::Amounts), 1 => Just(Written::SameUpper), 1 => Just(Written::SameLower)]
}

/// The extent of a window, from its first tap to its last, inclusive.
fn reach(axis: &Axis) -> usize {
    axis.dilation * (axis.kernel - 1) + 1
}

/// Windows along an axis.
fn windows(axis: &Axis) -> usize {
    (axis.size + axis.before + axis.after - reach(axis)) / axis.stride + 1
}

/// The place that a tap of a window meets.
fn place(axis: &Axis, window: usize, tap: usize) -> Option<usize> {
    (window * axis.stride + tap * axis.dilation).checked_sub(axis.before).filter(|at| *at < axis.size)
}

/// Three axes, short enough that many cases can be tried.
fn axes() -> impl Strategy<Value = [Axis; 3]> {
    let short = || {
        axis().prop_map(|a| {
            let kernel = a.kernel.min(4);
            let reach = a.dilation * (kernel - 1) + 1;
            let (before, after) = (a.before.min(reach), a.after.min(reach));
            let size = (1 + a.size % 8).max(reach.saturating_sub(before + after));
            Axis { size, kernel, before, after, ..a }
        })
    };
    let work = |axes: &[Axis; 3]| axes.iter().map(|a| (a.size + a.before + a.after) * a.kernel).product::<usize>();
    [short(), short(), short()].prop_filter("not too many products", move |axes| work(axes) <= 60_000)
}

/// The amounts that keep size / stride, the odd one at the end or at the beginning.
fn padded(axis: Axis, written: Written) -> Axis {
    let wanted = (axis.size.div_ceil(axis.stride) - 1) * axis.stride + reach(&axis);
    let total = wanted.saturating_sub(axis.size);
    match written {
        Written::Amounts => axis,
        Written::SameUpper => Axis { before: total / 2, after: total - total / 2, ..axis },
        Written::SameLower => Axis { before: total - total / 2, after: total / 2, ..axis },
    }
}

/// The padding of rows and columns, and that of the depth.
fn paddings([d, h, w]: &[Axis; 3], written: Written) -> [Padding; 2] {
    match written {
        Written::Amounts => [[h.before, w.before, h.after, w.after], [d.before, 0, d.after, 0]].map(Padding::Explicit),
        Written::SameUpper => [Padding::SameUpper, Padding::SameUpper],
        Written::SameLower => [Padding::SameLower, Padding::SameLower],
    }
}

fn depth(axis: &Axis, padding: Padding) -> Depth {
    Depth { kernel: axis.kernel, stride: axis.stride, padding, dilation: axis.dilation }
}

/// Groups, and the channels of each of them in x and y.
#[derive(Clone, Copy, Debug)]
struct Channels {
    batch: usize,
    groups: usize,
    ins: usize,
    outs: usize,
}

fn channels() -> impl Strategy<Value = Channels> {
    (1..=2_usize, prop_oneof![2 => Just(1), 1 => 1..=3_usize], 1..=3_usize, 1..=4_usize)
        .prop_map(|(batch, groups, ins, outs)| Channels { batch, groups, ins, outs })
}

/// Every place along three axes.
fn all(sizes: [usize; 3]) -> impl Iterator<Item = [usize; 3]> {
    let [d, h, w] = sizes;
    (0..d * h * w).map(move |at| [at / (h * w), at / w % h, at % w])
}

fn flat(channel: usize, places: [usize; 3], sizes: [usize; 3]) -> usize {
    places.iter().zip(sizes).fold(channel, |at, (place, size)| at * size + place)
}

/// Calls `see` with the places in y, weights (O, I / groups, kd, kh, kw) and x that a convolution brings together.
fn definition(axes: &[Axis; 3], c: Channels, mut see: impl FnMut(usize, usize, usize)) {
    let sizes = axes.map(|axis| axis.size);
    let (made, kernel) = (axes.map(|axis| windows(&axis)), axes.map(|axis| axis.kernel));
    for window in all(made) {
        for tap in all(kernel) {
            let meets = [0, 1, 2].map(|axis| place(&axes[axis], window[axis], tap[axis]));
            let [Some(d), Some(h), Some(w)] = meets else { continue };
            for (n, o) in (0..c.batch).flat_map(|n| (0..c.outs * c.groups).map(move |o| (n, o))) {
                for i in 0..c.ins {
                    let from = (n * c.groups + o / c.outs) * c.ins + i;
                    let to = n * c.outs * c.groups + o;
                    see(flat(to, window, made), flat(o * c.ins + i, tap, kernel), flat(from, [d, h, w], sizes));
                }
            }
        }
    }
}

/// A network of `operator`, with arrays as its inputs 1, 2, and so on, and a ReLU behind it.
fn network(device: &Device, operator: Operator, arrays: &[(Vec<usize>, &[f32])], relu: bool) -> super::Network {
    let names: Vec<String> = (1..=arrays.len()).map(|number| number.to_string()).collect();
    let inputs = std::iter::once("x".to_owned()).chain(names.iter().cloned()).collect();
    let node = |name: &str, operator, inputs, output: &str| Node {
        name: name.into(),
        operator,
        inputs,
        outputs: vec![output.into()],
    };
    let mut nodes = vec![node("node", operator, inputs, "y")];
    if relu {
        nodes.push(node("relu", Operator::Relu, vec!["y".into()], "z"));
    }
    let constants: HashMap<String, Array> =
        names.into_iter().zip(arrays.iter().map(|(shape, data)| Array::floats(shape.clone(), data.to_vec()))).collect();
    let output = if relu { "z" } else { "y" };
    compile(Graph { input: "x".into(), output: output.into(), nodes, constants, declared: None }, device).unwrap()
}

/// What `run` makes of x, and the gradient of x where that of the result is `slopes`. x comes as it is, or as a view.
fn forward_and_backward(
    device: &Device,
    (shape, x): (&[usize], &[f32]),
    seed: u64,
    run: impl Fn(&Tensor) -> Tensor,
) -> (Tensor, Vec<f32>, Vec<f32>) {
    let leaf = Tensor::from_data(device, shape, x.to_vec()).unwrap().track().unwrap();
    let seen = match seed % 2 {
        0 => leaf.clone(),
        _ => {
            let turned = leaf.permute(&[4, 2, 1, 3, 0]).unwrap().affine(1.0, 0.0).unwrap();
            turned.permute(&[4, 2, 1, 3, 0]).unwrap()
        }
    };
    let y = run(&seen);
    let slopes = numbers(y.elements(), seed ^ 3);
    let of_y = Tensor::from_data(device, &y.shape(), slopes.clone()).unwrap();
    let gradient = y.multiply(&of_y).unwrap().sum(&[]).unwrap().backward().unwrap().of_leaf(&leaf).unwrap();
    (y.detach().unwrap(), slopes, gradient.read().unwrap())
}

fn volume(planes: [usize; 2], axes: [usize; 3]) -> Vec<usize> {
    [&planes[..], &axes].concat()
}

/// A convolution of a few volumes.
#[derive(Clone, Debug)]
pub(crate) struct ConvCase {
    axes: [Axis; 3],
    channels: Channels,
    written: Written,
    relu: bool,
    seed: u64,
}

pub(crate) fn convolution() -> impl Strategy<Value = ConvCase> {
    (axes(), channels(), written(), any::<bool>(), any::<u64>()).prop_map(|(axes, channels, written, relu, seed)| {
        let axes = axes.map(|axis| padded(axis, written));
        ConvCase { axes, channels, written, relu, seed }
    })
}

/// Checks a convolution as a network, and as a GPU computes it with the device's own convolution of pictures.
pub(crate) fn conv(device: &Device, case: &ConvCase) -> Checked {
    let ConvCase { axes, channels: c, written, relu, seed } = case.clone();
    let [d, h, w] = axes;
    let (kernel, made) = (axes.map(|axis| axis.kernel), axes.map(|axis| windows(&axis)));
    let shape = volume([c.batch, c.ins * c.groups], axes.map(|axis| axis.size));
    let of_weights = volume([c.outs * c.groups, c.ins], kernel);
    let x = numbers(shape.iter().product(), seed);
    let (weights, bias) = (numbers(of_weights.iter().product(), seed ^ 1), numbers(c.outs * c.groups, seed ^ 2));
    let plane = made.iter().product::<usize>();
    let mut y = vec![Exact::default(); c.batch * bias.len() * plane];
    definition(&axes, c, |o, w, i| y[o].add(f64::from(weights[w]) * f64::from(x[i])));
    y.iter_mut().enumerate().for_each(|(at, y)| y.add(f64::from(bias[at / plane % bias.len()])));
    if relu {
        y.iter_mut().for_each(|y| y.value = y.value.max(0.0));
    }
    let [padding, along] = paddings(&axes, written);
    let (stride, dilation) = ([h.stride, w.stride], [h.dilation, w.dilation]);
    let operator = Operator::Conv { stride, padding, dilation, groups: c.groups, depth: Some(depth(&d, along)) };
    let network = network(device, operator, &[(of_weights, &weights), (vec![bias.len()], &bias)], relu);
    let check = |run: &dyn Fn(&Tensor) -> Tensor| -> Checked {
        let (found, slopes, gradient) = forward_and_backward(device, (&shape, &x), seed, run);
        prop_assert_eq!(found.shape(), volume([c.batch, bias.len()], made));
        let found = found.read().unwrap();
        within(&found, &y)?;
        let passed = |at: usize| if relu && found[at] <= 0.0 { 0.0 } else { f64::from(slopes[at]) };
        let mut expected = vec![Exact::default(); x.len()];
        definition(&axes, c, |o, w, i| expected[i].add(f64::from(weights[w]) * passed(o)));
        within(&gradient, &expected)
    };
    check(&|x| network.run(x, ReluRule::Plain).unwrap())?;
    if !device.is_cpu() {
        return Ok(());
    }
    let geometry = ConvGeometry {
        channels_in: c.ins * c.groups * d.kernel,
        channels_out: bias.len(),
        kernel: [h.kernel, w.kernel],
        stride,
        padding: [h.before, w.before, h.after, w.after],
        dilation,
        groups: c.groups,
    };
    let along =
        kernels::Depth { kernel: d.kernel, stride: d.stride, padding: [d.before, d.after], dilation: d.dilation };
    let flat = [bias.len(), c.ins * d.kernel, h.kernel, w.kernel];
    let weight = Tensor::from_data(device, &flat, weights.clone()).unwrap();
    let biases = Tensor::from_data(device, &[bias.len()], bias.clone()).unwrap();
    let conv = Arc::new(FrozenConv::on_gpu(geometry, Some(along)));
    let then = if relu { Then::Relu(ReluRule::Plain) } else { Then::Nothing };
    check(&|x| {
        let (weight, bias) = (weight.primitive(), biases.primitive());
        x.like(Dispatch::frozen_conv(x.primitive(), weight, bias, conv.clone(), then))
    })
}

#[test]
fn convolutions_of_volumes_follow_the_definition() {
    proptest!(config(), |(case in convolution())| conv(&Device::cpu(), &case)?);
}

/// A transposed convolution: the convolution leads from its result to x.
#[derive(Clone, Debug)]
pub(crate) struct TransposedCase {
    /// Sizes of the result; x has as many numbers as there are windows.
    axes: [Axis; 3],
    output_padding: [usize; 3],
    channels: Channels,
    /// Whether the file names the shape of the result, where that asks for the same padding.
    named: bool,
    seed: u64,
}

pub(crate) fn transposition() -> impl Strategy<Value = TransposedCase> {
    let more = prop::array::uniform3(any::<u8>());
    let cases = (axes(), channels(), more, any::<bool>(), any::<u64>());
    let case = |(mut axes, channels, more, named, seed): ([Axis; 3], Channels, [u8; 3], bool, u64)| {
        let mut output_padding = more.map(usize::from);
        for (axis, more) in axes.iter_mut().zip(&mut output_padding) {
            let (from, most) = (axis.size.min(6), reach(axis) - 1);
            (axis.before, axis.after) = (axis.before.min(most / 2), axis.after.min(most - most / 2));
            *more %= axis.stride;
            axis.size = ((from - 1) * axis.stride + most + 1 + *more).saturating_sub(axis.before + axis.after);
        }
        // The odd one of what is cut at the beginning.
        let named = named && axes.iter().all(|axis| axis.before == (axis.before + axis.after).div_ceil(2));
        TransposedCase { axes, output_padding, channels, named, seed }
    };
    cases.prop_map(case).prop_filter("a result", |case| case.axes.iter().all(|axis| axis.size > 0))
}

pub(crate) fn transposed(device: &Device, case: &TransposedCase) -> Checked {
    let TransposedCase { axes, output_padding, channels: c, named, seed } = case.clone();
    let [d, h, w] = axes;
    let shape = volume([c.batch, c.outs * c.groups], axes.map(|axis| windows(&axis)));
    let of_weights = volume([c.outs * c.groups, c.ins], axes.map(|axis| axis.kernel));
    let x = numbers(shape.iter().product(), seed);
    let (weights, bias) = (numbers(of_weights.iter().product(), seed ^ 1), numbers(c.ins * c.groups, seed ^ 2));
    let sizes = axes.map(|axis| axis.size);
    let plane = sizes.iter().product::<usize>();
    let mut y = vec![Exact::default(); c.batch * bias.len() * plane];
    definition(&axes, c, |o, w, i| y[i].add(f64::from(weights[w]) * f64::from(x[o])));
    y.iter_mut().enumerate().for_each(|(at, y)| y.add(f64::from(bias[at / plane % bias.len()])));
    let [padding, along] = match named {
        true => [Padding::SameLower, Padding::SameLower],
        false => paddings(&axes, Written::Amounts),
    };
    let operator = Operator::ConvTranspose {
        stride: [h.stride, w.stride],
        padding,
        output_padding: [output_padding[1], output_padding[2]],
        output_shape: named.then_some([h.size, w.size]),
        dilation: [h.dilation, w.dilation],
        groups: c.groups,
        depth: Some(TransposedDepth {
            window: depth(&d, along),
            output_padding: output_padding[0],
            output_shape: named.then_some(d.size),
        }),
    };
    let network = network(device, operator, &[(of_weights, &weights), (vec![bias.len()], &bias)], false);
    let run = |x: &Tensor| network.run(x, ReluRule::Plain).unwrap();
    let (found, slopes, gradient) = forward_and_backward(device, (&shape, &x), seed, run);
    prop_assert_eq!(found.shape(), volume([c.batch, bias.len()], sizes));
    within(&found.read().unwrap(), &y)?;
    let mut expected = vec![Exact::default(); x.len()];
    definition(&axes, c, |o, w, i| expected[o].add(f64::from(weights[w]) * f64::from(slopes[i])));
    within(&gradient, &expected)
}

#[test]
fn transposed_convolutions_of_volumes_follow_the_definition() {
    proptest!(config(), |(case in transposition())| transposed(&Device::cpu(), &case)?);
}

/// As many windows as ONNX and PyTorch have: one that is rounded up to begins on a pixel or on the padding before it.
fn pooled(axis: &Axis, round_up: bool) -> usize {
    let mut count = windows(axis);
    let ends = |count: usize| (count - 1) * axis.stride + reach(axis);
    if round_up && ends(count) < axis.size + axis.before + axis.after && count * axis.stride < axis.size + axis.before {
        count += 1;
    }
    count
}

fn pool(axes: &[Axis; 3], written: Written, round_up: bool) -> Pool {
    let [padding, along] = paddings(axes, written);
    let [d, h, w] = axes;
    Pool {
        line: false,
        depth: Some(depth(d, along)),
        kernel: [h.kernel, w.kernel],
        stride: [h.stride, w.stride],
        padding,
        dilation: [h.dilation, w.dilation],
        round_up,
    }
}

/// Windows of which each meets the volume.
fn pooling() -> impl Strategy<Value = ([Axis; 3], Written, bool)> {
    let one = |axis: Axis| {
        let most = axis.kernel.div_ceil(2) - 1;
        let size = axis.size.max(reach(&axis));
        Axis { size, before: axis.before.min(most), after: axis.after.min(most), ..axis }
    };
    (axes(), written(), any::<bool>()).prop_map(move |(axes, written, round_up)| {
        let written = if round_up { Written::Amounts } else { written };
        (axes.map(one).map(|axis| padded(axis, written)), written, round_up)
    })
}

#[test]
fn largest_numbers_of_windows_of_volumes_follow_the_definition() {
    proptest!(config(), |((axes, written, round_up) in pooling(), planes in 1..=3_usize, seed: u64)| {
        let (sizes, made) = (axes.map(|axis| axis.size), axes.map(|axis| pooled(&axis, round_up)));
        let shape = volume([1, planes], sizes);
        // Few different numbers, so that the first of several largest ones counts.
        let x: Vec<f32> = numbers(shape.iter().product(), seed).iter().map(|x| (3.0 * x).round()).collect();
        let network = network(&Device::cpu(), Operator::MaxPool(pool(&axes, written, round_up)), &[], false);
        let run = |x: &Tensor| network.run(x, ReluRule::Plain).unwrap();
        let (found, slopes, gradient) = forward_and_backward(&Device::cpu(), (&shape, &x), seed, run);
        prop_assert_eq!(found.shape(), volume([1, planes], made));
        let (mut y, mut expected) = (Vec::new(), vec![Exact::default(); x.len()]);
        for (plane, window) in (0..planes).flat_map(|plane| all(made).map(move |window| (plane, window))) {
            let mut best: Option<usize> = None;
            for tap in all(axes.map(|axis| axis.kernel)) {
                let meets = [0, 1, 2].map(|axis| place(&axes[axis], window[axis], tap[axis]));
                let [Some(d), Some(h), Some(w)] = meets else { continue };
                let at = flat(plane, [d, h, w], sizes);
                best = best.filter(|best| x[*best] >= x[at]).or(Some(at));
            }
            let best = best.unwrap();
            expected[best].add(f64::from(slopes[y.len()]));
            y.push(x[best]);
        }
        prop_assert_eq!(found.read().unwrap(), y);
        within(&gradient, &expected)?;
    });
}

#[test]
fn averages_of_windows_of_volumes_follow_the_definition() {
    proptest!(config(), |((axes, written, round_up) in pooling(), planes in 1..=3_usize, counted: bool, seed: u64)| {
        let axes = axes.map(|axis| padded(Axis { dilation: 1, ..axis }, written));
        let (sizes, made) = (axes.map(|axis| axis.size), axes.map(|axis| pooled(&axis, round_up)));
        let shape = volume([1, planes], sizes);
        let x = numbers(shape.iter().product(), seed);
        let operator = Operator::AveragePool { pool: pool(&axes, written, round_up), count_padding: counted };
        let network = network(&Device::cpu(), operator, &[], false);
        let run = |x: &Tensor| network.run(x, ReluRule::Plain).unwrap();
        let (found, slopes, gradient) = forward_and_backward(&Device::cpu(), (&shape, &x), seed, run);
        prop_assert_eq!(found.shape(), volume([1, planes], made));
        // Along an axis, the places of a window that count: those on the volume, or also those on the padding.
        let count = |axis: &Axis, window: usize| {
            let all = (0..axis.kernel).map(|tap| window * axis.stride + tap);
            let (from, to) = if counted { (0, axis.before + axis.size + axis.after) } else { (axis.before, axis.before + axis.size) };
            all.filter(|at| (from..to).contains(at)).count()
        };
        // Two means, each with its factor.
        let of_means = Exact::of(0.0, 0.0, 8);
        let (mut y, mut expected) = (vec![of_means; slopes.len()], vec![of_means; x.len()]);
        for (plane, window) in (0..planes).flat_map(|plane| all(made).map(move |window| (plane, window))) {
            let total = [0, 1, 2].map(|axis| count(&axes[axis], window[axis])).iter().product::<usize>() as f64;
            let to = flat(plane, window, made);
            for tap in all(axes.map(|axis| axis.kernel)) {
                let meets = [0, 1, 2].map(|axis| place(&axes[axis], window[axis], tap[axis]));
                let [Some(d), Some(h), Some(w)] = meets else { continue };
                let at = flat(plane, [d, h, w], sizes);
                y[to].add(f64::from(x[at]) / total);
                expected[at].add(f64::from(slopes[to]) / total);
            }
        }
        within(&found.read().unwrap(), &y)?;
        within(&gradient, &expected)?;
    });
}

#[test]
fn what_does_not_fit_a_volume_is_refused() {
    let along = Depth { kernel: 3, stride: 1, padding: Padding::Explicit([0; 4]), dilation: 1 };
    let operator = Operator::Conv {
        stride: [1, 1],
        padding: Padding::Explicit([0; 4]),
        dilation: [1, 1],
        groups: 1,
        depth: Some(along.clone()),
    };
    let weights = [0.5; 54];
    let network = network(&Device::cpu(), operator, &[(vec![1, 2, 3, 3, 3], &weights)], false);
    for shape in [&[1, 2, 3, 3][..], &[1, 1, 3, 3, 3], &[1, 2, 2, 3, 3], &[1, 2, 3, 3, 2], &[1, 2, 3, 3, 3, 1]] {
        let x = Tensor::full(&Device::cpu(), shape, 1.0).unwrap();
        let error = network.run(&x, ReluRule::Plain).unwrap_err().to_string();
        assert!(error.contains("node `node` (Conv): a value of shape") && error.contains("(N, 2, D, H, W)"), "{error}");
    }
    let window = Pool {
        line: false,
        depth: Some(along),
        kernel: [3, 3],
        stride: [1, 1],
        padding: Padding::Explicit([0; 4]),
        dilation: [1, 1],
        round_up: false,
    };
    let network = self::network(&Device::cpu(), Operator::MaxPool(window), &[], false);
    for shape in [&[1, 2, 3, 3][..], &[1, 2, 2, 3, 3], &[1, 2, 3, 2, 3]] {
        let x = Tensor::full(&Device::cpu(), shape, 1.0).unwrap();
        let error = network.run(&x, ReluRule::Plain).unwrap_err().to_string();
        assert!(error.contains("node `node` (MaxPool): a value of shape"), "{error}");
    }
}
