//! `explain --volume`: a whole volume in, and a map and a perturbed volume on exactly its grid out.

use crate::common::{Bench, nifti};
use lacuna_imaging::{NonFinite, Volume};
use std::{fs, path::Path};

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data");
/// Voxels along i, j and k, and the middle of what is bright in them.
const DIMS: [usize; 3] = [28, 32, 24];
const LESION: [usize; 3] = [19, 9, 14];
const MANIFEST: &str = r#"
name = "lesion3d"
[model]
graph = "lesion.onnx"
[input]
channels = 1
depth = 24
height = 32
width = 28
orientation = "SPR"
[output]
classes = ["healthy", "lesion"]
activation = "softmax"
healthy = "healthy"
"#;

/// A bench with the classifier of volumes that `tests/data/volumes_lesion.py` makes.
fn bench() -> Bench {
    let bench = Bench::new();
    fs::copy(Path::new(GOLDEN).join("volumes-lesion.onnx"), bench.path("lesion.onnx")).unwrap();
    bench.write("lesion3d.toml", MANIFEST);
    bench
}

/// Grey tissue of 450 in a head, with a ball of 950, `scale` voxels for each of [`DIMS`].
fn head(scale: usize) -> (Vec<f32>, [usize; 3]) {
    let dims = DIMS.map(|size| size * scale);
    let voxels = (0..dims.iter().product()).map(|at: usize| {
        let place = [at % dims[0], at / dims[0] % dims[1], at / (dims[0] * dims[1])];
        let distance = |centre: [f64; 3], radii: [f64; 3]| -> f64 {
            (0..3).map(|axis| ((place[axis] as f64 / scale as f64 - centre[axis]) / radii[axis]).powi(2)).sum()
        };
        let texture = 20.0 * ((at * 7919 % 101) as f32 / 101.0);
        match (distance(LESION.map(|at| at as f64), [4.0; 3]), distance([13.5, 15.5, 11.5], [13.0, 15.0, 11.0])) {
            (lesion, _) if lesion <= 1.0 => 950.0,
            (_, head) if head <= 1.0 => 450.0 + texture,
            _ => 0.0,
        }
    });
    (voxels.collect(), dims)
}

/// A NIfTI file of these voxels; an affine with `spacing` millimetres and its first voxel at (-20, 30, 5).
fn file(bench: &Bench, name: &str, voxels: &[f32], dims: [usize; 3], spacing: [f32; 3]) {
    let mut bytes = nifti(dims.map(|size| size as i16), voxels);
    for (axis, (step, from)) in spacing.into_iter().zip([-20.0_f32, 30.0, 5.0]).enumerate() {
        let row = 280 + 16 * axis;
        bytes[row + 4 * axis..row + 4 * axis + 4].copy_from_slice(&step.to_le_bytes());
        bytes[row + 12..row + 16].copy_from_slice(&from.to_le_bytes());
        bytes[80 + 4 * axis..84 + 4 * axis].copy_from_slice(&step.abs().to_le_bytes());
    }
    bench.write(name, bytes);
}

fn volume(bench: &Bench, name: &str) -> Volume {
    Volume::read(bench.path(name), NonFinite::Refuse).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Where the largest voxel is.
fn peak(volume: &Volume) -> [usize; 3] {
    let data = volume.data();
    let at = (0..data.len()).max_by(|a, b| data[*a].total_cmp(&data[*b])).unwrap();
    let [width, height, _] = volume.header().dims();
    [at % width, at / width % height, at / (width * height)]
}

/// Mean within the ball, and elsewhere.
fn inside_and_outside(volume: &Volume, scale: usize) -> [f64; 2] {
    let [width, height, _] = volume.header().dims();
    let (mut sums, mut counts) = ([0.0; 2], [0.0; 2]);
    for (at, value) in volume.data().iter().enumerate() {
        let place = [at % width, at / width % height, at / (width * height)];
        let apart = |axis: usize| place[axis] as f64 / scale as f64 - LESION[axis] as f64;
        let outside = usize::from((0..3).map(|axis| apart(axis).powi(2)).sum::<f64>() > 16.0);
        sums[outside] += f64::from(*value);
        counts[outside] += 1.0;
    }
    [sums[0] / counts[0], sums[1] / counts[1]]
}

const EXPLAIN: &str = "--classifier lesion3d.toml --volume --target lesion --window full --device cpu --seed 7";

#[test]
fn a_volume_comes_back_whole_on_its_own_grid() {
    let bench = bench();
    // As the classifier has it, and twice as fine; with axes that count up to the left and the front too.
    for (name, scale, spacing) in
        [("same", 1, [2.0, 2.0, 2.0]), ("fine", 2, [1.0, 1.0, 1.5]), ("left", 1, [-2.0, 2.0, 2.0])]
    {
        let (voxels, dims) = head(scale);
        file(&bench, &format!("{name}.nii"), &voxels, dims, spacing);
        let line = format!("explain {name}.nii {EXPLAIN} --method gradient --out {name} --json");
        let report = bench.run(&line).succeeded().json();
        assert!(report["results"][0]["target"]["probability_before"].as_f64().unwrap() > 0.9, "{report}");
        let (map, given) = (volume(&bench, &format!("{name}/map.nii.gz")), volume(&bench, &format!("{name}.nii")));
        assert_eq!(map.header().dims(), dims, "{name}");
        assert_eq!(map.header().affine(), given.header().affine(), "{name}");
        let [inside, outside] = inside_and_outside(&map, scale);
        assert!(inside > 10.0 * outside.abs(), "{name}: {inside} within, {outside} elsewhere");
        let apart = (0..3).map(|axis| peak(&map)[axis].abs_diff(LESION[axis] * scale)).max().unwrap();
        assert!(apart <= 5 * scale, "{name}: {:?}", peak(&map));
        let record: serde_json::Value = serde_json::from_slice(&bench.read(&format!("{name}/record.json"))).unwrap();
        assert_eq!(record["image"]["orientation"], "SPR");
        assert_eq!(record["image"]["depth"], dims[2]);
        assert!(record["outputs"]["map.nii.gz"].is_string(), "{record}");
    }
}

#[test]
fn a_mask_deletes_what_is_bright_in_a_volume() {
    let bench = bench();
    let (voxels, dims) = head(1);
    file(&bench, "head.nii", &voxels, dims, [2.0; 3]);
    let line = format!(
        "explain head.nii {EXPLAIN} --method meaningful-perturbation --perturbation blur --param steps=60 --out out --json"
    );
    let report = bench.run(&line).succeeded().json();
    let target = &report["results"][0]["target"];
    assert!(target["probability_after"].as_f64().unwrap() < 0.5, "{report}");
    assert_eq!(target["seen_after"][0]["name"], "healthy", "{report}");
    let [inside, outside] = inside_and_outside(&volume(&bench, "out/map.nii.gz"), 1);
    assert!(inside > 3.0 * outside, "{inside} within, {outside} elsewhere");
    // In the unit of the volume: tissue is tissue still, and what was bright is less so.
    let perturbed = volume(&bench, "out/perturbed.nii.gz");
    let [lesion, rest] = inside_and_outside(&perturbed, 1);
    let [_, before] = inside_and_outside(&volume(&bench, "head.nii"), 1);
    assert!(lesion < 850.0 && (rest - before).abs() < 30.0, "{lesion} within; elsewhere {rest}, before {before}");
    for picture in ["overlay.png", "panel.png"] {
        assert!(bench.path(&format!("out/{picture}")).exists(), "{picture}");
    }
}

#[test]
fn several_volumes_are_explained_together() {
    let bench = bench();
    let (voxels, dims) = head(1);
    file(&bench, "a.nii", &voxels, dims, [2.0; 3]);
    file(&bench, "b.nii", &voxels, dims, [-2.0, 2.0, 2.0]);
    let line = format!("explain a.nii b.nii {EXPLAIN} --method gradient --out both");
    bench.run(&line).succeeded();
    let single = format!("explain b.nii {EXPLAIN} --method gradient --out one");
    bench.run(&single).succeeded();
    assert_eq!(volume(&bench, "both/b/map.nii.gz").data(), volume(&bench, "one/map.nii.gz").data());
}

#[test]
fn a_volume_without_orientation_is_taken_as_stored_and_says_so() {
    let bench = bench();
    bench.write("lesion3d.toml", MANIFEST.replace("orientation = \"SPR\"\n", ""));
    let (voxels, dims) = head(1);
    file(&bench, "head.nii", &voxels, dims, [2.0; 3]);
    let line = format!("explain head.nii {EXPLAIN} --method gradient --out out");
    let said = ["as it is stored, its axes towards SAR", "write orientation = \"RAS\""];
    bench.run(&line).succeeded().says(0, &said);
    let [inside, outside] = inside_and_outside(&volume(&bench, "out/map.nii.gz"), 1);
    assert!(inside > 10.0 * outside.abs(), "{inside} within, {outside} elsewhere");
}

#[test]
fn what_does_not_work_on_volumes_says_why() {
    let bench = bench();
    let (voxels, dims) = head(1);
    file(&bench, "head.nii", &voxels, dims, [2.0; 3]);
    let refused = |line: &str, code: i32, parts: &[&str]| {
        bench.run(&format!("explain {line} --device cpu --out out")).says(code, parts);
        assert!(!bench.path("out").exists(), "a refused run left its folder");
    };
    let volume = "head.nii --classifier lesion3d.toml --volume --target lesion --window full";
    refused("head.nii --classifier model.toml --volume", 2, &["a classifier of images", "--slice PLANE:INDEX"]);
    refused("lesion-1.png --classifier lesion3d.toml", 2, &["takes volumes", "--volume"]);
    refused("head.nii --classifier lesion3d.toml --slice axial:9", 2, &["takes volumes", "--volume"]);
    refused("lesion-1.png --classifier lesion3d.toml --volume", 2, &["lesion-1.png", "PNG", "expected"]);
    refused("head.nii --classifier lesion3d.toml --volume --slice axial:9", 2, &["cannot be used with"]);
    for method in ["rise", "fido", "extremal-perturbation", "i-gos"] {
        refused(&format!("{volume} --method {method}"), 1, &[method, "volumes"]);
    }
    bench.write("lesion3d.toml", MANIFEST.replace("SPR", "SPA"));
    refused(volume, 2, &["orientation `SPA`", "one of R and L", "write it like RAS"]);
    bench.write("lesion3d.toml", MANIFEST.replace("channels = 1", "channels = 4"));
    refused(volume, 2, &["channels"]);
}
