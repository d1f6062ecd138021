//! Every operation gives on a view what it gives on a copy, and so does its gradient.
//!
//! Views are permuted, sliced, reversed and reshaped, several times over, with many axes of size 1: Burn 0.22.1's reductions
//! on the CPU read outside of a permuted (1, C, H, 1).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by a panic")]

use lacuna_engine::{Device, Interpolation, Result, Tensor};
use lacuna_tests::precision::{config, numbers};
use proptest::prelude::*;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What a view is made by; the numbers choose among what its shape allows.
#[derive(Clone, Copy, Debug)]
enum View {
    Permute(u64),
    Slice(u64),
    Flip(u64),
    Reshape(u64),
}

fn view() -> impl Strategy<Value = View> {
    (0..6_u8, any::<u64>()).prop_map(|(kind, choice)| match kind {
        0..=2 => View::Permute(choice),
        3 => View::Slice(choice),
        4 => View::Flip(choice),
        _ => View::Reshape(choice),
    })
}

fn shape() -> impl Strategy<Value = Vec<usize>> {
    let size = prop_oneof![4 => Just(1), 4 => 2..=5_usize, 1 => 7..=9_usize, 1 => 15..=17_usize];
    prop::collection::vec(size, 1..=5).prop_filter("not too large", |shape| shape.iter().product::<usize>() <= 2000)
}

/// Row-major numbers on the host.
#[derive(Clone, Debug)]
struct Array<T> {
    shape: Vec<usize>,
    data: Vec<T>,
}

impl<T: Copy> Array<T> {
    /// The element at each place of a new shape, by its place in the old one.
    fn gathered(&self, shape: Vec<usize>, from: impl Fn(&[usize]) -> Vec<usize>) -> Self {
        let count = shape.iter().product();
        let data = (0..count).map(|index| self.data[flat(&from(&places(index, &shape)), &self.shape)]).collect();
        Self { shape, data }
    }
}

fn places(mut index: usize, shape: &[usize]) -> Vec<usize> {
    let mut places = vec![0; shape.len()];
    for (place, size) in places.iter_mut().zip(shape).rev() {
        (*place, index) = (index % size, index / size);
    }
    places
}

fn flat(places: &[usize], shape: &[usize]) -> usize {
    places.iter().zip(shape).fold(0, |index, (place, size)| index * size + place)
}

/// Takes a random order from a number.
fn order(rank: usize, mut choice: u64) -> Vec<usize> {
    let mut left: Vec<usize> = (0..rank).collect();
    (0..rank)
        .map(|_| {
            let at = (choice % left.len() as u64) as usize;
            choice /= left.len() as u64;
            left.remove(at)
        })
        .collect()
}

/// The same view of a tensor and of the array that holds its numbers.
fn seen<T: Copy>(view: View, tensor: &Tensor, array: &Array<T>) -> (Tensor, Array<T>) {
    let shape = array.shape.clone();
    let axis = |choice: u64| (choice % shape.len() as u64) as usize;
    match view {
        View::Permute(choice) => {
            let order = order(shape.len(), choice);
            let to: Vec<usize> = order.iter().map(|axis| shape[*axis]).collect();
            let array = array.gathered(to, |places| {
                let mut from = vec![0; places.len()];
                order.iter().zip(places).for_each(|(axis, place)| from[*axis] = *place);
                from
            });
            (tensor.permute(&order).unwrap(), array)
        }
        View::Slice(choice) => {
            let axis = axis(choice);
            let start = (choice >> 8) as usize % shape[axis];
            let end = start + 1 + (choice >> 24) as usize % (shape[axis] - start);
            let mut to = shape.clone();
            to[axis] = end - start;
            let array = array.gathered(to, |places| {
                let mut from = places.to_vec();
                from[axis] += start;
                from
            });
            (tensor.slice(axis, start, end).unwrap(), array)
        }
        View::Flip(choice) => {
            let axis = axis(choice);
            let array = array.gathered(shape.clone(), |places| {
                let mut from = places.to_vec();
                from[axis] = shape[axis] - 1 - from[axis];
                from
            });
            (tensor.flip(axis).unwrap(), array)
        }
        View::Reshape(choice) => {
            // An axis of size 1 comes or goes, or two axes become one.
            let (mut to, at) = (shape.clone(), axis(choice));
            match (choice >> 8) % 3 {
                0 if to.len() < 5 => to.insert(at, 1),
                1 if to.len() > 1 && to[at] == 1 => drop(to.remove(at)),
                2 if at + 1 < to.len() => to[at] *= to.remove(at + 1),
                _ => {}
            }
            let array = Array { shape: to.clone(), data: array.data.clone() };
            (tensor.reshape(&to).unwrap(), array)
        }
    }
}

type Compute = Box<dyn Fn(&Tensor) -> Result<Tensor>>;
type Operation = (String, Compute, bool);

/// Every operation that takes a tensor of this shape, and whether it has a gradient.
fn operations(shape: &[usize]) -> Vec<Operation> {
    let rank = shape.len();
    let mut all: Vec<Operation> = Vec::new();
    let mut add = |name: String, operation: Compute| all.push((name, operation, true));
    add("copy".into(), Box::new(|x| Ok(x.clone())));
    add("affine".into(), Box::new(|x| x.affine(2.0, 1.0)));
    add("clamp".into(), Box::new(|x| x.clamp(0.7, 1.2)));
    add("power 2".into(), Box::new(|x| x.power(2.0)));
    add("power 1.5".into(), Box::new(|x| x.power(1.5)));
    add("absolute".into(), Box::new(|x| x.affine(1.0, -1.0)?.absolute()));
    add("exponential".into(), Box::new(Tensor::exponential));
    add("logarithm".into(), Box::new(Tensor::logarithm));
    add("square root".into(), Box::new(Tensor::square_root));
    add("sigmoid".into(), Box::new(Tensor::sigmoid));
    add("relu".into(), Box::new(|x| x.affine(1.0, -1.0)?.relu()));
    let count = shape.iter().product();
    add("reshape".into(), Box::new(move |x| x.reshape(&[count])));
    add("reverse the axes".into(), Box::new(move |x| x.permute(&(0..rank).rev().collect::<Vec<_>>())));
    add("add itself".into(), Box::new(|x| x.add(x)));
    add("multiply by itself".into(), Box::new(|x| x.multiply(x)));
    for subset in 0..1_usize << rank {
        let axes: Vec<usize> = (0..rank).filter(|axis| subset >> axis & 1 == 1).collect();
        let (of_sum, of_mean) = (axes.clone(), axes.clone());
        add(format!("sum {axes:?}"), Box::new(move |x| x.sum(&of_sum)));
        add(format!("mean {axes:?}"), Box::new(move |x| x.mean(&of_mean)));
    }
    for (axis, size) in shape.iter().enumerate() {
        let half = size.div_ceil(2);
        add(format!("largest along {axis}"), Box::new(move |x| x.max_along(axis)));
        add(format!("softmax along {axis}"), Box::new(move |x| x.softmax(axis)));
        add(format!("flip {axis}"), Box::new(move |x| x.flip(axis)));
        add(format!("slice {axis}"), Box::new(move |x| x.slice(axis, half / 2, half)));
        add(
            format!("concatenate along {axis}"),
            Box::new(move |x| Tensor::concatenate(&[x.clone(), x.affine(2.0, 0.0)?, x.clone()], axis)),
        );
        add(format!("add broadcast {axis}"), Box::new(move |x| x.add(&x.slice(axis, 0, 1)?)));
        add(format!("subtract broadcast {axis}"), Box::new(move |x| x.slice(axis, 0, 1)?.subtract(x)));
        add(format!("multiply broadcast {axis}"), Box::new(move |x| x.multiply(&x.slice(axis, 0, 1)?)));
        add(format!("divide broadcast {axis}"), Box::new(move |x| x.slice(axis, 0, 1)?.divide(x)));
        add(format!("minimum broadcast {axis}"), Box::new(move |x| x.minimum(&x.mean(&[axis])?)));
        add(format!("maximum broadcast {axis}"), Box::new(move |x| x.maximum(&x.mean(&[axis])?)));
    }
    if rank >= 2 {
        let mut turned: Vec<usize> = (0..rank).collect();
        turned.swap(rank - 2, rank - 1);
        let again = turned.clone();
        add("product with its transpose".into(), Box::new(move |x| x.matrix_multiply(&x.permute(&turned)?)));
        add("product of its transpose".into(), Box::new(move |x| x.permute(&again)?.matrix_multiply(x)));
    }
    if let [_, channels, ref spatial @ ..] = *shape
        && (2..=3).contains(&spatial.len())
    {
        let (axes, pixels) = (spatial.len(), spatial.iter().product::<usize>());
        add("resize".into(), Box::new(move |x| x.resize(&[5, 3, 2][..axes], Interpolation::Bilinear)));
        add("blur".into(), Box::new(move |x| x.gaussian_blur(&[1.0, 0.7, 1.3][..axes])));
        add("translate".into(), Box::new(move |x| x.translate(&[1, -1, 2][..axes])));
        add("blend".into(), Box::new(|x| x.blend(&x.affine(0.5, 0.1)?, &x.mean(&[1])?)));
        add("one channel".into(), Box::new(|x| x.with_channels(1)));
        if channels == 1 {
            add("three channels".into(), Box::new(|x| x.with_channels(3)));
            // That of a single pixel is a constant.
            if pixels > 1 {
                add("total variation".into(), Box::new(|x| x.total_variation(2.0)));
            }
        }
    }
    let axis = rank - 1;
    all.push(("greater".into(), Box::new(move |x| x.greater(&x.mean(&[axis])?)), false));
    all.push(("detach".into(), Box::new(Tensor::detach), false));
    all
}

fn close(name: &str, found: &[f32], expected: &[f32]) -> std::result::Result<(), TestCaseError> {
    let size = expected.iter().fold(1e-3_f32, |most, x| most.max(x.abs()));
    prop_assert_eq!(found.len(), expected.len(), "{}", name);
    for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
        // Sums of up to 6000 terms in another order; NaN fails too.
        let near = (found - expected).abs() <= 2e-5 * size;
        prop_assert!(near, "{}: number {} is {}, expected {}", name, index, found, expected);
    }
    Ok(())
}

#[test]
fn every_operation_gives_on_views_what_it_gives_on_copies() {
    let device = Device::cpu();
    proptest!(config(), |(shape in shape(), views in prop::collection::vec(view(), 1..=4), seed: u64)| {
        let count = shape.iter().product();
        let data: Vec<f32> = numbers(count, seed).into_iter().map(|x| 1.0 + 0.5 * x).collect();
        let base = Tensor::from_data(&device, &shape, data.clone()).unwrap();
        let (viewed, array) = all_seen(&views, &base, Array { shape: shape.clone(), data });
        prop_assert_eq!(&viewed.shape(), &array.shape);
        prop_assert_eq!(viewed.read().unwrap(), array.data.clone());
        prop_assert!(viewed.is_finite().unwrap());
        let copy = Tensor::from_data(&device, &array.shape, array.data.clone()).unwrap();
        for (name, operation, differentiable) in operations(&array.shape) {
            let expected = operation(&copy).unwrap();
            let found = operation(&viewed).unwrap();
            prop_assert_eq!(found.shape(), expected.shape(), "{}", &name);
            close(&name, &found.read().unwrap(), &expected.read().unwrap())?;
            if !differentiable {
                continue;
            }
            let slopes = Tensor::from_data(&device, &expected.shape(), numbers(expected.elements(), seed ^ 1)).unwrap();
            let gradient = |y: Tensor, leaf: &Tensor| {
                let gradients = y.multiply(&slopes).unwrap().sum(&[]).unwrap().backward().unwrap();
                gradients.of_leaf(leaf).unwrap().read().unwrap()
            };
            let copy = copy.track().unwrap();
            let of_copy = gradient(operation(&copy).unwrap(), &copy);
            let leaf = base.track().unwrap();
            let places = Array { shape: shape.clone(), data: (0..count).collect() };
            let (viewed, places) = all_seen(&views, &leaf, places);
            let mut expected = vec![0.0; count];
            places.data.iter().zip(of_copy).for_each(|(at, slope)| expected[*at] = slope);
            close(&format!("gradient of {name}"), &gradient(operation(&viewed).unwrap(), &leaf), &expected)?;
        }
    });
}

/// Several views, one after the other.
fn all_seen<T: Copy>(views: &[View], tensor: &Tensor, array: Array<T>) -> (Tensor, Array<T>) {
    views.iter().fold((tensor.clone(), array), |(tensor, array), view| seen(*view, &tensor, &array))
}

/// The example by which the fault was found: 0, 4, 8, ..., 44 in place of 0 ... 11.
#[test]
fn a_sum_over_an_axis_of_size_1_reads_nothing_beside_a_permuted_view() {
    let numbers: Vec<f32> = (0..48_u8).map(f32::from).collect();
    let larger = Tensor::from_data(&Device::cpu(), &[4, 3, 4, 1], numbers).unwrap();
    for x in [larger.slice(0, 0, 1).unwrap(), larger.slice(0, 0, 1).unwrap().affine(1.0, 0.0).unwrap()] {
        let sum = x.permute(&[3, 1, 2, 0]).unwrap().sum(&[0]).unwrap();
        assert_eq!(sum.read().unwrap(), (0..12_u8).map(f32::from).collect::<Vec<_>>());
    }
}

/// The sums over some axes, and the largest number along one, of numbers on the host.
fn reduced(array: &Array<f32>, axes: &[usize], start: f64, join: fn(f64, f64) -> f64) -> Vec<f64> {
    let to: Vec<usize> =
        array.shape.iter().enumerate().map(|(axis, size)| if axes.contains(&axis) { 1 } else { *size }).collect();
    let mut reduced = vec![start; to.iter().product()];
    for (index, value) in array.data.iter().enumerate() {
        let mut places = places(index, &array.shape);
        axes.iter().for_each(|axis| places[*axis] = 0);
        let at = flat(&places, &to);
        reduced[at] = join(reduced[at], f64::from(*value));
    }
    reduced
}

/// Results of operations on views are views themselves, whose axes of size 1 have whatever strides Burn leaves them; a guest
/// found one with a random walk.
#[test]
fn reductions_of_whatever_operations_leave_are_right() {
    let device = Device::cpu();
    let step = prop_oneof![view().prop_map(Some), Just(None)];
    proptest!(config(), |(shape in shape(), steps in prop::collection::vec((step, any::<u64>()), 1..=6), seed: u64)| {
        let data: Vec<f32> = numbers(shape.iter().product(), seed).into_iter().map(|x| 1.0 + 0.5 * x).collect();
        let mut x = Tensor::from_data(&device, &shape, data).unwrap();
        let mut walked = Vec::new();
        for (step, choice) in steps {
            let array = Array { shape: x.shape(), data: x.read().unwrap() };
            x = match step {
                Some(view) => {
                    walked.push(format!("{view:?} of {:?}", array.shape));
                    seen(view, &x, &array).0
                }
                None => {
                    let mut all = operations(&array.shape);
                    let (name, operation, _) = all.swap_remove((choice % all.len() as u64) as usize);
                    let made = operation(&x).unwrap();
                    if made.elements() > 5000 || made.shape().len() > 6 || !made.is_finite().unwrap() {
                        continue;
                    }
                    walked.push(format!("{name} of {:?}", array.shape));
                    made
                }
            };
        }
        let array = Array { shape: x.shape(), data: x.read().unwrap() };
        let rank = array.shape.len();
        for subset in 1..1_usize << rank {
            let axes: Vec<usize> = (0..rank).filter(|axis| subset >> axis & 1 == 1).collect();
            let name = format!("sum {axes:?} of {:?} after {walked:?}", array.shape);
            let sum = catch_unwind(AssertUnwindSafe(|| x.sum(&axes).unwrap().read().unwrap()));
            let found = sum.map_err(|_| TestCaseError::fail(format!("{name} panics")))?;
            let expected = reduced(&array, &axes, 0.0, |a, b| a + b);
            // The bound of a sum in single precision.
            let size = reduced(&array, &axes, 0.0, |a, b| a + b.abs());
            for ((found, expected), size) in found.iter().zip(&expected).zip(size) {
                let near = (f64::from(*found) - expected).abs() <= 1e-4 * size.max(1e-6);
                prop_assert!(near, "{}: {}, expected {}", name, found, expected);
            }
            prop_assert_eq!(found.len(), expected.len());
        }
        for axis in 0..rank {
            let found = x.max_along(axis).unwrap().read().unwrap();
            let expected = reduced(&array, &[axis], f64::NEG_INFINITY, f64::max);
            let expected: Vec<f32> = expected.into_iter().map(|x| x as f32).collect();
            close(&format!("largest along {axis} of {:?} after {walked:?}", array.shape), &found, &expected)?;
        }
    });
}
