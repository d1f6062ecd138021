//! Where a layer's cells lie on the image: what a cell sees is centred there.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by a panic")]

use lacuna_engine::{Architecture, Cells, Classifier, Device, Interpolation, Tensor};

/// Row and column of the centre of what the cell in the middle of a layer sees: of the squared gradient of its channels.
fn seen_from(classifier: &Classifier, layer: &str, [row, column]: [usize; 2]) -> [f64; 2] {
    let info = classifier.info();
    let (height, width) = (info.height, info.width);
    let device = Device::cpu();
    let image = Tensor::normal(&device, &[1, info.channels, height, width], 0.5, 0.2, 5).unwrap().track().unwrap();
    let values = classifier.activations(&image, layer).unwrap();
    let cell = values.slice(2, row, row + 1).unwrap().slice(3, column, column + 1).unwrap();
    let gradient = cell.sum(&[]).unwrap().backward().unwrap().of_leaf(&image).unwrap().read().unwrap();
    let weight = |at: usize| f64::from(gradient[at]).powi(2);
    let total: f64 = (0..gradient.len()).map(weight).sum();
    let centre = |place: &dyn Fn(usize) -> usize| {
        (0..gradient.len()).map(|at| weight(at) * place(at) as f64).sum::<f64>() / total
    };
    [centre(&|at| at / width % height), centre(&|at| at % width)]
}

#[test]
fn every_layer_sees_what_lies_around_its_cells() {
    let device = Device::cpu();
    for architecture in [Architecture::SmallCnn, Architecture::DenseNet121] {
        let classifier = Classifier::untrained(architecture, 2, 3, &device).unwrap();
        let layers = classifier.info().layers.clone();
        // Neighbours see nearly the same; a tenth of the layers of a deep network is enough.
        for layer in layers.iter().step_by(layers.len().div_ceil(12)) {
            let cells = classifier.cells(layer).unwrap().expect("a layer of convolutions has places");
            let [rows, columns] = <[Cells; 2]>::try_from(cells).unwrap();
            let size = classifier
                .activations(&Tensor::full(&device, &shape(&classifier), 0.5).unwrap(), layer)
                .unwrap()
                .shape();
            let middle = [size[2] / 2, size[3] / 2];
            let found = seen_from(&classifier, layer, middle);
            let expected = [rows, columns].into_iter().zip(middle).map(|(c, at)| c.first + at as f64 * c.spacing);
            for (found, expected) in found.iter().zip(expected) {
                let off = (found - expected).abs();
                println!(
                    "{architecture:?} {layer}: cells {} apart, seen at {found:.1}, placed at {expected:.1}",
                    rows.spacing
                );
                // Weights are random, so the centre strays by a part of a cell; a placement by half a cell would not do.
                assert!(off <= 0.3 * rows.spacing + 0.3, "{architecture:?} {layer}: {found}, expected {expected}");
            }
        }
    }
}

fn shape(classifier: &Classifier) -> [usize; 4] {
    let info = classifier.info();
    [1, info.channels, info.height, info.width]
}

#[test]
fn cells_are_put_where_they_lie() {
    let device = Device::cpu();
    let cells = Tensor::from_data(&device, &[1, 1, 1, 3], vec![0.0, 1.0, 4.0]).unwrap();
    let at = |first: f64, spacing: f64| Cells { first, spacing };
    let placed = cells.place(&[1, 6], &[at(0.0, 1.0), at(0.0, 2.0)]).unwrap();
    assert_eq!(placed.read().unwrap(), [0.0, 0.5, 1.0, 2.5, 4.0, 4.0]);
    // Spread evenly, as by resizing, the same cells lie half a cell later.
    let even = cells.place(&[1, 6], &[at(0.0, 1.0), at(0.5, 2.0)]).unwrap();
    assert_eq!(even.read().unwrap(), cells.resize(&[1, 6], Interpolation::Bilinear).unwrap().read().unwrap());
    assert!(cells.place(&[1, 6], &[at(0.0, 1.0), at(0.0, 0.0)]).is_err());
}
