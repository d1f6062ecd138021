//! Times of one step of a mask method on an untrained network, on the CPU: perturb, classify, backward, update. Beside it, the
//! classifier's forward pass alone.
//!
//! `lacuna bench step` measures a step with a plugin in its sandbox, and says where its time goes.

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use lacuna_engine::{Adam, Architecture, ClassIndex, Classifier, Device, Interpolation, ReluRule, Score, Tensor};

/// What a step needs besides the mask.
struct Game {
    classifier: Classifier,
    /// (N, C, H, W) in [0, 1), and what the pixels become where the mask is 0.
    images: Tensor,
    reference: Tensor,
}

impl Game {
    fn new(architecture: Architecture, batch: usize) -> Self {
        let device = Device::cpu();
        let classifier = Classifier::untrained(architecture, 3, 7, &device).unwrap();
        let images = Tensor::uniform(&device, &classifier.info().shape(batch), 0.0, 1.0, 7).unwrap();
        let reference = images.gaussian_blur(&[10.0; 2]).unwrap();
        Self { classifier, images, reference }
    }

    /// A mask (N, 1, H / 8, W / 8) of 1 / 2.
    fn mask(&self) -> Tensor {
        let shape = self.images.shape();
        Tensor::full(self.images.device(), &[shape[0], 1, shape[2] / 8, shape[3] / 8], 0.5).unwrap()
    }

    /// One step of the deletion game (Fong and Vedaldi 2017): the next mask.
    fn step(&self, mask: &Tensor, adam: &mut Adam) -> Tensor {
        let shape = self.images.shape();
        let leaf = mask.track().unwrap();
        let full = leaf.resize(&shape[2..], Interpolation::Bilinear).unwrap();
        let perturbed = self.images.blend(&self.reference, &full).unwrap();
        let logits = self.classifier.logits(&perturbed, ReluRule::Plain).unwrap();
        let targets = vec![ClassIndex(0); shape[0]];
        let score = self.classifier.scores(&logits, &targets, Score::LogOdds).unwrap().sum(&[]).unwrap();
        let area = leaf.affine(-1.0, 1.0).unwrap().sum(&[]).unwrap().affine(2e-3, 0.0).unwrap();
        let variation = leaf.total_variation(3.0).unwrap().sum(&[]).unwrap().affine(1e-2, 0.0).unwrap();
        let gradients = score.add(&area).unwrap().add(&variation).unwrap().backward().unwrap();
        adam.step(&leaf, &gradients.of_leaf(&leaf).unwrap()).unwrap().clamp(0.0, 1.0).unwrap()
    }
}

fn steps(criterion: &mut Criterion) {
    for architecture in [Architecture::SmallCnn, Architecture::DenseNet121] {
        let mut group = criterion.benchmark_group(architecture.name());
        group.sample_size(10);
        for batch in [1, 8] {
            let game = Game::new(architecture, batch);
            group.bench_function(BenchmarkId::new("forward", batch), |bencher| {
                bencher.iter(|| game.classifier.logits(&game.images, ReluRule::Plain).unwrap().read().unwrap());
            });
            let (mut mask, mut adam) = (game.mask(), Adam::new(0.1, 0.9, 0.999, 1e-8).unwrap());
            group.bench_function(BenchmarkId::new("mask step", batch), |bencher| {
                bencher.iter(|| {
                    mask = game.step(&mask, &mut adam);
                    mask.read().unwrap()
                });
            });
        }
        group.finish();
    }
}

criterion_group!(benches, steps);
criterion_main!(benches);
