//! `tensors`: arrays on the device.

use super::{
    cost::{Cost, PRODUCT, broadcast, bytes_of, in_order, last_two, spatial},
    fault::{Fault, check_length, dimensions, sizes},
    handles::TensorHandle,
};
use crate::{
    bindings::method::lacuna::explain::tensors::{Host, HostTensor, Interpolation},
    run::{meter::Group, state::PluginState},
};
use lacuna_engine::{self as engine, MAX_RANK, Tensor};
use wasmtime::component::Resource;

type Handle = Resource<TensorHandle>;
type Made = Result<Handle, Fault>;

/// Bytes of a tensor in the gradient graph that one call works on at most on a CPU: 512 x 512 x 512 numbers. Burn takes about 2 s for
/// them, measured on two cores.
const LARGEST_TRACKED: u64 = 512 << 20;
/// Tensors that one call joins at most.
const MOST_PARTS: usize = 1 << 16;

impl Host for PluginState {}

impl HostTensor for PluginState {
    fn full(&mut self, shape: Vec<u32>, value: f32) -> Made {
        self.create("tensor.full", &shape, |device, shape| Tensor::full(device, shape, value))
    }

    fn from_data(&mut self, shape: Vec<u32>, data: Vec<f32>) -> Made {
        self.create("tensor.from-data", &shape, |device, shape| Tensor::from_data(device, shape, data))
    }

    fn uniform(&mut self, shape: Vec<u32>, low: f32, high: f32, seed: u64) -> Made {
        self.create("tensor.uniform", &shape, |device, shape| Tensor::uniform(device, shape, low, high, seed))
    }

    fn normal(&mut self, shape: Vec<u32>, mean: f32, deviation: f32, seed: u64) -> Made {
        self.create("tensor.normal", &shape, |device, shape| Tensor::normal(device, shape, mean, deviation, seed))
    }

    fn concatenate(&mut self, parts: Vec<Handle>, dimension: u32) -> Made {
        check_length("tensor.concatenate", "parts", parts.len(), MOST_PARTS)?;
        let parts = parts.iter().map(|part| self.tensor(part)).collect::<Result<Vec<_>, _>>()?;
        let tensors: Vec<Tensor> = parts.iter().map(|part| part.tensor.clone()).collect();
        let bytes = tensors.iter().map(Tensor::bytes).fold(0, u64::saturating_add);
        check_tracked("tensor.concatenate", &tensors, bytes)?;
        self.room_for(bytes)?;
        let joined = self.compute("tensor.concatenate", self.group(), || {
            // The gradient of a part would be a view of that of the whole.
            let of_its_own = |part: &Tensor| if part.is_tracked() { part.alone() } else { Ok(part.clone()) };
            let parts = tensors.iter().map(of_its_own).collect::<engine::Result<Vec<_>>>()?;
            Tensor::concatenate(&parts, dimension as usize)
        })?;
        self.keep(joined, parts)
    }

    fn shape(&mut self, this: Handle) -> wasmtime::Result<Vec<u32>> {
        self.begin_query()?;
        Ok(sizes(&self.table().get(&this)?.tensor.shape()))
    }

    fn read(&mut self, this: Handle) -> Result<Vec<f32>, Fault> {
        let tensor = self.tensor(&this)?.tensor;
        self.allow_readback(tensor.bytes())?;
        self.compute("tensor.read", Group::Readback, || tensor.read())
    }

    fn share(&mut self, this: Handle) -> Made {
        self.begin()?;
        let shared = self.tensor(&this)?;
        self.push(shared)
    }

    fn add(&mut self, this: Handle, other: Handle) -> Made {
        self.binary("tensor.add", [&this, &other], 1, Tensor::add)
    }

    fn subtract(&mut self, this: Handle, other: Handle) -> Made {
        self.binary("tensor.subtract", [&this, &other], 1, Tensor::subtract)
    }

    fn multiply(&mut self, this: Handle, other: Handle) -> Made {
        self.binary("tensor.multiply", [&this, &other], 1, Tensor::multiply)
    }

    fn divide(&mut self, this: Handle, other: Handle) -> Made {
        self.binary("tensor.divide", [&this, &other], 1, Tensor::divide)
    }

    fn minimum(&mut self, this: Handle, other: Handle) -> Made {
        self.binary("tensor.minimum", [&this, &other], 3, Tensor::minimum)
    }

    fn maximum(&mut self, this: Handle, other: Handle) -> Made {
        self.binary("tensor.maximum", [&this, &other], 3, Tensor::maximum)
    }

    fn greater(&mut self, this: Handle, other: Handle) -> Made {
        self.binary("tensor.greater", [&this, &other], 1, Tensor::greater)
    }

    fn affine(&mut self, this: Handle, scale: f32, offset: f32) -> Made {
        self.elementwise("tensor.affine", &this, |x| x.affine(scale, offset))
    }

    fn clamp(&mut self, this: Handle, low: f32, high: f32) -> Made {
        self.elementwise("tensor.clamp", &this, |x| x.clamp(low, high))
    }

    fn power(&mut self, this: Handle, exponent: f32) -> Made {
        self.elementwise("tensor.power", &this, |x| x.power(exponent))
    }

    fn absolute(&mut self, this: Handle) -> Made {
        self.elementwise("tensor.absolute", &this, Tensor::absolute)
    }

    fn exponential(&mut self, this: Handle) -> Made {
        self.elementwise("tensor.exponential", &this, Tensor::exponential)
    }

    fn logarithm(&mut self, this: Handle) -> Made {
        self.elementwise("tensor.logarithm", &this, Tensor::logarithm)
    }

    fn square_root(&mut self, this: Handle) -> Made {
        self.elementwise("tensor.square-root", &this, Tensor::square_root)
    }

    fn sigmoid(&mut self, this: Handle) -> Made {
        self.elementwise("tensor.sigmoid", &this, Tensor::sigmoid)
    }

    fn relu(&mut self, this: Handle) -> Made {
        self.elementwise("tensor.relu", &this, Tensor::relu)
    }

    fn sum(&mut self, this: Handle, over: Vec<u32>) -> Made {
        let over = dimensions("tensor.sum", "over", &over)?;
        let cost = Cost::of_sums(&self.tensor(&this)?.tensor, &over);
        self.composite("tensor.sum", &this, cost, |x| x.sum(&over))
    }

    fn mean(&mut self, this: Handle, over: Vec<u32>) -> Made {
        let over = dimensions("tensor.mean", "over", &over)?;
        let cost = Cost::of_sums(&self.tensor(&this)?.tensor, &over);
        self.composite("tensor.mean", &this, cost, |x| x.mean(&over))
    }

    fn max_along(&mut self, this: Handle, dimension: u32) -> Made {
        let cost = Cost::of_results(&self.tensor(&this)?.tensor, 3);
        self.composite("tensor.max-along", &this, cost, |x| x.max_along(dimension as usize))
    }

    fn softmax(&mut self, this: Handle, dimension: u32) -> Made {
        let cost = Cost::of_results(&self.tensor(&this)?.tensor, 3);
        self.composite("tensor.softmax", &this, cost, |x| x.softmax(dimension as usize))
    }

    fn matrix_multiply(&mut self, this: Handle, other: Handle) -> Made {
        let (a, b) = (self.tensor(&this)?, self.tensor(&other)?);
        let (rows, columns) = (a.tensor.shape(), b.tensor.shape());
        let last = |shape: &[usize], back: usize| shape.len().checked_sub(back).map_or(1, |at| shape[at]);
        let before = |shape: &[usize]| shape[..shape.len().saturating_sub(2)].to_vec();
        let batches = broadcast(&before(&rows), &before(&columns));
        let made = bytes_of(batches.iter().copied().chain([last(&rows, 2), last(&columns, 1)]));
        self.room_for(made.saturating_mul(PRODUCT))?;
        let work = || a.tensor.matrix_multiply(&b.tensor);
        let product = self.compute("tensor.matrix-multiply", self.group(), work)?;
        // The gradient of a factor that was repeated is made whole before it is summed.
        let whole = |shape: &[usize]| bytes_of(batches.iter().copied().chain(last_two(shape)));
        let repeated = [&rows, &columns].into_iter().filter(|shape| before(shape) != batches).map(|shape| whole(shape));
        let hidden = if product.is_tracked() { repeated.fold(0, u64::saturating_add) } else { 0 };
        self.keep_with(product, hidden, [a, b])
    }

    fn reshape(&mut self, this: Handle, shape: Vec<u32>) -> Made {
        let shape = dimensions("tensor.reshape", "shape", &shape)?;
        self.room_for(in_order(&self.tensor(&this)?.tensor))?;
        self.unary("tensor.reshape", &this, |x| x.reshape(&shape))
    }

    fn permute(&mut self, this: Handle, order: Vec<u32>) -> Made {
        let order = dimensions("tensor.permute", "order", &order)?;
        self.unary("tensor.permute", &this, |x| x.permute(&order))
    }

    fn slice(&mut self, this: Handle, dimension: u32, start: u32, end: u32) -> Made {
        // A part that kept its whole alive would cost more than it is charged.
        self.unary("tensor.slice", &this, |x| x.slice(dimension as usize, start as usize, end as usize)?.alone())
    }

    fn flip(&mut self, this: Handle, dimension: u32) -> Made {
        self.elementwise("tensor.flip", &this, |x| x.flip(dimension as usize))
    }

    fn resize(&mut self, this: Handle, sizes: Vec<u32>, how: Interpolation) -> Made {
        let images = self.tensor(&this)?.tensor;
        let sizes = dimensions("tensor.resize", "sizes", &sizes)?;
        let cost = Cost::of_resizing(&images, &sizes);
        self.composite("tensor.resize", &this, cost, |x| x.resize(&sizes, how.into()))
    }

    fn gaussian_blur(&mut self, this: Handle, sigmas: Vec<f32>) -> Made {
        check_length("tensor.gaussian-blur", "sigmas", sigmas.len(), MAX_RANK)?;
        let images = self.tensor(&this)?.tensor;
        let spatial = spatial(&images);
        // One for all of them, or one for each.
        let sigmas = match sigmas.as_slice() {
            [sigma] => vec![*sigma; spatial.len()],
            _ => sigmas,
        };
        let reach: Vec<usize> = sigmas.iter().map(|sigma| (8.0 * sigma.clamp(0.0, 1e6)) as usize + 1).collect();
        let cost = Cost::of_maps(&images, &spatial, &reach);
        self.composite("tensor.gaussian-blur", &this, cost, |x| x.gaussian_blur(&sigmas))
    }

    fn translate(&mut self, this: Handle, offsets: Vec<i32>) -> Made {
        check_length("tensor.translate", "offsets", offsets.len(), MAX_RANK)?;
        let images = self.tensor(&this)?.tensor;
        let spatial = spatial(&images);
        let cost = Cost::of_maps(&images, &spatial, &vec![1; spatial.len()]);
        self.composite("tensor.translate", &this, cost, |x| x.translate(&offsets))
    }

    fn blend(&mut self, this: Handle, reference: Handle, mask: Handle) -> Made {
        let (x, reference, mask) = (self.tensor(&this)?, self.tensor(&reference)?, self.tensor(&mask)?);
        check_tracked("tensor.blend", [&x.tensor, &reference.tensor, &mask.tensor], x.tensor.bytes())?;
        let blended = self.compute("tensor.blend", self.group(), || x.tensor.blend(&reference.tensor, &mask.tensor))?;
        self.keep(blended, [x, reference, mask])
    }

    fn total_variation(&mut self, this: Handle, beta: f32) -> Made {
        // For each axis two parts, their difference, its square, and that with an edge; and what the squares add up to.
        let images = self.tensor(&this)?.tensor;
        let cost = Cost::of_results(&images, 6 * spatial(&images).len() as u64);
        self.composite("tensor.total-variation", &this, cost, |x| x.total_variation(beta))
    }

    fn drop(&mut self, this: Handle) -> wasmtime::Result<()> {
        self.table().delete(this)?;
        Ok(())
    }
}

impl PluginState {
    /// A tensor out of nothing. Its size is the guest's to choose, so room is asked for first.
    fn create(
        &mut self,
        operation: &'static str,
        shape: &[u32],
        work: impl FnOnce(&engine::Device, &[usize]) -> engine::Result<Tensor>,
    ) -> Made {
        let shape = dimensions(operation, "shape", shape)?;
        self.room_for(bytes_of(shape.iter().copied()))?;
        let device = self.device()?;
        let tensor = self.compute(operation, self.group(), || work(&device, &shape))?;
        self.keep(tensor, [])
    }

    fn unary(
        &mut self,
        operation: &'static str,
        this: &Handle,
        work: impl FnOnce(&Tensor) -> engine::Result<Tensor>,
    ) -> Made {
        let x = self.tensor(this)?;
        let result = self.compute(operation, self.group(), || work(&x.tensor))?;
        self.keep(result, [x])
    }

    /// An operation of several steps.
    fn composite(
        &mut self,
        operation: &'static str,
        this: &Handle,
        cost: Cost,
        work: impl FnOnce(&Tensor) -> engine::Result<Tensor>,
    ) -> Made {
        let x = self.tensor(this)?;
        check_tracked(operation, [&x.tensor], x.tensor.bytes())?;
        self.room_for(cost.peak)?;
        let result = self.compute(operation, self.group(), || work(&x.tensor))?;
        let kept = if result.is_tracked() { cost.kept } else { 0 };
        self.keep_with(result, kept, [x])
    }

    /// [`PluginState::unary`] for an operation on each element.
    fn elementwise(
        &mut self,
        operation: &'static str,
        this: &Handle,
        work: impl FnOnce(&Tensor) -> engine::Result<Tensor>,
    ) -> Made {
        let x = self.tensor(this)?.tensor;
        check_tracked(operation, [&x], x.bytes())?;
        self.room_for(x.bytes())?;
        self.unary(operation, this, work)
    }

    /// An operation of two tensors that has up to `results` of the result's size at once.
    fn binary(
        &mut self,
        operation: &'static str,
        [this, other]: [&Handle; 2],
        results: u64,
        work: impl FnOnce(&Tensor, &Tensor) -> engine::Result<Tensor>,
    ) -> Made {
        let (a, b) = (self.tensor(this)?, self.tensor(other)?);
        let result = bytes_of(broadcast(&a.tensor.shape(), &b.tensor.shape()));
        check_tracked(operation, [&a.tensor, &b.tensor], result)?;
        self.room_for(result.saturating_mul(results))?;
        let result = self.compute(operation, self.group(), || work(&a.tensor, &b.tensor))?;
        self.keep(result, [a, b])
    }
}

/// Refuses what would be too large to be interrupted: on a CPU, the engine works on parts of large tensors, but not where it
/// prepares a gradient.
fn check_tracked<'a>(operation: &str, operands: impl IntoIterator<Item = &'a Tensor>, bytes: u64) -> Result<(), Fault> {
    let whole = operands.into_iter().any(|operand| operand.is_tracked() && operand.device().is_cpu());
    if !whole || bytes <= LARGEST_TRACKED {
        return Ok(());
    }
    Err(Fault::unsupported(format!(
        "{operation} on {bytes} bytes in the gradient graph; at most {LARGEST_TRACKED} can be worked on in one call on a CPU. Take \
         fewer images at once"
    )))
}

impl From<Interpolation> for engine::Interpolation {
    fn from(how: Interpolation) -> engine::Interpolation {
        match how {
            Interpolation::Nearest => engine::Interpolation::Nearest,
            Interpolation::Bilinear => engine::Interpolation::Bilinear,
        }
    }
}
