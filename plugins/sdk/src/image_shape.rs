//! The sizes of images, volumes and masks.

use crate::error::Error;
use crate::tensor::Tensor;

/// (N, C, H, W) of images, or (N, C, D, H, W) of volumes; a method that asks it for what it needs works on both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageShape(Vec<u32>);

impl ImageShape {
    /// N.
    pub fn images(&self) -> u32 {
        self.0[0]
    }

    /// C.
    pub fn channels(&self) -> u32 {
        self.0[1]
    }

    /// H and W, or D, H and W.
    pub fn spatial(&self) -> &[u32] {
        &self.0[2..]
    }

    /// All sizes, outermost first.
    pub fn sizes(&self) -> &[u32] {
        &self.0
    }

    /// The same pixels for other numbers of images and channels.
    pub fn with(&self, images: u32, channels: u32) -> Vec<u32> {
        [&[images, channels], self.spatial()].concat()
    }

    /// (N, 1, H, W) or (N, 1, D, H, W): a mask or a map for each image.
    pub fn masks(&self) -> Vec<u32> {
        self.with(self.images(), 1)
    }

    /// (`images`, 1, 1, 1) or (`images`, 1, 1, 1, 1): a number for each image, which broadcasts over its pixels.
    pub fn numbers(&self, images: u32) -> Vec<u32> {
        [vec![images], vec![1; self.0.len() - 1]].concat()
    }

    /// (`images`, 1, S, S) or (`images`, 1, S, S, S): masks of `size` cells along every spatial dimension.
    pub fn cells(&self, images: u32, size: u32) -> Vec<u32> {
        [vec![images, 1], vec![size; self.spatial().len()]].concat()
    }

    /// Pixels of one channel of one image.
    pub fn pixels(&self) -> u32 {
        self.spatial().iter().product()
    }

    /// The dimensions but that of the images, for sums over each image.
    pub fn inner(&self) -> Vec<u32> {
        (1..self.0.len() as u32).collect()
    }
}

impl Tensor {
    /// The sizes of images, volumes or masks.
    ///
    /// # Errors
    /// A rank that is neither 4 nor 5, and whatever an operation before refused.
    pub fn image_shape(&self) -> Result<ImageShape, Error> {
        let shape = self.shape()?;
        match shape.len() {
            4 | 5 => Ok(ImageShape(shape)),
            _ => Err(Error::shape("image-shape", "(N, C, H, W) or (N, C, D, H, W)", &shape)),
        }
    }

    /// The four sizes N, C, H, W, for what does not work on volumes.
    ///
    /// # Errors
    /// Another rank, and whatever an operation before refused.
    pub fn planar_shape(&self) -> Result<[u32; 4], Error> {
        let planar = |shape: Vec<u32>| {
            <[u32; 4]>::try_from(shape)
                .map_err(|other| Error::shape("image-shape", "images (N, C, H, W), not volumes,", &other))
        };
        planar(self.shape()?)
    }
}

#[cfg(test)]
mod tests {
    use super::ImageShape;

    #[test]
    fn images_and_volumes_have_the_same_questions() {
        let (image, volume) = (ImageShape(vec![2, 3, 5, 7]), ImageShape(vec![2, 3, 4, 5, 7]));
        assert_eq!((image.pixels(), volume.pixels()), (35, 140));
        assert_eq!((image.masks(), volume.masks()), (vec![2, 1, 5, 7], vec![2, 1, 4, 5, 7]));
        assert_eq!((image.cells(6, 9), volume.cells(6, 9)), (vec![6, 1, 9, 9], vec![6, 1, 9, 9, 9]));
        assert_eq!((image.numbers(6), volume.numbers(6)), (vec![6, 1, 1, 1], vec![6, 1, 1, 1, 1]));
        assert_eq!((image.inner(), volume.inner()), (vec![1, 2, 3], vec![1, 2, 3, 4]));
    }
}
