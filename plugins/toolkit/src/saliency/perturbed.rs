//! Many masks in one pass: the classifier on what the perturbation leaves of the images.

use crate::saliency::Stack;
use lacuna_plugin::{Error, Phi, Request, Score, Tensor};

/// f_c(Phi(x; m)) for masks m that are the same for every image of a batch.
#[derive(Debug)]
pub struct Perturbed<'a> {
    stack: Stack<'a>,
    seed: u64,
    /// The perturbation of the first `count` copies.
    phi: Phi,
    count: u32,
}

impl<'a> Perturbed<'a> {
    /// Prepares passes of up to `most` masks. The perturbation prepares as many copies of every image.
    ///
    /// # Errors
    /// What the perturbation refuses, or that the user chose none.
    pub fn new(request: &Request<'a>, score: Score, most: u32) -> Result<Self, Error> {
        let stack = Stack::new(request, score, most)?;
        let phi = Phi::create(&stack.copies(most), request.seed)?;
        Ok(Self { stack, seed: request.seed, phi, count: most })
    }

    /// The scores (count, N) under `count` masks of one channel on the images' grid.
    ///
    /// # Errors
    /// What perturbation and classifier refuse.
    pub fn scores(&mut self, masks: &Tensor) -> Result<Tensor, Error> {
        let count = masks.image_shape()?.images();
        let (shape, images) = (&self.stack.shape, self.stack.shape.images());
        if count != self.count {
            // The last pass may be smaller.
            self.phi = Phi::create(&self.stack.copies(count), self.seed)?;
            self.count = count;
        }
        let each = match images {
            1 => masks.clone(),
            _ => {
                let ones = [vec![1, images], vec![1; shape.spatial().len()]].concat();
                (Tensor::full(&ones, 1.0) * masks).reshape(&shape.with(count * images, 1))
            }
        };
        self.stack.scores(&self.phi.apply(&each), count).check()
    }

    /// The scores (1, N) of the images themselves.
    ///
    /// # Errors
    /// What the classifier refuses.
    pub fn unperturbed(&self) -> Result<Tensor, Error> {
        self.stack.scores(&self.stack.copies(1), 1).check()
    }
}
