//! How far a comparison is.

use crate::console::Console;
use lacuna_runtime::Progress;
use std::time::Instant;

/// Images of all cells, with the time that is left.
pub struct Bar {
    show: Box<dyn FnMut(&Progress) + Send>,
    started: Instant,
    total: usize,
    found: usize,
    made: usize,
}

impl Bar {
    pub fn new(console: &Console, total: usize) -> Bar {
        Bar { show: console.steps("comparing"), started: Instant::now(), total, found: 0, made: 0 }
    }

    /// Images that an earlier run finished.
    pub fn found(&mut self, images: usize) {
        self.found += images;
    }

    /// Images that this run has finished.
    pub fn made(&mut self, images: usize) {
        self.made += images;
        let count = |images: usize| u32::try_from(images).unwrap_or(u32::MAX);
        let step = self.found + self.made;
        // As if every image had been made by this run, for the time that is left.
        let share = step as f64 / self.made.max(1) as f64;
        let elapsed = self.started.elapsed().mul_f64(share);
        (self.show)(&Progress { step: count(step), total: count(self.total), elapsed, terms: Vec::new() });
    }
}
