//! From the classifier's grid back onto the image's own.

use super::{Answer, Batch, Explained, Target};
use crate::{error::Result, subject::Subject};
use lacuna_diagnostic::Finding;
use lacuna_engine::Tensor;
use lacuna_imaging::{Interpolation, Map, NamedArray};
use std::sync::Arc;

/// The numbers of a batch that left the device, one row for each image.
#[derive(Debug)]
pub struct Parts<'a> {
    pub map: Vec<Vec<f32>>,
    pub perturbed: Option<Vec<Vec<f32>>>,
    pub mask: Option<Vec<Vec<f32>>>,
    /// One array for each extra and image.
    pub extras: Vec<Vec<NamedArray>>,
    pub findings: &'a [Finding],
}

/// A tensor (N, ...) as N rows.
pub fn rows(tensor: &Tensor) -> Result<Vec<Vec<f32>>> {
    let count = tensor.shape().first().copied().unwrap_or(1).max(1);
    let values = tensor.read()?;
    let length = (values.len() / count).max(1);
    Ok(values.chunks(length).map(<[f32]>::to_vec).collect())
}

/// An extra (N, ...) as one array (...) for each image.
pub fn arrays(name: &str, tensor: &Tensor) -> Result<Vec<NamedArray>> {
    let shape: Vec<usize> = tensor.shape().into_iter().skip(1).collect();
    let array = |data| NamedArray { name: name.to_owned(), shape: shape.clone(), data };
    Ok(rows(tensor)?.into_iter().map(array).collect())
}

impl Parts<'_> {
    /// What belongs to image `row`.
    pub fn answer(&self, row: usize, target: Target, batch: Arc<Batch>) -> Answer {
        Answer {
            target,
            map: self.map[row].clone(),
            perturbed: self.perturbed.as_ref().map(|rows| rows[row].clone()),
            deleted_fraction: self.mask.as_ref().map(|rows| 1.0 - mean(&rows[row])),
            extras: self.extras.iter().filter_map(|arrays| arrays.get(row).cloned()).collect(),
            findings: findings_of(row, self.findings),
            batch,
        }
    }
}

impl Explained {
    /// The answer about an image, brought back onto the image's grid by bilinear interpolation.
    ///
    /// # Errors
    /// An answer about another grid.
    pub fn of(subject: &Subject, answer: Answer) -> Result<Explained> {
        let (image, fitted) = (&subject.image, &subject.fitted);
        let (height, width) = (image.height(), image.width());
        let seen_map = Map::new(fitted.height(), fitted.width(), answer.map.clone())?;
        let perturbed = answer.perturbed.as_ref().map(|values| {
            let seen = fitted.with_data(fitted.channels(), values.clone())?;
            let own = seen.resize(height, width, Interpolation::Bilinear)?;
            image.with_data(own.channels(), own.into_data())
        });
        Ok(Explained {
            map: seen_map.resize(height, width, Interpolation::Bilinear)?,
            seen_map,
            perturbed: perturbed.transpose()?,
            answer,
        })
    }
}

fn mean(values: &[f32]) -> f32 {
    (values.iter().copied().map(f64::from).sum::<f64>() / values.len().max(1) as f64) as f32
}

/// The findings about image `row` of a batch, and those about all of its images.
fn findings_of(row: usize, findings: &[Finding]) -> Vec<Finding> {
    let own = findings.iter().filter(|finding| finding.image.is_none_or(|image| image == row));
    // A result is about one image, so that there is none to name any more.
    own.map(|finding| Finding { image: None, ..finding.clone() }).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

    use super::{arrays, findings_of};
    use lacuna_diagnostic::Finding;
    use lacuna_engine::{Device, Tensor};

    #[test]
    fn an_extra_is_dealt_out_to_its_images() {
        let tensor = Tensor::from_data(&Device::cpu(), &[2, 1, 3], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]).unwrap();
        let arrays = arrays("areas", &tensor).unwrap();
        assert_eq!(arrays.iter().map(|array| array.shape.clone()).collect::<Vec<_>>(), [[1, 3], [1, 3]]);
        assert_eq!((arrays[1].name.as_str(), arrays[1].data.as_slice()), ("areas", &[4.0, 5.0, 6.0][..]));
    }

    #[test]
    fn a_finding_goes_to_its_image_and_a_general_one_to_all() {
        let (of_second, of_all) = (Finding::new("saturated", "saturated"), Finding::new("all", "all"));
        let findings = [Finding { image: Some(1), ..of_second.clone() }, of_all.clone()];
        assert_eq!(findings_of(0, &findings), std::slice::from_ref(&of_all));
        assert_eq!(findings_of(1, &findings), [of_second, of_all]);
    }
}
