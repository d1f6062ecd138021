#![no_main]

use lacuna_imaging::Map;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let path = lacuna_fuzz::file("map.npy", bytes);
    let Ok(map) = Map::read_npy(&path) else { return };
    map.write_npy(&path).unwrap();
    assert_eq!(Map::read_npy(&path).unwrap().data(), map.data());
});
