//! What the classifier sees once the evidence is deleted: on the terminal, in the record, for programs and in the panel.

use crate::common::Bench;
use lacuna_imaging::Image;
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use serde_json::Value;

/// The demo's network with a third class, `drusen`, which is always a little more probable than `healthy`: whatever deletes
/// the lesion ends in another disease. `healthy` is the line of the manifest that may name the healthy class.
fn three_classes(bench: &Bench, activation: &str, healthy: &str) {
    let bytes = bench.read("model.safetensors");
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let mut parts: Vec<(String, Vec<usize>, Vec<u8>)> =
        file.iter().map(|(name, view)| (name.to_owned(), view.shape().to_vec(), view.data().to_vec())).collect();
    if file.tensor("classifier.bias").unwrap().shape() == [2] {
        for (name, shape, data) in parts.iter_mut().filter(|(name, ..)| name.starts_with("classifier.")) {
            let row = data[..data.len() / 2].to_vec();
            data.extend(match name.as_str() {
                "classifier.bias" => (f32::from_le_bytes(row[..].try_into().unwrap()) + 1.0).to_le_bytes().to_vec(),
                _ => row,
            });
            shape[0] = 3;
        }
    }
    let views =
        parts.iter().map(|(name, shape, data)| (name, TensorView::new(Dtype::F32, shape.clone(), data).unwrap()));
    let three = safetensors::serialize(views, None).unwrap();
    bench.write("model.safetensors", three);
    let text = String::from_utf8(bench.read("model.toml")).unwrap();
    let (before, _) = text.split_once("[output]").unwrap();
    let output = "[output]\nclasses = [\"healthy\", \"lesion\", \"drusen\"]\nactivation";
    bench.write("model.toml", format!("{before}{output} = \"{activation}\"\n{healthy}\n"));
}

const LINE: &str =
    "explain lesion-1.png --classifier model.toml --device cpu --seed 7 --target lesion --param steps=100";

fn record(bench: &Bench, out: &str) -> Value {
    serde_json::from_slice(&bench.read(&format!("{out}/record.json"))).unwrap()
}

fn finding(record: &Value) -> Option<&str> {
    let findings = record["findings"].as_array().unwrap();
    findings.iter().find(|f| f["code"] == "another-disease").map(|finding| finding["text"].as_str().unwrap())
}

#[test]
fn another_disease_is_named_and_is_a_finding_where_the_manifest_knows_what_is_healthy() {
    let bench = Bench::new();
    three_classes(&bench, "softmax", "healthy = \"healthy\"");
    let run = bench.run(&format!("{LINE} --out out")).succeeded();
    assert!(run.out.contains("the most probable class then: `drusen` with 0."), "{}", run.out);
    let run =
        run.says(0, &["warning: lesion-1.png: the deletion ends in `drusen`", "not in the healthy class `healthy`"]);
    run.says(0, &["--perturbation healthy --generator FILE"]);

    let report = bench.run(&format!("{LINE} --out json --json")).succeeded().json();
    for told in [&record(&bench, "out")["target"], &report["results"][0]["target"]] {
        let seen = &told["seen_after"][0];
        assert_eq!((seen["index"].as_u64(), seen["name"].as_str()), (Some(2), Some("drusen")), "{told}");
        let probability = |name: &str| seen[name].as_f64().unwrap();
        assert!(probability("probability_after") > 0.5 && probability("probability_before") < 0.1, "{told}");
        assert_eq!(told["healthy"], "healthy");
    }
    assert!(finding(&record(&bench, "out")).is_some());
    assert!(finding(&report["results"][0]).is_some());

    // What was kept is not what was deleted.
    bench.run(&format!("{LINE} --param game=preservation --out kept")).succeeded();
    assert_eq!(finding(&record(&bench, "kept")), None);
    assert_eq!(record(&bench, "kept")["target"]["seen_after"][0]["name"], "lesion");
}

#[test]
fn without_a_healthy_class_it_is_named_and_is_no_finding() {
    let bench = Bench::new();
    three_classes(&bench, "softmax", "");
    let run = bench.run(&format!("{LINE} --out out")).succeeded();
    assert!(run.out.contains("the most probable class then: `drusen` with 0."), "{}", run.out);
    let record = record(&bench, "out");
    assert_eq!((finding(&record), record["target"]["healthy"].as_str()), (None, None));
    let text = |line: &str| three_classes(&bench, "softmax", line);
    text("healthy = \"drusen\"");
    let run = bench.run(&format!("{LINE} --out end")).succeeded();
    assert!(!run.err.contains("ends in"), "it ends in what is called healthy: {}", run.err);
    text("healthy = \"lesion\"");
    let run = bench.run(&format!("{LINE} --out own")).succeeded();
    assert!(!run.err.contains("ends in"), "the healthy class itself is explained: {}", run.err);
    text("healthy = \"NORMAL\"");
    let parts = ["model.toml", "healthy is `NORMAL`", "`healthy`, `lesion`, `drusen`"];
    bench.run(&format!("{LINE} --out none")).says(2, &parts);
}

#[test]
fn of_independent_labels_those_above_one_half_are_named() {
    let bench = Bench::new();
    three_classes(&bench, "sigmoid", "healthy = \"healthy\"");
    let run = bench.run(&format!("{LINE} --out out")).succeeded();
    assert!(run.out.contains("above 0.5 then: `drusen` with 0."), "{}", run.out);
    run.says(0, &["the deletion ends in `drusen`"]);
    let names = |record: &Value| -> Vec<String> {
        let seen = record["target"]["seen_after"].as_array().unwrap();
        seen.iter().map(|seen| seen["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&record(&bench, "out")), ["drusen", "healthy"]);
}

#[test]
fn the_panel_says_it_in_a_strip_above_the_pictures() {
    let bench = Bench::new();
    three_classes(&bench, "softmax", "healthy = \"healthy\"");
    bench.run(&format!("{LINE} --out out")).succeeded();
    let height = |name: &str| Image::read(bench.path(name)).unwrap().height();
    assert!(height("out/panel.png") > height("out/overlay.png") + 40, "two lines of text");
    let map = "explain lesion-1.png --classifier model.toml --device cpu --method gradient --out map";
    let run = bench.run(map).succeeded();
    assert!(!run.out.contains("class then"), "a method that deletes nothing has no answer after it: {}", run.out);
    assert!(!bench.path("map/panel.png").exists());
}
