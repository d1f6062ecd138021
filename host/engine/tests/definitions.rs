//! Operations of tensors against their definitions in double precision, on random sizes, with their gradients.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by a panic")]

use lacuna_engine::{Cells, Device, Interpolation, Tensor};
use lacuna_tests::precision::{Exact, config, numbers, within};
use proptest::prelude::*;

type Checked = Result<(), TestCaseError>;

/// Around the lengths of registers.
fn size() -> impl Strategy<Value = usize> {
    prop_oneof![3 => Just(1), 3 => 2..=9_usize, 1 => 15..=17_usize, 1 => 31..=33_usize]
}

fn sizes<const N: usize>() -> impl Strategy<Value = [usize; N]> {
    prop::array::uniform(size())
        .prop_filter("not too large", |sizes: &[usize; N]| sizes.iter().product::<usize>() <= 20_000)
}

fn tensor(shape: &[usize], data: &[f32]) -> Tensor {
    Tensor::from_data(&Device::cpu(), shape, data.to_vec()).unwrap()
}

/// What `operation` makes of each tensor, and their gradients where that of the result is `slopes`.
fn with_gradients(
    inputs: &[(&[usize], &[f32])],
    seed: u64,
    operation: impl Fn(&[Tensor]) -> Tensor,
) -> (Tensor, Vec<f32>, Vec<Vec<f32>>) {
    let leaves: Vec<Tensor> = inputs.iter().map(|(shape, data)| tensor(shape, data).track().unwrap()).collect();
    let y = operation(&leaves);
    let slopes = numbers(y.elements(), seed);
    let gradients = y.multiply(&tensor(&y.shape(), &slopes)).unwrap().sum(&[]).unwrap().backward().unwrap();
    let gradients = leaves.iter().map(|leaf| gradients.of_leaf(leaf).unwrap().read().unwrap()).collect();
    (y.detach().unwrap(), slopes, gradients)
}

/// A linear map as its definition says it: places in result and input that belong together, and their weight.
struct Linear {
    results: usize,
    terms: Vec<(usize, usize, f64)>,
    /// Roundings beyond one for each term: of weights, and of sums on the way.
    roundings: usize,
}

impl Linear {
    fn forward(&self, x: &[f32]) -> Vec<Exact> {
        let mut y = vec![Exact::of(0.0, 0.0, self.roundings); self.results];
        self.terms.iter().for_each(|(to, from, weight)| y[*to].add(weight * f64::from(x[*from])));
        y
    }

    fn gradient(&self, inputs: usize, slopes: &[f32]) -> Vec<Exact> {
        let mut x = vec![Exact::of(0.0, 0.0, self.roundings); inputs];
        self.terms.iter().for_each(|(to, from, weight)| x[*from].add(weight * f64::from(slopes[*to])));
        x
    }

    fn check(&self, shape: &[usize], seed: u64, operation: impl Fn(&Tensor) -> Tensor) -> Checked {
        let x = numbers(shape.iter().product(), seed);
        let (y, slopes, gradients) = with_gradients(&[(shape, &x)], seed ^ 1, |inputs| operation(&inputs[0]));
        within(&y.read().unwrap(), &self.forward(&x))?;
        within(&gradients[0], &self.gradient(x.len(), &slopes))
    }
}

/// A map along one axis: places in result and input that belong together, and their weight.
type Map = Vec<(usize, usize, f64)>;

/// A map along each spatial axis, on every channel of (N, C, H, W) or (N, C, D, H, W).
fn separable(shape: &[usize], to: &[usize], maps: &[Map]) -> Linear {
    let planes = shape[0] * shape[1];
    let mut terms: Map = (0..planes).map(|plane| (plane, plane, 1.0)).collect();
    for ((map, from), to) in maps.iter().zip(&shape[2..]).zip(to) {
        let along =
            |(y, x, a): (usize, usize, f64)| map.iter().map(move |(row, of, b)| (y * to + row, x * from + of, a * b));
        terms = terms.into_iter().flat_map(along).collect();
    }
    Linear { results: planes * to.iter().product::<usize>(), terms, roundings: 4 * maps.len() }
}

/// Half-pixel centres: PyTorch's `interpolate` with `align_corners=False`, and its `nearest`.
fn resized(from: usize, to: usize, how: Interpolation) -> Vec<(usize, usize, f64)> {
    (0..to)
        .flat_map(|row| match how {
            Interpolation::Nearest => vec![(row, row * from / to, 1.0)],
            Interpolation::Bilinear => {
                let at = ((row as f64 + 0.5) * from as f64 / to as f64 - 0.5).max(0.0);
                let part = at - at.floor();
                let [low, high] = [at.floor(), at.floor() + 1.0].map(|row| (row as usize).min(from - 1));
                vec![(row, low, 1.0 - part), (row, high, part)]
            }
        })
        .collect()
}

/// A Gaussian cut at 4 sigma, whose weights sum to 1; edges are replicated.
fn blurred(size: usize, sigma: f64) -> Vec<(usize, usize, f64)> {
    let radius = (4.0 * sigma).ceil() as i64;
    let weight = |x: i64| (-((x * x) as f64) / (2.0 * sigma * sigma)).exp();
    let total: f64 = (-radius..=radius).map(weight).sum();
    let near = |row: usize, x: i64| (row as i64 + x).clamp(0, size as i64 - 1) as usize;
    let of_row = |row: usize| (-radius..=radius).map(move |x| (row, near(row, x), weight(x) / total));
    (0..size).flat_map(of_row).collect()
}

fn moved(size: usize, by: i32) -> Vec<(usize, usize, f64)> {
    (0..size).map(|row| (row, (row as i64 - i64::from(by)).clamp(0, size as i64 - 1) as usize, 1.0)).collect()
}

/// Sizes of rows and columns, or of depth, rows and columns.
fn spatial() -> impl Strategy<Value = Vec<usize>> {
    prop_oneof![sizes::<2>().prop_map(Vec::from), sizes::<3>().prop_map(Vec::from)]
        .prop_filter("not too large", |sizes| sizes.iter().product::<usize>() <= 2000)
}

/// Images or volumes, and as many sizes of a result.
fn resizing() -> impl Strategy<Value = (Vec<usize>, Vec<usize>)> {
    let images = (1..=2_usize, 1..=3_usize, spatial(), sizes::<3>());
    images
        .prop_map(|(n, c, from, to)| ([vec![n, c], from.clone()].concat(), to[3 - from.len()..].to_vec()))
        .prop_filter("not too many products", |(from, to)| {
            from.iter().product::<usize>() <= 4000 && to.iter().product::<usize>() <= 4000
        })
}

#[test]
fn resizing_follows_the_definition() {
    proptest!(config(), |((shape, to) in resizing(), bilinear: bool, seed: u64)| {
        let how = if bilinear { Interpolation::Bilinear } else { Interpolation::Nearest };
        let maps: Vec<Map> = shape[2..].iter().zip(&to).map(|(from, to)| resized(*from, *to, how)).collect();
        separable(&shape, &to, &maps).check(&shape, seed, |x| x.resize(&to, how).unwrap())?;
    });
}

#[test]
fn blurring_follows_the_definition() {
    // Most axes are blurred; one that is not stays as it is.
    let sigmas = prop::array::uniform3(prop_oneof![1 => Just(0.0), 5 => 0.2..1.5_f32]);
    let sizes = prop::collection::vec(1..=9_usize, 2..=3);
    proptest!(config(), |(n in 1..=2_usize, sizes in sizes, sigmas in sigmas, seed: u64)| {
        let (shape, sigmas) = ([&[n, 1], &sizes[..]].concat(), &sigmas[..sizes.len()]);
        let maps: Vec<Map> = sizes.iter().zip(sigmas).map(|(size, sigma)| match sigma {
            0.0 => moved(*size, 0),
            sigma => blurred(*size, f64::from(*sigma)),
        }).collect();
        separable(&shape, &sizes, &maps).check(&shape, seed, |x| x.gaussian_blur(sigmas).unwrap())?;
    });
}

#[test]
fn moving_follows_the_definition() {
    proptest!(config(), |(n in 1..=2_usize, sizes in spatial(), by in prop::array::uniform3(-20..=20_i32), seed: u64)| {
        let (shape, by) = ([&[n, 2], &sizes[..]].concat(), &by[..sizes.len()]);
        let maps: Vec<Map> = sizes.iter().zip(by).map(|(size, by)| moved(*size, *by)).collect();
        separable(&shape, &sizes, &maps).check(&shape, seed, |x| x.translate(by).unwrap())?;
    });
}

#[test]
fn cells_are_placed_as_the_definition_says() {
    let cells = prop::array::uniform3((-5.0..5.0_f64, prop_oneof![0.5..9.0_f64, -4.0..-0.5_f64]));
    proptest!(config(), |((shape, to) in resizing(), cells in cells, seed: u64)| {
        let cells: Vec<Cells> =
            cells[..to.len()].iter().map(|(first, spacing)| Cells { first: *first, spacing: *spacing }).collect();
        let maps: Vec<Map> =
            shape[2..].iter().zip(&to).zip(&cells).map(|((from, to), cells)| placed(*from, *to, *cells)).collect();
        separable(&shape, &to, &maps).check(&shape, seed, |x| x.place(&to, &cells).unwrap())?;
    });
}

/// Linear between the places of two cells; beyond the outermost ones, those.
fn placed(from: usize, to: usize, cells: Cells) -> Map {
    let between = |at: usize| {
        let place = ((at as f64 - cells.first) / cells.spacing).clamp(0.0, (from - 1) as f64);
        let (low, part) = (place.floor() as usize, place.fract());
        [(at, low, 1.0 - part), (at, (low + 1).min(from - 1), part)]
    };
    (0..to).flat_map(between).collect()
}

/// The sizes along each axis, outermost first, as a place among all numbers.
fn flat(places: &[usize], shape: &[usize]) -> usize {
    places.iter().zip(shape).fold(0, |at, (place, size)| at * size + place)
}

fn places(mut index: usize, shape: &[usize]) -> Vec<usize> {
    let mut places = vec![0; shape.len()];
    for (place, size) in places.iter_mut().zip(shape).rev() {
        (*place, index) = (index % size, index / size);
    }
    places
}

#[test]
fn total_variation_follows_the_definition() {
    // Of exponent 2 it is a sum of squares, so that its bound is that of a sum; others are powers of the same squares.
    proptest!(config(), |(n in 1..=2_usize, sizes in spatial(), seed: u64)| {
        // That of a single pixel is a constant.
        prop_assume!(sizes.iter().any(|size| *size > 1));
        let shape = [&[n, 1], &sizes[..]].concat();
        let x = numbers(shape.iter().product(), seed);
        let (y, slopes, gradients) = with_gradients(&[(&shape, &x)], seed ^ 1, |inputs| inputs[0].total_variation(2.0).unwrap());
        // Roundings: of a difference, which weighs as much as both numbers, of the square and of the sum over the axes.
        let mut expected = vec![Exact::of(0.0, 0.0, 8); n];
        let mut gradient = vec![Exact::of(0.0, 0.0, 8); x.len()];
        for at in 0..x.len() {
            let here = places(at, &shape);
            for axis in (2..shape.len()).filter(|axis| here[*axis] + 1 < shape[*axis]) {
                let mut next = here.clone();
                next[axis] += 1;
                let (a, b) = (f64::from(x[at]), f64::from(x[flat(&next, &shape)]));
                let slope = f64::from(slopes[here[0]]);
                expected[here[0]].add((b - a).powi(2));
                expected[here[0]].size += 2.0 * (a.abs() + b.abs()) * (b - a).abs();
                for (place, sign) in [(flat(&next, &shape), 1.0), (at, -1.0)] {
                    gradient[place].add(2.0 * sign * (b - a) * slope);
                    gradient[place].size += 2.0 * (a.abs() + b.abs()) * slope.abs();
                }
            }
        }
        within(&y.read().unwrap(), &expected)?;
        within(&gradients[0], &gradient)?;
    });
}

#[test]
fn blending_follows_the_definition() {
    proptest!(config(), |(n in 1..=2_usize, c in 1..=3_usize, sizes in spatial(), seed: u64)| {
        let (shape, of_mask) = ([&[n, c], &sizes[..]].concat(), [&[n, 1], &sizes[..]].concat());
        let (count, plane) = (shape.iter().product::<usize>(), sizes.iter().product::<usize>());
        let [x, r] = [1, 2].map(|salt| numbers(count, seed ^ salt));
        let m = numbers(n * plane, seed ^ 3);
        let (y, slopes, gradients) = with_gradients(&[(&shape, &x), (&shape, &r), (&of_mask, &m)], seed ^ 4, |inputs| {
            inputs[0].blend(&inputs[1], &inputs[2]).unwrap()
        });
        let mut of_masks = vec![Exact::of(0.0, 0.0, 4); m.len()];
        let (mut expected, mut of_x, mut of_r) = (Vec::new(), Vec::new(), Vec::new());
        for at in 0..count {
            let mask_at = at / (c * plane) * plane + at % plane;
            let [x, r, m, slope] = [x[at], r[at], m[mask_at], slopes[at]].map(f64::from);
            let size = r.abs() + m.abs() * (x.abs() + r.abs());
            expected.push(Exact::of(m * x + (1.0 - m) * r, size, 4));
            of_x.push(Exact::of(slope * m, (slope * m).abs(), 4));
            of_r.push(Exact::of(slope * (1.0 - m), slope.abs() * (1.0 + m.abs()), 4));
            of_masks[mask_at].add(slope * (x - r));
            of_masks[mask_at].size += slope.abs() * (x.abs() + r.abs());
        }
        within(&y.read().unwrap(), &expected)?;
        for (found, expected) in gradients.iter().zip([of_x, of_r, of_masks]) {
            within(found, &expected)?;
        }
    });
}

#[test]
fn sums_and_means_follow_the_definition() {
    proptest!(config(), |(shape in sizes::<4>(), over in prop::array::uniform4(any::<bool>()), mean: bool, seed: u64)| {
        let axes: Vec<usize> = (0..4).filter(|axis| over[*axis]).collect();
        // No axis stands for all of them.
        let reduced = |axis: usize| axes.is_empty() || over[axis];
        let to: Vec<usize> = (0..4).map(|axis| if reduced(axis) { 1 } else { shape[axis] }).collect();
        let (results, count) = (to.iter().product::<usize>(), shape.iter().product::<usize>());
        let weight = if mean { results as f64 / count as f64 } else { 1.0 };
        let place = |index: usize| {
            let mut left = index;
            let mut places = [0; 4];
            (0..4).rev().for_each(|axis| (places[axis], left) = (left % shape[axis], left / shape[axis]));
            (0..4).fold(0, |at, axis| at * to[axis] + places[axis] * usize::from(to[axis] > 1))
        };
        let terms = (0..count).map(|index| (place(index), index, weight)).collect();
        Linear { results, terms, roundings: 4 }
            .check(&shape, seed, |x| if mean { x.mean(&axes).unwrap() } else { x.sum(&axes).unwrap() })?;
    });
}

#[test]
fn products_of_matrices_follow_the_definition() {
    let shapes = (prop::array::uniform2(1..=3_usize), any::<[u8; 2]>(), size(), size(), size());
    proptest!(config(), |((batch, whole, rows, inner, columns) in shapes, seed: u64)| {
        // Each operand has all of the batch, or 1 along an axis that then broadcasts.
        let part = |bits: u8| [0, 1].map(|axis| if bits >> axis & 1 == 1 { 1 } else { batch[axis] });
        let (left, right) = (part(whole[0] & !whole[1]), part(whole[1] & !whole[0]));
        let (left_shape, right_shape) = ([left[0], left[1], rows, inner], [right[0], right[1], inner, columns]);
        let (a, b) = (numbers(left_shape.iter().product(), seed), numbers(right_shape.iter().product(), seed ^ 1));
        let (y, slopes, gradients) = with_gradients(&[(&left_shape, &a), (&right_shape, &b)], seed ^ 2, |inputs| {
            inputs[0].matrix_multiply(&inputs[1]).unwrap()
        });
        prop_assert_eq!(y.shape(), [batch[0], batch[1], rows, columns]);
        let mut expected = vec![Exact::default(); slopes.len()];
        let mut of = [vec![Exact::default(); a.len()], vec![Exact::default(); b.len()]];
        for (i, j) in (0..batch[0]).flat_map(|i| (0..batch[1]).map(move |j| (i, j))) {
            let block = |part: [usize; 2]| (i % part[0]) * part[1] + j % part[1];
            for (row, column) in (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column))) {
                let to = ((i * batch[1] + j) * rows + row) * columns + column;
                for k in 0..inner {
                    let at = (block(left) * rows + row) * inner + k;
                    let bt = (block(right) * inner + k) * columns + column;
                    expected[to].add(f64::from(a[at]) * f64::from(b[bt]));
                    of[0][at].add(f64::from(slopes[to]) * f64::from(b[bt]));
                    of[1][bt].add(f64::from(slopes[to]) * f64::from(a[at]));
                }
            }
        }
        within(&y.read().unwrap(), &expected)?;
        within(&gradients[0], &of[0])?;
        within(&gradients[1], &of[1])?;
    });
}

#[test]
fn softmax_and_largest_numbers_follow_the_definition() {
    proptest!(config(), |(shape in sizes::<3>(), axis in 0..3_usize, scale in 0.1..30.0_f32, seed: u64)| {
        let x: Vec<f32> = numbers(shape.iter().product(), seed).into_iter().map(|x| scale * x).collect();
        let inner: usize = shape[axis + 1..].iter().product();
        let places = |line: usize| {
            let start = line / inner * inner * shape[axis] + line % inner;
            (0..shape[axis]).map(move |k| start + k * inner)
        };
        let lines = x.len() / shape[axis];
        let (y, slopes, gradients) = with_gradients(&[(&shape, &x)], seed ^ 1, |inputs| inputs[0].softmax(axis).unwrap());
        let (mut expected, mut gradient) = (vec![Exact::default(); x.len()], vec![Exact::default(); x.len()]);
        let mut largest = Vec::new();
        for line in 0..lines {
            let most = places(line).map(|at| f64::from(x[at])).fold(f64::NEG_INFINITY, f64::max);
            largest.push(most as f32);
            let total: f64 = places(line).map(|at| (f64::from(x[at]) - most).exp()).sum();
            let share = |at: usize| (f64::from(x[at]) - most).exp() / total;
            let mean: f64 = places(line).map(|at| share(at) * f64::from(slopes[at])).sum();
            for at in places(line) {
                // x - max is off by an ulp of the scale, and the exponential by as much times the scale.
                let terms = shape[axis] + 4 + 4 * scale as usize;
                expected[at] = Exact::of(share(at), share(at), terms);
                gradient[at] = Exact::of(share(at) * (f64::from(slopes[at]) - mean), 2.0 * share(at), 2 * terms);
            }
        }
        within(&y.read().unwrap(), &expected)?;
        within(&gradients[0], &gradient)?;
        prop_assert_eq!(tensor(&shape, &x).max_along(axis).unwrap().read().unwrap(), largest);
    });
}
