#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

use super::*;

const CNV: usize = 0;
const DME: usize = 1;
const NORMAL: usize = 2;

fn info(activation: Activation, healthy: Option<usize>) -> ClassifierInfo {
    ClassifierInfo {
        name: "test".to_owned(),
        classes: ["CNV", "DME", "NORMAL"].map(str::to_owned).to_vec(),
        channels: 1,
        depth: None,
        height: 1,
        width: 1,
        activation,
        healthy: healthy.map(ClassIndex),
        differentiable: true,
        layers: Vec::new(),
        cam_layer: None,
        notes: Vec::new(),
        activation_functions: Vec::new(),
    }
}

fn softmax() -> ClassifierInfo {
    info(Activation::Softmax, Some(NORMAL))
}

fn sigmoid() -> ClassifierInfo {
    info(Activation::Sigmoid, Some(NORMAL))
}

fn target(info: &ClassifierInfo, index: usize, before: [f32; 3], after: [f32; 3]) -> Target {
    Target::new(info, (ClassIndex(index), Picked::ByTheUser), &before, Some(&after))
}

fn took_over(info: &ClassifierInfo, index: usize, before: [f32; 3], after: [f32; 3]) -> Option<String> {
    Elsewhere::found(info, ClassIndex(index), &before, &after).map(|found| found.took_over.name)
}

#[test]
fn the_most_probable_class_after_the_deletion_is_named_with_its_probability() {
    let told = target(&softmax(), DME, [0.004, 0.995, 0.001], [0.912, 0.038, 0.05]);
    assert_eq!(told.then().unwrap(), "the most probable class then: `CNV` with 0.912 (0.004 before)");
    assert_eq!(
        told.captions(),
        ["before: DME 0.995", "evidence for DME", "after: DME 0.038\nmost probable: CNV 0.912"]
    );
    let json = serde_json::to_value(&told).unwrap();
    assert_eq!(json["seen_after"][0]["name"], "CNV");
    assert_eq!(json["seen_after"][0]["probability_after"], 0.912_f32);
    assert_eq!(json["healthy"], "NORMAL");

    let stays = target(&softmax(), DME, [0.1, 0.8, 0.1], [0.2, 0.6, 0.2]);
    assert_eq!(stays.then().unwrap(), "the most probable class then: still `DME`");
    assert!(stays.captions()[2].ends_with("still most probable"), "{:?}", stays.captions());
    let kept = Target::new(&softmax(), (ClassIndex(DME), Picked::MostProbable), &[0.1, 0.8, 0.1], None);
    assert_eq!((kept.then(), kept.seen_after.len(), &*kept.captions()[2]), (None, 0, ""));
}

#[test]
fn another_disease_after_the_deletion_is_a_finding() {
    assert_eq!(took_over(&softmax(), DME, [0.004, 0.995, 0.001], [0.912, 0.038, 0.05]).as_deref(), Some("CNV"));
    // Also where the probabilities before had another order than the indices.
    assert_eq!(took_over(&softmax(), CNV, [0.9, 0.05, 0.05], [0.1, 0.6, 0.3]).as_deref(), Some("DME"));
}

#[test]
fn a_deletion_that_ends_in_health_or_nowhere_is_none() {
    let (before, to_cnv) = ([0.004, 0.995, 0.001], [0.912, 0.038, 0.05]);
    assert_eq!(took_over(&softmax(), DME, before, [0.01, 0.04, 0.95]), None, "healthy");
    assert_eq!(took_over(&softmax(), DME, before, [0.3, 0.4, 0.3]), None, "still there: another finding says so");
    assert_eq!(took_over(&softmax(), NORMAL, [0.1, 0.1, 0.8], to_cnv), None, "the healthy class itself is explained");
    assert_eq!(took_over(&softmax(), DME, [0.8, 0.15, 0.05], to_cnv), None, "it was the most probable one before");
    assert_eq!(took_over(&info(Activation::Softmax, None), DME, before, to_cnv), None, "no class is called healthy");
}

#[test]
fn of_independent_labels_those_above_one_half_are_told() {
    let told = target(&sigmoid(), DME, [0.2, 0.9, 0.1], [0.7, 0.1, 0.8]);
    let names: Vec<&str> = told.seen_after.iter().map(|seen| seen.name.as_str()).collect();
    assert_eq!(names, ["NORMAL", "CNV"]);
    assert_eq!(
        told.then().unwrap(),
        "above 0.5 then: `NORMAL` with 0.800 (0.100 before), `CNV` with 0.700 (0.200 before)"
    );
    assert!(told.captions()[2].ends_with("above 0.5: NORMAL 0.800, CNV 0.700"), "{:?}", told.captions());
    assert_eq!(took_over(&sigmoid(), DME, [0.2, 0.9, 0.1], [0.7, 0.1, 0.8]).as_deref(), Some("CNV"));

    assert_eq!(took_over(&sigmoid(), DME, [0.6, 0.9, 0.1], [0.7, 0.1, 0.1]), None, "it was there before");
    assert_eq!(took_over(&sigmoid(), DME, [0.2, 0.9, 0.1], [0.4, 0.1, 0.1]), None, "nothing is seen");
    assert_eq!(took_over(&sigmoid(), DME, [0.2, 0.9, 0.1], [0.7, 0.6, 0.1]), None, "the label is still there");
    let none = target(&sigmoid(), DME, [0.2, 0.9, 0.1], [0.4, 0.1, 0.1]);
    assert_eq!(none.then().unwrap(), "no label is above 0.5 then");
    let own = target(&sigmoid(), DME, [0.2, 0.9, 0.1], [0.4, 0.8, 0.1]);
    assert_eq!(own.then().unwrap(), "no other label is above 0.5 then");
}

#[test]
fn the_finding_says_what_to_try() {
    let found = Elsewhere::found(&softmax(), ClassIndex(DME), &[0.004, 0.995, 0.001], &[0.912, 0.038, 0.05]).unwrap();
    let words = |by| found.finding(by).to_string();
    let blur = words(ChangedBy::Deletion { generator: false });
    assert!(blur.starts_with("the deletion ends in `CNV` (p = 0.004 before, 0.912 after)"), "{blur}");
    assert!(blur.contains("not in the healthy class `NORMAL` (0.050 after)"), "{blur}");
    assert!(blur.ends_with("set `perturbation` to healthy and set `generator` to FILE.toml"), "{blur}");
    let given = words(ChangedBy::Deletion { generator: true });
    assert!(given.ends_with("set `perturbation` to healthy"), "{given}");
    for by in [ChangedBy::HealthyDeletion, ChangedBy::Counterfactual { generator: true }] {
        let text = words(by);
        assert!(text.contains("choose another generator") && !text.contains("`perturbation`"), "{text}");
    }
    let counterfactual = words(ChangedBy::Counterfactual { generator: false });
    assert!(counterfactual.starts_with("the counterfactual") && counterfactual.contains("deletes"), "{counterfactual}");
}
