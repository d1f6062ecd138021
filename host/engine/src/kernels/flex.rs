//! The frozen operators on the CPU: Burn's backend Flex, with our kernels on its numbers.

use super::cpu::instructions::Instructions;
use super::cpu::volume::Volumes;
use super::cpu::{nonlinearity, pool, rectify};
use super::depth::{gradient_through_pictures, through_pictures};
use super::{Depth, FrozenConv, FrozenOps, MaxPool, Nonlinearity, ReluRule, Then};
use burn::backend::ops::{ActivationOps, FloatTensorOps, ModuleOps};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Flex, TensorMetadata};
use burn::tensor::TensorData;
use burn_flex::{FlexTensor, Layout};
use std::sync::Arc;

impl FrozenOps for Flex {
    fn frozen_conv(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        conv: Arc<FrozenConv>,
        then: Then,
    ) -> FloatTensor<Self> {
        let relu = matches!(then, Then::Relu(_));
        let unpacked = |x| {
            let y = Self::conv2d(x, weight, Some(bias), conv.options());
            if relu { Self::relu(y) } else { y }
        };
        if let Some(depth) = conv.depth() {
            let volumes = volumes(&conv, depth, &spatial(&x), x.shape()[0]);
            let (Some(packed), Some(volumes)) = (conv.packed(), volumes) else {
                return through_pictures::<Self>(x, depth, unpacked);
            };
            let x = x.to_contiguous();
            let data = match (conv.by_voxel(), volumes.size) {
                (true, [d, h, w]) => packed.forward.run(numbers(&x), [d * h, w], [d * h, w], relu),
                _ => volumes.forward(&packed.forward, numbers(&x), relu),
            };
            return tensor(data, &[&[volumes.batch, volumes.channels_out], &volumes.output[..]].concat());
        }
        let (batch, size) = batch_and_size(&x);
        let (Some(packed), Some(output)) = (conv.packed(), conv.geometry().output_size(size)) else {
            return unpacked(x);
        };
        let x = x.to_contiguous();
        let data = packed.forward.run(numbers(&x), size, output, relu);
        tensor(data, &[batch, conv.geometry().channels_out, output[0], output[1]])
    }

    fn frozen_conv_gradient(
        gradient: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        conv: Arc<FrozenConv>,
        size: Vec<usize>,
    ) -> FloatTensor<Self> {
        let [.., height, width] = size[..] else { return gradient };
        let unpacked = |gradient: FlexTensor| {
            let shape = [gradient.shape()[0], conv.geometry().channels_in, height, width];
            let x = tensor(vec![0.0; shape.iter().product()], &shape);
            Self::conv2d_x_backward(x, weight, gradient, conv.options())
        };
        if let Some(depth) = conv.depth() {
            let volumes = volumes(&conv, depth, &size, gradient.shape()[0]);
            let (Some(packed), Some(volumes)) = (conv.packed(), volumes) else {
                return gradient_through_pictures::<Self>(gradient, depth, size[0], unpacked);
            };
            let gradient = gradient.to_contiguous();
            let data = match (conv.by_voxel(), volumes.size) {
                (true, [d, h, w]) => packed.gradient.run(numbers(&gradient), [d * h, w], [d * h, w], false),
                _ => volumes.gradient(&packed.gradient, numbers(&gradient)),
            };
            return tensor(data, &[&[volumes.batch, volumes.channels_in], &volumes.size[..]].concat());
        }
        let (batch, output) = batch_and_size(&gradient);
        let Some(packed) = conv.packed() else { return unpacked(gradient) };
        let gradient = gradient.to_contiguous();
        let data = packed.gradient.run(numbers(&gradient), output, [height, width], false);
        tensor(data, &[batch, conv.geometry().channels_in, height, width])
    }

    fn scale_shift_relu(
        x: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        shift: FloatTensor<Self>,
        _: ReluRule,
    ) -> FloatTensor<Self> {
        let (batch, size) = batch_and_size(&x);
        let (x, scale, shift) = (x.to_contiguous(), scale.to_contiguous(), shift.to_contiguous());
        let channels = x.shape()[1];
        let (plane, instructions) = (size[0] * size[1], Instructions::chosen());
        let data = rectify::scale_shift_relu(numbers(&x), numbers(&scale), numbers(&shift), plane, instructions);
        tensor(data, &[batch, channels, size[0], size[1]])
    }

    fn scale_shift_relu_gradient(
        gradient: FloatTensor<Self>,
        output: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        rule: ReluRule,
    ) -> FloatTensor<Self> {
        let (gradient, output, scale) = (gradient.to_contiguous(), output.to_contiguous(), scale.to_contiguous());
        let plane = output.shape().iter().skip(2).product();
        like(&output, rectify::gradient(numbers(&gradient), numbers(&output), Some(numbers(&scale)), plane, rule))
    }

    fn rectified_gradient(gradient: FloatTensor<Self>, output: FloatTensor<Self>, rule: ReluRule) -> FloatTensor<Self> {
        let (gradient, output) = (gradient.to_contiguous(), output.to_contiguous());
        like(&output, rectify::gradient(numbers(&gradient), numbers(&output), None, 1 << 14, rule))
    }

    fn nonlinearity(x: FloatTensor<Self>, function: Nonlinearity) -> FloatTensor<Self> {
        let x = x.to_contiguous();
        like(&x, nonlinearity::apply(function, numbers(&x)))
    }

    fn nonlinearity_gradient(
        gradient: FloatTensor<Self>,
        kept: FloatTensor<Self>,
        function: Nonlinearity,
    ) -> FloatTensor<Self> {
        let (gradient, kept) = (gradient.to_contiguous(), kept.to_contiguous());
        like(&gradient, nonlinearity::gradient(function, numbers(&gradient), numbers(&kept)))
    }

    /// As a view, whose axes of size 1 have the strides that they have in a copy. Burn 0.22.1 leaves them as they were: its
    /// reductions then take the view for a copy, go by those strides, and read other numbers.
    fn permuted(x: FloatTensor<Self>, order: Vec<usize>) -> FloatTensor<Self> {
        let x = Self::float_permute(x, &order);
        let layout = x.layout();
        let mut strides = layout.strides().to_vec();
        let mut after = 1;
        for (stride, size) in strides.iter_mut().zip(layout.shape().iter()).rev() {
            match size {
                1 => *stride = after,
                size => after = (*stride * *size as isize).abs().max(1),
            }
        }
        let layout = Layout::new(layout.shape().clone(), strides, layout.start_offset());
        x.with_layout(layout)
    }

    fn alone(x: FloatTensor<Self>) -> FloatTensor<Self> {
        let elements = x.layout().num_elements();
        if x.storage::<f32>().len() == elements {
            return x;
        }
        let x = x.to_contiguous();
        match x.storage::<f32>().len() == elements {
            true => x,
            false => like(&x, numbers(&x).to_vec()),
        }
    }

    fn max_pool(x: FloatTensor<Self>, pool: MaxPool) -> FloatTensor<Self> {
        let (batch, size) = batch_and_size(&x);
        let Some(output) = pool.output_size(size) else {
            return Self::max_pool2d(x, pool.kernel, pool.stride, pool.padding, pool.dilation, pool.round_up);
        };
        let x = x.to_contiguous();
        let channels = x.shape()[1];
        tensor(pool::forward(&pool, numbers(&x), size, output), &[batch, channels, output[0], output[1]])
    }

    fn max_pool_gradient(gradient: FloatTensor<Self>, x: FloatTensor<Self>, pool: MaxPool) -> FloatTensor<Self> {
        let ((_, size), (_, output)) = (batch_and_size(&x), batch_and_size(&gradient));
        let (gradient, x) = (gradient.to_contiguous(), x.to_contiguous());
        like(&x, pool::gradient(&pool, numbers(&gradient), numbers(&x), size, output))
    }
}

/// N, and (H, W), of (N, C, H, W).
fn batch_and_size(x: &FlexTensor) -> (usize, [usize; 2]) {
    let shape = x.shape();
    (shape[0], [shape[2], shape[3]])
}

/// The numbers of a contiguous tensor.
fn numbers(x: &FlexTensor) -> &[f32] {
    let start = x.layout().start_offset();
    &x.storage::<f32>()[start..start + x.layout().num_elements()]
}

fn tensor(data: Vec<f32>, shape: &[usize]) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(data, shape.to_vec()))
}

/// The sizes of the spatial axes.
fn spatial(x: &FlexTensor) -> Vec<usize> {
    x.shape().iter().skip(2).copied().collect()
}

/// Sizes of a convolution of so many volumes; none where the kernel does not fit.
fn volumes<'a>(conv: &FrozenConv, depth: &'a Depth, size: &[usize], batch: usize) -> Option<Volumes<'a>> {
    let output = conv.output_size(size)?.try_into().ok()?;
    let (channels_in, channels_out) = (conv.channels_in(), conv.geometry().channels_out);
    Some(Volumes { depth, batch, channels_in, channels_out, size: size.try_into().ok()?, output })
}

/// `data` in the shape of `x`.
fn like(x: &FlexTensor, data: Vec<f32>) -> FlexTensor {
    let shape: Vec<usize> = x.shape().iter().copied().collect();
    FlexTensor::from_data(TensorData::new(data, shape))
}
