//! The account of device memory: who keeps how many bytes alive, and until when.
//!
//! A handle is not all that a guest keeps alive: the gradient graph keeps the operands of every tracked result. So a charge
//! for a tracked result holds on to the charges of its operands, as the graph holds on to their numbers, and the bytes
//! are given back when the last handle that needs them is dropped, or when `backward` uses the graph up.

use std::{
    collections::HashSet,
    mem,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

/// Device bytes that one plugin may keep alive, and those that it does.
#[derive(Debug)]
pub(crate) struct Quota {
    allowed: u64,
    held: AtomicU64,
}

/// A request for more than a quota has left: the total that it would have made.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Exhausted {
    pub allowed: u64,
    pub requested: u64,
}

impl Quota {
    pub(crate) fn new(allowed: u64) -> Arc<Quota> {
        Arc::new(Quota { allowed, held: AtomicU64::new(0) })
    }

    /// Bytes that may be held.
    pub(crate) fn allowed(&self) -> u64 {
        self.allowed
    }

    /// Refuses what would not fit, before the device is asked for it.
    pub(crate) fn room_for(&self, bytes: u64) -> Result<(), Exhausted> {
        let requested = self.held.load(Ordering::Relaxed).saturating_add(bytes);
        if requested > self.allowed { Err(Exhausted { allowed: self.allowed, requested }) } else { Ok(()) }
    }

    #[cfg(test)]
    fn held(&self) -> u64 {
        self.held.load(Ordering::Relaxed)
    }

    fn take(&self, bytes: u64) {
        self.held.fetch_add(bytes, Ordering::Relaxed);
    }

    fn give_back(&self, bytes: u64) {
        self.held.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// Whether the gradient graph knows a tensor, and as what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tracking {
    /// Outside the graph: keeps nothing else alive.
    Untracked,
    /// A leaf, whose gradient `backward` will keep.
    Leaf,
    /// A result in the graph: keeps its operands alive.
    Result,
}

/// The bytes behind one tensor, on the account of one plugin until dropped.
#[derive(Debug)]
pub(crate) struct Charge {
    bytes: u64,
    tracking: Tracking,
    payer: Mutex<Arc<Quota>>,
    operands: Mutex<Vec<Arc<Charge>>>,
}

impl Charge {
    /// Puts `bytes` on the account of `payer`.
    pub(crate) fn new(
        payer: &Arc<Quota>,
        bytes: u64,
        tracking: Tracking,
        operands: impl IntoIterator<Item = Arc<Charge>>,
    ) -> Result<Arc<Charge>, Exhausted> {
        payer.room_for(bytes)?;
        payer.take(bytes);
        let operands = match tracking {
            Tracking::Result => operands.into_iter().collect(),
            Tracking::Untracked | Tracking::Leaf => Vec::new(),
        };
        let charge = Charge { bytes, tracking, payer: Mutex::new(payer.clone()), operands: Mutex::new(operands) };
        Ok(Arc::new(charge))
    }

    /// A tensor that the host keeps alive anyway.
    pub(crate) fn free(payer: &Arc<Quota>) -> Arc<Charge> {
        let (payer, operands) = (Mutex::new(payer.clone()), Mutex::default());
        Arc::new(Charge { bytes: 0, tracking: Tracking::Untracked, payer, operands })
    }

    /// Lets go of the graph below this charge, which `backward` used up.
    ///
    /// Returns the bytes of its leaves, which are the bytes that the gradients take.
    pub(crate) fn use_up_graph(self: &Arc<Charge>) -> u64 {
        let mut leaves = 0;
        self.walk(|charge| {
            if charge.tracking == Tracking::Leaf {
                leaves += charge.bytes;
            }
            mem::take(&mut *lock(&charge.operands))
        });
        leaves
    }

    /// Puts this charge and the graph below it on the account of `payer`, who from now on decides how long they live.
    /// What does not belong to the graph stays with whoever made it.
    pub(crate) fn hand_over(self: &Arc<Charge>, payer: &Arc<Quota>) -> Result<(), Exhausted> {
        let mut moved = Vec::new();
        let mut bytes = 0u64;
        let mut first = true;
        self.walk(|charge| {
            let in_graph = mem::take(&mut first) || charge.tracking != Tracking::Untracked;
            if !in_graph || Arc::ptr_eq(&lock(&charge.payer), payer) {
                return Vec::new();
            }
            bytes = bytes.saturating_add(charge.bytes);
            moved.push(charge.clone());
            lock(&charge.operands).clone()
        });
        payer.room_for(bytes)?;
        for charge in moved {
            let former = mem::replace(&mut *lock(&charge.payer), payer.clone());
            former.give_back(charge.bytes);
            payer.take(charge.bytes);
        }
        Ok(())
    }

    /// Visits this charge and what it leads to, each once; a guest decides how deep that is, so without recursion.
    fn walk(self: &Arc<Charge>, mut visit: impl FnMut(&Arc<Charge>) -> Vec<Arc<Charge>>) {
        let mut seen = HashSet::new();
        let mut waiting = vec![self.clone()];
        while let Some(charge) = waiting.pop() {
            if seen.insert(Arc::as_ptr(&charge)) {
                waiting.extend(visit(&charge));
            }
        }
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        lock(&self.payer).give_back(self.bytes);
        // A chain of a million results would overflow the stack if each charge dropped the next.
        let mut waiting = mem::take(&mut *lock(&self.operands));
        while let Some(operand) = waiting.pop() {
            if let Some(charge) = Arc::into_inner(operand) {
                waiting.append(&mut lock(&charge.operands));
            }
        }
    }
}

/// A panic while the lock was held cannot leave these values half changed.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(quota: &Arc<Quota>, bytes: u64, operands: &[&Arc<Charge>]) -> Arc<Charge> {
        Charge::new(quota, bytes, Tracking::Result, operands.iter().map(|c| (*c).clone())).unwrap()
    }

    #[test]
    fn untracked_bytes_come_back_with_the_handle_and_tracked_ones_with_the_graph() {
        let quota = Quota::new(1000);
        let leaf = Charge::new(&quota, 100, Tracking::Leaf, []).unwrap();
        let middle = result(&quota, 50, &[&leaf]);
        let scalar = result(&quota, 4, &[&middle, &leaf]);
        drop(middle);
        assert_eq!(quota.held(), 154, "the graph still needs what its handle no longer does");
        assert_eq!(scalar.use_up_graph(), 100);
        assert_eq!(quota.held(), 104);
        drop((leaf, scalar));
        assert_eq!(quota.held(), 0);
    }

    #[test]
    fn more_than_allowed_is_refused_with_the_total() {
        let quota = Quota::new(100);
        let _held = Charge::new(&quota, 60, Tracking::Untracked, []).unwrap();
        let refused = Charge::new(&quota, 50, Tracking::Untracked, []).unwrap_err();
        assert_eq!(refused, Exhausted { allowed: 100, requested: 110 });
        assert_eq!(quota.held(), 60);
    }

    #[test]
    fn a_graph_changes_hands_without_what_the_maker_keeps() {
        let (maker, user) = (Quota::new(1000), Quota::new(1000));
        let mask = Charge::new(&user, 10, Tracking::Leaf, []).unwrap();
        let reference = Charge::new(&maker, 300, Tracking::Untracked, []).unwrap();
        let image = result(&maker, 40, &[&mask, &reference]);
        image.hand_over(&user).unwrap();
        assert_eq!((maker.held(), user.held()), (300, 50));
        drop((reference, mask, image));
        assert_eq!((maker.held(), user.held()), (0, 0));
    }

    #[test]
    fn a_very_long_graph_is_dropped_without_recursion() {
        let quota = Quota::new(u64::MAX);
        let mut last = Charge::new(&quota, 1, Tracking::Leaf, []).unwrap();
        for _ in 0..1_000_000 {
            last = result(&quota, 1, &[&last]);
        }
        drop(last);
        assert_eq!(quota.held(), 0);
    }
}
