//! Tables that are read and written, and the errors for those that are refused.

use crate::{Patients, Row, Table};
use std::fs;
use tempfile::TempDir;

/// A folder with `a.png`, `b.png`, `mask.png` and the table.
fn folder(table: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a.png", "b.png", "mask.png"] {
        fs::write(folder.path().join(name), "").unwrap();
    }
    fs::write(folder.path().join("data.csv"), table).unwrap();
    folder
}

fn refusal(table: &str) -> String {
    let folder = folder(table);
    Table::read(folder.path().join("data.csv"), &Patients::Auto).unwrap_err().to_string()
}

#[test]
fn a_table_is_read_and_written_alike() {
    let folder = folder("\u{feff}image,patient,mask,lesion,other\na.png, p1 ,mask.png,1,0\n./b.png,p2,,0,1\n");
    let table = Table::read(folder.path().join("data.csv"), &Patients::Auto).unwrap();
    assert_eq!(table.labels, ["lesion", "other"]);
    let first = Row {
        image: folder.path().join("a.png"),
        patient: "p1".to_owned(),
        mask: Some(folder.path().join("mask.png")),
        donor: None,
        labels: vec![true, false],
    };
    assert_eq!(table.rows[0], first);
    assert_eq!((&table.rows[1].mask, &table.rows[1].labels), (&None, &vec![false, true]));

    table.write_csv(folder.path().join("copy.csv")).unwrap();
    let text = fs::read_to_string(folder.path().join("copy.csv")).unwrap();
    assert_eq!(text, "image,patient,mask,lesion,other\na.png,p1,mask.png,1,0\nb.png,p2,,0,1\n");
    assert_eq!(Table::read(folder.path().join("copy.csv"), &Patients::Auto).unwrap().rows, table.rows);

    let mut pasted = table.clone();
    pasted.rows[0].donor = Some("d9".to_owned());
    pasted.write_csv(folder.path().join("pasted.csv")).unwrap();
    let text = fs::read_to_string(folder.path().join("pasted.csv")).unwrap();
    assert_eq!(text, "image,patient,mask,donor,lesion,other\na.png,p1,mask.png,d9,1,0\nb.png,p2,,,0,1\n");
    assert_eq!(Table::read(folder.path().join("pasted.csv"), &Patients::Auto).unwrap().rows, pasted.rows);

    let elsewhere = tempfile::tempdir().unwrap();
    table.write_csv(elsewhere.path().join("far.csv")).unwrap();
    assert_eq!(Table::read(elsewhere.path().join("far.csv"), &Patients::Auto).unwrap().rows.len(), 2);
}

#[test]
fn columns_may_stand_in_any_order_and_the_mask_be_left_out() {
    let folder = folder("lesion,patient,image\n1,p1,b.png\n");
    let table = Table::read(folder.path().join("data.csv"), &Patients::Auto).unwrap();
    assert_eq!((table.labels.len(), &table.rows[0].mask), (1, &None));
}

#[test]
fn every_mistake_is_named_with_its_line_and_column() {
    const NAMES: &str = "image,patient,mask,lesion\n";
    let cases = [
        ("image;patient;mask\na.png;p1;\n", "line 1: no column `image` or `patient`, only `image;patient;mask`"),
        ("image,mask,lesion\na.png,,1\n", "line 1: no column `patient`"),
        ("image,patient,lesion,lesion\n", "two columns named `lesion`"),
        ("image,patient,,lesion\n", "column 3 without a name"),
        (NAMES, "a table without rows"),
        (&format!("{NAMES}a.png,p1,,2\n"), "line 2, column 4 (`lesion`): `2`; expected 0 or 1"),
        (&format!("{NAMES}a.png,p1,,0\nb.png,p1,,yes\n"), "line 3, column 4 (`lesion`): `yes`"),
        (&format!("{NAMES}a.png,p1,,\n"), "line 2, column 4 (`lesion`): ``"),
        (&format!("{NAMES}a.png,,,1\n"), "line 2, column 2 (`patient`): nothing"),
        (&format!("{NAMES}c.png,p1,,1\n"), "line 2, column 1 (`image`): `c.png`, which cannot be read"),
        (&format!("{NAMES},p1,,1\n"), "line 2, column 1 (`image`): nothing"),
        (&format!("{NAMES}.,p1,,1\n"), "`.`, which is a folder"),
        (&format!("{NAMES}a.png,p1,no.png,1\n"), "line 2, column 3 (`mask`): `no.png`, which cannot be read"),
        (
            &format!("{NAMES}a.png,p1,,1\n./a.png,p1,,1\n"),
            "line 3, column 1 (`image`): the image of line 2 again; expected",
        ),
        (&format!("{NAMES}a.png,p1,,1\na.png,p2,,1\n"), "again, there as one of patient `p1` and here of `p2`"),
        (&format!("{NAMES}a.png,p1,1\n"), "line 2: 3 cells; expected 4"),
    ];
    for (table, expected) in cases {
        let error = refusal(table);
        assert!(error.contains(expected) && error.contains("data.csv"), "{error}\n(expected: {expected})");
        assert!(error.contains("Remedy: "), "{error}");
    }
}

#[test]
fn a_rule_for_file_names_does_not_go_with_a_table() {
    let folder = folder("image,patient\na.png,p1\n");
    let error = Table::read(folder.path().join("data.csv"), &Patients::Each).unwrap_err().to_string();
    assert!(error.contains("rule `each`") && error.contains("leave the rule out"), "{error}");
}

#[test]
fn a_file_that_is_no_text_is_refused() {
    let folder = folder("");
    fs::write(folder.path().join("data.csv"), b"image,patient\n\xff\xfe,p1\n").unwrap();
    let error = Table::read(folder.path().join("data.csv"), &Patients::Auto).unwrap_err().to_string();
    assert!(error.contains("UTF-8"), "{error}");
}
