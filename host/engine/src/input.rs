//! What a network expects of an image, and the normalisation in front of it.

use crate::{Device, Result, Tensor};
use serde::{Deserialize, Serialize};

/// What the network expects; images come as (N, C, H, W) in [0, 1], volumes as (N, C, D, H, W).
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Input {
    pub channels: usize,
    /// Slices of a volume; none for images.
    pub depth: Option<usize>,
    pub height: usize,
    pub width: usize,
    /// How the volumes lay that the network was trained on: the sides of the patient towards which slices, rows and columns
    /// count up, such as `RAS`. The engine does not read it; who brings volumes does.
    pub orientation: Option<String>,
    /// The order of the dimensions that the network takes.
    #[serde(default)]
    pub layout: Layout,
    /// The network gets (scale x - mean) / deviation; 255 for a network of 8-bit values.
    #[serde(default = "one")]
    pub scale: f32,
    /// One for each channel, or one for all; default 0.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mean: Vec<f32>,
    /// One for each channel, or one for all; default 1.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deviation: Vec<f32>,
}

/// The order in which a network takes the dimensions of its images.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layout {
    /// (N, C, H, W), as PyTorch; volumes (N, C, D, H, W).
    #[default]
    ChannelsFirst,
    /// (N, H, W, C), as TensorFlow; volumes (N, D, H, W, C).
    ChannelsLast,
}

fn one() -> f32 {
    1.0
}

impl Input {
    /// Images of a shape (C, H, W) as they are.
    pub(crate) fn plain([channels, height, width]: [usize; 3]) -> Self {
        let layout = Layout::ChannelsFirst;
        Self {
            channels,
            depth: None,
            height,
            width,
            orientation: None,
            layout,
            scale: 1.0,
            mean: Vec::new(),
            deviation: Vec::new(),
        }
    }

    /// Sizes along the spatial axes: (H, W), or (D, H, W) of volumes.
    pub(crate) fn spatial(&self) -> Vec<usize> {
        self.depth.into_iter().chain([self.height, self.width]).collect()
    }

    /// Shape of so many images as they come: (N, C, H, W), or (N, C, D, H, W) of volumes.
    pub(crate) fn shape(&self, images: usize) -> Vec<usize> {
        [&[images, self.channels], &self.spatial()[..]].concat()
    }

    /// The shape in which a network that takes `rank` dimensions takes one image.
    pub(crate) fn one_image(&self, rank: usize) -> Vec<usize> {
        let (channels, spatial) = (self.channels, self.spatial());
        match self.layout {
            _ if rank == 1 + spatial.len() => [&[1], &spatial[..]].concat(),
            Layout::ChannelsFirst => [&[1, channels], &spatial[..]].concat(),
            Layout::ChannelsLast => [&[1], &spatial[..], &[channels]].concat(),
        }
    }

    /// # Errors
    /// The key, what was found and what was expected.
    pub(crate) fn check(&self) -> std::result::Result<(), String> {
        let Self { channels, depth, height, width, scale, mean, deviation, .. } = self;
        if !(1..=16).contains(channels) || !(1..=4096).contains(height) || !(1..=4096).contains(width) {
            return Err(format!(
                "[input] is {channels} x {height} x {width}, expected 1 to 16 channels and 1 to 4096 rows and columns"
            ));
        }
        if let Some(depth) = depth {
            // As many as the largest image above has.
            const MOST: usize = 16 * 4096 * 4096;
            if !(1..=4096).contains(depth) || depth * channels * height * width > MOST {
                return Err(format!(
                    "[input] is {channels} x {depth} x {height} x {width}, expected a depth of 1 to 4096 slices and at most \
                     {MOST} numbers"
                ));
            }
        }
        if !scale.is_finite() || *scale == 0.0 {
            return Err(format!("[input] scale is {scale}, expected a number other than 0"));
        }
        for (name, list) in [("mean", mean), ("deviation", deviation)] {
            if list.len() > 1 && list.len() != *channels {
                return Err(format!(
                    "[input] {name} has {} numbers, expected 1 or {channels}, as many as channels",
                    list.len()
                ));
            }
            if list.iter().any(|value| !value.is_finite() || (name == "deviation" && *value <= 0.0)) {
                return Err(format!("[input] {name} is {list:?}, expected finite numbers, deviations above 0"));
            }
        }
        Ok(())
    }

    /// (scale x - mean) / deviation as one scale and one shift for each channel, (1, C, 1, 1) or (1, C, 1, 1, 1) each; none
    /// where it changes nothing.
    pub(crate) fn normalisation(&self, device: &Device) -> Result<Option<(Tensor, Tensor)>> {
        let (mean, deviation) = (self.per_channel(&self.mean, 0.0), self.per_channel(&self.deviation, 1.0));
        let scale: Vec<f32> = deviation.iter().map(|deviation| self.scale / deviation).collect();
        let shift: Vec<f32> = mean.iter().zip(&deviation).map(|(mean, deviation)| -mean / deviation).collect();
        if scale.iter().all(|scale| *scale == 1.0) && shift.iter().all(|shift| *shift == 0.0) {
            return Ok(None);
        }
        let shape = [&[1, self.channels], &vec![1; self.spatial().len()][..]].concat();
        Ok(Some((Tensor::from_data(device, &shape, scale)?, Tensor::from_data(device, &shape, shift)?)))
    }

    /// Mean or deviation of every channel.
    fn per_channel(&self, list: &[f32], default: f32) -> Vec<f32> {
        (0..self.channels).map(|channel| list.get(channel).or(list.first()).copied().unwrap_or(default)).collect()
    }
}
