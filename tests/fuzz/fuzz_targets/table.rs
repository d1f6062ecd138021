#![no_main]

use lacuna_study::{Patients, Table};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let path = lacuna_fuzz::file("table.csv", bytes);
    // Two images that the rows can name.
    for image in ["a.png", "b.png"] {
        let _ = lacuna_fuzz::file(image, b"");
    }
    let Ok(table) = Table::read(&path, &Patients::Auto) else { return };
    table.write_csv(&path).unwrap();
    assert_eq!(Table::read(&path, &Patients::Auto).unwrap().rows.len(), table.rows.len());
});
