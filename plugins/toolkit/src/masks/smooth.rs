//! Smooth masks: shifted kernels under a smooth maximum (Fong, Patrick and Vedaldi 2019, Sec. 3.2).

use lacuna_plugin::{Error, Tensor};

/// kappa of the smooth maximum, as in the authors' TorchRay.
const COLDNESS: f32 = 20.0;
/// The number of the mask's pixels along each side of a cell; no kernel is narrower than a cell.
const SAMPLES: u32 = 2;

/// m(u) = smax over cells i of k(|u - i| / sigma) p(i), for cells p (N, 1, S, S) in [0, 1], where
/// k(z) = exp(-2 max(z - 1/2, 0)^2) and smax x = sum x exp(kappa x) / sum exp(kappa x), kappa = 20.
///
/// The mask has 2 S x 2 S pixels, half a cell each. A pixel sees the cells that are at most 1 + sigma rows and columns
/// away; those beyond the edge are what the edge is, so that equal cells make an even mask.
#[derive(Clone, Debug)]
pub struct Smooth {
    cells: u32,
    reach: u32,
    /// k for every cell that a pixel sees, (cells seen, 1, SAMPLES, 1, SAMPLES).
    kernel: Tensor,
}

impl Smooth {
    /// Makes the kernel for S = `cells` rows and columns; `sigma` is in cells.
    pub fn new(cells: u32, sigma: f32) -> Self {
        let reach = 1 + sigma.ceil() as u32;
        let away = |sample: u32, seen: u32| {
            (sample as f32 + 0.5) / SAMPLES as f32 - 0.5 - (f64::from(seen) - f64::from(reach)) as f32
        };
        let mut kernel = Vec::new();
        for (row, column) in (0..=2 * reach).flat_map(|row| (0..=2 * reach).map(move |column| (row, column))) {
            for (y, x) in (0..SAMPLES).flat_map(|y| (0..SAMPLES).map(move |x| (y, x))) {
                let distance = away(y, row).hypot(away(x, column)) / sigma;
                kernel.push((-2.0 * (distance - 0.5).max(0.0).powi(2)).exp());
            }
        }
        let seen = (2 * reach + 1).pow(2);
        Self { cells, reach, kernel: Tensor::from_data(&[seen, 1, SAMPLES, 1, SAMPLES], &kernel) }
    }

    /// Rows and columns of the mask.
    pub fn size(&self) -> u32 {
        self.cells * SAMPLES
    }

    /// The masks (N, 1, 2 S, 2 S) of `cells` (N, 1, S, S); outside the graph.
    ///
    /// # Errors
    /// What the host refuses.
    pub fn masks(&self, cells: &Tensor) -> Result<Tensor, Error> {
        let [n, ..] = cells.planar_shape()?;
        let masks: Vec<Tensor> = (0..n).map(|i| self.one(&cells.slice(0, i..i + 1))).collect();
        Tensor::concatenate(&masks.iter().collect::<Vec<_>>(), 0).check()
    }

    /// The gradient for the `cells` (N, 1, S, S) from the gradient `slopes` for their masks (N, 1, 2 S, 2 S), by the chain
    /// rule. Makes one mask after the other again, because the cells that all pixels see are many times the size of a mask.
    ///
    /// # Errors
    /// What the host refuses.
    pub fn pull(&self, cells: &Tensor, slopes: &Tensor) -> Result<Tensor, Error> {
        let [n, ..] = cells.planar_shape()?;
        let one = |i: u32| {
            let leaf = cells.slice(0, i..i + 1).detach().track();
            (self.one(&leaf) * slopes.slice(0, i..i + 1)).sum(&[]).backward().of(&leaf)
        };
        let pulls: Vec<Tensor> = (0..n).map(one).collect();
        Tensor::concatenate(&pulls.iter().collect::<Vec<_>>(), 0).check()
    }

    /// One mask (1, 1, 2 S, 2 S) of cells (1, 1, S, S).
    fn one(&self, cells: &Tensor) -> Tensor {
        let cells = match padded(cells, self.reach) {
            Ok(cells) => cells,
            Err(error) => return error.into(),
        };
        let (seen, here) = (2 * self.reach + 1, self.cells);
        let rows: Vec<Tensor> = (0..seen).map(|row| cells.slice(2, row..row + here)).collect();
        let columns = |row: &Tensor| (0..seen).map(|column| row.slice(3, column..column + here)).collect::<Vec<_>>();
        let taps: Vec<Tensor> = rows.iter().flat_map(columns).collect();
        let taps = Tensor::concatenate(&taps.iter().collect::<Vec<_>>(), 0);
        let pulled = taps.reshape(&[seen * seen, here, 1, here, 1]) * &self.kernel;
        let weights = (&pulled * COLDNESS).exponential();
        ((pulled * &weights).sum(&[0]) / weights.sum(&[0])).reshape(&[1, 1, self.size(), self.size()])
    }
}

/// Pads `x` (N, 1, S, S) by `width` cells on every side, which repeat the edge.
fn padded(x: &Tensor, width: u32) -> Result<Tensor, Error> {
    let mut padded = x.clone();
    for dimension in [2, 3] {
        let last = padded.planar_shape()?[dimension as usize];
        let [first, end] = [0..1, last - 1..last].map(|edge| padded.slice(dimension, edge));
        let [before, after] = [vec![&first; width as usize], vec![&end; width as usize]];
        padded = Tensor::concatenate(&[before, vec![&padded], after].concat(), dimension);
    }
    padded.check()
}
