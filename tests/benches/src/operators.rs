//! Times of the operators that explanations spend their time in, on the CPU.

mod one_convolution;

use criterion::{Criterion, criterion_group, criterion_main};
use lacuna_engine::{Device, Interpolation, ReluRule, Tensor};
use one_convolution::Convolution;

/// Images (N, C, H, W) in [0, 1).
fn uniform(shape: &[usize]) -> Tensor {
    Tensor::uniform(&Device::cpu(), shape, 0.0, 1.0, 7).unwrap()
}

/// Convolutions of the sizes that DenseNet121, ResNet and MobileNet have, forward, and forward and backward.
fn convolutions(criterion: &mut Criterion) {
    let plain = Convolution { channels: [128, 32], side: 28, kernel: 3, stride: 1, groups: 1 };
    for (name, convolution) in [
        ("1x1", Convolution { channels: [256, 128], kernel: 1, ..plain }),
        ("3x3", plain),
        ("strided 3x3", Convolution { channels: [64, 128], side: 56, stride: 2, ..plain }),
        ("7x7", Convolution { channels: [3, 64], side: 224, kernel: 7, stride: 2, groups: 1 }),
        ("depthwise", Convolution { channels: [128, 128], side: 56, groups: 128, ..plain }),
    ] {
        let (network, images) = (convolution.network(&Device::cpu()), uniform(&convolution.images(1)));
        let mut group = criterion.benchmark_group(format!("convolution {name}"));
        group.bench_function("forward", |bencher| {
            bencher.iter(|| network.logits(&images, ReluRule::Plain).unwrap().read().unwrap());
        });
        group.bench_function("forward and backward", |bencher| {
            bencher.iter(|| {
                let leaf = images.track().unwrap();
                let sum = network.logits(&leaf, ReluRule::Plain).unwrap().sum(&[]).unwrap();
                sum.backward().unwrap().of_leaf(&leaf).unwrap().read().unwrap()
            });
        });
        group.finish();
    }
}

/// Operations that perturbations and methods call.
fn tensors(criterion: &mut Criterion) {
    let matrices = [uniform(&[512, 512]), uniform(&[512, 512])];
    criterion.bench_function("matrix product 512", |bencher| {
        bencher.iter(|| matrices[0].matrix_multiply(&matrices[1]).unwrap().read().unwrap());
    });
    let images = uniform(&[8, 3, 224, 224]);
    criterion.bench_function("blur 8 x 3 x 224 x 224", |bencher| {
        bencher.iter(|| images.gaussian_blur(&[10.0; 2]).unwrap().read().unwrap());
    });
    let masks = uniform(&[8, 1, 28, 28]);
    criterion.bench_function("resize 8 x 28 x 28 to 224 x 224", |bencher| {
        bencher.iter(|| masks.resize(&[224, 224], Interpolation::Bilinear).unwrap().read().unwrap());
    });
    criterion.bench_function("sum 8 x 3 x 224 x 224", |bencher| {
        bencher.iter(|| images.sum(&[]).unwrap().read().unwrap());
    });
}

criterion_group!(benches, convolutions, tensors);
criterion_main!(benches);
