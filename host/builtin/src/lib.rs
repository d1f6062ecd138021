//! The plugins that travel inside a program, as WebAssembly components, and the sources of the interpreter of cells.
//!
//! `build.rs` builds them from the workspace's `plugins/`, so that an embedder and the command line get the same bytes. The host
//! loads them like any other plugin; the command line grants them the readback that they declare.

include!(concat!(env!("OUT_DIR"), "/built_in.rs"));
