//! Methods that optimise a mask: extremal perturbation's areas and smooth maximum, I-GOS++'s two masks.

use crate::classifiers::{SIZE, blob, blob_finder};
use crate::{bits, extra, map, request, run};
use lacuna_engine::{ReluRule, Score, Tensor};

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
