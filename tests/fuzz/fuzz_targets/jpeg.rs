#![no_main]

use lacuna_imaging::{Orienting, ReadOptions, read_image};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let path = lacuna_fuzz::file("image.jpeg", bytes);
    let _ = read_image(path, &ReadOptions { orientation: Orienting::Upright, ..ReadOptions::default() });
});
