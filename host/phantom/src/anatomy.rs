//! The anatomy of one phantom: an axial slice through a head, as FLAIR shows it (fluid dark, grey
//! matter a little brighter than white matter).

use crate::geometry::{Frame, Outline, direction, edge, length};
use crate::phantom::SIDE;
use lacuna_numeric::SplitMix;
use std::f64::consts::TAU;

/// What one pixel shows before the scanner adds its marks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Point {
    /// Brightness in [0, 1].
    pub(crate) brightness: f64,
    /// How much of the pixel is grey or white matter, 0 to 1.
    pub(crate) tissue: f64,
    /// Pixels below the surface of the brain; negative outside.
    pub(crate) depth: f64,
}

/// A head of its own: shape, folds, ventricles and brightness. Lengths are in pixels.
#[derive(Debug)]
pub(crate) struct Anatomy {
    head: Frame,
    brain: Outline,
    skull: f64,
    scalp: f64,
    cortex: f64,
    sulci: Vec<Sulcus>,
    midline: Midline,
    ventricles: Vec<Chamber>,
    nuclei: Vec<Chamber>,
    white: f64,
    grey: f64,
    fluid: f64,
    fat: f64,
}

/// A fold that the cortex follows inwards.
#[derive(Debug)]
struct Sulcus {
    /// Cosine and sine of the angle at which it opens.
    towards: [f64; 2],
    length: f64,
    slant: f64,
}

/// The cleft between the hemispheres: its sideways bend, and where it ends in front and behind.
#[derive(Debug)]
struct Midline {
    bend: f64,
    front: f64,
    back: f64,
}

#[derive(Debug)]
struct Chamber {
    frame: Frame,
    outline: Outline,
}

impl Anatomy {
    pub(crate) fn draw(random: &mut SplitMix) -> Self {
        let middle = (SIDE - 1) as f64 / 2.0;
        let centre = [middle + random.between(-1.5, 1.5), middle + random.between(-1.0, 1.0)];
        let half_axes = [random.between(29.5, 34.0), random.between(35.0, 38.5)];
        let white = random.between(0.36, 0.44);
        let sulci = random.between(17.0, 25.0).floor();
        Self {
            head: Frame::new(centre, random.between(-0.14, 0.14)),
            brain: Outline::draw(random, half_axes, &[0.020, 0.015, 0.010, 0.008]),
            skull: random.between(2.0, 3.0),
            scalp: random.between(1.6, 2.8),
            cortex: random.between(2.6, 3.8),
            sulci: (0..sulci as usize)
                .map(|i| Sulcus {
                    towards: direction(TAU * (i as f64 + random.between(-0.3, 0.3)) / sulci),
                    length: random.between(3.5, 9.5),
                    slant: random.between(-0.35, 0.35),
                })
                .collect(),
            midline: Midline {
                bend: random.between(-1.2, 1.2),
                front: random.between(13.0, 17.0),
                back: random.between(15.0, 19.0),
            },
            ventricles: ventricles(random),
            nuclei: nuclei(random),
            white,
            grey: white + random.between(0.07, 0.11),
            fluid: random.between(0.07, 0.13),
            fat: random.between(0.45, 0.60),
        }
    }

    /// The anatomy at column `x` and row `y`.
    pub(crate) fn at(&self, x: f64, y: f64) -> Point {
        let [x, y] = self.head.place(x, y);
        let depth = self.brain.inside(x, y);
        if depth < -1.0 {
            return Point { brightness: self.shell(depth), tissue: 0.0, depth };
        }
        let (fold, fluid) = self.folds(x, y, depth);
        let ventricle = self.ventricles.iter().map(|chamber| chamber.share(x, y, 1.2)).fold(0.0, f64::max);
        let nucleus = self.nuclei.iter().map(|chamber| chamber.share(x, y, 1.6)).fold(0.0, f64::max);
        let grey = edge(self.cortex - fold, 1.6).max(0.8 * nucleus);
        let matter = self.white + (self.grey - self.white) * grey;
        let tissue = edge(depth, 1.2) * (1.0 - fluid) * (1.0 - ventricle);
        Point { brightness: self.fluid + (matter - self.fluid) * tissue, tissue, depth }
    }

    /// Brightness outside the brain: a film of fluid, bone, scalp, air.
    fn shell(&self, depth: f64) -> f64 {
        const AIR: f64 = 0.015;
        const BONE: f64 = 0.06;
        let bone = -1.8;
        let scalp = bone - self.skull;
        let mut brightness = self.fluid;
        brightness += (BONE - brightness) * edge(bone - depth, 1.0);
        brightness += (self.fat - brightness) * edge(scalp - depth, 1.0);
        brightness + (AIR - brightness) * edge(scalp - self.scalp - depth, 1.0)
    }

    /// Distance to the nearest fold or surface, and the share of fluid in the folds.
    fn folds(&self, x: f64, y: f64, depth: f64) -> (f64, f64) {
        let mut nearest = depth;
        let mut fluid = 0.0_f64;
        let mut meet = |across: f64, beyond: f64, width: f64| {
            let distance = length(across, beyond.max(0.0));
            nearest = nearest.min(distance);
            fluid = fluid.max(edge(width - distance, 1.0));
        };
        for Sulcus { towards: [cos, sin], length, slant } in &self.sulci {
            let (along, across) = (x * cos + y * sin, y * cos - x * sin);
            if along > across.abs() {
                meet(across + slant * (depth - length), depth - length, 0.45);
            }
        }
        let Midline { bend, front, back } = self.midline;
        let across = x - bend * (y / 20.0).sin();
        meet(across, if y < 0.0 { y + front } else { back - y }, 0.6);
        (nearest, fluid)
    }
}

impl Chamber {
    fn new(centre: [f64; 2], half_axes: [f64; 2], tilt: f64, random: &mut SplitMix) -> Self {
        Self { frame: Frame::new(centre, tilt), outline: Outline::draw(random, half_axes, &[0.06, 0.06]) }
    }

    /// How much of the pixel it fills, 0 to 1, with an edge of this width.
    fn share(&self, x: f64, y: f64, width: f64) -> f64 {
        let [x, y] = self.frame.place(x, y);
        edge(self.outline.inside(x, y), width)
    }
}

/// Frontal and occipital horn on each side, and the third ventricle between them.
fn ventricles(random: &mut SplitMix) -> Vec<Chamber> {
    let size = random.between(0.8, 1.25);
    let mut all = vec![Chamber::new([0.0, 4.0], [0.9 * size, 3.5], 0.0, random)];
    for side in [-1.0, 1.0] {
        let size = size * random.between(0.9, 1.1);
        let front = [side * random.between(4.2, 5.6), random.between(-9.0, -6.5)];
        let tilt = side * random.between(0.2, 0.4);
        all.push(Chamber::new(front, [2.6 * size, 7.0 * size], tilt, random));
        let back = [side * random.between(8.5, 10.5), random.between(10.0, 13.0)];
        let tilt = -side * random.between(0.3, 0.55);
        all.push(Chamber::new(back, [2.2 * size, 6.0 * size], tilt, random));
    }
    all
}

/// Deep grey matter beside the third ventricle.
fn nuclei(random: &mut SplitMix) -> Vec<Chamber> {
    let mut draw = |side: f64| {
        let centre = [side * random.between(5.5, 7.0), random.between(2.0, 4.0)];
        let half_axes = [random.between(3.4, 4.4), random.between(4.5, 6.0)];
        Chamber::new(centre, half_axes, side * 0.2, random)
    };
    vec![draw(-1.0), draw(1.0)]
}
