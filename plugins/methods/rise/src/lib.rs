//! RISE: random masks, weighted by the score of what they keep.
//!
//! S(u) = 1 / (p n) sum_i f_c(Phi(x; m_i)) m_i(u) estimates the mean score of masks that keep u (Petsiuk, Das and
//! Saenko 2018, Eq. 6). A mask is a grid of s x s cells, each kept with probability p, made larger bilinearly to
//! (s + 1) cells of ceil(H / s) x ceil(W / s) pixels and cut out at random (Sec. 3.2). The extra `rise` is S.
//!
//! The map is S less what says nothing of u: sum_i f_i m_i(u) / sum_i m_i(u) - 1/n sum_i f_i. Dividing by the masks
//! that there were, rather than by p n, and taking the mean away leave the expected order of pixels as it is, take
//! noise out, and make the map of a constant classifier zero. The masks are the same for every image of a batch.

use lacuna_plugin::export_method;
use lacuna_plugin::{Error, Explanation, Extra, Info, Method, Need, Parameter, Random, Request, Score, Tensor};
use lacuna_toolkit::saliency::{MaskAverage, Passes, Perturbed, explain_zeros};

struct Rise;

impl Method for Rise {
    fn describe() -> Info {
        Info::new(
            "rise",
            env!("CARGO_PKG_VERSION"),
            "Random masks, weighted by the score of what they keep (Petsiuk 2018)",
        )
        .needs(Need::Readback)
        .parameter(
            Parameter::integer("samples", 4000, 1..=1_000_000)
                .summary("Random masks; fewer give a noisier map in less time")
                .unit("masks")
                .source("Petsiuk 2018, Sec. 4: 4000 for VGG16, 8000 for ResNet50"),
        )
        .parameter(
            Parameter::integer("cells", 7, 1..=256)
                .summary("Rows and columns of the grid of a mask")
                .unit("cells")
                .source("Petsiuk 2018, Sec. 4"),
        )
        .parameter(
            Parameter::number("keep", 0.5, 0.01..=0.99)
                .summary("Probability that a cell is kept")
                .source("Petsiuk 2018, Sec. 4"),
        )
        .parameter(Score::Probability.parameter("Petsiuk 2018, Sec. 3.1"))
        .parameter(Passes::parameter())
    }

    fn explain(request: Request<'_>) -> Result<Explanation, Error> {
        let score = Score::from_settings(&request.settings)?;
        let [n, _, height, width] = request.images.planar_shape()?;
        let samples = request.settings.count("samples")?;
        let (cells, keep) = (request.settings.count("cells")?, request.settings.number("keep")?);
        let mut random = Random::new(request.seed);
        let drawn = Tensor::uniform(&[samples, cells, cells], 0.0, 1.0, random.bits());
        let kept = Tensor::full(&[1, 1, 1], keep).greater(&drawn).check()?;
        let passes = Passes::new(&request.settings, samples, n)?;
        let mut perturbed = Perturbed::new(&request, score, passes.most())?;
        let whole = perturbed.unperturbed()?;
        let (mut average, mut sum) = (MaskAverage::new(request.images.image_shape()?)?, &whole * 0.0);
        passes.run(|masks| {
            let count = masks.end - masks.start;
            let crops: Vec<_> = masks
                .clone()
                .map(|_| (Crop::draw(height, cells, &mut random), Crop::draw(width, cells, &mut random)))
                .collect();
            let down: Vec<f32> = crops.iter().flat_map(|(rows, _)| rows.matrix()).collect();
            let across: Vec<f32> = crops.iter().flat_map(|(_, columns)| columns.matrix()).collect();
            let down = Tensor::from_data(&[count, height, cells], &down);
            let across = Tensor::from_data(&[count, width, cells], &across).permute(&[0, 2, 1]);
            let masks = down.matrix_multiply(&kept.slice(0, masks)).matrix_multiply(&across);
            let masks = masks.reshape(&[count, 1, height, width]).clamp(0.0, 1.0);
            // Differences from the whole image's score round less, and are exactly 0 where nothing changes.
            let change = perturbed.scores(&masks)? - &whole;
            average.add(&change, &masks)?;
            sum = (&sum + change.sum(&[0])).check()?;
            Ok(())
        })?;
        let per_image = |x: &Tensor| x.reshape(&[n, 1, 1, 1]);
        let map = (average.average() - per_image(&(sum / samples as f32))).check()?;
        let rise = (average.total() + per_image(&whole) * average.weight()) / (keep * samples as f32);
        let findings = explain_zeros(&request, score, &map)?;
        Ok(Explanation { map, extras: vec![Extra::other("rise", rise)], findings })
    }
}

/// The place along one axis where a mask is cut out of the larger grid.
struct Crop {
    size: u32,
    cells: u32,
    offset: u32,
}

impl Crop {
    fn draw(size: u32, cells: u32, random: &mut Random) -> Self {
        let last = i32::try_from(size.div_ceil(cells)).unwrap_or(i32::MAX) - 1;
        Self { size, cells, offset: random.within(0..=last).unsigned_abs() }
    }

    /// (size, cells), row by row: which cells each pixel lies between, bilinear with half-pixel centres.
    fn matrix(&self) -> Vec<f32> {
        let last = self.cells - 1;
        let larger = ((self.cells + 1) * self.size.div_ceil(self.cells)) as f32;
        let mut weights = vec![0.0; (self.size * self.cells) as usize];
        for (pixel, row) in weights.chunks_exact_mut(self.cells as usize).enumerate() {
            let at = (pixel as f32 + self.offset as f32 + 0.5) * self.cells as f32 / larger - 0.5;
            let at = at.clamp(0.0, last as f32);
            let (low, part) = (at as u32, at.fract());
            for (cell, weight) in [(low, 1.0 - part), ((low + 1).min(last), part)] {
                if let Some(entry) = row.get_mut(cell as usize) {
                    *entry += weight;
                }
            }
        }
        weights
    }
}

export_method!(Rise);
