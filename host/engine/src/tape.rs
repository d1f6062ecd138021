//! Who lets go of the gradient graph, and when.
//!
//! Burn 0.22 keeps one graph for the whole process: for each result that depends on a leaf a node, with the numbers that
//! its backward pass needs. It looks for nodes that nobody can reach any more during a backward pass, and only in the graph
//! that the pass goes through. Results that are dropped without a backward pass stay for ever.
//!
//! A [`Tape`] mends that for one run. It ties every leaf of the run to an anchor of its own, so that the whole run is one
//! graph; a backward pass through the anchor then frees what nobody holds.

use crate::kernels::FrozenOps;
use crate::{Device, Result, Tensor};
use burn::backend::Dispatch;
use std::cell::Cell;

/// How many results the graph of one plugin can hold. A backward pass looks at each pair of Burn's nodes that are left, and
/// walks from each end of what was dropped to its start: at 18,000 results that took eleven seconds, at 10,000 three, at 6000 one.
/// DenseNet121 makes some 400 in a pass.
pub const LARGEST_GRAPH: u64 = 6_000;

/// Bytes of stack that [`Tensor::backward`] reserves, since Burn walks the graph by recursion: 100 bytes for each result on
/// the way in a release build, more without optimisation, and two plugins share a graph.
const STACK: usize = 100 << 20;

/// The graph of one run.
pub struct Tape {
    anchor: Option<Tensor>,
}

impl Tape {
    /// An empty graph.
    ///
    /// # Errors
    /// [`crate::Error::Device`] when the device gives no number.
    pub fn new(device: &Device) -> Result<Self> {
        Ok(Self { anchor: Some(Tensor::full(device, &[1], 0.0)?.track()?) })
    }

    /// Makes the graph of `tensor` a part of this one. To be called with every leaf, and with every result of what a backward
    /// pass has gone through before: Burn begins a new graph there. Nothing happens outside the gradient graph.
    pub fn tie(&self, tensor: &Tensor) {
        if let (Some(anchor), true) = (&self.anchor, tensor.is_tracked()) {
            drop(Dispatch::tied(tensor.primitive(), anchor.primitive()));
        }
    }

    /// Frees what no handle needs. Any backward pass through this graph does so too.
    ///
    /// # Errors
    /// As [`Tape::new`].
    pub fn sweep(&mut self) -> Result<()> {
        let Some(old) = self.anchor.take() else { return Ok(()) };
        let mut next = Tape::new(old.device())?;
        next.tie(&old);
        self.anchor = next.anchor.take();
        // A handle to an anchor would keep it in the graph.
        let end = old.affine(1.0, 0.0)?;
        drop(old);
        end.backward().map(drop)
    }
}

impl std::fmt::Debug for Tape {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Tape")
    }
}

impl Drop for Tape {
    fn drop(&mut self) {
        let Some(anchor) = self.anchor.take() else { return };
        // Nobody is left to tell; and what a lost device holds is lost with it.
        let _ = anchor.affine(1.0, 0.0).and_then(|end| {
            drop(anchor);
            end.backward().map(drop)
        });
    }
}

thread_local! {
    static RESULTS: Cell<u64> = const { Cell::new(0) };
}

/// How many results this thread has put into gradient graphs so far.
pub fn tracked_results() -> u64 {
    RESULTS.get()
}

/// Counts one.
pub(crate) fn count_result() {
    RESULTS.set(RESULTS.get() + 1);
}

/// Runs `walk` on a stack that is deep enough for the largest graph. The pages that it does not touch cost nothing.
pub(crate) fn with_deep_stack<R>(walk: impl FnOnce() -> R) -> R {
    stacker::grow(STACK, walk)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether nobody but this handle holds the numbers.
    fn alone(tensor: &Tensor) -> bool {
        tensor.is_only_handle()
    }

    fn numbers(device: &Device) -> Tensor {
        Tensor::uniform(device, &[64], 0.0, 1.0, 1).unwrap()
    }

    /// A leaf on the tape.
    fn leaf(tape: &Tape, device: &Device) -> Tensor {
        let leaf = numbers(device).track().unwrap();
        tape.tie(&leaf);
        leaf
    }

    #[test]
    fn what_nobody_holds_is_freed_by_a_sweep() {
        let device = Device::cpu();
        let mut tape = Tape::new(&device).unwrap();
        let (leaf, constant) = (leaf(&tape, &device), numbers(&device));
        drop(leaf.multiply(&constant).unwrap().sum(&[]).unwrap());
        assert!(!alone(&constant), "the graph holds what the gradient needs");
        tape.sweep().unwrap();
        assert!(alone(&constant));
        // The leaf has not suffered.
        let gradient = leaf.multiply(&constant).unwrap().sum(&[]).unwrap().backward().unwrap().of_leaf(&leaf).unwrap();
        assert_eq!(gradient.read().unwrap(), constant.read().unwrap());
    }

    #[test]
    fn what_somebody_holds_survives_a_sweep() {
        let device = Device::cpu();
        let mut tape = Tape::new(&device).unwrap();
        let (leaf, constant) = (leaf(&tape, &device), numbers(&device));
        let sum = leaf.multiply(&constant).unwrap().sum(&[]).unwrap();
        for _ in 0..3 {
            tape.sweep().unwrap();
        }
        let gradient = sum.backward().unwrap().of_leaf(&leaf).unwrap();
        assert_eq!(gradient.read().unwrap(), constant.read().unwrap());
    }

    #[test]
    fn a_backward_pass_frees_the_leaves_beside_it() {
        let device = Device::cpu();
        let tape = Tape::new(&device).unwrap();
        let constant = numbers(&device);
        drop(leaf(&tape, &device).multiply(&constant).unwrap());
        assert!(!alone(&constant));
        leaf(&tape, &device).sum(&[]).unwrap().backward().unwrap();
        assert!(alone(&constant));
    }

    #[test]
    fn what_is_made_behind_a_backward_pass_is_freed_once_it_is_tied() {
        let device = Device::cpu();
        let mut tape = Tape::new(&device).unwrap();
        let (leaf, constant) = (leaf(&tape, &device), numbers(&device));
        let sum = leaf.sum(&[]).unwrap();
        sum.backward().unwrap();
        for operand in [&leaf, &sum] {
            let product = operand.multiply(&constant).unwrap();
            tape.tie(&product);
            drop(product);
            assert!(!alone(&constant));
            tape.sweep().unwrap();
            assert!(alone(&constant));
        }
    }

    /// A chain whose every result has a branch that was dropped is what takes longest to free.
    #[test]
    fn the_largest_graph_is_freed_within_two_seconds() {
        let device = Device::cpu();
        let tape = Tape::new(&device).unwrap();
        let mut chain = Tensor::full(&device, &[1], 0.5).unwrap().track().unwrap();
        tape.tie(&chain);
        for _ in 0..LARGEST_GRAPH / 2 {
            drop(chain.affine(0.5, 0.0).unwrap());
            chain = chain.affine(0.5, 0.0).unwrap();
        }
        drop(chain);
        let start = std::time::Instant::now();
        drop(tape);
        println!("{LARGEST_GRAPH} results: {:?}", start.elapsed());
        assert!(start.elapsed().as_secs() < 2, "{:?}", start.elapsed());
    }

    #[test]
    fn the_end_of_a_tape_frees_all_of_it() {
        let device = Device::cpu();
        let tape = Tape::new(&device).unwrap();
        let constant = numbers(&device);
        drop(leaf(&tape, &device).multiply(&constant).unwrap());
        drop(tape);
        assert!(alone(&constant));
    }

    #[test]
    fn results_that_depend_on_no_leaf_make_no_nodes() {
        let device = Device::cpu();
        let x = numbers(&device);
        let y = x.multiply(&x).unwrap().greater(&x).unwrap().sum(&[]).unwrap();
        assert!(!y.burn::<1>().is_autodiff());
    }
}
