//! Nothing: see `lacuna-wasm-target`.
