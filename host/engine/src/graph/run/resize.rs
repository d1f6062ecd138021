//! Images resized by the rules of ONNX's `Resize`: one matrix for each axis, in double precision until it is used.

use super::{Inputs, shape};
use crate::graph::operator::{Centres, Nearest, Proportions, Resizing, Sampling};
use crate::{Result, Tensor};

/// Weights from one axis to another: those of 4096 pixels to as many.
const LARGEST_MATRIX: usize = 1 << 24;

/// Inputs x, region, factors, sizes.
pub(super) fn resize(resizing: &Resizing, inputs: &Inputs) -> Result<Tensor> {
    // Whole numbers stay whole where pixels are copied.
    let mut x = if resizing.mode == Sampling::Nearest { inputs.tensor(0)? } else { inputs.float(0)? };
    let from = x.shape();
    if inputs.known(1)?.is_some_and(|region| !region.is_empty()) && resizing.axes.is_some() {
        return Err(inputs.refused("a region of the image, which only tf_crop_and_resize uses".into()));
    }
    let axes = match &resizing.axes {
        Some(axes) => axes.iter().map(|axis| inputs.axis(*axis, from.len())).collect::<Result<Vec<_>>>()?,
        None => (0..from.len()).collect(),
    };
    for (axis, to, factor) in targets(resizing, &from, &axes, inputs)? {
        // Exporters write the batch that they saw among the sizes; images are not mixed.
        let batch = axis == 0 && matches!(from.len(), 4 | 5);
        if (to == from[axis] && factor == 1.0) || batch {
            continue;
        }
        if to == 0 || to > 1 << 16 {
            return Err(inputs.refused(format!("{to} pixels of an axis of {}", from[axis])));
        }
        let (size, device) = (from[axis], inputs.device);
        if size.saturating_mul(to) > LARGEST_MATRIX {
            return Err(
                inputs.refused(format!("{size} pixels of an axis resized to {to}, expected at most 4096 of each"))
            );
        }
        let bytes = to * size * size_of::<f32>();
        let matrix = device.constant(format!("{resizing:?} {size} {to} {factor}"), bytes, || {
            let rows = (0..to).flat_map(|at| row(resizing, at, size, to, factor).into_iter().map(|x| x as f32));
            Tensor::from_data(device, &[to, size], rows.collect())
        })?;
        x = shape::along(&x, axis, &matrix)?;
    }
    Ok(x)
}

/// The new size of each axis, and the factor that its centres are placed by.
fn targets(resizing: &Resizing, from: &[usize], axes: &[usize], inputs: &Inputs) -> Result<Vec<(usize, usize, f64)>> {
    let misfit = |what: &str, count: usize| inputs.refused(format!("{count} {what} for {} axes", axes.len()));
    if let Some(sizes) = inputs.list(3)?.filter(|sizes| !sizes.is_empty()) {
        if sizes.len() != axes.len() || sizes.iter().any(|size| *size < 1) {
            return Err(misfit("sizes", sizes.len()));
        }
        let factors: Vec<f64> = axes.iter().zip(&sizes).map(|(axis, size)| *size as f64 / from[*axis] as f64).collect();
        let one = match resizing.policy {
            Proportions::Stretch => None,
            Proportions::NotLarger => factors.iter().copied().reduce(f64::min),
            Proportions::NotSmaller => factors.iter().copied().reduce(f64::max),
        };
        let target = |(index, axis): (usize, &usize)| match one {
            None => (*axis, sizes[index] as usize, factors[index]),
            Some(factor) => (*axis, (from[*axis] as f64 * factor).round() as usize, factor),
        };
        return Ok(axes.iter().enumerate().map(target).collect());
    }
    let whole =
        |factors: &[f32]| axes.iter().zip(factors).all(|(axis, factor)| (from[*axis] as f32 * factor).fract() == 0.0);
    let factors = inputs.known(2)?.ok_or_else(|| inputs.refused("neither factors nor sizes".into()))?;
    if factors.len() != axes.len() || factors.iter().any(|factor| factor.is_nan() || *factor <= 0.0) {
        return Err(misfit("factors", factors.len()));
    }
    if resizing.centres == Centres::AlignCorners && !whole(&factors) {
        return Err(inputs.refused(format!(
            "align_corners with the factors {factors:?}, which lead to no whole number of pixels: programs differ in what that \
             means; export the model with sizes"
        )));
    }
    // ONNX multiplies in single precision.
    let target =
        |(axis, factor): (&usize, &f32)| (*axis, (from[*axis] as f32 * factor).floor() as usize, f64::from(*factor));
    Ok(axes.iter().zip(&factors).map(target).collect())
}

/// Where pixel `at` of `to` lies on `size` pixels.
macro_rules! place {
    ($name:ident, $number:ty) => {
        fn $name(centres: Centres, at: usize, size: usize, to: usize, factor: f64) -> $number {
            let (at, from, made, factor) = (at as $number, size as $number, to as $number, factor as $number);
            match centres {
                Centres::PytorchHalfPixel | Centres::AlignCorners if to == 1 => 0.0,
                Centres::HalfPixel | Centres::PytorchHalfPixel => (at + 0.5) / factor - 0.5,
                Centres::HalfPixelForNearest => (at + 0.5) / factor,
                Centres::Asymmetric => at / factor,
                Centres::AlignCorners => at * (from - 1.0) / (made - 1.0),
                Centres::HalfPixelSymmetric => {
                    // The result is centred on the image where its size was rounded.
                    let offset = from / 2.0 * (1.0 - made / (factor * from));
                    offset + (at + 0.5) / factor - 0.5
                }
            }
        }
    };
}

place!(place, f64);
// Other programs find the nearest pixel in single precision: 6 / 1.2 is then 5, and not a little less.
place!(place_in_single_precision, f32);

/// Weights of `size` pixels in pixel `at` of the result.
fn row(resizing: &Resizing, at: usize, size: usize, to: usize, factor: f64) -> Vec<f64> {
    let last = size as i64 - 1;
    let place = place(resizing.centres, at, size, to, factor);
    let mut weights = vec![0.0; size];
    let mut add = |pixel: i64, weight: f64| weights[pixel.clamp(0, last) as usize] += weight;
    // A kernel that is wider by the factor that the image shrinks by, where it is to.
    let wide = if resizing.antialias { (1.0 / factor).max(1.0) } else { 1.0 };
    let (reach, kernel): (f64, Box<dyn Fn(f64) -> f64>) = match resizing.mode {
        Sampling::Nearest => {
            let place = place_in_single_precision(resizing.centres, at, size, to, factor);
            let nearest = match resizing.nearest {
                Nearest::Floor => place.floor(),
                Nearest::Ceil => place.ceil(),
                Nearest::Simple => {
                    if factor < 1.0 {
                        place.ceil()
                    } else {
                        place.floor()
                    }
                }
                Nearest::RoundPreferFloor if place == place.trunc() + 0.5 => place.floor(),
                Nearest::RoundPreferFloor | Nearest::RoundPreferCeil => place.round(),
            };
            add(nearest as i64, 1.0);
            return weights;
        }
        Sampling::Linear => (wide, Box::new(move |x: f64| (1.0 - (x / wide).abs()).max(0.0))),
        Sampling::Cubic => {
            let a = resizing.cubic;
            let curve = move |x: f64| match (x / wide).abs() {
                x if x <= 1.0 => ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0,
                x if x < 2.0 => ((a * x - 5.0 * a) * x + 8.0 * a) * x - 4.0 * a,
                _ => 0.0,
            };
            (2.0 * wide, Box::new(curve))
        }
    };
    // Without a cubic kernel, a place outside of the image is its edge.
    let place = if resizing.mode == Sampling::Linear && wide == 1.0 { place.clamp(0.0, last as f64) } else { place };
    let pixels = (place - reach).floor() as i64..=(place + reach).ceil() as i64;
    let outside = |pixel: i64| resizing.exclude_outside && !(0..=last).contains(&pixel);
    let taken: Vec<(i64, f64)> =
        pixels.filter(|pixel| !outside(*pixel)).map(|pixel| (pixel, kernel(pixel as f64 - place))).collect();
    let total: f64 = taken.iter().map(|(_, weight)| weight).sum();
    let total = if resizing.antialias || resizing.exclude_outside { total } else { 1.0 };
    taken.into_iter().for_each(|(pixel, weight)| add(pixel, weight / total));
    weights
}
