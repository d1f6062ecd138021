//! A network and how its graph is fed: the order of the axes, the batch and the kind of numbers that it takes.

use crate::graph::array::Kind;
use crate::graph::{Declared, Network};
use crate::input::{Input, Layout};
use crate::{Error, ReluRule, Result, Tensor};

/// A network that takes images (N, C, H, W), volumes (N, C, D, H, W), or codes (N, L), whatever its graph takes.
#[derive(Debug)]
pub(crate) struct Fed {
    pub(crate) network: Network,
    layout: Layout,
    /// How many images it takes at a time; none for any number.
    batch: Option<usize>,
    /// Whether a batch holds copies of one image, since the graph mixes the images of one.
    copies: bool,
    /// Whether images have no axis of channels: (N, H, W).
    flat: bool,
    /// Whole numbers that it takes in place of numbers with a fraction.
    whole: Option<Kind>,
}

impl Fed {
    pub(crate) fn new(network: Network, layout: Layout, declared: Option<&Declared>) -> Self {
        let whole = declared.map(|declared| declared.kind).filter(|kind| *kind != Kind::Float);
        let flat = declared.and_then(|declared| declared.shape.as_ref()).is_some_and(|shape| shape.len() == 3);
        Self { network, layout, batch: None, copies: false, flat, whole }
    }

    pub(crate) fn layout(&self) -> Layout {
        self.layout
    }

    pub(crate) fn batch(&self) -> Option<usize> {
        self.batch
    }

    pub(crate) fn whole(&self) -> Option<Kind> {
        self.whole
    }

    /// The network's output.
    pub(crate) fn run(&self, images: &Tensor, rule: ReluRule) -> Result<Tensor> {
        self.in_batches(images, |images| self.network.run(&self.fed(images)?, rule))
    }

    /// What the network makes of as many images as it takes, in parts of `images`, one after the other.
    pub(crate) fn in_batches(&self, images: &Tensor, run: impl Fn(&Tensor) -> Result<Tensor>) -> Result<Tensor> {
        let (count, Some(batch)) = (images.shape()[0], self.batch) else { return run(images) };
        let different = if self.copies { 1 } else { batch };
        if count == batch && different == batch {
            return run(images);
        }
        let mut made = Vec::with_capacity(count.div_ceil(different));
        for start in (0..count).step_by(different) {
            let end = (start + different).min(count);
            let part = images.slice(0, start, end)?;
            let missing = batch - (end - start);
            let made_of_part = if missing == 0 {
                run(&part)?
            } else {
                let last = part.slice(0, end - start - 1, end - start)?;
                let filled = [vec![part], vec![last; missing]].concat();
                run(&Tensor::concatenate(&filled, 0)?)?.slice(0, 0, end - start)?
            };
            made.push(made_of_part);
        }
        Tensor::concatenate(&made, 0)
    }

    /// Images in the order and kind that the network takes.
    pub(crate) fn fed(&self, images: &Tensor) -> Result<Tensor> {
        let images = match self.whole {
            Some(kind) => {
                let [low, high] = kind.range();
                images.detach()?.rounded()?.clamp(low as f32, high as f32)?
            }
            None => images.clone(),
        };
        match (self.layout, images.shape().as_slice()) {
            (_, &[n, 1, h, w]) if self.flat => images.reshape(&[n, h, w]),
            (Layout::ChannelsLast, [_, _, _, _]) => images.permute(&[0, 2, 3, 1]),
            (Layout::ChannelsLast, [_, _, _, _, _]) => images.permute(&[0, 2, 3, 4, 1]),
            _ => Ok(images),
        }
    }

    /// Tries the batch that the file declares, where the network takes no single image.
    pub(crate) fn fill_up(&mut self, declared: Option<&Declared>) -> Option<usize> {
        let batch = declared?.shape.as_ref()?.first().copied().flatten().filter(|batch| (2..=256).contains(batch))?;
        self.batch = Some(batch);
        Some(batch)
    }

    /// Finds what batch the graph takes: two images at a time must get the answers of each alone, else it runs one by one.
    /// Returns what a user should know.
    pub(crate) fn settle_batch(
        &mut self,
        [first, second]: [&Tensor; 2],
        alone: [&[f32]; 2],
        run: impl Fn(&Self, &Tensor) -> Result<Tensor>,
    ) -> Result<Option<String>> {
        let both = Tensor::concatenate(&[first.clone(), second.clone()], 0)?;
        if let Some(batch) = self.batch {
            self.copies = self.network.scales_by_batch() || !alike(&run(self, &both)?.read()?, &alone.concat());
            return Ok(Some(if self.copies {
                format!(
                    "the graph takes {batch} images at a time and mixes them, so each image is run beside copies of itself"
                )
            } else {
                format!("the graph takes {batch} images at a time, so a batch is filled up with copies")
            }));
        }
        let together = run(self, &both).and_then(|answer| answer.read());
        if self.network.scales_by_batch() || !together.is_ok_and(|together| alike(&together, &alone.concat())) {
            self.batch = Some(1);
            return Ok(Some(
                "the graph takes one image at a time (its batch is fixed, or it mixes the images of one), so images are run \
                 one by one"
                    .to_owned(),
            ));
        }
        if self.network.reads_shapes() {
            let [one, two] = [self.fed(first)?, self.fed(&both)?];
            self.network.remember_sizes(&one, &two)?;
        }
        Ok(None)
    }
}

/// Whether two lists are equal but for the order of their sums.
pub(crate) fn alike(found: &[f32], expected: &[f32]) -> bool {
    let largest = expected.iter().fold(1e-3_f32, |most, x| most.max(x.abs()));
    found.len() == expected.len() && found.iter().zip(expected).all(|(a, b)| (a - b).abs() <= 3e-5 * largest)
}

/// Compares what a file says of its input with the manifest.
///
/// # Errors
/// [`Error::Model`] that says what the file declares and what to write into the manifest.
pub(crate) fn fits(file: &str, declared: &Declared, input: &Input) -> Result<()> {
    let refused = |why: String| Err(Error::Model(format!("{file}: {why}")));
    let name = &declared.name;
    let wide = matches!(declared.kind, Kind::Whole { bits: 32 | 64, .. });
    if declared.kind == Kind::Bool || (wide && declared.shape.is_none()) {
        return refused(format!(
            "the graph's input `{name}` takes {}, expected images: a model of texts or tables is no classifier of images",
            declared.kind
        ));
    }
    let Some(shape) = &declared.shape else { return Ok(()) };
    let shown: Vec<String> = shape.iter().map(|size| size.map_or("?".into(), |size| size.to_string())).collect();
    let shown = shown.join(" x ");
    let Input { channels, depth, height, width, layout, .. } = input;
    if depth.is_some() || shape.len() == 5 {
        return fits_volumes(file, name, &shown, shape, input);
    }
    // A grey picture needs no axis of channels.
    if let ([_, a, b], 1) = (shape.as_slice(), *channels)
        && a.is_none_or(|rows| rows == *height)
        && b.is_none_or(|columns| columns == *width)
    {
        return Ok(());
    }
    let &[_, a, b, c] = shape.as_slice() else {
        return refused(format!(
            "the graph's input `{name}` is declared as {shown}, {} dimensions, expected images (N, C, H, W) or (N, H, W, C), or \
             (N, H, W) for one channel",
            shape.len()
        ));
    };
    let same = |found: [Option<usize>; 3], wanted: [usize; 3]| {
        found.into_iter().zip(wanted).all(|(found, wanted)| found.is_none_or(|found| found == wanted))
    };
    let first = same([a, b, c], [*channels, *height, *width]);
    let last = same([a, b, c], [*height, *width, *channels]);
    match (layout, first, last) {
        (Layout::ChannelsFirst, true, _) | (Layout::ChannelsLast, _, true) => Ok(()),
        (Layout::ChannelsFirst, false, true) => refused(format!(
            "the graph takes channels last (N, H, W, C): its input `{name}` is declared as {shown}; write layout = \
             \"channels-last\" into [input], or export it with channels first (the option inputs-as-nchw of tf2onnx, with {name})"
        )),
        (Layout::ChannelsLast, true, false) => refused(format!(
            "the graph takes channels first (N, C, H, W): its input `{name}` is declared as {shown}; leave layout = \
             \"channels-last\" out of [input]"
        )),
        _ => {
            let order = match (layout, a, c) {
                // Few channels show where they are.
                (_, Some(1 | 3 | 4), Some(c)) if c > 4 => Layout::ChannelsFirst,
                (_, Some(a), Some(1 | 3 | 4)) if a > 4 => Layout::ChannelsLast,
                (layout, ..) => *layout,
            };
            let size = |size: Option<usize>| size.map_or("any number of".into(), |size| size.to_string());
            let (found, key) = match order {
                Layout::ChannelsFirst => ([a, b, c], ""),
                Layout::ChannelsLast => ([c, a, b], ", channels last"),
            };
            refused(format!(
                "the graph's input `{name}` is declared as {shown} ({} channels, {} x {} pixels{key}), and [input] says {channels} \
                 channels, {height} x {width} pixels; write what the graph declares into [input]",
                size(found[0]),
                size(found[1]),
                size(found[2])
            ))
        }
    }
}

/// Compares the input as above where the manifest or the file speaks of volumes.
fn fits_volumes(file: &str, name: &str, shown: &str, shape: &[Option<usize>], input: &Input) -> Result<()> {
    let refused =
        |why: String| Err(Error::Model(format!("{file}: the graph's input `{name}` is declared as {shown}{why}")));
    if shape.len() != 5 {
        return refused(format!(
            ", {} dimensions, and [input] has a depth: volumes come as (N, C, D, H, W) or (N, D, H, W, C); leave depth out of \
             [input] for a model of images",
            shape.len()
        ));
    }
    let Some(depth) = input.depth else {
        return refused(
            ", five dimensions: a model of volumes (N, C, D, H, W); write depth = D, the number of slices, into [input]".into(),
        );
    };
    let same = |found: &[Option<usize>], wanted: &[usize]| {
        found.iter().zip(wanted).all(|(found, wanted)| found.is_none_or(|found| found == *wanted))
    };
    let spatial = input.spatial();
    let channels = input.channels;
    let first = same(&shape[1..], &[&[channels], &spatial[..]].concat());
    let last = same(&shape[1..], &[&spatial[..], &[channels]].concat());
    match (input.layout, first, last) {
        (Layout::ChannelsFirst, true, _) | (Layout::ChannelsLast, _, true) => Ok(()),
        (Layout::ChannelsFirst, false, true) => {
            refused(", channels last (N, D, H, W, C); write layout = \"channels-last\" into [input]".into())
        }
        (Layout::ChannelsLast, true, false) => {
            refused(", channels first (N, C, D, H, W); leave layout = \"channels-last\" out of [input]".into())
        }
        _ => {
            let (height, width) = (input.height, input.width);
            refused(format!(
                ", and [input] says {channels} channels, {depth} slices of {height} x {width} pixels; write what the graph \
                 declares into [input]"
            ))
        }
    }
}
