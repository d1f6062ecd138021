//! Random windows: kernels, strides, dilations, paddings and groups, on sizes at which kernels end badly.

use crate::kernels::ConvGeometry;
use crate::kernels::MaxPool;
use proptest::prelude::*;

/// A window that moves along one axis.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Axis {
    pub(crate) size: usize,
    pub(crate) kernel: usize,
    pub(crate) stride: usize,
    pub(crate) dilation: usize,
    pub(crate) before: usize,
    pub(crate) after: usize,
}

/// Paddings by their kind: none, the same at both ends, as much as the window reaches, any.
#[derive(Clone, Copy, Debug)]
enum Around {
    None,
    Even,
    Full,
    Uneven,
}

/// Small ones, and those around the lengths of registers and blocks.
pub(crate) fn size() -> impl Strategy<Value = usize> {
    let near = |length: usize| (1..=50 / length).prop_flat_map(move |n| n * length - 1..=n * length + 1);
    prop_oneof![1..=9_usize, near(4), near(8), near(16), near(16), 10..=40_usize]
}

pub(crate) fn axis() -> impl Strategy<Value = Axis> {
    let kernel = prop_oneof![3 => Just(1), 4 => Just(3), 3 => Just(5), 3 => 1..=7_usize];
    let stride = prop_oneof![3 => Just(1), 2 => Just(2), 1 => 1..=4_usize];
    let dilation = prop_oneof![3 => Just(1), 1 => 1..=3_usize];
    let around = prop_oneof![3 => Just(Around::None), 2 => Just(Around::Even), 1 => Just(Around::Full), 2 => Just(Around::Uneven)];
    (size(), kernel, stride, dilation, around, any::<[u8; 2]>()).prop_map(
        |(size, kernel, stride, dilation, around, [a, b])| {
            let reach = dilation * (kernel - 1) + 1;
            let any = |byte: u8| usize::from(byte) % (reach + 1);
            let (before, after) = match around {
                Around::None => (0, 0),
                Around::Even => (any(a).min(reach - 1), any(a).min(reach - 1)),
                Around::Full => (reach - 1, reach - 1),
                Around::Uneven => (any(a), any(b)),
            };
            // At least one window fits.
            let size = size.max(reach.saturating_sub(before + after));
            Axis { size, kernel, stride, dilation, before, after }
        },
    )
}

/// A convolution of a few images.
#[derive(Clone, Debug)]
pub(crate) struct ConvCase {
    pub(crate) geometry: ConvGeometry,
    pub(crate) size: [usize; 2],
    pub(crate) batch: usize,
    pub(crate) bias: bool,
    pub(crate) relu: bool,
    pub(crate) seed: u64,
}

impl ConvCase {
    pub(crate) fn weights(&self) -> usize {
        let g = &self.geometry;
        g.channels_out * g.channels_in / g.groups * g.kernel[0] * g.kernel[1]
    }

    pub(crate) fn output(&self) -> [usize; 2] {
        self.geometry.output_size(self.size).unwrap()
    }
}

/// Convolutions of at most so many products, so that many of them can be tried; `most` is about 100 000.
pub(crate) fn convolution(most: usize) -> impl Strategy<Value = ConvCase> {
    let channels = prop_oneof![Just([1, 1]), [1..=9_usize, 1..=17], [1..=4_usize, 7..=9]];
    let groups = prop_oneof![3 => Just(1), 2 => 1..=8_usize];
    (axis(), axis(), channels, groups, 1..=3_usize, any::<(bool, bool, u64)>()).prop_map(
        move |(y, x, [mut ins, mut outs], mut groups, mut batch, (bias, relu, seed))| {
            let windows = |axis: &Axis| (axis.size + axis.before + axis.after) * axis.kernel;
            let work = windows(&y) * windows(&x);
            while work * ins * outs * groups * batch > most && ins * outs * groups * batch > 1 {
                let largest = ins.max(outs).max(groups).max(batch);
                for number in [&mut groups, &mut outs, &mut ins, &mut batch] {
                    if *number == largest {
                        *number = number.div_ceil(2).max(1);
                        break;
                    }
                }
            }
            let geometry = ConvGeometry {
                channels_in: ins * groups,
                channels_out: outs * groups,
                kernel: [y.kernel, x.kernel],
                stride: [y.stride, x.stride],
                padding: [y.before, x.before, y.after, x.after],
                dilation: [y.dilation, x.dilation],
                groups,
            };
            ConvCase { geometry, size: [y.size, x.size], batch, bias, relu, seed }
        },
    )
}

/// A pooling window that never lies in the padding alone, over a few planes.
#[derive(Clone, Debug)]
pub(crate) struct PoolCase {
    pub(crate) pool: MaxPool,
    pub(crate) size: [usize; 2],
    pub(crate) planes: usize,
    pub(crate) seed: u64,
}

pub(crate) fn pooling() -> impl Strategy<Value = PoolCase> {
    (axis(), axis(), any::<(bool, [u8; 2], u64)>(), 1..=3_usize).prop_map(
        |(mut y, mut x, (round_up, paddings, seed), planes)| {
            for (axis, byte) in [&mut y, &mut x].into_iter().zip(paddings) {
                // A tap of every window must be able to meet the image.
                axis.before = usize::from(byte) % (axis.kernel.div_ceil(2));
                axis.size = axis.size.max(axis.dilation * (axis.kernel - 1) + 1);
            }
            let pool = MaxPool {
                kernel: [y.kernel, x.kernel],
                stride: [y.stride, x.stride],
                padding: [y.before, x.before],
                dilation: [y.dilation, x.dilation],
                round_up,
            };
            PoolCase { pool, size: [y.size, x.size], planes, seed }
        },
    )
}
