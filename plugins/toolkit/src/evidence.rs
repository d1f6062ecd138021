//! Pixels in the order of their evidence, for metrics.

use lacuna_plugin::Error;
use lacuna_plugin::Tensor;
use lacuna_plugin::progress;
use lacuna_plugin::{Measured, Score};

/// Reads maps of one channel back, as one list of pixels for each image.
///
/// # Errors
/// The limit on readback, and whatever an operation before refused.
pub fn pixels(maps: &Tensor) -> Result<Vec<Vec<f32>>, Error> {
    let size = maps.image_shape()?.pixels() as usize;
    Ok(maps.read()?.chunks_exact(size).map(<[f32]>::to_vec).collect())
}

/// The rank of every pixel in the order of falling evidence, from 0; equal pixels are in the order of the grid.
pub fn ranks(map: &[f32]) -> Vec<u32> {
    let mut order: Vec<usize> = (0..map.len()).collect();
    order.sort_by(|&a, &b| map[b].total_cmp(&map[a]).then(a.cmp(&b)));
    let mut ranks = vec![0; map.len()];
    for (rank, pixel) in order.into_iter().enumerate() {
        ranks[pixel] = rank as u32;
    }
    ranks
}

/// The direction of a curve: whether the pixels with the most evidence are deleted or inserted first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// They are deleted first, from the whole image.
    Deleted,
    /// They are kept first, in an image that is deleted everywhere else.
    Inserted,
}

/// The area under the curve of the target's probability over the share of the pixels that are changed, from 0 to 1 in
/// `steps` equal steps, by the trapezium rule; one for each image (Petsiuk, Das and Saenko 2018, Sec. 4.2).
///
/// # Errors
/// What the host or the perturbation refuses.
pub fn curve(measured: &Measured<'_>, change: Change, steps: u32) -> Result<Vec<Option<f64>>, Error> {
    let shape = measured.maps.image_shape()?;
    let ranks: Vec<Vec<u32>> = pixels(&measured.maps)?.iter().map(|map| ranks(map)).collect();
    let phi = measured.phi()?;
    let all = shape.pixels();
    let mut areas = vec![0.0; ranks.len()];
    for step in 0..=steps {
        let first = (f64::from(step) / f64::from(steps) * f64::from(all)).round() as u32;
        let kept = |rank: &u32| match change {
            Change::Deleted => f32::from(u8::from(*rank >= first)),
            Change::Inserted => f32::from(u8::from(*rank < first)),
        };
        let mask: Vec<f32> = ranks.iter().flatten().map(kept).collect();
        let images = phi.apply(&Tensor::from_data(shape.sizes(), &mask));
        let logits = measured.classifier.logits(&images);
        let probabilities = measured.classifier.scores(&logits, &measured.targets, Score::Probability).read()?;
        // The ends count half.
        let weight = if step == 0 || step == steps { 0.5 } else { 1.0 } / f64::from(steps);
        areas.iter_mut().zip(probabilities).for_each(|(area, p)| *area += weight * f64::from(p));
        progress::report(step, steps, &[])?;
    }
    Ok(areas.into_iter().map(Some).collect())
}

#[cfg(test)]
mod tests {
    use super::ranks;

    #[test]
    fn ranks_fall_with_the_evidence() {
        assert_eq!(ranks(&[0.1, 0.9, -1.0, 0.9]), [2, 0, 3, 1]);
        assert!(ranks(&[]).is_empty());
    }
}
