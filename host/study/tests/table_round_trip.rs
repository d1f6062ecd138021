//! Tables of random content, written as CSV and read again.

#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

use lacuna_study::{Patients, Row, Table};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, contextualize_config};
use std::fs;

/// As many cases as `PROPTEST_CASES` says, else 64, since each writes files: the same ones in each run, unless
/// `PROPTEST_RNG_SEED` says otherwise.
fn config() -> Config {
    let ours = Config { cases: 64, rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..Config::default() };
    contextualize_config(ours)
}

/// A name that begins and ends with neither space nor line end, which a cell loses, with everything that CSV gives a meaning.
fn name() -> impl Strategy<Value = String> {
    let letter = prop_oneof![
        Just(','),
        Just('"'),
        Just('\''),
        Just(';'),
        Just('#'),
        Just('='),
        Just('é'),
        Just('脳'),
        prop::char::range('a', 'f')
    ];
    let inner = prop_oneof![4 => letter.clone(), 1 => Just(' '), 1 => Just('\n'), 1 => Just('\t')];
    (letter.clone(), prop::collection::vec(inner, 0..6), letter)
        .prop_map(|(first, inner, last)| std::iter::once(first).chain(inner).chain([last]).collect())
}

/// What one row holds beside its image: patient, whether it has a mask, donor, and three labels.
type Cells = (String, bool, Option<String>, [bool; 3]);

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_table_comes_back_as_it_was_written(
        labels in prop::collection::hash_set(name(), 0..=3_usize),
        rows in prop::collection::vec((name(), any::<bool>(), prop::option::of(name()), any::<[bool; 3]>()), 1..8),
        image in name(),
        below in any::<bool>(),
    ) {
        let (images, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let row = |(index, (patient, mask, donor, values)): (usize, Cells)| {
            let file = |kind: &str| {
                let path = images.path().join(format!("{kind} {index} {image}.png"));
                fs::write(&path, "").unwrap();
                path
            };
            let labels = values[..labels.len()].to_vec();
            Row { image: file("image"), patient, mask: mask.then(|| file("mask")), donor, labels }
        };
        let rows: Vec<Row> = rows.into_iter().enumerate().map(row).collect();
        let table = Table { labels: labels.iter().cloned().collect(), rows, note: None };
        let path = if below { images.path() } else { elsewhere.path() }.join("data.csv");
        table.write_csv(&path).unwrap();
        prop_assert_eq!(Table::read(&path, &Patients::Auto).unwrap(), table);
    }
}
