//! Long work in passes of a bounded size.

use std::ops::Range;

use lacuna_plugin::{Error, Parameter, Settings, progress};

/// The passes for `total` versions of each image: one pass takes as many as `batch` images allow.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Passes {
    total: u32,
    most: u32,
}

impl Passes {
    /// The parameter `batch`.
    pub fn parameter() -> Parameter {
        Parameter::integer("batch", 16, 1..=4096)
            .summary("Most images in one pass of the classifier: faster on a large device, and more memory")
            .unit("images")
            .source("chosen here: what a laptop has room for")
    }

    /// Plans `total` versions of each of `images` images, spread evenly over the passes.
    ///
    /// # Errors
    /// A method that does not describe [`Passes::parameter`].
    pub fn new(settings: &Settings, total: u32, images: u32) -> Result<Self, Error> {
        let (total, fit) = (total.max(1), (settings.count("batch")? / images.max(1)).max(1));
        Ok(Self { total, most: total.div_ceil(total.div_ceil(fit)) })
    }

    /// The largest number of versions of each image in one pass.
    pub fn most(&self) -> u32 {
        self.most
    }

    /// Calls `pass` with the versions of one pass after the other, and reports each.
    ///
    /// # Errors
    /// What `pass` returns, and [`Error::Cancelled`].
    pub fn run(&self, mut pass: impl FnMut(Range<u32>) -> Result<(), Error>) -> Result<(), Error> {
        let mut start = 0;
        while start < self.total {
            let end = (start + self.most).min(self.total);
            pass(start..end)?;
            progress::report(end, self.total, &[])?;
            start = end;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Passes;
    use lacuna_plugin::{Settings, Value};

    fn passes(batch: i64, total: u32, images: u32) -> u32 {
        let settings = Settings::new([("batch", Value::Integer(batch))]);
        Passes::new(&settings, total, images).expect("passes").most()
    }

    #[test]
    fn passes_are_even_and_fit_the_batch() {
        assert_eq!(passes(16, 50, 1), 13);
        assert_eq!(passes(16, 729, 1), 16);
        assert_eq!(passes(16, 50, 3), 5);
        assert_eq!(passes(16, 4, 1), 4);
        assert_eq!(passes(16, 50, 40), 1);
        assert_eq!(passes(1, 50, 1), 1);
    }
}
