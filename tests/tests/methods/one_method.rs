//! Properties of single methods, each by the equation or the rule of its own: completeness, windows, layers, findings.

use crate::classifiers::{SIZE, blob, blob_finder, classifier, untrained};
use crate::{bits, extra, map, request, run, said};
use lacuna_engine::{Classifier, Device, ModelFiles, ReluRule, Score, Tensor};

#[test]
fn integrated_gradients_are_complete() {
    let (classifier, images, targets) = untrained();
    let score = |images: &Tensor| {
        let logits = classifier.logits(images, ReluRule::Plain).unwrap();
        let targets = targets.map(lacuna_engine::ClassIndex);
        classifier.scores(&logits, &targets, Score::LogOdds).unwrap().read().unwrap()
    };
    for settings in [["baseline-value=0.5", "baseline=constant"], ["baseline-value=0", "baseline=perturbation"]] {
        let settings = [&settings[..], &["steps=200", "score=log-odds"]].concat();
        let outcome = map("integrated-gradients", &classifier, &images, &targets, &settings);
        assert!(outcome.findings.is_empty(), "{:?}", outcome.findings);
        let sums = outcome.map.sum(&[1, 2, 3]).unwrap().read().unwrap();
        let (whole, baseline) = (score(&images), score(&extra(&outcome, "baseline")));
        for n in 0..3 {
            let change = whole[n] - baseline[n];
            // The attributions add up to some 5 in size, of both signs.
            assert!((sums[n] - change).abs() < 1e-3, "{} and {change}", sums[n]);
        }
    }
    // A step between the only two points is missed.
    let coarse = map("integrated-gradients", &blob_finder(), &blob([8, 8]), &[1], &["steps=1"]);
    assert!(said(&coarse).contains("too coarse; set `steps` to 4"), "{:?}", coarse.findings);
}

#[test]
fn occlusion_is_the_mean_drop_of_the_windows_on_a_pixel() {
    let classifier = blob_finder();
    let outcome = map("occlusion", &classifier, &blob([20, 20]), &[1], &["window=20", "stride=15"]);
    let drops = extra(&outcome, "drops");
    assert_eq!(drops.shape(), [1, 1, 3, 3]);
    let (drops, map) = (drops.read().unwrap(), outcome.map.read().unwrap());
    let at = |row: usize, column: usize| map[row * SIZE + column];
    assert_eq!(at(0, 0), drops[0]);
    // Rows 15 to 19 lie in the first two windows, row 47 in the last, which is cut at the edge.
    assert!((at(17, 0) - (drops[0] + drops[3]) / 2.0).abs() < 1e-5);
    assert!((at(17, 17) - (drops[0] + drops[1] + drops[3] + drops[4]) / 4.0).abs() < 1e-5);
    assert_eq!(at(47, 47), drops[8]);
    let gap = run(request("occlusion", &classifier, &blob([20, 20]), &[1], &["window=8", "stride=9"]));
    assert!(gap.unwrap_err().to_string().contains("at most the window"));
}

#[test]
fn rise_as_in_the_paper_is_the_mean_score_of_what_keeps_a_pixel() {
    let outcome =
        map("rise", &classifier(0.5, &[0.0, 0.0], "softmax"), &blob([8, 8]), &[1], &["samples=2000", "keep=0.3"]);
    for pixel in extra(&outcome, "rise").read().unwrap() {
        assert!((pixel - 0.5).abs() < 0.05, "{pixel}");
    }
}

#[test]
fn saturated_probabilities_and_cams_without_evidence_are_said() {
    let certain = classifier(0.0, &[-9000.0, 9000.0], "softmax");
    let saturated = map("gradient", &certain, &blob([8, 8]), &[1], &["score=probability"]);
    let text = said(&saturated);
    assert!(text.contains("saturated (p = 1.000)") && text.contains("set `score` to log-odds"), "{text}");
    assert!(map("gradient", &certain, &blob([8, 8]), &[1], &["score=log-odds"]).findings.is_empty());

    // Whatever is bright speaks against class 0.
    let against = map("grad-cam", &blob_finder(), &blob([8, 8]), &[0], &[]);
    let text = said(&against);
    assert!(text.contains("nowhere positive") && text.contains("set `rectify` to false"), "{text}");
    let signed = map("grad-cam", &blob_finder(), &blob([8, 8]), &[0], &["rectify=false"]);
    assert!(signed.findings.is_empty() && signed.map.read().unwrap().iter().any(|x| *x < 0.0));

    // All gradients are positive here, so there is nothing for the rule to stop.
    let guided = map("guided-backpropagation", &blob_finder(), &blob([8, 8]), &[1], &[]);
    assert!(said(&guided).contains("the rule changed nothing"), "{:?}", guided.findings);
}

/// The network of `tests/data/operators.py` with the operators of MobileNet.
#[test]
fn other_activation_functions_are_said() {
    let text = "name = \"mobilenet\"\n[model]\ngraph = \"operators-mobilenet.onnx\"\n[input]\nchannels = 3\nheight = 33\n\
                width = 35\n[output]\nclasses = [\"a\", \"b\", \"c\", \"d\", \"e\"]\nactivation = \"sigmoid\"\n";
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("data");
    let (manifest, device) = (lacuna_engine::Manifest::parse("mobilenet.toml", text).unwrap(), Device::cpu());
    let classifier =
        Classifier::from_manifest("mobilenet.toml", &manifest, &ModelFiles::Folder(folder), &device).unwrap();
    let functions = &classifier.info().activation_functions;
    println!("{functions:?}");
    assert!(functions.iter().any(|f| f.name == "Clip" && f.count == 2 && !f.ruled), "{functions:?}");
    let images = Tensor::uniform(&device, &[1, 3, 33, 35], 0.0, 1.0, 5).unwrap();
    let text = said(&map("guided-backpropagation", &classifier, &images, &[0], &[]));
    assert!(text.contains("2 Clip") && text.contains("HardSwish") && text.contains("gradients as they are"), "{text}");
    assert!(map("guided-backpropagation", &untrained().0, &untrained().1, &[0; 3], &[]).findings.is_empty());
}

#[test]
fn any_layer_can_be_chosen() {
    let (classifier, images, targets) = untrained();
    let layers = classifier.info().layers.clone();
    for (index, layer) in layers.iter().enumerate() {
        let (front, back) = (format!("layer={}", index + 1), format!("layer=-{}", layers.len() - index));
        let outcome = map("grad-cam", &classifier, &images, &targets, &[&format!("layer={layer}")]);
        assert_eq!(bits(&outcome.map), bits(&map("grad-cam", &classifier, &images, &targets, &[&front]).map));
        assert_eq!(bits(&outcome.map), bits(&map("grad-cam", &classifier, &images, &targets, &[&back]).map));
        assert!(outcome.messages.iter().any(|message| message.text.contains(layer.as_str())), "{layer}");
    }
    let wrong = run(request("grad-cam", &classifier, &images, &targets, &["layer=99"])).unwrap_err().to_string();
    assert!(layers.iter().all(|layer| wrong.contains(layer.as_str())), "{wrong}");
}
