//! Pastes real lesions into real slices, where `LACUNA_DATA` names the folder of the real data.

#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

use lacuna_imaging::Reader;
use lacuna_study::paste::{PasteOptions, Paster};
use lacuna_study::{Patients, Table};
use std::path::PathBuf;

fn real_data() -> Option<PathBuf> {
    let Some(root) = std::env::var_os("LACUNA_DATA") else {
        assert!(
            std::env::var_os("LACUNA_REQUIRE_DATA").is_none(),
            "the real data is required, but LACUNA_DATA is not set"
        );
        println!("skipped: LACUNA_DATA does not name the folder of the real data");
        return None;
    };
    let root = PathBuf::from(root);
    let there = root.join("brain-healthy").is_dir() && root.join("ms/slices").is_dir();
    if !there {
        println!("skipped: {} has no brain-healthy or no ms/slices", root.display());
    }
    there.then_some(root)
}

/// A FLAIR lesion in a T1 slice is brighter than white matter, which makes it visible, and the two brains overlap.
#[test]
fn lesions_of_flair_slices_can_be_seen_in_t1_slices() {
    let Some(root) = real_data() else { return };
    let options = PasteOptions { seed: 7, ..PasteOptions::default() };
    let paster = Paster::read(root.join("ms/slices"), Patients::Auto, options, Reader::default()).unwrap();
    let table = Table::read(root.join("brain-healthy"), &Patients::Cycle(100)).unwrap();
    assert_eq!((table.rows.len(), table.patients().len()), (3200, 100));
    let mut overlaps = Vec::new();
    for row in table.thinned(12, 7).rows {
        let pastes = paster.onto(&row.image, &row.patient).unwrap();
        assert_eq!(pastes.pasted.len(), 4);
        let mut brain: Vec<f32> = pastes.healthy.data().iter().copied().filter(|&value| value > 0.05).collect();
        brain.sort_unstable_by(f32::total_cmp);
        let white = brain[brain.len() * 85 / 100];
        for pasted in &pastes.pasted {
            let lesion =
                pasted.image.data().iter().zip(pasted.mask.data()).map(|(value, mask)| value * mask).sum::<f32>();
            let relative = lesion / pasted.pixels as f32 / white;
            // Measured over 12800 pastes: 1.03 to 1.37, and 95 % of them above 1.15.
            assert!(relative > 1.0 && relative < 1.45, "{} on {}: {relative}", pasted.donor, row.image.display());
            overlaps.push(pasted.overlap);
        }
    }
    overlaps.sort_unstable_by(f64::total_cmp);
    assert!(overlaps[overlaps.len() / 2] > 0.94, "{overlaps:?}");
}
