//! The program as its users meet it: command lines in; files, words and exit codes out.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by a panic")]

mod bad_input;
mod beginning;
mod black_boxes;
mod cameras;
mod common;
mod comparing;
mod conformance;
mod kernel;
mod notebooks;
mod results;
mod studies;
mod took_over;
mod training;
mod tutorial;
mod volumes;
