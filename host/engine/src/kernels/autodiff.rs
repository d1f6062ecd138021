//! The backward passes of the frozen operators.

use super::{FrozenConv, FrozenOps, MaxPool, Nonlinearity, Then, ranges};
use crate::ReluRule;
use crate::interrupt::check_in_backward;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::{Device, FloatTensor};
use burn::backend::{Autodiff, Backend, TensorMetadata};
use burn::tensor::{Shape, Slice};
use std::sync::Arc;

impl<B: Backend + FrozenOps, C: CheckpointStrategy> FrozenOps for Autodiff<B, C> {
    fn frozen_conv(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        conv: Arc<FrozenConv>,
        then: Then,
    ) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct ConvBackward;
        impl<B: Backend + FrozenOps> Backward<B, 1> for ConvBackward {
            /// Weight, sizes, size of the input, and the output where a ReLU follows.
            type State = (FloatTensor<B>, Arc<FrozenConv>, Vec<usize>, Option<(FloatTensor<B>, ReluRule)>);

            fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
                check_in_backward();
                let gradient = grads.consume::<B>(&ops.node);
                let [Some(parent)] = ops.parents else { return };
                let (weight, conv, size, relu) = ops.state;
                let gradient = match relu {
                    Some((output, rule)) => B::rectified_gradient(gradient, output, rule),
                    None => gradient,
                };
                grads.register::<B>(parent.id, B::frozen_conv_gradient(gradient, weight, conv, size));
            }
        }
        let node = x.node();
        let (weight, bias) = (weight.into_primitive(), bias.into_primitive());
        match ConvBackward.prepare::<C>([node]).compute_bound().stateful() {
            OpsKind::Tracked(prep) => {
                let x = x.into_primitive();
                let size = x.shape().iter().skip(2).copied().collect();
                let output = B::frozen_conv(x, weight.clone(), bias, conv.clone(), then);
                let relu = match then {
                    Then::Nothing => None,
                    Then::Relu(rule) => Some((output.clone(), rule)),
                };
                prep.finish((weight, conv, size, relu), output)
            }
            OpsKind::UnTracked(prep) => prep.finish(B::frozen_conv(x.into_primitive(), weight, bias, conv, then)),
        }
    }

    fn frozen_conv_gradient(
        gradient: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        conv: Arc<FrozenConv>,
        size: Vec<usize>,
    ) -> FloatTensor<Self> {
        // Second derivatives do not exist here: the result is a constant.
        let inner = B::frozen_conv_gradient(gradient.into_primitive(), weight.into_primitive(), conv, size);
        <Self as burn::backend::AutodiffBackend>::from_inner(inner)
    }

    fn frozen_conv_transpose(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        zeros: FloatTensor<Self>,
        conv: Arc<FrozenConv>,
        size: Vec<usize>,
    ) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct TransposeBackward;
        impl<B: Backend + FrozenOps> Backward<B, 1> for TransposeBackward {
            /// Weight, biases of 0, sizes.
            type State = (FloatTensor<B>, FloatTensor<B>, Arc<FrozenConv>);

            fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
                check_in_backward();
                let gradient = grads.consume::<B>(&ops.node);
                let [Some(parent)] = ops.parents else { return };
                let (weight, zeros, conv) = ops.state;
                grads.register::<B>(parent.id, B::frozen_conv(gradient, weight, zeros, conv, Then::Nothing));
            }
        }
        let node = x.node();
        let (weight, zeros) = (weight.into_primitive(), zeros.into_primitive());
        match TransposeBackward.prepare::<C>([node]).compute_bound().stateful() {
            OpsKind::Tracked(prep) => {
                let output =
                    B::frozen_conv_transpose(x.into_primitive(), weight.clone(), zeros.clone(), conv.clone(), size);
                prep.finish((weight, zeros, conv), output)
            }
            OpsKind::UnTracked(prep) => {
                prep.finish(B::frozen_conv_transpose(x.into_primitive(), weight, zeros, conv, size))
            }
        }
    }

    fn scale_shift_relu(
        x: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        shift: FloatTensor<Self>,
        rule: ReluRule,
    ) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct ScaleBackward;
        impl<B: Backend + FrozenOps> Backward<B, 1> for ScaleBackward {
            /// Output, scale, and the rule for the ReLU.
            type State = (FloatTensor<B>, FloatTensor<B>, ReluRule);

            fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
                check_in_backward();
                let gradient = grads.consume::<B>(&ops.node);
                let [Some(parent)] = ops.parents else { return };
                let (output, scale, rule) = ops.state;
                grads.register::<B>(parent.id, B::scale_shift_relu_gradient(gradient, output, scale, rule));
            }
        }
        let node = x.node();
        let (scale, shift) = (scale.into_primitive(), shift.into_primitive());
        match ScaleBackward.prepare::<C>([node]).compute_bound().stateful() {
            OpsKind::Tracked(prep) => {
                let output = B::scale_shift_relu(x.into_primitive(), scale.clone(), shift, rule);
                prep.finish((output.clone(), scale, rule), output)
            }
            OpsKind::UnTracked(prep) => prep.finish(B::scale_shift_relu(x.into_primitive(), scale, shift, rule)),
        }
    }

    fn ruled_relu(x: FloatTensor<Self>, rule: ReluRule) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct ReluBackward;
        impl<B: Backend + FrozenOps> Backward<B, 1> for ReluBackward {
            type State = (FloatTensor<B>, ReluRule);

            fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
                check_in_backward();
                let gradient = grads.consume::<B>(&ops.node);
                let [Some(parent)] = ops.parents else { return };
                let (output, rule) = ops.state;
                grads.register::<B>(parent.id, B::rectified_gradient(gradient, output, rule));
            }
        }
        let node = x.node();
        match ReluBackward.prepare::<C>([node]).compute_bound().stateful() {
            OpsKind::Tracked(prep) => {
                let output = B::ruled_relu(x.into_primitive(), rule);
                prep.finish((output.clone(), rule), output)
            }
            OpsKind::UnTracked(prep) => prep.finish(B::ruled_relu(x.into_primitive(), rule)),
        }
    }

    fn nonlinearity(x: FloatTensor<Self>, function: Nonlinearity) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct NonlinearityBackward;
        impl<B: Backend + FrozenOps> Backward<B, 1> for NonlinearityBackward {
            /// Input or output, as the function needs it.
            type State = (FloatTensor<B>, Nonlinearity);

            fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
                check_in_backward();
                let gradient = grads.consume::<B>(&ops.node);
                let [Some(parent)] = ops.parents else { return };
                let (kept, function) = ops.state;
                grads.register::<B>(parent.id, B::nonlinearity_gradient(gradient, kept, function));
            }
        }
        let node = x.node();
        match NonlinearityBackward.prepare::<C>([node]).compute_bound().stateful() {
            OpsKind::Tracked(prep) => {
                let x = x.into_primitive();
                let output = B::nonlinearity(x.clone(), function);
                let kept = if function.keeps_input() { x } else { output.clone() };
                prep.finish((kept, function), output)
            }
            OpsKind::UnTracked(prep) => prep.finish(B::nonlinearity(x.into_primitive(), function)),
        }
    }

    fn permuted(x: FloatTensor<Self>, order: Vec<usize>) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct PermuteBackward;
        impl<B: Backend + FrozenOps> Backward<B, 1> for PermuteBackward {
            type State = Vec<usize>;

            fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
                check_in_backward();
                let gradient = grads.consume::<B>(&ops.node);
                let [Some(parent)] = ops.parents else { return };
                let mut inverse = vec![0; ops.state.len()];
                ops.state.iter().enumerate().for_each(|(to, from)| inverse[*from] = to);
                grads.register::<B>(parent.id, B::permuted(gradient, inverse));
            }
        }
        let node = x.node();
        match PermuteBackward.prepare::<C>([node]).compute_bound().stateful() {
            OpsKind::Tracked(prep) => {
                let output = B::permuted(x.into_primitive(), order.clone());
                prep.finish(order, output)
            }
            OpsKind::UnTracked(prep) => prep.finish(B::permuted(x.into_primitive(), order)),
        }
    }

    fn tied(x: FloatTensor<Self>, other: FloatTensor<Self>) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct TieBackward;
        impl<B: Backend> Backward<B, 2> for TieBackward {
            type State = ();

            fn backward(self, ops: Ops<Self::State, 2>, grads: &mut Gradients, _: &mut Checkpointer) {
                check_in_backward();
                let gradient = grads.consume::<B>(&ops.node);
                let [Some(parent), _] = ops.parents else { return };
                grads.register::<B>(parent.id, gradient);
            }
        }
        let nodes = [x.node(), other.node()];
        TieBackward.prepare::<C>(nodes).compute_bound().stateless(x.into_primitive())
    }

    fn part(x: FloatTensor<Self>, axis: usize, from: usize, to: usize) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct PartBackward;
        impl<B: Backend + FrozenOps> Backward<B, 1> for PartBackward {
            /// Shape of the whole, its device, and where the part lies in it.
            type State = (Shape, Device<B>, Vec<Slice>);

            fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
                check_in_backward();
                let gradient = grads.consume::<B>(&ops.node);
                let [Some(parent)] = ops.parents else { return };
                let (shape, device, ranges) = ops.state;
                let zeros = B::float_zeros(shape, &device, gradient.dtype().into());
                grads.register::<B>(parent.id, B::float_slice_assign(zeros, &ranges, gradient));
            }
        }
        let node = x.node();
        let x = x.into_primitive();
        let state = (x.shape(), x.device(), ranges(&x.shape(), axis, from, to));
        match PartBackward.prepare::<C>([node]).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish(state, B::part(x, axis, from, to)),
            OpsKind::UnTracked(prep) => prep.finish(B::part(x, axis, from, to)),
        }
    }

    fn alone(x: FloatTensor<Self>) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct AloneBackward;
        impl<B: Backend + FrozenOps> Backward<B, 1> for AloneBackward {
            type State = ();

            fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
                check_in_backward();
                let gradient = grads.consume::<B>(&ops.node);
                let [Some(parent)] = ops.parents else { return };
                grads.register::<B>(parent.id, B::alone(gradient));
            }
        }
        let nodes = [x.node()];
        AloneBackward.prepare::<C>(nodes).compute_bound().stateless(B::alone(x.into_primitive()))
    }

    fn max_pool(x: FloatTensor<Self>, pool: MaxPool) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct PoolBackward;
        impl<B: Backend + FrozenOps> Backward<B, 1> for PoolBackward {
            /// Input, window.
            type State = (FloatTensor<B>, MaxPool);

            fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
                check_in_backward();
                let gradient = grads.consume::<B>(&ops.node);
                let [Some(parent)] = ops.parents else { return };
                let (x, pool) = ops.state;
                grads.register::<B>(parent.id, B::max_pool_gradient(gradient, x, pool));
            }
        }
        let node = x.node();
        match PoolBackward.prepare::<C>([node]).compute_bound().stateful() {
            OpsKind::Tracked(prep) => {
                let x = x.into_primitive();
                let output = B::max_pool(x.clone(), pool);
                prep.finish((x, pool), output)
            }
            OpsKind::UnTracked(prep) => prep.finish(B::max_pool(x.into_primitive(), pool)),
        }
    }
}
