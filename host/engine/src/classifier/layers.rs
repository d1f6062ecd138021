//! The layers of a classifier: their activations, and where their cells lie on the image.

use super::logits::LogitNetwork;
use super::{Body, Classifier, ClassifierInfo};
use crate::error::some_of;
use crate::graph::axes::{Cells, Picture};
use crate::{Error, Interpolation, Result, Tensor};

impl Classifier {
    /// Output (N, C', H', W') of one layer.
    ///
    /// # Errors
    /// [`Error::Argument`] for a name that is no layer.
    pub fn activations(&self, images: &Tensor, layer: &str) -> Result<Tensor> {
        self.check_layer(layer)?;
        let order = self.picture(layer)?.order;
        self.network()?.until(layer, &self.normalised(images)?)?.permute(&order)
    }

    /// Logits (N, K) as a function of the output of one layer.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for a layer that other paths go round.
    pub fn logits_from(&self, layer: &str, activations: &Tensor) -> Result<Tensor> {
        self.check_layer(layer)?;
        let mut back = [0; 4];
        self.picture(layer)?.order.iter().enumerate().for_each(|(place, axis)| back[*axis] = place);
        self.network()?.from(layer, &activations.permute(&back)?)
    }

    /// Where the cells of a layer lie on the image, along rows and along columns; none where it cannot be told.
    ///
    /// # Errors
    /// [`Error::Argument`] for a name that is no layer.
    pub fn cells(&self, layer: &str) -> Result<Option<[Cells; 2]>> {
        Ok(self.picture(layer)?.cells)
    }

    /// Where a change of the image shows in a layer: the row and column of a bright square on grey, in the upper right, and
    /// the centre of what it changes in the layer, put on the image's grid. None for a layer that it does not change.
    ///
    /// # Errors
    /// [`Error::Argument`] for a name that is no layer.
    pub fn shown_in(&self, layer: &str) -> Result<Option<[[f64; 2]; 2]>> {
        let ClassifierInfo { channels, height, width, .. } = self.inner.info;
        let (rows, columns) = (height / 8..height / 4 + 1, width - width / 4 - 1..width - width / 8);
        let inside = |at: usize| rows.contains(&(at / width % height)) && columns.contains(&(at % width));
        let image = |bright: f32| {
            let one = |at: usize| if inside(at) { bright } else { 0.5 };
            Tensor::from_data(
                self.device(),
                &[1, channels, height, width],
                (0..channels * height * width).map(one).collect(),
            )
        };
        let change = self.activations(&image(1.0)?, layer)?.subtract(&self.activations(&image(0.5)?, layer)?)?;
        let change = self.place(layer, &change.absolute()?.sum(&[1])?)?.read()?;
        let total: f64 = change.iter().map(|x| f64::from(*x)).sum();
        if total.is_nan() || total <= 0.0 {
            return Ok(None);
        }
        let centre = |of: &dyn Fn(usize) -> usize| {
            change.iter().enumerate().map(|(at, x)| f64::from(*x) * of(at) as f64).sum::<f64>() / total
        };
        let middle = |range: &std::ops::Range<usize>| (range.start + range.end - 1) as f64 / 2.0;
        Ok(Some([[middle(&rows), middle(&columns)], [centre(&|at| at / width), centre(&|at| at % width)]]))
    }

    /// Values (N, C', H', W') on the cells of a layer on the image's grid, (N, C', H, W): bilinear between the places of the
    /// cells, the nearest cell beyond them. Where the places cannot be told, the cells are spread over the image evenly.
    ///
    /// # Errors
    /// [`Error::Argument`] for a name that is no layer, [`Error::Shape`] for values that are no picture.
    pub fn place(&self, layer: &str, values: &Tensor) -> Result<Tensor> {
        let ClassifierInfo { height, width, .. } = self.inner.info;
        match self.picture(layer)?.cells {
            Some([rows, columns]) => values.place(&[height, width], &[rows, columns]),
            None => values.resize(&[height, width], Interpolation::Bilinear),
        }
    }

    fn picture(&self, layer: &str) -> Result<&Picture> {
        self.check_layer(layer)?;
        self.inner.pictures.get(layer).ok_or_else(|| Error::Unsupported(format!("layer `{layer}` is no picture")))
    }

    fn network(&self) -> Result<&LogitNetwork> {
        match &self.inner.body {
            Body::Network(network) => Ok(network),
            Body::External(_) => Err(Error::Unsupported(format!(
                "the classifier `{}` is a black box without layers",
                self.inner.info.name
            ))),
        }
    }

    fn check_layer(&self, layer: &str) -> Result<()> {
        let layers = &self.inner.info.layers;
        if layers.iter().any(|known| known == layer) {
            return Ok(());
        }
        Err(Error::argument("layer", "name", format!("one of {}", some_of(layers)), layer))
    }
}
