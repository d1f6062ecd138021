//! Convolutions of a graph, with their weights laid out for the device: of lines, images and volumes, and transposed.

use super::{Compiler, refused};
use crate::graph::network::Kernel;
use crate::graph::operator::{Depth, Padding, TransposedDepth};
use crate::graph::{Node, Operator};
use crate::kernels::ConvGeometry;
use crate::kernels::{self, FrozenConv};
use crate::{Error, Result, Tensor};
use std::sync::Arc;

impl Compiler<'_> {
    /// A convolution, with the BatchNorm and the ReLU that follow it and read nothing else.
    pub(super) fn conv(&mut self, index: usize) -> Result<usize> {
        let graph = self.graph;
        let node = &graph.nodes[index];
        let Operator::Conv { stride, padding, dilation, groups, depth } = &node.operator else {
            return Err(Error::Model(format!("node `{}` is no convolution", node.name)));
        };
        let (shape, weights) = self.floats(node, 1)?;
        let (line, [channels_out, per_group, kh, kw]) = match (shape, depth) {
            (&[channels_out, per_group, k], None) => (true, [channels_out, per_group, 1, k]),
            (&[channels_out, per_group, kh, kw], None) => (false, [channels_out, per_group, kh, kw]),
            (&[channels_out, per_group, kd, kh, kw], Some(depth)) if depth.kernel == kd => {
                (false, [channels_out, per_group, kh, kw])
            }
            _ => {
                let expected = "(O, I, kh, kw), (O, I, k) for lines, or (O, I, kd, kh, kw) for volumes";
                return Err(refused(node, format!("weights of shape {shape:?}, expected {expected}")));
            }
        };
        let mut weights = weights.to_vec();
        let mut bias = match node.inputs.get(2).filter(|name| !name.is_empty()) {
            Some(_) => self.floats(node, 2)?.1.to_vec(),
            None => vec![0.0; channels_out],
        };
        if bias.len() != channels_out || !channels_out.is_multiple_of(*groups) || weights.is_empty() {
            return Err(refused(
                node,
                format!("{} biases and {groups} groups for {channels_out} output channels", bias.len()),
            ));
        }
        // With a stride, the amounts depend on the size of the image.
        let (padding, same) = match padding {
            Padding::Explicit(amounts) => (*amounts, None),
            same if *stride == [1, 1] && depth.as_ref().is_none_or(|depth| depth.stride == 1) => {
                (same.amounts([64, 64], [kh, kw], *stride, *dilation), None)
            }
            same => ([0; 4], Some(same.clone())),
        };
        let depth = depth.as_ref().map(|depth| along_depth(depth, same.is_some()));
        let slices = depth.map_or(1, |depth| depth.kernel);
        let (mut last, mut used) = (node, 1);
        if let Some(norm) =
            self.joined(index + used, last).filter(|next| matches!(next.operator, Operator::BatchNorm { .. }))
        {
            let (scale, shift) = self.scale_and_shift(norm, channels_out)?;
            let per_channel = weights.len() / channels_out;
            for (channel, weights) in weights.chunks_mut(per_channel).enumerate() {
                weights.iter_mut().for_each(|weight| *weight = (f64::from(*weight) * scale[channel]) as f32);
                bias[channel] = (f64::from(bias[channel]) * scale[channel] + shift[channel]) as f32;
            }
            (last, used) = (norm, used + 1);
        }
        let before = last;
        let relu = self.joined(index + used, last).filter(|next| next.operator == Operator::Relu);
        if let Some(relu) = relu {
            (last, used) = (relu, used + 1);
        }
        let geometry = ConvGeometry {
            channels_in: per_group * slices * groups,
            channels_out,
            kernel: [kh, kw],
            stride: *stride,
            padding,
            dilation: *dilation,
            groups: *groups,
        };
        let kernel = if self.device.is_cpu() {
            let conv = FrozenConv::on_cpu(geometry, depth, &weights, &bias);
            // The packed weights are what the CPU reads; the tensors only stand in for them.
            let nothing = Tensor::full(self.device, &[1], 0.0)?;
            Kernel::Conv {
                conv: Arc::new(conv),
                weight: nothing.clone(),
                bias: nothing,
                relu: relu.is_some(),
                same,
                line,
            }
        } else {
            Kernel::Conv {
                conv: Arc::new(FrozenConv::on_gpu(geometry, depth)),
                weight: Tensor::from_data(self.device, &[channels_out, per_group * slices, kh, kw], weights)?,
                bias: Tensor::from_data(self.device, &[channels_out], bias)?,
                relu: relu.is_some(),
                same,
                line,
            }
        };
        let input = self.input(node, 0)?;
        self.push(&last.name, kernel, vec![Some(input)], last.output());
        if relu.is_some() {
            self.name_before_relu(&before.name);
        }
        Ok(used)
    }

    /// A transposed convolution.
    pub(super) fn conv_transpose(&mut self, node: &Node) -> Result<usize> {
        let Operator::ConvTranspose { stride, padding, output_padding, output_shape, dilation, groups, depth } =
            &node.operator
        else {
            return Err(refused(node, "no transposed convolution".into()));
        };
        let (stride, dilation, groups) = (*stride, *dilation, *groups);
        let (shape, weights) = self.floats(node, 1)?;
        let [channels_in, per_group, kh, kw] = match (shape, depth) {
            (&[channels_in, per_group, kh, kw], None) => [channels_in, per_group, kh, kw],
            (&[channels_in, per_group, kd, kh, kw], Some(depth)) if depth.window.kernel == kd => {
                [channels_in, per_group, kh, kw]
            }
            _ => {
                let expected = "(I, O, kh, kw), or (I, O, kd, kh, kw) for volumes";
                return Err(refused(node, format!("weights of shape {shape:?}, expected {expected}")));
            }
        };
        // ONNX: the result is `stride` times as large as the image, or as large as the file says.
        let upper = *padding == Padding::SameUpper;
        let total = |size: usize, stride: usize, dilation: usize, more: usize| {
            (dilation * (size.max(1) - 1) + 1 + more).saturating_sub(stride)
        };
        // Before and after an axis; `explicit` are the file's own.
        let around = |padding: &Padding, explicit: [usize; 2], total: usize| match padding {
            _ if output_shape.is_some() => [0; 2],
            Padding::Explicit(_) => explicit,
            Padding::SameUpper => [total / 2, total.div_ceil(2)],
            Padding::SameLower => [total.div_ceil(2), total / 2],
        };
        let explicit = |axis: usize| match padding {
            Padding::Explicit(amounts) => [amounts[axis], amounts[axis + 2]],
            _ => [0; 2],
        };
        let side = |axis: usize, size: usize| {
            around(padding, explicit(axis), total(size, stride[axis], dilation[axis], output_padding[axis]))
        };
        let ([top, bottom], [left, right]) = (side(0, kh), side(1, kw));
        let padding = [top, left, bottom, right];
        let of_volume = depth.as_ref().map(|TransposedDepth { window, output_padding, .. }| {
            let Depth { kernel, stride, ref padding, dilation } = *window;
            let amounts = around(padding, window.amounts(1), total(kernel, stride, dilation, *output_padding));
            kernels::Depth { kernel, stride, padding: amounts, dilation }
        });
        let slices = of_volume.map_or(1, |depth| depth.kernel);
        let along = |of_depth: Option<usize>, sides: [usize; 2]| of_depth.into_iter().chain(sides).collect::<Vec<_>>();
        let output_shape = match (output_shape, depth) {
            (None, _) => None,
            (Some(sides), None) => Some((sides.to_vec(), upper)),
            (Some(sides), Some(depth)) => Some((along(depth.output_shape, *sides), upper)),
        };
        let output_padding = along(depth.as_ref().map(|depth| depth.output_padding), *output_padding);
        if weights.is_empty() || !channels_in.is_multiple_of(groups) {
            return Err(refused(node, format!("{groups} groups for {channels_in} input channels")));
        }
        let channels_out = per_group * groups;
        let bias = match node.inputs.get(2).filter(|name| !name.is_empty()) {
            Some(_) => self.floats(node, 2)?.1.to_vec(),
            None => vec![0.0; channels_out],
        };
        if bias.len() != channels_out {
            return Err(refused(node, format!("{} biases for {channels_out} output channels", bias.len())));
        }
        // The convolution whose input gradient this is.
        let geometry = ConvGeometry {
            channels_in: channels_out * slices,
            channels_out: channels_in,
            kernel: [kh, kw],
            stride,
            padding,
            dilation,
            groups,
        };
        let zeros = vec![0.0; channels_in];
        let (conv, weight, zeros) = if self.device.is_cpu() {
            let nothing = Tensor::full(self.device, &[1], 0.0)?;
            (FrozenConv::on_cpu(geometry, of_volume, weights, &zeros), nothing.clone(), nothing)
        } else {
            let weight = Tensor::from_data(self.device, &[channels_in, per_group * slices, kh, kw], weights.to_vec())?;
            (FrozenConv::on_gpu(geometry, of_volume), weight, Tensor::from_data(self.device, &[channels_in], zeros)?)
        };
        let of_channels = [&[1, channels_out], &vec![1; output_padding.len()][..]].concat();
        let bias = Tensor::from_data(self.device, &of_channels, bias)?;
        let kernel = Kernel::ConvTranspose { conv: Arc::new(conv), weight, zeros, bias, output_padding, output_shape };
        let input = self.input(node, 0)?;
        self.push(&node.name, kernel, vec![Some(input)], node.output());
        Ok(1)
    }
}

/// A window along the depth as the kernels have it; without padding where that depends on the size of the volume.
fn along_depth(depth: &Depth, same: bool) -> kernels::Depth {
    // With a stride of 1, every size asks for the same amounts.
    let padding = if same { [0; 2] } else { depth.amounts(64) };
    kernels::Depth { kernel: depth.kernel, stride: depth.stride, padding, dilation: depth.dilation }
}
