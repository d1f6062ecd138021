//! Networks in training against the same networks in use, and the generator that a trained autoencoder becomes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by a panic")]

use lacuna_engine::{
    Adam, Architecture, Classifier, Device, Generator, GeneratorManifest, Manifest, Mode, ModelFiles, ReluRule, Tensor,
    Trainable, VaeConfig,
};

fn images(device: &Device, n: usize, channels: usize, size: usize) -> Tensor {
    Tensor::uniform(device, &[n, channels, size, size], 0.0, 1.0, 11).unwrap()
}

fn close(found: &Tensor, expected: &Tensor, tolerance: f32) {
    assert_eq!(found.shape(), expected.shape());
    let (found, expected) = (found.read().unwrap(), expected.read().unwrap());
    let largest = expected.iter().fold(1e-6_f32, |m, x| m.max(x.abs()));
    let error = found.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max) / largest;
    assert!(error < tolerance, "relative error {error}");
}

/// The arrays of networks as the bytes of a safetensors file.
fn file(networks: &[&Trainable]) -> Vec<u8> {
    let arrays: Vec<(String, Vec<usize>, Vec<u8>)> = networks
        .iter()
        .flat_map(|network| network.arrays())
        .map(|(name, tensor)| {
            let bytes = tensor.read().unwrap().iter().flat_map(|x| x.to_le_bytes()).collect();
            (name.to_owned(), tensor.shape(), bytes)
        })
        .collect();
    let view = |(name, shape, bytes): &'static (String, Vec<usize>, Vec<u8>)| {
        (name.as_str(), safetensors::tensor::TensorView::new(safetensors::Dtype::F32, shape.clone(), bytes).unwrap())
    };
    let arrays: &'static [_] = arrays.leak();
    safetensors::serialize(arrays.iter().map(view), None).unwrap()
}

fn embedded(networks: &[&Trainable]) -> ModelFiles {
    ModelFiles::Embedded(vec![("w.safetensors", &*file(networks).leak() as &[u8])].leak())
}

#[test]
fn a_network_in_training_computes_what_it_computes_in_use() {
    let device = Device::cpu();
    for (architecture, channels, size) in [(Architecture::SmallCnn, 1, 48), (Architecture::DenseNet121, 3, 64)] {
        let mut network = architecture.trainable(channels, 2, None, 7, &device).unwrap();
        let x = images(&device, 3, channels, size);
        // Statistics of BatchNorm that are not those of the start.
        let leaves = network.leaves().unwrap();
        let (_, statistics) = network.run(&leaves, &x, Mode::Training { seed: 1 }).unwrap();
        network.measure(statistics);
        let (expected, _) = network.run(&network.leaves().unwrap(), &x, Mode::Evaluation).unwrap();
        let manifest = format!(
            "name = \"trained\"\n[model]\narchitecture = \"{}\"\nweights = \"w.safetensors\"\n[input]\nchannels = {channels}\n\
             height = {size}\nwidth = {size}\n[output]\nclasses = [\"a\", \"b\"]\nactivation = \"softmax\"\n",
            architecture.name()
        );
        let manifest = Manifest::parse("model.toml", &manifest).unwrap();
        let used = Classifier::from_manifest("model.toml", &manifest, &embedded(&[&network]), &device).unwrap();
        close(&used.logits(&x, ReluRule::Plain).unwrap(), &expected, 1e-4);
    }
}

fn vae(device: &Device) -> (VaeConfig, Trainable, Trainable) {
    let config = VaeConfig { size: 32, channels: 1, widths: vec![4, 6, 8], latent: 5, dropout: 0.2 };
    let (encoder, decoder) = config.trainable(3, device).unwrap();
    (config, encoder, decoder)
}

fn generator(encoder: &Trainable, decoder: &Trainable, device: &Device) -> Generator {
    let manifest = "name = \"healthy\"\n[generator]\nweights = \"w.safetensors\"\n[generator.vae]\nsize = 32\nchannels = 1\n\
                    widths = [4, 6, 8]\nlatent = 5\ndropout = 0.2\n[input]\nchannels = 1\nheight = 32\nwidth = 32\n";
    let manifest = GeneratorManifest::parse("vae.toml", manifest).unwrap();
    Generator::from_manifest("vae.toml", &manifest, &embedded(&[encoder, decoder]), device).unwrap()
}

#[test]
fn an_autoencoder_in_use_computes_what_it_computed_in_training() {
    let device = Device::cpu();
    let (_, encoder, decoder) = vae(&device);
    let used = generator(&encoder, &decoder, &device);
    assert_eq!(used.info().latent, Some(5));
    let x = images(&device, 2, 1, 32);
    let (code, _) = encoder.run(&encoder.leaves().unwrap(), &x, Mode::Evaluation).unwrap();
    let z = code.slice(1, 0, 5).unwrap();
    close(&used.encode(&x).unwrap(), &z, 1e-5);
    let sigma = code.slice(1, 5, 10).unwrap().affine(0.5, 0.0).unwrap().exponential().unwrap();
    close(&used.deviation(&x).unwrap(), &sigma, 1e-5);
    let (made, _) = decoder.run(&decoder.leaves().unwrap(), &z, Mode::Evaluation).unwrap();
    close(&used.reconstruct(&x).unwrap(), &made, 1e-5);
    // Other sizes and channels come back as they were.
    assert_eq!(used.reconstruct(&images(&device, 2, 3, 50)).unwrap().shape(), [2, 3, 50, 50]);
}

#[test]
fn gradients_pass_a_generator_as_they_pass_it_in_training() {
    let device = Device::cpu();
    let (_, encoder, decoder) = vae(&device);
    let used = generator(&encoder, &decoder, &device);
    let z = Tensor::normal(&device, &[2, 5], 0.0, 1.0, 5).unwrap();
    let weights = images(&device, 2, 1, 32);
    let through = |made: &Tensor, leaf: &Tensor| {
        made.multiply(&weights).unwrap().sum(&[]).unwrap().backward().unwrap().of_leaf(leaf).unwrap()
    };
    let leaf = z.track().unwrap();
    let frozen = through(&used.decode(&leaf, 32, 32).unwrap(), &leaf);
    let other = z.track().unwrap();
    let (made, _) = decoder.run(&decoder.leaves().unwrap(), &other, Mode::Evaluation).unwrap();
    close(&frozen, &through(&made, &other), 1e-4);
}

/// Sixty steps of an autoencoder; after `interrupted` of them the optimisers are made anew from their states.
fn train(interrupted: Option<u64>) -> (Vec<f32>, Vec<f32>) {
    let device = Device::cpu();
    let (_, mut encoder, mut decoder) = vae(&device);
    let levels = (0..4).flat_map(|n| vec![0.1 + 0.25 * n as f32; 32 * 32]).collect();
    let x = Tensor::from_data(&device, &[4, 1, 32, 32], levels).unwrap();
    let mut optimisers = Vec::new();
    let mut losses = Vec::new();
    for step in 0..60 {
        let (e, d) = (encoder.leaves().unwrap(), decoder.leaves().unwrap());
        let (code, _) = encoder.run(&e, &x, Mode::Training { seed: step }).unwrap();
        let z = code.slice(1, 0, 5).unwrap();
        let (made, _) = decoder.run(&d, &z, Mode::Training { seed: step }).unwrap();
        let loss = made.subtract(&x).unwrap().absolute().unwrap().mean(&[]).unwrap();
        losses.push(loss.read().unwrap()[0]);
        let gradients = loss.backward().unwrap();
        let leaves: Vec<Tensor> = e.iter().chain(&d).cloned().collect();
        let fresh = || Adam::new(5e-3, 0.9, 0.999, 1e-8).unwrap();
        optimisers.resize_with(leaves.len(), fresh);
        if interrupted == Some(step) {
            for optimiser in &mut optimisers {
                let state = optimiser.state();
                *optimiser = fresh();
                optimiser.restore(state);
            }
        }
        let mut news: Vec<Tensor> = leaves
            .iter()
            .zip(&mut optimisers)
            .map(|(leaf, adam)| adam.step(leaf, &gradients.of_leaf(leaf).unwrap()).unwrap())
            .collect();
        let rest = news.split_off(e.len());
        encoder.replace(news);
        decoder.replace(rest);
    }
    let weights = encoder.learnt().chain(decoder.learnt()).flat_map(|tensor| tensor.read().unwrap()).collect();
    (losses, weights)
}

#[test]
fn training_lowers_the_loss_and_a_restored_optimiser_goes_on_alike() {
    let (losses, weights) = train(None);
    assert!(losses[59] < 0.6 * losses[0], "{losses:?}");
    assert!(train(Some(17)) == (losses, weights), "an interrupted training makes other weights");
}

#[test]
fn manifests_of_generators_that_do_not_fit_are_refused() {
    let refused = |text: &str, parts: &[&str]| {
        let error = GeneratorManifest::parse("vae.toml", text).unwrap_err().to_string();
        assert!(parts.iter().all(|part| error.contains(part)), "{error}");
    };
    let input = "[input]\nchannels = 1\nheight = 32\nwidth = 32\n";
    let sizes = "size = 32\nchannels = 1\nlatent = 5\ndropout = 0.2\n";
    refused(
        &format!("name = \"x\"\n[generator]\ngraph = \"a.onnx\"\nweights = \"b\"\n{input}"),
        &["[generator] needs"],
    );
    let with = |widths: &str| {
        format!("name = \"x\"\n[generator]\nweights = \"w\"\n[generator.vae]\nwidths = {widths}\n{sizes}{input}")
    };
    refused(&with("[4]"), &["widths", "2 to 8 layers"]);
    refused(&with("[4, 4, 4, 4, 4, 4]"), &["multiple of 64", "64 is near"]);
    refused("name = \"x\"\n[model]\n[output]\n", &["looks like the manifest of a classifier"]);
}
