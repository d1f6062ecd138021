//! Occlusion: how far the score falls when a window is deleted.
//!
//! d_k = f_c(x) - f_c(Phi(x; m_k)), where m_k deletes the k-th window of a regular grid (Zeiler and Fergus 2014,
//! Sec. 4.2); the map at u is the mean of d_k over the windows on u. Windows begin at every multiple of the
//! stride until one reaches the edge, and the last is cut there; this is Captum's `Occlusion`, which deletes to
//! 0 (the perturbation `constant` with `value=0`). All channels are deleted together. The extra `drops`
//! (N, 1, rows, columns) has d_k for every window.

use lacuna_plugin::saliency::{CAPTUM, MaskAverage, Passes, Perturbed, explain_zeros};
use lacuna_plugin::{Error, Explanation, Info, Method, Need, Parameter, Request, Score, Tensor, export_method};

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
        let [n, c, height, width] = request.images.image_shape()?;
        let (window, stride) = (request.settings.count("window")?, request.settings.count("stride")?);
        if stride > window {
            return Err(Error::argument(
                "explain",
                "stride",
                "at most the window, so that no pixel is left out",
                stride,
            ));
        }
        let rows = Windows { size: height, window, stride };
        let columns = Windows { size: width, window, stride };
        let passes = Passes::new(&request.settings, rows.count() * columns.count(), n)?;
        let mut perturbed = Perturbed::new(&request, score, passes.most())?;
        let whole = perturbed.unperturbed()?;
        let mut average = MaskAverage::new([n, c, height, width])?;
        let mut drops = Vec::new();
        passes.run(|windows| {
            let count = windows.end - windows.start;
            let down: Vec<f32> = windows.clone().flat_map(|k| rows.indicator(k / columns.count())).collect();
            let across: Vec<f32> = windows.flat_map(|k| columns.indicator(k % columns.count())).collect();
            let deleted =
                Tensor::from_data(&[count, 1, height, 1], &down) * Tensor::from_data(&[count, 1, 1, width], &across);
            let drop = &whole - perturbed.scores(&(1.0 - &deleted))?;
            average.add(&drop, &deleted)?;
            drops.push(drop);
            Ok(())
        })?;
        let drops = Tensor::concatenate(&drops.iter().collect::<Vec<_>>(), 0);
        let drops = drops.permute(&[1, 0]).reshape(&[n, 1, rows.count(), columns.count()]).check()?;
        let map = average.average();
        let findings = explain_zeros(&request, score, &map)?;
        Ok(Explanation { map, extras: vec![("drops", drops)], findings })
    }
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

    /// 1 in the window at `place`, 0 elsewhere.
    fn indicator(&self, place: u32) -> impl Iterator<Item = f32> {
        let start = place * self.stride;
        let inside = start..start + self.window;
        (0..self.size).map(move |at| f32::from(u8::from(inside.contains(&at))))
    }
}

export_method!(Occlusion);
