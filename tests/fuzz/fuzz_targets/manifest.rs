#![no_main]

use lacuna_engine::{GeneratorManifest, Manifest};

libfuzzer_sys::fuzz_target!(|text: &str| {
    let _ = Manifest::parse("fuzz.toml", text);
    let _ = GeneratorManifest::parse("fuzz.toml", text);
});
