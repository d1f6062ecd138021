//! Known maps and masks, and folders of them.

use super::*;
use lacuna_imaging::BitDepth;
use std::fs;
use tempfile::TempDir;

/// A mask of 8 x 8 pixels whose middle 4 x 4 are lesion: on the map's grid of 4 x 4, the four pixels of the middle.
fn middle() -> Image {
    let inside = |pixel: usize| (2..6).contains(&(pixel / 8)) && (2..6).contains(&(pixel % 8));
    Image::new(1, 8, 8, (0..64).map(|pixel| f32::from(u8::from(inside(pixel)))).collect()).unwrap()
}

fn map(values: [f32; 16]) -> Map {
    Map::new(4, 4, values.to_vec()).unwrap()
}

const ON_LESION: [f32; 16] = [0., 0., 0., 0., 0., 3., 2., 0., 0., 2., 1., 0., 0., 0., 0., 0.];
/// One of the twelve healthy pixels has more evidence than two of the four lesion pixels: 46 of 48 pairs are won.
const BESIDE: [f32; 16] = [0., 0., 0., 4., 0., 5., 5., 0., 0., 2., 1., 0., 0., 0., 0., 0.];

#[test]
fn a_map_is_scored_on_its_own_grid() {
    let perfect = score_map("a", &map(ON_LESION), &middle()).unwrap().unwrap();
    assert_eq!((perfect.auc, perfect.hit, perfect.lesion), (1.0, 1.0, 0.25));
    let beside = score_map("a", &map(BESIDE), &middle()).unwrap().unwrap();
    assert_eq!((beside.auc, beside.hit), (46.0 / 48.0, 1.0));
    let flat = score_map("a", &map([0.3; 16]), &middle()).unwrap().unwrap();
    assert_eq!((flat.auc, flat.hit), (0.5, 0.25), "a flat map knows nothing");
    let none = Image::new(1, 8, 8, vec![0.0; 64]).unwrap();
    assert_eq!(score_map("a", &map(ON_LESION), &none).unwrap(), None);
}

/// Writes `maps/a/map.npy`, `maps/b/map.png`, `flat/a.npy`, `flat/a.png` (less exact), and masks of a, b and c.
fn folders() -> TempDir {
    let root = tempfile::tempdir().unwrap();
    for folder in ["maps/a", "maps/b", "maps/notes", "flat", "masks"] {
        fs::create_dir_all(root.path().join(folder)).unwrap();
    }
    map(ON_LESION).write_npy(root.path().join("maps/a/map.npy")).unwrap();
    map([1.0; 16]).write_png(root.path().join("maps/a/map.png")).unwrap();
    map(BESIDE.map(|value| value / 5.0)).write_png(root.path().join("maps/b/map.png")).unwrap();
    map(BESIDE).write_npy(root.path().join("flat/a.npy")).unwrap();
    map([1.0; 16]).write_png(root.path().join("flat/a.png")).unwrap();
    for name in ["a", "b", "c"] {
        middle().write_png(root.path().join(format!("masks/{name}.png")), BitDepth::Eight).unwrap();
    }
    root
}

#[test]
fn folders_are_scored_and_compared() {
    let root = folders();
    let path = |name: &str| root.path().join(name);
    let first = score(&path("maps"), &path("masks"), 1, &Reader::default()).unwrap();
    let names: Vec<&str> = first.images.iter().map(|image| &*image.image).collect();
    assert_eq!((names.as_slice(), first.masks_without_map), (&["a", "b"][..], 1));
    assert_eq!(first.images[0].auc, 1.0, "the NPY goes before the picture");
    assert!((first.auc.value - (1.0 + 46.0 / 48.0) / 2.0).abs() < 1e-12);
    assert_eq!((first.auc.low, first.auc.high, first.hit.value), (46.0 / 48.0, 1.0, 1.0));

    let second = score(&path("flat"), &path("masks"), 1, &Reader::default()).unwrap();
    let difference = compare(&first, &second, 1).unwrap();
    assert_eq!((difference.images, difference.only_first, difference.only_second), (1, 1, 0));
    assert!((difference.auc.value - 2.0 / 48.0).abs() < 1e-12 && difference.hit.value == 0.0);

    let one = score(&path("maps/a"), &path("masks"), 1, &Reader::default()).unwrap();
    assert_eq!(one.images.len(), 1, "a result of one image is a folder of maps too");
}

#[test]
fn what_does_not_go_together_is_refused() {
    let root = folders();
    let path = |name: &str| root.path().join(name);
    let refuse = |maps: &str| score(&path(maps), &path("masks"), 1, &Reader::default()).unwrap_err().to_string();
    assert!(refuse("maps/notes").contains("no map") && refuse("maps/notes").contains("the explanations were written"));
    assert!(refuse("none").contains("cannot be read"));

    let others = ["x", "y1", "y10", "y2", "y3", "y4"];
    others.iter().for_each(|name| map(ON_LESION).write_npy(path("flat").join(format!("{name}.npy"))).unwrap());
    let error = refuse("flat");
    assert!(error.contains("maps without a mask") && error.contains("`x`") && error.contains("and 1 more"), "{error}");
    others.iter().for_each(|name| fs::remove_file(path("flat").join(format!("{name}.npy"))).unwrap());

    let (first, mut second) = (
        score(&path("maps"), &path("masks"), 1, &Reader::default()).unwrap(),
        score(&path("flat"), &path("masks"), 1, &Reader::default()).unwrap(),
    );
    second.images[0].image = "z".to_owned();
    let error = compare(&first, &second, 1).unwrap_err().to_string();
    assert!(error.contains("no image in common; the first has `a`, `b`, the second `z`"), "{error}");

    Image::new(1, 8, 8, vec![0.0; 64]).unwrap().write_png(path("masks/a.png"), BitDepth::Eight).unwrap();
    assert!(refuse("maps").contains("a.png: a mask, on the map's grid, that is all lesion or has none"));
    fs::write(path("flat/a.npy"), "text").unwrap();
    assert!(refuse("flat").contains("a.npy"));
}
