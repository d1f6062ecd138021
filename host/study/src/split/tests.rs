//! Laws of a split, over many tables and seeds.

use super::*;
use crate::table::Row;

/// A table with `rows[i]` rows of patient i.
fn table(rows: &[usize]) -> Table {
    let of = |patient: usize, count: usize| {
        (0..count).map(move |slice| Row {
            image: format!("{patient}_{slice}.png").into(),
            patient: format!("p{patient}"),
            mask: None,
            donor: None,
            labels: Vec::new(),
        })
    };
    let rows = rows.iter().enumerate().flat_map(|(patient, &count)| of(patient, count));
    Table { rows: rows.collect(), ..Table::default() }
}

const ALL: Fold = Fold { folds: 1, test: None };

#[test]
fn parts_share_no_patient_and_hold_every_row() {
    for seed in 0..50 {
        let sizes: Vec<usize> = (0..30).map(|i| 1 + (i * 7 + seed as usize) % 11).collect();
        let table = table(&sizes);
        let split = Split::by_patient(&table, Fold { folds: 5, test: Some(2) }, 0.15, seed).unwrap();
        check(&split, &table).unwrap();
        let mut rows = [&*split.train, &split.validation, &split.test].concat();
        rows.sort_unstable();
        assert_eq!(rows, (0..table.rows.len()).collect::<Vec<_>>());

        let others = (split.train.len() + split.validation.len()) as f64;
        assert!(split.validation.len() as f64 >= 0.15 * others, "the share is reached");
        assert!(split.validation.len() as f64 - 11.0 < 0.15 * others, "and by no patient more");
        let patients = split.patients(&table);
        assert!(patients.test.iter().all(|patient| fold_of(patient, 5, seed) == 2));
        assert_eq!(patients.rows(&table).unwrap(), split);
    }
}

#[test]
fn other_lists_agree_on_the_folds() {
    let fold = Fold { folds: 4, test: Some(1) };
    let (few, many) = (table(&[3; 20]), table(&[5; 60]));
    let judges = |table: &Table| Split::by_patient(table, fold, 0.2, 9).unwrap().patients(table).test;
    let (few, many) = (judges(&few), judges(&many));
    assert!(many.len() > few.len() && few.iter().all(|patient| many.contains(patient)));
    let folds = |seed| (0..40).map(|i| fold_of(&format!("p{i}"), 4, seed)).collect::<Vec<_>>();
    assert_ne!(folds(1), folds(2));
    // Five deviations of a binomial with 4000 draws of 1/4 are 137.
    let size = (0..4000).filter(|i| fold_of(&format!("p{i}"), 4, 1) == 0).count();
    assert!(size.abs_diff(1000) < 137, "{size}");
}

#[test]
fn one_patient_validates_at_least() {
    let table = table(&[100, 100, 100]);
    let split = Split::by_patient(&table, ALL, 0.01, 7).unwrap();
    assert_eq!((split.train.len(), split.validation.len(), split.test.len()), (200, 100, 0));
}

#[test]
fn what_cannot_be_divided_is_refused() {
    let refuse = |table: &Table, fold, share| Split::by_patient(table, fold, share, 7).unwrap_err().to_string();
    let many = table(&[2; 30]);
    let cases = [
        (refuse(&table(&[9]), ALL, 0.2), "1 patient in 9 rows"),
        (refuse(&table(&[]), ALL, 0.2), "0 patient in 0 rows"),
        (refuse(&table(&[1; 2]), ALL, 0.9), "takes all 2 patients"),
        (refuse(&many, ALL, 0.0), "share of 0;"),
        (refuse(&many, ALL, f64::NAN), "share of NaN"),
        (refuse(&many, Fold { folds: 5, test: Some(5) }, 0.2), "test fold 5 of 5"),
        (refuse(&many, Fold { folds: 1, test: Some(0) }, 0.2), "at least 2 folds"),
        (refuse(&table(&[1; 2]), Fold { folds: 1000, test: Some(3) }, 0.2), "no patient among 2 in fold 3 of 1000"),
    ];
    for (error, expected) in cases {
        assert!(error.contains(expected) && error.contains("Remedy"), "{error}\n(expected: {expected})");
    }
}

#[test]
fn a_divided_patient_is_named() {
    let table = table(&[2, 2]);
    let split = Split { train: vec![0, 1], validation: vec![], test: vec![2, 1] };
    let error = check(&split, &table).unwrap_err().to_string();
    assert!(error.contains("patient `p0` both in train and in test"), "{error}");
    assert!(
        check(&Split { train: vec![4], ..Split::default() }, &table).unwrap_err().to_string().contains("rows 0 to 3")
    );
    let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    let patients = SplitPatients { train: names(&["p0"]), validation: names(&["p1", "p0"]), test: vec![] };
    assert!(patients.rows(&table).unwrap_err().to_string().contains("patient `p0` both in train and in validation"));
}
