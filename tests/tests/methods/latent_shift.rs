//! Latent shift: the class leaves the counterfactual of every image.

use crate::classifiers::{SIZE, classifier};
use crate::{bits, error, extra, request, run, said};
use lacuna_engine::{Classifier, Device, Generator, GeneratorManifest, ModelFiles, Tensor};
use lacuna_runtime::{ExplainRequest, Need};

/// The generator of random weights in the repository, with 6 dimensions of z.
fn generator() -> Generator {
    let text = "name = \"made\"\n[generator]\nencoder = \"operators-encoder.onnx\"\n\
                decoder = \"operators-decoder.onnx\"\n[input]\nchannels = 1\nheight = 32\nwidth = 32\n";
    let manifest = GeneratorManifest::parse("made.toml", text).unwrap();
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("data");
    Generator::from_manifest("made.toml", &manifest, &ModelFiles::Folder(folder), &Device::cpu()).unwrap()
}

#[test]
fn a_latent_shift_takes_the_class_away_in_each_image_of_a_batch() {
    // Class 1 is brightness.
    let bright = classifier(0.0, &[0.0, 3.0], "sigmoid");
    let images = Tensor::uniform(&Device::cpu(), &[3, 1, SIZE, SIZE], 0.0, 1.0, 3).unwrap();
    let generator = generator();
    let explained = |classifier: &Classifier, images: &Tensor, settings: &[&str]| {
        let targets = vec![1; images.shape()[0]];
        let asked = request("latent-shift", classifier, images, &targets, settings);
        let grants = asked.grants.with("latent-shift", Need::Generator);
        run(ExplainRequest { generator: Some(&generator), grants, ..asked }).unwrap()
    };
    let shifted = |images: &Tensor, settings: &[&str]| explained(&bright, images, &[&["fall=0.95"], settings].concat());
    let together = shifted(&images, &[]);
    println!("{:?} {:?}", together.messages, together.findings);
    assert!(together.findings.is_empty(), "{:?}", together.findings);
    let mean = |tensor: &Tensor| tensor.mean(&[1, 2, 3]).unwrap().read().unwrap();
    let (after, before) = (extra(&together, "counterfactual"), extra(&together, "reconstruction"));
    assert_eq!(bits(&before), bits(&generator.reconstruct(&images).unwrap()));
    for (after, before) in mean(&after).into_iter().zip(mean(&before)) {
        println!("brightness {before}, then {after}");
        assert!(after < before, "{before}, then {after}");
    }
    assert_eq!(bits(&together.map), bits(&shifted(&images, &[]).map));
    for n in 0..3 {
        let alone = shifted(&images.slice(0, n, n + 1).unwrap(), &[]);
        let off = error(&together.map.slice(0, n, n + 1).unwrap(), &alone.map.read().unwrap());
        assert!(off < 1e-4, "image {n}: the maps differ by {off}");
    }
    // One frame is the counterfactual itself.
    let one = shifted(&images, &["frames=1"]);
    let change = extra(&one, "counterfactual").subtract(&extra(&one, "reconstruction")).unwrap().absolute().unwrap();
    assert!(error(&one.map, &change.read().unwrap()) < 1e-6);
    let nothing = said(&explained(&classifier(0.0, &[0.0, 0.0], "sigmoid"), &images, &[]));
    assert!(nothing.contains("image 1: the map is zero everywhere"), "{nothing}");
    let none = run(request("latent-shift", &bright, &images, &[1; 3], &[])).unwrap_err().to_string();
    assert!(none.contains("generator"), "{none}");
}
