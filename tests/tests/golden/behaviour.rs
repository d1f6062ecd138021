//! What must hold of every method, on classifiers that are made here.

use crate::made::{SIZE, blob, blob_finder, classifier, peak};
use crate::{PLUGINS, error, extra, map, request, run, said};
use lacuna_engine::{
    Architecture, Classifier, Device, Generator, GeneratorManifest, ModelFiles, ReluRule, Score, Tensor,
};
use lacuna_runtime::{CancelToken, ExplainRequest, Need, Progress, Role, RunError};

/// Every method of this file, with settings that make it quick.
const METHODS: [(&str, &[&str]); 15] = [
    ("gradient", &[]),
    ("input-x-gradient", &[]),
    ("smoothgrad", &["samples=7", "batch=4"]),
    ("integrated-gradients", &["steps=7", "batch=4"]),
    ("guided-backpropagation", &[]),
    ("grad-cam", &["rectify=false"]),
    ("grad-cam-plus-plus", &["rectify=false"]),
    ("hires-cam", &["rectify=false"]),
    ("layer-cam", &[]),
    ("occlusion", &["window=20", "stride=15", "batch=4"]),
    ("rise", &["samples=40", "batch=6"]),
    ("i-gos", &["steps=3", "refinements=4", "samples=5", "batch=6", "score=probability", "score-weight=30"]),
    ("i-gos-plus-plus", &["steps=3", "samples=2", "batch=6", "score-weight=30"]),
    ("extremal-perturbation", &["steps=30", "learning-rate=0.1"]),
    ("fido", &["steps=20", "samples=2", "learning-rate=0.3"]),
];

/// Methods with tests of their own: below, and in `oct.rs`.
const ELSEWHERE: [&str; 2] = ["latent-shift", "meaningful-perturbation"];

#[test]
fn every_built_in_method_is_tested() {
    let listed = METHODS.iter().map(|(name, _)| *name).chain(ELSEWHERE);
    let mut listed: Vec<&str> = listed.collect();
    listed.sort_unstable();
    let methods = PLUGINS.1.iter().filter(|plugin| plugin.role() == Role::Method);
    let mut built_in: Vec<&str> = methods.map(|plugin| plugin.name()).collect();
    built_in.sort_unstable();
    assert_eq!(built_in, listed, "a method that is built in is listed in METHODS or in ELSEWHERE");
}

/// A network of random weights, three images for it, and a target for each.
fn untrained() -> (Classifier, Tensor, [usize; 3]) {
    let classifier = Classifier::untrained(Architecture::SmallCnn, 3, 5, &Device::cpu()).unwrap();
    let images = Tensor::uniform(&Device::cpu(), &[3, 1, 96, 96], 0.0, 1.0, 11).unwrap();
    (classifier, images.gaussian_blur(&[2.0; 2]).unwrap(), [2, 0, 1])
}

fn bits(tensor: &Tensor) -> Vec<u32> {
    tensor.read().unwrap().into_iter().map(f32::to_bits).collect()
}

#[test]
fn a_batch_is_what_its_images_are_one_by_one() {
    let (classifier, images, targets) = untrained();
    for (method, settings) in METHODS {
        let together = map(method, &classifier, &images, &targets, settings);
        assert!(bits(&together.map.slice(0, 0, 1).unwrap()).windows(2).any(|two| two[0] != two[1]), "{method}");
        for (n, target) in targets.into_iter().enumerate() {
            let alone = map(method, &classifier, &images.slice(0, n, n + 1).unwrap(), &[target], settings);
            let part = |tensor: &Tensor| tensor.slice(0, n, n + 1).unwrap();
            let off = error(&part(&together.map), &alone.map.read().unwrap());
            assert!(off < 1e-4, "{method}, image {n}: the maps differ by {off}");
            for (here, there) in together.extras.iter().zip(&alone.extras) {
                let off = error(&part(&here.value), &there.value.read().unwrap());
                assert!(off < 1e-4, "{method}, image {n}: the extras `{}` differ by {off}", here.name);
            }
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_the_size_of_a_pass_changes_nothing() {
    let (classifier, images, targets) = untrained();
    for (method, settings) in METHODS {
        let first = map(method, &classifier, &images, &targets, settings);
        let again = map(method, &classifier, &images, &targets, settings);
        assert_eq!(bits(&first.map), bits(&again.map), "{method}");
        let mut other = request(method, &classifier, &images, &targets, settings);
        other.seed += 1;
        let moved = bits(&run(other).unwrap().map) != bits(&first.map);
        assert_eq!(moved, ["smoothgrad", "rise", "fido"].contains(&method), "{method} and another seed");
        if settings.iter().any(|setting| setting.starts_with("batch")) {
            let settings: Vec<&str> =
                settings.iter().map(|s| if s.starts_with("batch") { "batch=1" } else { s }).collect();
            let small = map(method, &classifier, &images, &targets, &settings);
            let off = error(&small.map, &first.map.read().unwrap());
            assert!(off < 1e-4, "{method} with batch=1: the maps differ by {off}");
        }
    }
}

#[test]
fn any_grid_and_several_labels_are_explained() {
    let classifier = classifier(0.3, &[40.0, -20.0, 10.0], "sigmoid");
    let images = Tensor::uniform(&Device::cpu(), &[2, 1, SIZE, SIZE], 0.0, 1.0, 3).unwrap();
    for score in ["logit", "probability", "log-odds"] {
        let score = format!("score={score}");
        for (method, settings) in METHODS {
            let settings = [settings, &[score.as_str()]].concat();
            let outcome = map(method, &classifier, &images, &[1, 2], &settings);
            assert_eq!(outcome.map.shape(), [2, 1, SIZE, SIZE], "{method}");
        }
    }
}

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
fn maps_peak_at_the_evidence_and_move_with_it() {
    let classifier = blob_finder();
    for (method, settings) in METHODS {
        let quick = match method {
            "rise" => &["samples=600"][..],
            "i-gos" | "i-gos-plus-plus" | "extremal-perturbation" | "fido" => &[],
            _ => settings,
        };
        for corner in [[8, 8], [24, 28]] {
            let outcome = map(method, &classifier, &blob(corner), &[1], quick);
            let found = peak(&outcome.map);
            let off = (0..2).map(|axis| (found[axis] as f32 - (corner[axis] as f32 + 3.5)).abs()).fold(0.0, f32::max);
            println!("{method}: the blob at {corner:?} is found at {found:?}");
            let room = if ["occlusion", "rise"].contains(&method) { 10.0 } else { 6.0 };
            assert!(off <= room, "{method}: the blob at {corner:?} is found at {found:?}");
        }
    }
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
fn a_constant_classifier_gives_an_empty_map_that_is_said() {
    let constant = classifier(0.5, &[0.0, 0.0], "softmax");
    let images = Tensor::concatenate(&[blob([8, 8]), blob([24, 28])], 0).unwrap();
    for (method, settings) in METHODS {
        let outcome = map(method, &constant, &images, &[1, 0], settings);
        assert!(outcome.map.read().unwrap().iter().all(|x| *x == 0.0), "{method}");
        let said = said(&outcome);
        assert!(said.contains("image 1: the map is zero everywhere"), "{method}: {said}");
        assert!(said.contains("every image this answer"), "{method}: {said}");
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

/// The network of `tests/golden/operators.py` with the operators of MobileNet.
#[test]
fn other_activation_functions_are_said() {
    let text = "name = \"mobilenet\"\n[model]\ngraph = \"operators-mobilenet.onnx\"\n[input]\nchannels = 3\nheight = 33\n\
                width = 35\n[output]\nclasses = [\"a\", \"b\", \"c\", \"d\", \"e\"]\nactivation = \"sigmoid\"\n";
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("golden");
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

#[test]
fn long_work_is_reported_and_stops_when_asked() {
    let (classifier, images, targets) = untrained();
    for method in ["smoothgrad", "integrated-gradients", "occlusion", "rise", "i-gos", "i-gos-plus-plus"] {
        let cancel = CancelToken::new();
        let stop = cancel.clone();
        let mut asked = request(method, &classifier, &images, &targets, &["batch=3"]);
        asked.cancel = cancel;
        asked.progress = Box::new(move |progress: &Progress| {
            assert!(progress.step < progress.total);
            stop.cancel();
        });
        assert!(matches!(run(asked).unwrap_err(), RunError::Cancelled), "{method}");
    }
}

#[test]
fn every_parameter_says_its_range_and_source() {
    for (method, _) in METHODS {
        let info = crate::PLUGINS.1.get(Role::Method, method).unwrap().info().clone();
        assert!(!info.summary.is_empty());
        for parameter in &info.parameters {
            assert!(!parameter.summary.is_empty() && !parameter.source.is_empty(), "{method}: {}", parameter.name);
        }
    }
}

/// The generator of random weights in the repository, with 6 dimensions of z.
fn generator() -> Generator {
    let text = "name = \"made\"\n[generator]\nencoder = \"operators-encoder.onnx\"\n\
                decoder = \"operators-decoder.onnx\"\n[input]\nchannels = 1\nheight = 32\nwidth = 32\n";
    let manifest = GeneratorManifest::parse("made.toml", text).unwrap();
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("golden");
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

#[test]
fn regions_have_the_areas_that_were_asked_for() {
    let classifier = blob_finder();
    // A narrow kernel: the blob is a fiftieth of the image.
    let narrow = ["areas=0.1,0.05", "learning-rate=0.1", "steps=300", "sigma=1.5"];
    for game in ["game=preservation", "game=deletion"] {
        let outcome =
            map("extremal-perturbation", &classifier, &blob([24, 28]), &[1], &[&[game], &narrow[..]].concat());
        assert_eq!(extra(&outcome, "areas").read().unwrap(), [0.05, 0.1]);
        let means = extra(&outcome, "regions").mean(&[2, 3]).unwrap().read().unwrap();
        // The blob's own pixels, without those half way to its neighbours.
        let inside = |pixel: &usize| (25..31).contains(&(pixel / SIZE)) && (29..35).contains(&(pixel % SIZE));
        let map = outcome.map.read().unwrap();
        let least = (0..map.len()).filter(inside).map(|pixel| map[pixel]).fold(1.0, f32::min);
        println!(
            "{game}: areas {means:?}, at least {least} in the blob: {:?} {:?}",
            outcome.findings, outcome.messages
        );
        for (mean, area) in means.iter().zip([0.05, 0.1]) {
            assert!((mean - area).abs() < 0.01, "{game}: {mean} for {area}");
        }
        assert!(least > 0.9, "{game}: {least}");
        // The smaller region keeps the class. No region takes it: p is never below 1/2, and that is more than half of .714.
        let kept = extra(&outcome, "mask").mean(&[1, 2, 3]).unwrap().read().unwrap()[0];
        let (shown, expected) = if game.ends_with("deletion") { (1.0 - kept, means[1]) } else { (kept, means[0]) };
        assert!((shown - expected).abs() < 1e-4, "{shown} and {means:?}");
        assert_eq!(outcome.findings.is_empty(), !game.ends_with("deletion"), "{:?}", outcome.findings);
    }
    let refused = run(request("extremal-perturbation", &classifier, &blob([8, 8]), &[1], &["areas=0.1,much"]));
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("areas") && refused.contains("with commas between them"), "{refused}");
}

#[test]
fn a_smooth_mask_is_the_smooth_maximum_of_its_kernels() {
    // The mask has the image's own resolution.
    let side = SIZE / 2;
    let size = format!("mask-size={side}");
    let settings = ["steps=40", "learning-rate=0.1", size.as_str(), "sigma=1", "areas=0.1"];
    let outcome = map("extremal-perturbation", &blob_finder(), &blob([24, 28]), &[1], &settings);
    let [cells, regions] = ["cells", "regions"].map(|name| extra(&outcome, name).read().unwrap());
    assert!(cells.contains(&0.0) && cells.contains(&1.0) && cells.iter().any(|cell| (0.2..0.8).contains(cell)));
    // Fong 2019, Sec. 3.2, and the constants of TorchRay, at the pixels' centres, half a cell from each other.
    let kernel = |distance: f64| (-2.0 * (distance - 0.5).max(0.0).powi(2)).exp();
    let clamped = |cell: i32| cell.clamp(0, side as i32 - 1) as usize;
    for (pixel, found) in regions.iter().enumerate() {
        let at = |index: usize| (index as f64 + 0.5) / 2.0 - 0.5;
        let (y, x) = (at(pixel / SIZE), at(pixel % SIZE));
        let (row, column) = ((pixel / SIZE / 2) as i32, (pixel % SIZE / 2) as i32);
        let mut sums = [0.0, 0.0];
        for (i, j) in (row - 2..=row + 2).flat_map(|i| (column - 2..=column + 2).map(move |j| (i, j))) {
            let cell = f64::from(cells[clamped(i) * side + clamped(j)]);
            let value = cell * kernel((y - f64::from(i)).hypot(x - f64::from(j)));
            sums = [sums[0] + value * (20.0 * value).exp(), sums[1] + (20.0 * value).exp()];
        }
        let expected = sums[0] / sums[1];
        assert!((f64::from(*found) - expected).abs() < 1e-5, "pixel {pixel}: {found}, expected {expected}");
    }
}

#[test]
fn two_masks_delete_and_insert_the_evidence() {
    let (classifier, image) = (blob_finder(), blob([24, 28]));
    let outcome = map("i-gos-plus-plus", &classifier, &image, &[1], &["score=log-odds"]);
    println!("{:?} {:?}", outcome.messages, outcome.findings);
    let product = extra(&outcome, "mask-deletion").multiply(&extra(&outcome, "mask-insertion")).unwrap();
    assert_eq!(bits(&product), bits(&extra(&outcome, "mask-low")));
    let log_odds = |image: &Tensor| {
        let logits = classifier.logits(image, ReluRule::Plain).unwrap();
        let target = [lacuna_engine::ClassIndex(1)];
        classifier.scores(&logits, &target, Score::LogOdds).unwrap().read().unwrap()[0]
    };
    // The perturbation is black: what is deleted is the image times 1 - mask.
    let deleted = extra(&outcome, "perturbed");
    let (whole, without, alone) = (log_odds(&image), log_odds(&deleted), log_odds(&image.subtract(&deleted).unwrap()));
    println!("log-odds {whole} of the image, {without} without the evidence, {alone} of the evidence alone");
    assert!(without < 0.2 * whole && alone > 0.8 * whole, "{whole}, {without}, {alone}");
    // Every step lowers the objective, or stays.
    let history = &outcome.record.objective;
    let at = |name: &str| history.names.iter().position(|known| known == name).unwrap();
    let value = |row: &Vec<Option<f32>>| row[at("cost")].unwrap() + row[at("score")].unwrap();
    let values: Vec<f32> = history.values.iter().map(value).collect();
    assert!(values.windows(2).all(|two| two[1] <= two[0] + 1e-5), "{values:?}");
}
