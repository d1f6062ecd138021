//! The account of device memory: who keeps how many bytes alive, and until when.
//!
//! A handle is not all that a guest keeps alive: the gradient graph keeps the operands of every tracked result. So a charge
//! for a tracked result holds on to the charges of its operands, as the graph holds on to their numbers. What `backward`
//! has used up is given back with the last handle. A graph that is dropped without a backward pass stays on the device
//! until somebody frees it (`lacuna_engine::Tape`), so its bytes are abandoned first, and given back then.

use std::{
    collections::HashSet,
    mem,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

/// What is held, and how much of that no handle leads to any more.
#[derive(Debug, Default)]
struct Account {
    held: AtomicU64,
    abandoned: AtomicU64,
}

impl Account {
    fn take(&self, amount: u64) {
        self.held.fetch_add(amount, Ordering::Relaxed);
    }

    fn give_back(&self, amount: u64) {
        self.held.fetch_sub(amount, Ordering::Relaxed);
    }

    fn abandon(&self, amount: u64) {
        self.abandoned.fetch_add(amount, Ordering::Relaxed);
    }

    fn with(&self, amount: u64) -> u64 {
        self.held.load(Ordering::Relaxed).saturating_add(amount)
    }
}

/// Device bytes that one plugin may keep alive, and those that it does; and its results in the gradient graph.
#[derive(Debug)]
pub(crate) struct Quota {
    allowed: u64,
    bytes: Account,
    nodes: Account,
}

/// A request for more than a quota has left: the total that it would have made.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Exhausted {
    pub allowed: u64,
    pub requested: u64,
}

impl Quota {
    pub(crate) fn new(allowed: u64) -> Arc<Quota> {
        Arc::new(Quota { allowed, bytes: Account::default(), nodes: Account::default() })
    }

    /// Bytes that may be held.
    pub(crate) fn allowed(&self) -> u64 {
        self.allowed
    }

    /// Refuses what would not fit, before the device is asked for it.
    pub(crate) fn room_for(&self, bytes: u64) -> Result<(), Exhausted> {
        let requested = self.bytes.with(bytes);
        if requested > self.allowed { Err(Exhausted { allowed: self.allowed, requested }) } else { Ok(()) }
    }

    /// Bytes that can still be asked for.
    pub(crate) fn left(&self) -> u64 {
        self.allowed.saturating_sub(self.bytes.with(0))
    }

    /// Results that the gradient graph would hold with so many more.
    pub(crate) fn nodes_with(&self, nodes: u64) -> u64 {
        self.nodes.with(nodes)
    }

    /// Whether a sweep of the graph would give something back.
    pub(crate) fn has_abandoned(&self) -> bool {
        [&self.bytes, &self.nodes].iter().any(|account| account.abandoned.load(Ordering::Relaxed) > 0)
    }

    /// What was abandoned is freed now.
    pub(crate) fn swept(&self) {
        for account in [&self.bytes, &self.nodes] {
            account.give_back(account.abandoned.swap(0, Ordering::Relaxed));
        }
    }

    #[cfg(test)]
    fn held(&self) -> u64 {
        self.bytes.with(0)
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
    /// Results in the graph.
    nodes: u64,
    payer: Mutex<Arc<Quota>>,
    operands: Mutex<Vec<Arc<Charge>>>,
    /// Whether the graph may hold the numbers, so that they outlive the handle.
    in_graph: AtomicBool,
    /// Whether a backward pass has gone through this.
    spent: AtomicBool,
}

impl Charge {
    /// Puts `bytes` on the account of `payer`.
    pub(crate) fn new(
        payer: &Arc<Quota>,
        bytes: u64,
        tracking: Tracking,
        operands: impl IntoIterator<Item = Arc<Charge>>,
    ) -> Result<Arc<Charge>, Exhausted> {
        Charge::with_nodes(payer, bytes, 0, tracking, operands)
    }

    /// [`Charge::new`] for a tensor that put `nodes` results into the graph.
    pub(crate) fn with_nodes(
        payer: &Arc<Quota>,
        bytes: u64,
        nodes: u64,
        tracking: Tracking,
        operands: impl IntoIterator<Item = Arc<Charge>>,
    ) -> Result<Arc<Charge>, Exhausted> {
        payer.room_for(bytes)?;
        payer.bytes.take(bytes);
        payer.nodes.take(nodes);
        let operands: Vec<_> = match tracking {
            Tracking::Result => operands.into_iter().collect(),
            Tracking::Untracked | Tracking::Leaf => Vec::new(),
        };
        operands.iter().for_each(|operand| operand.in_graph.store(true, Ordering::Relaxed));
        let spent = operands.iter().any(|operand| operand.tracking == Tracking::Result && operand.is_spent());
        Ok(Arc::new(Charge {
            bytes,
            nodes,
            tracking,
            payer: Mutex::new(payer.clone()),
            operands: Mutex::new(operands),
            in_graph: AtomicBool::new(tracking != Tracking::Untracked),
            spent: AtomicBool::new(spent),
        }))
    }

    /// A tensor that the host keeps alive anyway.
    pub(crate) fn free(payer: &Arc<Quota>) -> Arc<Charge> {
        Arc::new(Charge {
            bytes: 0,
            nodes: 0,
            tracking: Tracking::Untracked,
            payer: Mutex::new(payer.clone()),
            operands: Mutex::default(),
            in_graph: AtomicBool::new(false),
            spent: AtomicBool::new(false),
        })
    }

    /// The charge of a tensor that another plugin lends to `payer`. Whoever keeps numbers alive pays for them: `payer` pays as
    /// long as it shares what it was lent. Of what is in the graph, the numbers stay with the lender, since the graph needs them.
    pub(crate) fn lent(payer: &Arc<Quota>, of: &Arc<Charge>) -> Result<Arc<Charge>, Exhausted> {
        let untracked = of.tracking == Tracking::Untracked;
        let bytes = if untracked { of.bytes } else { 0 };
        payer.room_for(bytes)?;
        payer.bytes.take(bytes);
        Ok(Arc::new(Charge {
            bytes,
            nodes: 0,
            tracking: if untracked { Tracking::Untracked } else { Tracking::Result },
            payer: Mutex::new(payer.clone()),
            operands: Mutex::new(if untracked { Vec::new() } else { vec![of.clone()] }),
            in_graph: AtomicBool::new(false),
            spent: AtomicBool::new(of.is_spent()),
        }))
    }

    /// Whether the graph below this charge, and the charge itself, are on the account of `payer` alone.
    pub(crate) fn is_all_of(self: &Arc<Charge>, payer: &Arc<Quota>) -> bool {
        let mut all = true;
        self.walk(|charge| {
            if charge.tracking == Tracking::Untracked {
                return Vec::new();
            }
            all &= Arc::ptr_eq(&lock(&charge.payer), payer);
            if all { lock(&charge.operands).clone() } else { Vec::new() }
        });
        all
    }

    /// Whether a backward pass has gone through this leaf or result, or through one that it was made of. Burn begins a new
    /// graph with what is made of it.
    pub(crate) fn is_spent(&self) -> bool {
        self.spent.load(Ordering::Relaxed)
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
            charge.in_graph.store(false, Ordering::Relaxed);
            charge.spent.store(charge.tracking != Tracking::Untracked, Ordering::Relaxed);
            mem::take(&mut *lock(&charge.operands))
        });
        leaves
    }

    /// Puts this charge and the graph below it on the account of `payer`, who from now on decides how long they live.
    /// What does not belong to the graph stays with whoever made it.
    ///
    /// Returns what was handed over: bytes, and results in the graph.
    pub(crate) fn hand_over(self: &Arc<Charge>, payer: &Arc<Quota>) -> Result<(u64, u64), Exhausted> {
        let mut moved = Vec::new();
        let (mut bytes, mut nodes) = (0u64, 0u64);
        let mut first = true;
        self.walk(|charge| {
            let in_graph = mem::take(&mut first) || charge.tracking != Tracking::Untracked;
            if !in_graph || Arc::ptr_eq(&lock(&charge.payer), payer) {
                return Vec::new();
            }
            bytes = bytes.saturating_add(charge.bytes);
            nodes = nodes.saturating_add(charge.nodes);
            moved.push(charge.clone());
            lock(&charge.operands).clone()
        });
        payer.room_for(bytes)?;
        for charge in moved {
            let former = mem::replace(&mut *lock(&charge.payer), payer.clone());
            former.bytes.give_back(charge.bytes);
            former.nodes.give_back(charge.nodes);
            payer.bytes.take(charge.bytes);
            payer.nodes.take(charge.nodes);
        }
        Ok((bytes, nodes))
    }

    /// What of the account of `payer` is alive because of `these` and not because of `those`: bytes, and results in the graph.
    pub(crate) fn kept_by(these: Vec<Arc<Charge>>, those: Vec<Arc<Charge>>, payer: &Arc<Quota>) -> (u64, u64) {
        let mut others = HashSet::new();
        Charge::walk_from(those, |charge| {
            others.insert(Arc::as_ptr(charge));
            lock(&charge.operands).clone()
        });
        let (mut bytes, mut nodes) = (0u64, 0u64);
        Charge::walk_from(these, |charge| {
            if others.contains(&Arc::as_ptr(charge)) {
                return Vec::new();
            }
            if Arc::ptr_eq(&lock(&charge.payer), payer) {
                bytes = bytes.saturating_add(charge.bytes);
                nodes = nodes.saturating_add(charge.nodes);
            }
            lock(&charge.operands).clone()
        });
        (bytes, nodes)
    }

    /// Visits this charge and what it leads to, each once.
    fn walk(self: &Arc<Charge>, visit: impl FnMut(&Arc<Charge>) -> Vec<Arc<Charge>>) {
        Charge::walk_from(vec![self.clone()], visit);
    }

    /// Visits charges and what they lead to, each once; a guest decides how deep that is, so without recursion.
    fn walk_from(mut waiting: Vec<Arc<Charge>>, mut visit: impl FnMut(&Arc<Charge>) -> Vec<Arc<Charge>>) {
        let mut seen = HashSet::new();
        while let Some(charge) = waiting.pop() {
            if seen.insert(Arc::as_ptr(&charge)) {
                waiting.extend(visit(&charge));
            }
        }
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        let (payer, in_graph) = (lock(&self.payer), self.in_graph.load(Ordering::Relaxed));
        for (account, amount) in [(&payer.bytes, self.bytes), (&payer.nodes, self.nodes)] {
            if in_graph { account.abandon(amount) } else { account.give_back(amount) }
        }
        drop(payer);
        // A chain of a million results would overflow the stack if each charge dropped the next.
        let mut waiting = mem::take(&mut *lock(&self.operands));
        while let Some(operand) = waiting.pop() {
            // No backward pass has gone through the result that still has operands.
            operand.in_graph.store(true, Ordering::Relaxed);
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
mod tests;
