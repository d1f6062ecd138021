//! The backward passes of the frozen operators.

use super::operators::ranges;
use super::{FrozenConv, FrozenOps, MaxPool, Nonlinearity, ReluRule, Then};
use crate::interrupt::check_in_backward;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, TensorMetadata};
use std::fmt::Debug;
use std::marker::PhantomData;
use std::sync::Arc;

/// The gradient of an operator's input, from that of its output and from what the forward pass kept.
type GradientOf<B, K> = fn(FloatTensor<B>, K) -> FloatTensor<B>;

/// The backward pass of an operator with one input, which keeps a `K`.
#[derive(Debug)]
struct OneInput<K>(PhantomData<K>);

impl<B: Backend, K: Clone + Send + Debug + 'static> Backward<B, 1> for OneInput<K> {
    type State = (K, GradientOf<B, K>);

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        check_in_backward();
        let gradient = grads.consume::<B>(&ops.node);
        let [Some(parent)] = ops.parents else { return };
        let (kept, gradient_of) = ops.state;
        grads.register::<B>(parent.id, gradient_of(gradient, kept));
    }
}

/// Runs an operator with one input. `forward` gives its output and what `gradient_of` needs of the forward pass.
fn one_input<B: Backend, C: CheckpointStrategy, K: Clone + Send + Debug + 'static>(
    x: FloatTensor<Autodiff<B, C>>,
    forward: impl FnOnce(FloatTensor<B>) -> (FloatTensor<B>, K),
    gradient_of: GradientOf<B, K>,
) -> FloatTensor<Autodiff<B, C>> {
    let node = x.node();
    let (output, kept) = forward(x.into_primitive());
    match Backward::<B, 1>::prepare::<C>(OneInput(PhantomData), [node]).compute_bound().stateful() {
        OpsKind::Tracked(prep) => prep.finish((kept, gradient_of), output),
        OpsKind::UnTracked(prep) => prep.finish(output),
    }
}

impl<B: Backend + FrozenOps, C: CheckpointStrategy> FrozenOps for Autodiff<B, C> {
    fn frozen_conv(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        conv: Arc<FrozenConv>,
        then: Then,
    ) -> FloatTensor<Self> {
        let (weight, bias) = (weight.into_primitive(), bias.into_primitive());
        let forward = |x: FloatTensor<B>| {
            let size: Vec<usize> = x.shape().iter().skip(2).copied().collect();
            let output = B::frozen_conv(x, weight.clone(), bias, conv.clone(), then);
            let relu = match then {
                Then::Nothing => None,
                Then::Relu(rule) => Some((output.clone(), rule)),
            };
            (output, (weight, conv, size, relu))
        };
        one_input::<B, C, _>(x, forward, |gradient, (weight, conv, size, relu)| {
            let gradient = match relu {
                Some((output, rule)) => B::rectified_gradient(gradient, output, rule),
                None => gradient,
            };
            B::frozen_conv_gradient(gradient, weight, conv, size)
        })
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
        let (weight, zeros) = (weight.into_primitive(), zeros.into_primitive());
        let forward = |x| {
            let output = B::frozen_conv_transpose(x, weight.clone(), zeros.clone(), conv.clone(), size);
            (output, (weight, zeros, conv))
        };
        one_input::<B, C, _>(x, forward, |gradient, (weight, zeros, conv)| {
            B::frozen_conv(gradient, weight, zeros, conv, Then::Nothing)
        })
    }

    fn scale_shift_relu(
        x: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        shift: FloatTensor<Self>,
        rule: ReluRule,
    ) -> FloatTensor<Self> {
        let (scale, shift) = (scale.into_primitive(), shift.into_primitive());
        let forward = |x| {
            let output = B::scale_shift_relu(x, scale.clone(), shift, rule);
            (output.clone(), (output, scale, rule))
        };
        one_input::<B, C, _>(x, forward, |gradient, (output, scale, rule)| {
            B::scale_shift_relu_gradient(gradient, output, scale, rule)
        })
    }

    fn ruled_relu(x: FloatTensor<Self>, rule: ReluRule) -> FloatTensor<Self> {
        let forward = |x| {
            let output = B::ruled_relu(x, rule);
            (output.clone(), (output, rule))
        };
        one_input::<B, C, _>(x, forward, |gradient, (output, rule)| B::rectified_gradient(gradient, output, rule))
    }

    fn nonlinearity(x: FloatTensor<Self>, function: Nonlinearity) -> FloatTensor<Self> {
        let forward = |x: FloatTensor<B>| {
            let input = function.keeps_input().then(|| x.clone());
            let output = B::nonlinearity(x, function);
            let kept = input.unwrap_or_else(|| output.clone());
            (output, (kept, function))
        };
        one_input::<B, C, _>(x, forward, |gradient, (kept, function)| {
            B::nonlinearity_gradient(gradient, kept, function)
        })
    }

    fn permuted(x: FloatTensor<Self>, order: Vec<usize>) -> FloatTensor<Self> {
        let forward = |x| (B::permuted(x, order.clone()), order);
        one_input::<B, C, _>(x, forward, |gradient, order| {
            let mut inverse = vec![0; order.len()];
            order.iter().enumerate().for_each(|(to, from)| inverse[*from] = to);
            B::permuted(gradient, inverse)
        })
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
        let forward = |x: FloatTensor<B>| {
            let place = (x.shape(), x.device(), ranges(&x.shape(), axis, from, to));
            (B::part(x, axis, from, to), place)
        };
        one_input::<B, C, _>(x, forward, |gradient, (shape, device, ranges)| {
            let zeros = B::float_zeros(shape, &device, gradient.dtype().into());
            B::float_slice_assign(zeros, &ranges, gradient)
        })
    }

    fn alone(x: FloatTensor<Self>) -> FloatTensor<Self> {
        one_input::<B, C, _>(x, |x| (B::alone(x), ()), |gradient, ()| B::alone(gradient))
    }

    fn max_pool(x: FloatTensor<Self>, pool: MaxPool) -> FloatTensor<Self> {
        let forward = |x: FloatTensor<B>| (B::max_pool(x.clone(), pool), (x, pool));
        one_input::<B, C, _>(x, forward, |gradient, (x, pool)| B::max_pool_gradient(gradient, x, pool))
    }
}
