//! The layers of a classifier: their activations, and where their cells lie on the image.

use super::logits::LogitNetwork;
use super::{Body, Classifier};
use crate::error::some_of;
use crate::graph::axes::{Cells, Picture};
use crate::{Error, Interpolation, Result, Tensor};

impl Classifier {
    /// Output of one layer: (N, C', H', W'), or (N, C', D', H', W') of a classifier of volumes.
    ///
    /// # Errors
    /// [`Error::Argument`] for a name that is no layer.
    pub fn activations(&self, images: &Tensor, layer: &str) -> Result<Tensor> {
        self.check_layer(layer)?;
        let order = &self.picture(layer)?.order;
        self.network()?.until(layer, &self.normalised(images)?)?.permute(order)
    }

    /// Logits (N, K) as a function of the output of one layer.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for a layer that other paths go round.
    pub fn logits_from(&self, layer: &str, activations: &Tensor) -> Result<Tensor> {
        self.check_layer(layer)?;
        let order = &self.picture(layer)?.order;
        let mut back = vec![0; order.len()];
        order.iter().enumerate().for_each(|(place, axis)| back[*axis] = place);
        self.network()?.from(layer, &activations.permute(&back)?)
    }

    /// Where the cells of a layer lie on the image, along rows and along columns, or along depth, rows and columns of a
    /// volume; none where it cannot be told.
    ///
    /// # Errors
    /// [`Error::Argument`] for a name that is no layer.
    pub fn cells(&self, layer: &str) -> Result<Option<Vec<Cells>>> {
        Ok(self.picture(layer)?.cells.clone())
    }

    /// Where a change of the image shows in a layer: the row and column of a bright square on grey, in the upper right (of a
    /// volume, in its first slices), and the centre of what it changes in the layer, put on the image's grid, along each
    /// spatial axis. None for a layer that it does not change.
    ///
    /// # Errors
    /// [`Error::Argument`] for a name that is no layer.
    pub fn shown_in(&self, layer: &str) -> Result<Option<[Vec<f64>; 2]>> {
        let info = &self.inner.info;
        let (width, spatial, shape) = (info.width, info.spatial(), info.shape(1));
        let first = |size: &usize| size / 8..size / 4 + 1;
        let mut square: Vec<_> = spatial[..spatial.len() - 1].iter().map(first).collect();
        square.push(width - width / 4 - 1..width - width / 8);
        // The place of a number along each spatial axis.
        let places = |mut at: usize| {
            let mut places = vec![0; spatial.len()];
            for (place, size) in places.iter_mut().zip(&spatial).rev() {
                (*place, at) = (at % size, at / size);
            }
            places
        };
        let inside = |at: usize| square.iter().zip(places(at)).all(|(range, place)| range.contains(&place));
        let image = |bright: f32| {
            let one = |at: usize| if inside(at) { bright } else { 0.5 };
            Tensor::from_data(self.device(), &shape, (0..shape.iter().product()).map(one).collect())
        };
        let change = self.activations(&image(1.0)?, layer)?.subtract(&self.activations(&image(0.5)?, layer)?)?;
        let change = self.place(layer, &change.absolute()?.sum(&[1])?)?.read()?;
        let total: f64 = change.iter().map(|x| f64::from(*x)).sum();
        if total.is_nan() || total <= 0.0 {
            return Ok(None);
        }
        let mut centre = vec![0.0; spatial.len()];
        for (at, x) in change.iter().enumerate() {
            centre.iter_mut().zip(places(at)).for_each(|(centre, place)| *centre += f64::from(*x) * place as f64);
        }
        centre.iter_mut().for_each(|centre| *centre /= total);
        let middle = |range: &std::ops::Range<usize>| (range.start + range.end - 1) as f64 / 2.0;
        Ok(Some([square.iter().map(middle).collect(), centre]))
    }

    /// Values (N, C', H', W') on the cells of a layer on the image's grid, (N, C', H, W), or (N, C', D', H', W') on the
    /// volume's, (N, C', D, H, W): linear along each axis between the places of the cells, the nearest cell beyond them. Where the places cannot be told, the cells are spread over the image evenly.
    ///
    /// # Errors
    /// [`Error::Argument`] for a name that is no layer, [`Error::Shape`] for values that are no picture.
    pub fn place(&self, layer: &str, values: &Tensor) -> Result<Tensor> {
        let sizes = self.inner.info.spatial();
        match &self.picture(layer)?.cells {
            Some(cells) => values.place(&sizes, cells),
            None => values.resize(&sizes, Interpolation::Bilinear),
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
