//! DenseNet-121 (Huang, Liu, van der Maaten and Weinberger 2017, Table 1), as in torchvision.

use super::builder::{Builder, Window};
use crate::Result;
use crate::graph::Operator;
use crate::graph::operator::{Padding, Pool};

/// Channels that each dense layer adds.
const GROWTH: usize = 32;
/// Dense layers of each block.
const BLOCKS: [usize; 4] = [6, 12, 24, 16];
/// Channels of the 1x1 convolution inside a dense layer.
const BOTTLENECK: usize = 4 * GROWTH;

pub(super) fn build(b: &mut Builder<'_, '_>, channels: usize) -> Result<()> {
    let images = b.graph.input.clone();
    let x = b.conv("features.conv0", &images, &[64, channels, 7, 7], Window { stride: 2, padding: 3 }, false)?;
    let x = b.norm_relu("features.norm0", "features.relu0", &x, 64)?;
    let pool = Pool {
        line: false,
        depth: None,
        kernel: [3, 3],
        stride: [2, 2],
        padding: Padding::Explicit([1; 4]),
        dilation: [1, 1],
        round_up: false,
    };
    let mut x = b.push("features.pool0", Operator::MaxPool(pool), &[&x]);
    let mut width = 64;
    for (index, layers) in BLOCKS.into_iter().enumerate() {
        let block = index + 1;
        let mut parts = vec![x];
        for layer in 1..=layers {
            let at = format!("features.denseblock{block}.denselayer{layer}");
            let names: Vec<&str> = parts.iter().map(String::as_str).collect();
            let joined = if names.len() == 1 {
                parts[0].clone()
            } else {
                b.push(&format!("{at}.concat"), Operator::Concat { axis: 1 }, &names)
            };
            let y = b.norm_relu(&format!("{at}.norm1"), &format!("{at}.relu1"), &joined, width)?;
            let y = b.conv(
                &format!("{at}.conv1"),
                &y,
                &[BOTTLENECK, width, 1, 1],
                Window { stride: 1, padding: 0 },
                false,
            )?;
            let y = b.norm_relu(&format!("{at}.norm2"), &format!("{at}.relu2"), &y, BOTTLENECK)?;
            let y = b.conv(
                &format!("{at}.conv2"),
                &y,
                &[GROWTH, BOTTLENECK, 3, 3],
                Window { stride: 1, padding: 1 },
                false,
            )?;
            // What is joined already need not be joined again.
            parts = vec![joined, y];
            width += GROWTH;
        }
        let names: Vec<&str> = parts.iter().map(String::as_str).collect();
        x = b.push(&format!("features.denseblock{block}"), Operator::Concat { axis: 1 }, &names);
        if block < BLOCKS.len() {
            let at = format!("features.transition{block}");
            let y = b.norm_relu(&format!("{at}.norm"), &format!("{at}.relu"), &x, width)?;
            let y =
                b.conv(&format!("{at}.conv"), &y, &[width / 2, width, 1, 1], Window { stride: 1, padding: 0 }, false)?;
            let pool = Pool {
                line: false,
                depth: None,
                kernel: [2, 2],
                stride: [2, 2],
                padding: Padding::Explicit([0; 4]),
                dilation: [1, 1],
                round_up: false,
            };
            x = b.push(&format!("{at}.pool"), Operator::AveragePool { pool, count_padding: false }, &[&y]);
            width /= 2;
        }
    }
    let x = b.norm_relu("features.norm5", "features.relu5", &x, width)?;
    b.classifier("classifier", &x, width)
}
