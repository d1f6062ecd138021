//! Occlusion: how far the score falls when a window is deleted.
//!
//! d_k = f_c(x) - f_c(Phi(x; m_k)), where m_k deletes the k-th window of a regular grid (Zeiler and Fergus 2014,
//! Sec. 4.2); the map at u is the mean of d_k over the windows on u. Windows begin at every multiple of the
//! stride until one reaches the edge, and the last is cut there; this is Captum's `Occlusion`, which deletes to
//! 0 (the perturbation `constant` with `value=0`). All channels are deleted together. The extra `drops`
//! (N, 1, rows, columns) has d_k for every window.

use lacuna_plugin::{Error, Explanation, Extra, Info, Method, Need, Parameter, Request, Score, Tensor, export_method};
use lacuna_toolkit::saliency::{CAPTUM, MaskAverage, Passes, Perturbed, explain_zeros};

struct Occlusion;

impl Method for Occlusion {
    fn describe() -> Info {
        Info::new(
            "occlusion",
            env!("CARGO_PKG_VERSION"),
            "How far the score falls when a window is deleted (Zeiler and Fergus 2014)",
        )
        .needs(Need::Readback)
        .parameter(
            Parameter::integer("window", 16, 1..=4096)
                .summary("Rows and columns of the window, on the classifier's grid")
                .unit("pixels")
                .source("chosen here, for 224 x 224; Zeiler and Fergus 2014 give none in pixels of the input"),
        )
        .parameter(
            Parameter::integer("stride", 8, 1..=4096)
                .summary("From one window to the next; at most the window")
                .unit("pixels")
                .source("half the window"),
        )
        .parameter(Score::Logit.parameter(CAPTUM))
        .parameter(Passes::parameter())
    }

    fn explain(request: Request<'_>) -> Result<Explanation, Error> {
        let score = Score::from_settings(&request.settings)?;
        let shape = request.images.image_shape()?;
        let n = shape.images();
        let (window, stride) = (request.settings.count("window")?, request.settings.count("stride")?);
        if stride > window {
            return Err(Error::argument(
                "explain",
                "stride",
                "at most the window, so that no pixel is left out",
                stride,
            ));
        }
        let axes: Vec<Windows> = shape.spatial().iter().map(|size| Windows { size: *size, window, stride }).collect();
        let counts: Vec<u32> = axes.iter().map(Windows::count).collect();
        let total = counts.iter().try_fold(1_u32, |product, count| product.checked_mul(*count));
        let total = total.ok_or_else(|| Error::argument("explain", "stride", "one with fewer windows", stride))?;
        let passes = Passes::new(&request.settings, total, n)?;
        let mut perturbed = Perturbed::new(&request, score, passes.most())?;
        let whole = perturbed.unperturbed()?;
        let mut average = MaskAverage::new(shape.clone())?;
        let mut drops = Vec::new();
        passes.run(|windows| {
            let deleted = deleted(&axes, windows);
            let drop = &whole - perturbed.scores(&(1.0 - &deleted))?;
            average.add(&drop, &deleted)?;
            drops.push(drop);
            Ok(())
        })?;
        let drops = Tensor::concatenate(&drops.iter().collect::<Vec<_>>(), 0);
        let drops = drops.permute(&[1, 0]).reshape(&[vec![n, 1], counts].concat()).check()?;
        let map = average.average();
        let findings = explain_zeros(&request, score, &map)?;
        Ok(Explanation { map, extras: vec![Extra::other("drops", drops)], findings })
    }
}

/// Makes a mask of one channel for each of `windows`: 1 in the window, 0 elsewhere. The last axis runs fastest.
fn deleted(axes: &[Windows], windows: std::ops::Range<u32>) -> Tensor {
    let mut masks = Tensor::full(&[1], 1.0);
    for (axis, along) in axes.iter().enumerate() {
        let faster: u32 = axes.iter().skip(axis + 1).map(Windows::count).product();
        let inside = windows.clone().flat_map(|k| along.indicator(k / faster % along.count()));
        let mut sizes = vec![1; 2 + axes.len()];
        (sizes[0], sizes[2 + axis]) = (windows.end - windows.start, along.size);
        masks = masks * Tensor::from_data(&sizes, &inside.collect::<Vec<_>>());
    }
    masks
}

/// The windows along one axis of the image.
struct Windows {
    size: u32,
    window: u32,
    stride: u32,
}

impl Windows {
    fn count(&self) -> u32 {
        1 + self.size.saturating_sub(self.window).div_ceil(self.stride)
    }

    /// Gives 1 in the window at `place`, 0 elsewhere.
    fn indicator(&self, place: u32) -> impl Iterator<Item = f32> {
        let start = place * self.stride;
        let inside = start..start + self.window;
        (0..self.size).map(move |at| f32::from(u8::from(inside.contains(&at))))
    }
}

export_method!(Occlusion);
