#![no_main]

use lacuna_runtime::{CompileCache, Host, HostOptions, Plugin};
use std::sync::LazyLock;

static HOST: LazyLock<Host> = LazyLock::new(|| Host::new(HostOptions { cache: CompileCache::Off }).unwrap());

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = Plugin::load(&HOST, "fuzz.wasm", bytes);
});
