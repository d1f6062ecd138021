//! How a long computation ends before it is done: whoever asks for it says when nobody wants it any more, and the engine asks
//! between steps of a network, parts of a product, and steps of a backward pass.
//!
//! What has been handed to a GPU is not taken back.

use crate::{Error, Result};
use std::{
    cell::RefCell,
    panic::{UnwindSafe, catch_unwind, resume_unwind},
    rc::Rc,
};

thread_local! {
    static UNWANTED: RefCell<Option<Rc<dyn Fn() -> bool>>> = const { RefCell::new(None) };
}

/// Runs `work` on this thread. As soon as `unwanted` says so, what it computes ends with [`Error::Interrupted`].
pub fn interruptible<R>(unwanted: Rc<dyn Fn() -> bool>, work: impl FnOnce() -> R) -> R {
    /// Puts back what was there before, also when `work` panics.
    struct Before(Option<Rc<dyn Fn() -> bool>>);
    impl Drop for Before {
        fn drop(&mut self) {
            UNWANTED.set(self.0.take());
        }
    }
    let _before = Before(UNWANTED.replace(Some(unwanted)));
    work()
}

/// # Errors
/// [`Error::Interrupted`] when nobody wants the result any more.
pub(crate) fn check() -> Result<()> {
    let unwanted = UNWANTED.with_borrow(Clone::clone);
    if unwanted.is_some_and(|unwanted| unwanted()) { Err(Error::Interrupted) } else { Ok(()) }
}

/// What a backward pass is unwound with.
struct Interrupted;

/// [`check`] inside a backward pass, which can only be left by unwinding.
pub(crate) fn check_in_backward() {
    if check().is_err() {
        resume_unwind(Box::new(Interrupted));
    }
}

/// Runs a backward pass. Burn panics where it cannot go on; then the answer is none.
pub(crate) fn backward<R>(pass: impl FnOnce() -> R + UnwindSafe) -> Result<Option<R>> {
    match catch_unwind(pass) {
        Ok(made) => Ok(Some(made)),
        Err(panic) if panic.is::<Interrupted>() => Err(Error::Interrupted),
        Err(_) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Architecture, Classifier, Device, ReluRule, Tensor};
    use std::cell::Cell;

    /// Unwanted after so many questions.
    fn after(questions: usize) -> Rc<dyn Fn() -> bool> {
        let asked = Cell::new(0);
        Rc::new(move || {
            asked.set(asked.get() + 1);
            asked.get() > questions
        })
    }

    fn classifier(device: &Device) -> (Classifier, Tensor) {
        let classifier = Classifier::untrained(Architecture::SmallCnn, 2, 7, device).unwrap();
        let info = classifier.info();
        let images = Tensor::full(device, &[1, info.channels, info.height, info.width], 0.5).unwrap();
        (classifier, images)
    }

    #[test]
    fn a_pass_through_a_network_ends_between_its_steps() {
        let (classifier, images) = classifier(&Device::cpu());
        let pass = || classifier.logits(&images, ReluRule::Plain);
        assert_eq!(interruptible(after(2), pass).unwrap_err(), Error::Interrupted);
        pass().unwrap();
    }

    #[test]
    fn a_backward_pass_ends_between_its_steps_and_the_next_one_works() {
        let (classifier, images) = classifier(&Device::cpu());
        let leaf = images.track().unwrap();
        let scalar = || classifier.logits(&leaf, ReluRule::Plain).unwrap().sum(&[]).unwrap();
        let first = scalar();
        assert_eq!(interruptible(after(2), || first.backward()).unwrap_err(), Error::Interrupted);
        assert!(matches!(first.backward().unwrap_err(), Error::NotDifferentiable(_)), "the graph was used up");
        scalar().backward().unwrap().of_leaf(&leaf).unwrap();
    }

    #[test]
    fn a_large_product_ends_between_its_parts() {
        let device = Device::cpu();
        let x = Tensor::full(&device, &[4096, 4096], 0.5).unwrap();
        assert_eq!(interruptible(after(1), || x.matrix_multiply(&x)).unwrap_err(), Error::Interrupted);
    }
}
