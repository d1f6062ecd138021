//! How far a comparison is.

use crate::console::{Console, resumed};
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
        (self.show)(&resumed(self.found + self.made, self.total, self.made, self.started.elapsed()));
    }
}
