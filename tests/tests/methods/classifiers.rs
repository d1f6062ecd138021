//! Classifiers whose evidence is known, because every weight is set here.

use lacuna_engine::{Architecture, Classifier, Device, Manifest, ModelFiles, Tensor};

pub const SIZE: usize = 48;

/// A network of one convolution (the mean of 3 x 3 pixels minus `threshold`), a ReLU, the mean over all pixels, and one weight
/// for each class.
pub fn classifier(threshold: f32, weights: &[f32], activation: &str) -> Classifier {
    let arrays = [
        ("conv1.weight", vec![1, 1, 3, 3], vec![1.0 / 9.0; 9]),
        ("conv1.bias", vec![1], vec![-threshold]),
        ("classifier.weight", vec![weights.len(), 1], weights.to_vec()),
        ("classifier.bias", vec![weights.len()], vec![0.0; weights.len()]),
    ];
    let bytes: Vec<Vec<u8>> =
        arrays.iter().map(|(.., data)| data.iter().flat_map(|x| x.to_le_bytes()).collect()).collect();
    let views = arrays.iter().zip(&bytes).map(|((name, shape, _), bytes)| {
        (*name, safetensors::tensor::TensorView::new(safetensors::Dtype::F32, shape.clone(), bytes).unwrap())
    });
    let file: &'static [u8] = safetensors::serialize(views, None).unwrap().leak();
    let files: &'static [(&str, &[u8])] = Box::leak(Box::new([("made.safetensors", file)]));
    let classes: Vec<String> = (0..weights.len()).map(|class| format!("\"class {class}\"")).collect();
    let text = format!(
        "name = \"made\"\n[model]\narchitecture = \"small-cnn\"\nweights = \"made.safetensors\"\n\
         [input]\nchannels = 1\nheight = {SIZE}\nwidth = {SIZE}\n\
         [output]\nclasses = [{}]\nactivation = \"{activation}\"\n",
        classes.join(", ")
    );
    let manifest = Manifest::parse("made.toml", &text).unwrap();
    Classifier::from_manifest("made.toml", &manifest, &ModelFiles::Embedded(files), &Device::cpu()).unwrap()
}

/// A network of random weights, three images (3, 1, 96, 96), and a target class for each.
pub fn untrained() -> (Classifier, Tensor, [usize; 3]) {
    let classifier = Classifier::untrained(Architecture::SmallCnn, 3, 5, &Device::cpu()).unwrap();
    let images = Tensor::uniform(&Device::cpu(), &[3, 1, 96, 96], 0.0, 1.0, 11).unwrap();
    (classifier, images.gaussian_blur(&[2.0; 2]).unwrap(), [2, 0, 1])
}

/// A classifier of bright blobs: class 1 is a blob, class 0 its absence.
pub fn blob_finder() -> Classifier {
    classifier(0.5, &[-60.0, 60.0], "softmax")
}

/// A dark image (1, 1, 48, 48) with a bright square of 8 pixels whose first row and column are given.
pub fn blob([row, column]: [usize; 2]) -> Tensor {
    let inside = |at: usize, from: usize| (from..from + 8).contains(&at);
    let pixel = |i: usize| if inside(i / SIZE, row) && inside(i % SIZE, column) { 0.9 } else { 0.1 };
    let data = (0..SIZE * SIZE).map(pixel).collect();
    Tensor::from_data(&Device::cpu(), &[1, 1, SIZE, SIZE], data).unwrap()
}

/// [row, column] of the largest value of a map (1, 1, H, W).
pub fn peak(map: &Tensor) -> [usize; 2] {
    let width = map.shape()[3];
    let data = map.read().unwrap();
    let largest = (0..data.len()).max_by(|a, b| data[*a].total_cmp(&data[*b])).unwrap();
    [largest / width, largest % width]
}
