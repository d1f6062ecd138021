//! Operators of the contract: values, gradients by finite differences, and what they refuse.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by a panic")]

use lacuna_engine::{Adam, Device, Error, Interpolation, Tensor};

fn tensor(shape: &[usize], data: &[f32]) -> Tensor {
    Tensor::from_data(&Device::cpu(), shape, data.to_vec()).unwrap()
}

fn random(shape: &[usize], seed: u64) -> Tensor {
    Tensor::uniform(&Device::cpu(), shape, 0.0, 1.0, seed).unwrap()
}

fn close(found: &[f32], expected: &[f32], tolerance: f32) {
    assert_eq!(found.len(), expected.len());
    for (index, (a, b)) in found.iter().zip(expected).enumerate() {
        assert!((a - b).abs() <= tolerance, "element {index}: {a}, expected {b}\n{found:?}\n{expected:?}");
    }
}

/// Compares the gradient of `f` at `x` with central differences in every element.
fn gradient_is_right(x: &Tensor, f: impl Fn(&Tensor) -> Tensor) {
    let leaf = x.track().unwrap();
    let gradient = f(&leaf).backward().unwrap().of_leaf(&leaf).unwrap().read().unwrap();
    let (data, step) = (x.read().unwrap(), 1e-2_f32);
    let value = |data: Vec<f32>| f64::from(f(&tensor(&x.shape(), &data)).read().unwrap()[0]);
    let expected: Vec<f32> = (0..data.len())
        .map(|i| {
            let moved = |by: f32| {
                let mut data = data.clone();
                data[i] += by;
                value(data)
            };
            ((moved(step) - moved(-step)) / (2.0 * f64::from(step))) as f32
        })
        .collect();
    let scale = expected.iter().fold(0.1_f32, |most, x| most.max(x.abs()));
    close(&gradient, &expected, 2e-2 * scale);
}

#[test]
fn shapes_broadcast_as_in_numpy() {
    let x = tensor(&[2, 1, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    let sum = x.add(&tensor(&[2, 1], &[10.0, 20.0])).unwrap();
    assert_eq!(sum.shape(), [2, 2, 3]);
    close(&sum.read().unwrap(), &[11., 12., 13., 21., 22., 23., 14., 15., 16., 24., 25., 26.], 0.0);
    assert!(matches!(x.add(&tensor(&[2], &[1.0, 2.0])), Err(Error::Shape { .. })));
}

#[test]
fn minimum_maximum_clamp_and_greater() {
    let (x, y) = (tensor(&[3], &[1.0, 5.0, -2.0]), tensor(&[3], &[2.0, 3.0, -2.0]));
    close(&x.minimum(&y).unwrap().read().unwrap(), &[1.0, 3.0, -2.0], 0.0);
    close(&x.maximum(&y).unwrap().read().unwrap(), &[2.0, 5.0, -2.0], 0.0);
    close(&x.greater(&y).unwrap().read().unwrap(), &[0.0, 1.0, 0.0], 0.0);
    close(&x.clamp(-1.0, 2.0).unwrap().read().unwrap(), &[1.0, 2.0, -1.0], 0.0);
    assert!(matches!(x.clamp(1.0, 0.0), Err(Error::Argument { .. })));
}

/// Chosen, not computed: `a + max(b - a, 0)` loses the smaller of two numbers of different sizes.
#[test]
fn minimum_and_maximum_are_one_of_both() {
    let mut state = 1_u64;
    let mut next = || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        let unit = (state >> 40) as f32 / (1 << 24) as f32 - 0.5;
        unit * 10.0_f32.powi((state >> 8) as i32 % 30)
    };
    for (left, right) in [([3, 5], [3, 5]), ([3, 5], [1, 5]), ([3, 1], [1, 5]), ([1, 1], [3, 5])] {
        let a: Vec<f32> = (0..left[0] * left[1]).map(|_| next()).collect();
        let b: Vec<f32> = (0..right[0] * right[1]).map(|_| next()).collect();
        let at = |data: &[f32], shape: [usize; 2], row: usize, column: usize| {
            data[row.min(shape[0] - 1) * shape[1] + column.min(shape[1] - 1)]
        };
        let (x, y) = (tensor(&left, &a), tensor(&right, &b));
        let (smaller, larger) = (x.minimum(&y).unwrap(), x.maximum(&y).unwrap());
        assert_eq!((smaller.shape(), larger.shape()), (vec![3, 5], vec![3, 5]));
        let (smaller, larger) = (smaller.read().unwrap(), larger.read().unwrap());
        for (place, (smaller, larger)) in smaller.iter().zip(&larger).enumerate() {
            let (a, b) = (at(&a, left, place / 5, place % 5), at(&b, right, place / 5, place % 5));
            assert_eq!((*smaller, *larger), (a.min(b), a.max(b)));
        }
    }
    let x = tensor(&[5], &[f32::NEG_INFINITY, f32::INFINITY, f32::NAN, 1.0, -1e30]);
    let y = tensor(&[5], &[0.0, 0.0, 1.0, f32::NAN, 0.5]);
    let (smaller, larger) = (x.minimum(&y).unwrap().read().unwrap(), x.maximum(&y).unwrap().read().unwrap());
    assert_eq!((&smaller[..2], &larger[..2]), (&[f32::NEG_INFINITY, 0.0][..], &[0.0, f32::INFINITY][..]));
    assert!(smaller[2..4].iter().chain(&larger[2..4]).all(|value| value.is_nan()));
    assert_eq!((smaller[4], larger[4]), (-1e30, 0.5));
}

/// The gradient goes to the one that is taken, and to the first where both are the same.
#[test]
fn minimum_and_maximum_hand_their_gradient_on() {
    for (name, expected) in [("minimum", [1.0, 0.0, 1.0]), ("maximum", [0.0, 1.0, 1.0])] {
        let x = tensor(&[3], &[1.0, 5.0, -2.0]).track().unwrap();
        let y = tensor(&[3], &[2.0, 3.0, -2.0]).track().unwrap();
        let taken = if name == "minimum" { x.minimum(&y) } else { x.maximum(&y) };
        let gradients = taken.unwrap().sum(&[0]).unwrap().backward().unwrap();
        close(&gradients.of_leaf(&x).unwrap().read().unwrap(), &expected, 0.0);
        close(&gradients.of_leaf(&y).unwrap().read().unwrap(), &expected.map(|share| 1.0 - share), 0.0);
    }
}

#[test]
fn bilinear_resize_equals_half_pixel_centres() {
    // torch.nn.functional.interpolate([[0, 1]], size=(1, 4), mode="bilinear", align_corners=False)
    let wide = tensor(&[1, 1, 1, 2], &[0.0, 1.0]).resize(&[1, 4], Interpolation::Bilinear).unwrap();
    close(&wide.read().unwrap(), &[0.0, 0.25, 0.75, 1.0], 1e-6);
    let nearest = tensor(&[1, 1, 1, 2], &[0.0, 1.0]).resize(&[1, 4], Interpolation::Nearest).unwrap();
    close(&nearest.read().unwrap(), &[0.0, 0.0, 1.0, 1.0], 0.0);
}

#[test]
fn blur_keeps_a_flat_image_and_the_sum_of_a_point() {
    let flat = Tensor::full(&Device::cpu(), &[1, 2, 9, 7], 0.3).unwrap().gaussian_blur(&[2.0; 2]).unwrap();
    close(&flat.read().unwrap(), &[0.3; 126], 1e-6);
    let mut point = vec![0.0; 41 * 41];
    point[20 * 41 + 20] = 1.0;
    let blurred = tensor(&[1, 1, 41, 41], &point).gaussian_blur(&[3.0; 2]).unwrap().read().unwrap();
    assert!((blurred.iter().sum::<f32>() - 1.0).abs() < 1e-5);
    // exp(-1/2) one standard deviation away.
    assert!((blurred[20 * 41 + 23] / blurred[20 * 41 + 20] - (-0.5_f32).exp()).abs() < 1e-4);
}

#[test]
fn translate_replicates_the_edge() {
    let x = tensor(&[1, 1, 2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    close(&x.translate(&[0, 1]).unwrap().read().unwrap(), &[1.0, 1.0, 2.0, 4.0, 4.0, 5.0], 0.0);
    close(&x.translate(&[-1, 0]).unwrap().read().unwrap(), &[4.0, 5.0, 6.0, 4.0, 5.0, 6.0], 0.0);
}

#[test]
fn total_variation_of_a_step() {
    // One column of height 3 differs by 0.5 from its left neighbour: three places with gradient 0.5.
    let step = tensor(&[1, 1, 3, 2], &[0.0, 0.5, 0.0, 0.5, 0.0, 0.5]);
    close(&step.total_variation(3.0).unwrap().read().unwrap(), &[3.0 * 0.125], 1e-6);
    close(&step.total_variation(1.0).unwrap().read().unwrap(), &[1.5], 1e-4);
}

#[test]
fn gradients_equal_finite_differences() {
    let mask = random(&[2, 1, 4, 5], 1).affine(0.6, 0.2).unwrap();
    let (images, reference) = (random(&[2, 3, 9, 11], 2), random(&[2, 3, 9, 11], 3));
    let square_sum = |x: Tensor| x.power(2.0).unwrap().sum(&[]).unwrap();
    gradient_is_right(&mask, |m| {
        let full = m.resize(&[9, 11], Interpolation::Bilinear).unwrap().gaussian_blur(&[1.5; 2]).unwrap();
        square_sum(images.blend(&reference, &full).unwrap())
    });
    gradient_is_right(&mask, |m| m.total_variation(3.0).unwrap().sum(&[]).unwrap());
    gradient_is_right(&mask, |m| m.total_variation(2.0).unwrap().sum(&[]).unwrap());
    // With beta = 1 the kink at a flat place lies too near for differences; a steep ramp has none.
    let ramp: Vec<f32> = (0..20).map(|i| 0.04 * (i * i % 37) as f32 + i as f32).collect();
    gradient_is_right(&tensor(&[1, 1, 4, 5], &ramp), |m| m.total_variation(1.0).unwrap().sum(&[]).unwrap());
    gradient_is_right(&mask, |m| {
        square_sum(m.translate(&[1, -2]).unwrap().softmax(3).unwrap().slice(3, 1, 4).unwrap())
    });
    gradient_is_right(&mask, |m| square_sum(m.logarithm().unwrap().sigmoid().unwrap().mean(&[2]).unwrap()));
    gradient_is_right(&mask, |m| {
        m.reshape(&[2, 4, 5]).unwrap().matrix_multiply(&random(&[2, 5, 3], 4)).unwrap().sum(&[]).unwrap()
    });
}

#[test]
fn a_graph_is_used_up_and_leaves_are_told_apart() {
    let leaf = tensor(&[1], &[2.0]).track().unwrap();
    let square = leaf.multiply(&leaf).unwrap();
    let gradients = square.backward().unwrap();
    close(&gradients.of_leaf(&leaf).unwrap().read().unwrap(), &[4.0], 1e-6);
    assert!(matches!(square.backward(), Err(Error::NotDifferentiable(_))));
    assert!(matches!(gradients.of_leaf(&tensor(&[1], &[0.0])), Err(Error::NotDifferentiable(_))));
    assert!(matches!(tensor(&[1], &[0.0]).backward(), Err(Error::NotDifferentiable(_))));
    let unused = tensor(&[3], &[0.0; 3]).track().unwrap();
    close(
        &leaf.affine(3.0, 0.0).unwrap().backward().unwrap().of_leaf(&unused).unwrap().read().unwrap(),
        &[0.0; 3],
        0.0,
    );
}

#[test]
fn adam_equals_the_algorithm() {
    // Kingma and Ba 2015, Algorithm 1, by hand: with a constant gradient every step is the learning rate.
    let mut adam = Adam::new(0.1, 0.9, 0.999, 1e-8).unwrap();
    let mut x = tensor(&[2], &[1.0, -1.0]);
    for _ in 0..3 {
        x = adam.step(&x, &tensor(&[2], &[0.5, -2.0])).unwrap();
    }
    close(&x.read().unwrap(), &[0.7, -0.7], 1e-5);
    assert!(matches!(adam.step(&x, &tensor(&[1], &[0.0])), Err(Error::Shape { .. })));
    assert!(Adam::new(f32::NAN, 0.9, 0.999, 1e-8).is_err() && Adam::new(0.1, 1.0, 0.999, 1e-8).is_err());
}

#[test]
fn random_numbers_depend_on_the_seed_alone() {
    let normal = |seed| Tensor::normal(&Device::cpu(), &[10_000], 1.0, 2.0, seed).unwrap().read().unwrap();
    assert_eq!(normal(7), normal(7));
    assert_ne!(normal(7), normal(8));
    let numbers = normal(7);
    let mean = numbers.iter().sum::<f32>() / 1e4;
    let variance = numbers.iter().map(|x| (x - mean).powi(2)).sum::<f32>() / 1e4;
    assert!((mean - 1.0).abs() < 0.1 && (variance - 4.0).abs() < 0.2, "mean {mean}, variance {variance}");
}

#[test]
fn nonsense_is_refused_with_what_was_found() {
    let device = Device::cpu();
    for shape in [&[][..], &[0, 3][..], &[1; 9][..], &[usize::MAX, 2][..]] {
        assert!(matches!(Tensor::full(&device, shape, 0.0), Err(Error::Shape { .. })), "{shape:?}");
    }
    let x = tensor(&[2, 3], &[0.0; 6]);
    assert!(x.reshape(&[4]).is_err() && x.permute(&[0, 0]).is_err() && x.slice(1, 2, 2).is_err() && x.flip(2).is_err());
    assert!(x.gaussian_blur(&[1.0; 2]).is_err() && x.total_variation(3.0).is_err() && x.sum(&[5]).is_err());
    assert!(x.matrix_multiply(&x).is_err() && Tensor::concatenate(&[], 0).is_err());
    assert!(!x.affine(f32::NAN, 0.0).unwrap().is_finite().unwrap() && x.is_finite().unwrap());
}

#[test]
fn a_detached_leaf_is_no_leaf() {
    let device = Device::cpu();
    let leaf = Tensor::full(&device, &[3], 2.0).unwrap().track().unwrap();
    assert!(leaf.is_tracked());
    assert!(!leaf.detach().unwrap().is_tracked());
    // An optimiser's step is outside the graph, so two backward passes later nothing is used up.
    let loss = leaf.multiply(&leaf).unwrap().sum(&[]).unwrap();
    let gradient = loss.backward().unwrap().of_leaf(&leaf).unwrap();
    let next = lacuna_engine::Adam::new(0.1, 0.9, 0.999, 1e-8).unwrap().step(&leaf, &gradient).unwrap();
    assert!(!next.is_tracked());
}

#[test]
fn axes_of_any_length_are_worked_on_in_parts() {
    // As a matrix, each of these would have from 400 million to 10^12 elements.
    let size = 100_000;
    let data: Vec<f32> = (0..size).map(|at| ((at * 7919) % 1013) as f32 / 1013.0).collect();
    let x = tensor(&[1, 1, 1, size], &data);
    let at = |place: i64| data[place.clamp(0, size as i64 - 1) as usize];
    let moved = x.translate(&[3, 41]).unwrap().read().unwrap();
    assert!(moved.iter().enumerate().all(|(place, found)| *found == at(place as i64 - 41)));
    let far = x.translate(&[0, i32::MIN]).unwrap().read().unwrap();
    assert!(far.iter().all(|found| *found == data[size - 1]));

    let blurred = x.gaussian_blur(&[2.0; 2]).unwrap().read().unwrap();
    let weight = |x: i64| (-0.5 * (x as f64 / 2.0).powi(2)).exp();
    let total: f64 = (-8..=8).map(weight).sum();
    for place in [0, 1, 2047, 2048, 2049, 50_000, size - 1] {
        let expected: f64 = (-8..=8).map(|x| weight(x) / total * f64::from(at(place as i64 + x))).sum();
        assert!((f64::from(blurred[place]) - expected).abs() < 1e-6, "{place}: {} for {expected}", blurred[place]);
    }

    let wider = x.resize(&[1, size + 1], Interpolation::Bilinear).unwrap().read().unwrap();
    for place in [0, 1, 2048, 70_000, size] {
        let from = ((place as f64 + 0.5) * size as f64 / (size + 1) as f64 - 0.5).clamp(0.0, (size - 1) as f64);
        let (low, part) = (from as i64, from.fract());
        let expected = f64::from(at(low)) * (1.0 - part) + f64::from(at(low + 1)) * part;
        assert!((f64::from(wider[place]) - expected).abs() < 1e-5, "{place}: {} for {expected}", wider[place]);
    }
    // The gradient of a part reaches its own elements, and no others.
    let leaf = x.track().unwrap();
    let sum = leaf.translate(&[0, 41]).unwrap().slice(3, 5_000, 5_003).unwrap().sum(&[]).unwrap();
    let gradient = sum.backward().unwrap().of_leaf(&leaf).unwrap().read().unwrap();
    let touched: Vec<usize> = (0..size).filter(|place| gradient[*place] != 0.0).collect();
    assert_eq!(touched, [4_959, 4_960, 4_961]);

    let error = tensor(&[1, 1, 1, 1 << 22], &vec![0.0; 1 << 22]).resize(&[1, 1 << 16], Interpolation::Bilinear);
    assert!(error.unwrap_err().to_string().contains("axes of at most 4096"));
}
