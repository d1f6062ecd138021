//! Synthetic brains become a data set, and wrong folders are refused.

#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

use lacuna_imaging::{BitDepth, Image, Reader};
use lacuna_study::paste::{Contrast, PasteOptions, Paster, write_dataset};
use lacuna_study::{Error, Fold, Patients, Split, Table, check, fold_of};
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use tempfile::TempDir;

/// Draws an ellipse of `tissue` with a dark middle; `spot` adds a lesion of 1.3 times the tissue. Returns image and mask.
fn brain(size: usize, tissue: f32, [height, width]: [f32; 2], spot: Option<[f32; 3]>) -> (Image, Image) {
    let middle = (size as f32 - 1.0) / 2.0;
    let (mut values, mut lesion) = (Vec::new(), Vec::new());
    for pixel in 0..size * size {
        let (y, x) = ((pixel / size) as f32 - middle, (pixel % size) as f32 - middle);
        let radius = (y / height).hypot(x / width);
        let ill = spot.is_some_and(|[row, column, radius]| (y - row).hypot(x - column) < radius);
        values.push(match radius {
            r if r > 1.0 => 0.0,
            r if r < 0.2 => 0.1 * tissue,
            r => (0.8 + 0.2 * r) * if ill { 1.3 * tissue } else { tissue },
        });
        lesion.push(if ill { 1.0 } else { 0.0 });
    }
    (Image::new(1, size, size, values).unwrap(), Image::new(1, size, size, lesion).unwrap())
}

fn write(image: &Image, path: impl AsRef<Path>) {
    fs::create_dir_all(path.as_ref().parent().unwrap()).unwrap();
    image.write_png(path, BitDepth::Eight).unwrap();
}

/// Writes `healthy/` with 6 brains of 96 pixels, and `ms/` with 4 lesion images of 128, two of each of two people.
fn folders() -> TempDir {
    let root = tempfile::tempdir().unwrap();
    for index in 0..6_u8 {
        let (image, _) = brain(96, 0.9, [38.0, 30.0 + f32::from(index)], None);
        write(&image, root.path().join(format!("healthy/h_{index}.png")));
    }
    for index in 0..4_u8 {
        let (image, lesion) =
            brain(128, 0.6, [50.0 + f32::from(index), 44.0], Some([-25.0, 9.0 * f32::from(index), 6.0]));
        write(&image, root.path().join(format!("ms/lesion/p{}_{}.png", index / 2, index % 2)));
        write(&lesion, root.path().join(format!("ms/lesion_mask/p{}_{}.png", index / 2, index % 2)));
    }
    root
}

fn options(per_image: usize) -> PasteOptions {
    PasteOptions { per_image, seed: 7, ..PasteOptions::default() }
}

/// One fold: every healthy image may get any donor's lesion.
fn undivided(per_image: usize) -> PasteOptions {
    PasteOptions { folds: Some(1), ..options(per_image) }
}

fn paster(folder: &Path, options: PasteOptions) -> Result<Paster, Error> {
    Paster::read(folder, Patients::Auto, options, Reader::default())
}

fn make(root: &Path, out: &str, threads: usize) -> lacuna_study::paste::DatasetReport {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    let paster = paster(&root.join("ms"), options(2)).unwrap();
    let table = Table::read(root.join("healthy"), &Patients::Cycle(3)).unwrap();
    pool.install(|| write_dataset(&table, &paster, &root.join(out), &|_, _| ControlFlow::Continue(()))).unwrap()
}

#[test]
fn a_data_set_is_the_same_for_any_number_of_threads() {
    let root = folders();
    let report = make(root.path(), "one", 1);
    assert_eq!((report.healthy, report.pasted, report.patients, report.donors), (6, 12, 3, 4));
    assert!(report.overlap.least > 0.95 && report.fewer.is_empty());
    assert_eq!(make(root.path(), "three", 3), report);
    let mut files = 0;
    for part in ["images", "masks"] {
        for entry in fs::read_dir(root.path().join("one").join(part)).unwrap() {
            let name = entry.unwrap().file_name();
            let bytes = |run: &str| fs::read(root.path().join(run).join(part).join(&name)).unwrap();
            assert_eq!(bytes("one"), bytes("three"), "{name:?}");
            files += 1;
        }
    }
    assert_eq!(files, 6 + 12 + 12);

    let table = Table::read(root.path().join("one/data.csv"), &Patients::Auto).unwrap();
    assert_eq!((table.labels.as_slice(), table.rows.len()), (&["lesion".to_owned()][..], 18));
    for row in &table.rows {
        assert_eq!(row.mask.is_some(), row.labels[0]);
        let name = row.image.file_stem().unwrap().to_str().unwrap();
        assert_eq!(name.contains('-'), row.labels[0], "{name}");
        assert_eq!(row.patient, format!("cycle-{}", name[2..3].parse::<usize>().unwrap() % 3 + 1), "{name}");
    }
    assert!(root.path().join("one/sheet.png").is_file());
}

/// The folds of the paste are those of a split with the same seed, and [`check`] refuses another split.
#[test]
fn lesions_of_one_person_are_on_one_side_of_the_split() {
    let root = folders();
    let paster = paster(&root.path().join("ms"), options(2)).unwrap();
    let table = Table::read(root.path().join("healthy"), &Patients::Each).unwrap();
    let report = write_dataset(&table, &paster, &root.path().join("out"), &|_, _| ControlFlow::Continue(())).unwrap();
    assert_eq!(
        report.folds.iter().map(|fold| (&*fold.people[0], fold.images)).collect::<Vec<_>>(),
        [("p0", 2), ("p1", 2)]
    );
    let table = Table::read(root.path().join("out/data.csv"), &Patients::Auto).unwrap();
    let pasted = table.rows.iter().filter(|row| row.labels[0]);
    for row in pasted {
        assert_eq!(row.donor, Some(format!("p{}", fold_of(&row.patient, 2, 7))), "{}", row.image.display());
    }
    for test in 0..2 {
        let split = Split::by_patient(&table, Fold { folds: 2, test: Some(test) }, 0.2, 7).unwrap();
        check(&split, &table).unwrap();
    }
    // Names that were made by counting must not equal a patient's by chance.
    let counted = Paster::read(root.path().join("ms"), Patients::Block(2), options(2), Reader::default()).unwrap();
    assert_eq!(
        counted.folds().iter().map(|fold| &*fold.people[0]).collect::<Vec<_>>(),
        ["donor-block-1", "donor-block-2"]
    );
    let other = (0..50).find_map(|seed| Split::by_patient(&table, Fold { folds: 3, test: Some(0) }, 0.2, seed).ok());
    let error = check(&other.unwrap(), &table).unwrap_err().to_string();
    assert!(error.contains("tissue of `p") && error.contains("folds and the seed"), "{error}");
}

/// The carried contrast is 1.3 times white matter, and every image is multiplied by 0.7; outside the soft edge nothing changes.
#[test]
fn a_pasted_lesion_is_where_its_mask_says() {
    let root = folders();
    let paster = paster(&root.path().join("ms"), undivided(4)).unwrap();
    let pastes = paster.onto(root.path().join("healthy/h_0.png"), "anybody").unwrap();
    assert_eq!(pastes.pasted.len(), 4);
    for pasted in &pastes.pasted {
        let (mut inside, mut changed) = (0.0, 0.0_f32);
        for (i, &mask) in pasted.mask.data().iter().enumerate() {
            let change = pasted.image.data()[i] - pastes.healthy.data()[i];
            let near = (0..pasted.mask.data().len())
                .any(|j| pasted.mask.data()[j] > 0.0 && (i / 96).abs_diff(j / 96) < 4 && (i % 96).abs_diff(j % 96) < 4);
            inside += mask * change / pastes.healthy.data()[i].max(0.1);
            changed = changed.max(if near { 0.0 } else { change.abs() });
        }
        let mean = inside / pasted.pixels as f32;
        assert!(mean > 0.15 && mean < 0.4 && changed == 0.0, "{mean} {changed}");
        assert!(pasted.pixels > 30 && pasted.overlap > 0.95, "{} {}", pasted.pixels, pasted.overlap);
    }
    let larger = self::paster(&root.path().join("ms"), PasteOptions { size: Some(128), ..options(1) }).unwrap();
    let pastes = larger.onto(root.path().join("healthy/h_0.png"), "anybody").unwrap();
    assert_eq!((pastes.healthy.height(), pastes.pasted[0].mask.width()), (128, 128));
}

#[test]
fn a_user_can_stop() {
    let root = folders();
    let paster = paster(&root.path().join("ms"), options(1)).unwrap();
    let table = Table::read(root.path().join("healthy"), &Patients::Each).unwrap();
    let stopped = write_dataset(&table, &paster, &root.path().join("out"), &|_, _| ControlFlow::Break(()));
    assert_eq!(stopped, Err(Error::Stopped));
}

#[test]
fn wrong_folders_and_options_are_refused() {
    let root = folders();
    let ms = root.path().join("ms");
    let refuse = |options| paster(&ms, options).unwrap_err().to_string();
    assert!(refuse(undivided(5)).contains("1 to 4"));
    assert!(refuse(options(3)).contains("1 to 2") && refuse(options(3)).contains("each of 2 folds"));
    let three = refuse(PasteOptions { folds: Some(3), ..options(1) });
    assert!(three.contains("3 folds") && three.contains("p0, p1"), "{three}");
    assert!(refuse(options(0)).contains("0 pastes"));
    assert!(refuse(PasteOptions { size: Some(8), ..options(1) }).contains("32 to 4096"));
    let error = paster(root.path(), options(1)).unwrap_err().to_string();
    assert!(error.contains("no folder `lesion`") && error.contains("lesion_mask"), "{error}");

    let mask = ms.join("lesion_mask/p1_0.png");
    fs::remove_file(&mask).unwrap();
    assert!(refuse(options(1)).contains("p1_0.png: no such file"));
    write(&Image::new(1, 64, 64, vec![1.0; 64 * 64]).unwrap(), &mask);
    assert!(refuse(options(1)).contains("64 x 64 pixels, its image 128 x 128"));
    write(&Image::new(1, 128, 128, vec![0.0; 128 * 128]).unwrap(), &mask);
    assert!(refuse(options(1)).contains("no pixel other than 0"));
    fs::remove_file(&mask).unwrap();
    fs::remove_file(ms.join("lesion/p1_0.png")).unwrap();

    let black = root.path().join("healthy/black.png");
    write(&Image::new(1, 96, 96, vec![0.0; 96 * 96]).unwrap(), &black);
    let paster = paster(&ms, options(1)).unwrap();
    let error = paster.onto(&black, "h").unwrap_err().to_string();
    assert!(error.contains("black.png: no brain") && error.contains("on black"), "{error}");
    fs::copy(root.path().join("healthy/h_0.png"), root.path().join("healthy/h_1.jpg")).unwrap();
    let table = Table::read(root.path().join("healthy"), &Patients::Each).unwrap();
    let error = write_dataset(&table, &paster, &root.path().join("out"), &|_, _| ControlFlow::Continue(()));
    assert!(error.unwrap_err().to_string().contains("an image of the name `h_1`, and so is"));
    assert_eq!("matched".parse(), Ok(Contrast::Matched));
    assert!("loud".parse::<Contrast>().unwrap_err().to_string().contains("matched or carried"));
}
