//! What the host knows of one plugin while it runs: its handles, its accounts, its clock.

use super::{
    meter::Group,
    objective::{Read, Waiting},
    partner::Partner,
    shared::Shared,
};
use crate::{
    bindings::method::lacuna::explain::errors::Error as WitError,
    cells::{adopted::MOST_TENSORS, notebook::Notebook},
    error::{PluginId, Role},
    guest_api::{
        fault::{Fault, Stop},
        handles::TensorHandle,
    },
    plugin::description::Need,
    policy::{
        grants::Grants,
        ledger::{Charge, Quota, Tracking},
        limits::{Limit, Limits},
        memory::MemoryLimiter,
    },
    wasi::Wasi,
};
use lacuna_engine::{self as engine, Device, Generator, LARGEST_GRAPH, Tensor, interruptible, tracked_results};
use std::{
    any::Any,
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    rc::Rc,
    sync::Arc,
    time::Instant,
};
use wasmtime::{
    Engine, Store, UpdateDeadline,
    component::{Resource, ResourceTable, ResourceTableError},
};

/// The most bytes that a guest passes to the host in one call.
pub(crate) const CALL_BYTES: usize = 128 << 20;
/// Bytes that the gradient graph takes for each result in it, besides the numbers.
const NODE_BYTES: u64 = 2048;
/// Handles that the host itself puts into a plugin's table for a call, beyond the plugin's limit.
const HANDLES_OF_THE_HOST: usize = 8 + MOST_TENSORS;

/// The data of one plugin's store.
pub(crate) struct PluginState {
    pub(crate) id: PluginId,
    pub(crate) partner: Option<Box<Partner>>,
    pub(crate) generator: Option<Generator>,
    /// Behind an interpreter of cells.
    pub(crate) notebook: Option<Box<dyn Notebook>>,
    /// Used by plugins whose language asks for WASI.
    pub(crate) wasi: Wasi,
    table: ResourceTable,
    memory: MemoryLimiter,
    quota: Arc<Quota>,
    handles: u32,
    readback: Allowance,
    device: Option<Device>,
    shared: Rc<Shared>,
    refusal: Option<WitError>,
    /// The latest refusal for each limit: what was allowed, and what was asked for.
    met: BTreeMap<Limit, (u64, u64)>,
    /// How many results the latest computation put into the gradient graph.
    results: u64,
}

/// Bytes that may be read back, and those that were.
struct Allowance {
    allowed: u64,
    used: u64,
}

impl PluginState {
    /// `device` is none for a plugin that is only asked what it is; `needs` are those that it declares.
    pub(crate) fn new(
        id: PluginId,
        device: Option<Device>,
        limits: &Limits,
        grants: &Grants,
        needs: &[Need],
        shared: Rc<Shared>,
    ) -> PluginState {
        let mut table = ResourceTable::new();
        table.set_max_capacity(limits.handles as usize);
        let granted = grants.contains(id.name(), Need::Readback) && needs.contains(&Need::Readback);
        let quota = Quota::new(limits.device_bytes);
        shared.enlist(&quota);
        PluginState {
            id,
            partner: None,
            generator: None,
            notebook: None,
            wasi: Wasi::default(),
            table,
            memory: MemoryLimiter::new(limits.guest_memory),
            quota,
            handles: limits.handles,
            readback: Allowance { allowed: if granted { limits.readback_bytes } else { 0 }, used: 0 },
            device,
            shared,
            refusal: None,
            met: BTreeMap::new(),
            results: 0,
        }
    }

    /// The state of an instance that outlives a run, made ready for its next one.
    pub(crate) fn renew(&mut self, shared: Rc<Shared>) {
        shared.follow(&self.shared);
        shared.enlist(&self.quota);
        self.shared = shared;
        self.refusal = None;
        self.met.clear();
        self.memory.forget_refusal();
        self.readback.used = 0;
    }

    /// A store for this plugin, watched and limited.
    pub(crate) fn into_store(self, engine: &Engine) -> Store<PluginState> {
        let handles = self.handles as usize + HANDLES_OF_THE_HOST;
        let mut store = Store::new(engine, self);
        store.limiter(|state| &mut state.memory);
        store.set_hostcall_fuel(CALL_BYTES);
        // Besides the host's resources a guest may make its own, which cost it nothing else.
        store.set_max_component_handles(handles.saturating_mul(2));
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(|guest| {
            guest.data().shared.watch.check(Instant::now()).map_err(wasmtime::Error::new)?;
            Ok(UpdateDeadline::Continue(1))
        });
        store
    }

    /// Every host call begins here: it is counted, and ends at once when the time is over or the user wants to stop.
    pub(crate) fn begin(&mut self) -> Result<Instant, Fault> {
        self.refusal = None;
        let now = self.begin_query()?;
        if self.shared.watch.cancelled() { Err(Fault::Guest(WitError::Cancelled)) } else { Ok(now) }
    }

    /// The same for a call that has no error to return.
    pub(crate) fn begin_query(&self) -> Result<Instant, Stop> {
        let now = Instant::now();
        self.shared.meter.count_call();
        self.shared.watch.check(now)?;
        Ok(now)
    }

    /// One call of the engine: timed, its errors made the guest's, its panics kept from the program.
    pub(crate) fn compute<R>(
        &mut self,
        operation: &'static str,
        group: Group,
        work: impl FnOnce() -> engine::Result<R>,
    ) -> Result<R, Fault> {
        let start = self.begin()?;
        let results = tracked_results();
        let result = catch_unwind(AssertUnwindSafe(|| interruptible(self.shared.unwanted(), work)));
        self.results = tracked_results() - results;
        self.shared.meter.add(group, start.elapsed());
        let result = match result {
            Ok(result) => result.map_err(|error| Fault::of_engine(operation, error)),
            Err(panic) => Err(Fault::bug(operation, words_of(&*panic))),
        };
        if result.is_err() {
            // Where the time was over in the middle, that is the reason.
            self.shared.watch.check(Instant::now())?;
            if self.results > 0 {
                self.sweep()?;
            }
        }
        result
    }

    /// [`PluginState::compute`] with a resource that the work changes.
    pub(crate) fn compute_on<T: Any + Send, R>(
        &mut self,
        operation: &'static str,
        group: Group,
        handle: &Resource<T>,
        work: impl FnOnce(&mut T) -> engine::Result<R>,
    ) -> Result<R, Fault> {
        let start = self.begin()?;
        let resource = self.table.get_mut(handle)?;
        let result = catch_unwind(AssertUnwindSafe(|| work(resource)));
        self.shared.meter.add(group, start.elapsed());
        match result {
            Ok(result) => result.map_err(|error| Fault::of_engine(operation, error)),
            Err(panic) => Err(Fault::bug(operation, words_of(&*panic))),
        }
    }

    /// The tensor behind a handle; cheap, it is a handle itself.
    pub(crate) fn tensor(&self, handle: &Resource<TensorHandle>) -> Result<TensorHandle, Fault> {
        Ok(self.table.get(handle)?.clone())
    }

    /// Puts a result on the plugin's account and into its table.
    pub(crate) fn keep(
        &mut self,
        tensor: Tensor,
        operands: impl IntoIterator<Item = TensorHandle>,
    ) -> Result<Resource<TensorHandle>, Fault> {
        self.keep_with(tensor, 0, operands)
    }

    /// [`PluginState::keep`] for a result that keeps more on the device than itself.
    pub(crate) fn keep_with(
        &mut self,
        tensor: Tensor,
        hidden: u64,
        operands: impl IntoIterator<Item = TensorHandle>,
    ) -> Result<Resource<TensorHandle>, Fault> {
        let tracking = if tensor.is_tracked() { Tracking::Result } else { Tracking::Untracked };
        let operands = operands.into_iter().map(|operand| operand.charge).collect();
        match self.charge(&tensor, hidden, tracking, operands) {
            Ok(charge) => self.push(TensorHandle { tensor, charge }),
            Err(fault) => {
                drop(tensor);
                // Nobody would pay for what the graph goes on holding.
                if tracking == Tracking::Result {
                    self.sweep()?;
                }
                Err(fault)
            }
        }
    }

    /// Puts a leaf on the plugin's account and into its table.
    pub(crate) fn keep_leaf(&mut self, leaf: Tensor) -> Result<Resource<TensorHandle>, Fault> {
        let charge = self.charge(&leaf, 0, Tracking::Leaf, Vec::new())?;
        self.push(TensorHandle { tensor: leaf, charge })
    }

    /// Puts a tensor, the `hidden` bytes that come with it and its place in the graph on the plugin's account.
    fn charge(
        &mut self,
        tensor: &Tensor,
        hidden: u64,
        tracking: Tracking,
        operands: Vec<Arc<Charge>>,
    ) -> Result<Arc<Charge>, Fault> {
        let nodes = if tracking == Tracking::Untracked { 0 } else { self.results };
        if tracking == Tracking::Leaf || nodes > 0 && operands.iter().any(|operand| operand.is_spent()) {
            let tied = self.shared.tie(tensor, tensor.device());
            tied.map_err(|error| Fault::of_engine("the gradient graph", error))?;
        }
        if self.quota.nodes_with(nodes) > LARGEST_GRAPH && self.quota.has_abandoned() {
            self.sweep()?;
        }
        check_graph(self.quota.nodes_with(nodes)).map_err(|fault| self.whose(fault))?;
        let bytes = tensor.bytes().saturating_add(hidden).saturating_add(nodes.saturating_mul(NODE_BYTES));
        self.room_for(bytes)?;
        Ok(Charge::with_nodes(&self.quota, bytes, nodes, tracking, operands)?)
    }

    /// Refuses what would not fit, before the device is asked for it. What nobody needs any more makes room first.
    pub(crate) fn room_for(&mut self, bytes: u64) -> Result<(), Fault> {
        if self.quota.room_for(bytes).is_err() && self.quota.has_abandoned() {
            self.sweep()?;
        }
        self.quota.room_for(bytes).map_err(|exhausted| self.whose(exhausted.into()))
    }

    /// A refusal of this plugin's, or the perturbation's blame, where it keeps alive most of what stands on this account.
    fn whose(&mut self, refusal: Fault) -> Fault {
        let Some(mut partner) = self.partner.take() else { return refusal };
        let fault = partner.hoards(self).unwrap_or(refusal);
        self.partner = Some(partner);
        fault
    }

    /// The charges of the tensors that the plugin has handles to.
    pub(crate) fn charges(&mut self) -> Vec<Arc<Charge>> {
        let handles = self.table.iter_mut().filter_map(|entry| (entry as &dyn Any).downcast_ref::<TensorHandle>());
        handles.map(|handle| handle.charge.clone()).collect()
    }

    /// Frees what of the gradient graph no handle needs.
    pub(crate) fn sweep(&self) -> Result<(), Fault> {
        self.shared.sweep().map_err(|error| Fault::of_engine("the gradient graph", error))
    }

    /// Puts a resource into the table, where it counts as one handle.
    pub(crate) fn push<T: Any + Send>(&mut self, resource: T) -> Result<Resource<T>, Fault> {
        match self.table.push(resource) {
            Ok(handle) => Ok(handle),
            Err(ResourceTableError::Full) => {
                let allowed = u64::from(self.handles);
                Err(Fault::limit(Limit::Handles, allowed, allowed + 1))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Puts a resource of the host's into the table for a call, whether or not the plugin has handles left.
    pub(crate) fn lend<T: Any + Send>(&mut self, resource: T) -> Result<Resource<T>, Fault> {
        self.table.set_max_capacity(self.handles as usize + HANDLES_OF_THE_HOST);
        let lent = self.table.push(resource);
        self.table.set_max_capacity(self.handles as usize);
        Ok(lent?)
    }

    /// Counts bytes that the guest wants to read back.
    pub(crate) fn allow_readback(&mut self, bytes: u64) -> Result<(), Fault> {
        let requested = self.readback.used.saturating_add(bytes);
        if requested > self.readback.allowed {
            return Err(Fault::limit(Limit::Readback, self.readback.allowed, requested));
        }
        self.readback.used = requested;
        self.shared.meter.count_readback(bytes);
        Ok(())
    }

    /// The objective's terms of several steps, in one readback of the host's.
    pub(crate) fn read_terms(&mut self, waiting: Vec<Waiting>) -> Result<Vec<Read>, Fault> {
        self.compute("progress.report", Group::Readback, || Waiting::read(waiting))
    }

    /// Whom this plugin's tensor operations are timed for.
    pub(crate) fn group(&self) -> Group {
        match self.id.role() {
            Role::Method | Role::Metric | Role::Interpreter => Group::Objective,
            Role::Perturbation => Group::Perturbation,
            Role::Classifier => Group::Classifier,
        }
    }

    pub(crate) fn device(&self) -> Result<Device, Fault> {
        let none = "there is no device while a plugin is asked what it is";
        self.device.clone().ok_or_else(|| Fault::unsupported(none))
    }

    pub(crate) fn table(&mut self) -> &mut ResourceTable {
        &mut self.table
    }

    pub(crate) fn quota(&self) -> &Arc<Quota> {
        &self.quota
    }

    pub(crate) fn shared(&self) -> &Rc<Shared> {
        &self.shared
    }

    /// How many handles the plugin may hold.
    pub(crate) fn handles(&self) -> u32 {
        self.handles
    }

    pub(crate) fn memory(&self) -> &MemoryLimiter {
        &self.memory
    }

    /// The error that the guest got from its last call, if that failed.
    pub(crate) fn refusal(&self) -> Option<&WitError> {
        self.refusal.as_ref()
    }

    /// What the host refused for this limit: what was allowed, and what was asked for.
    pub(crate) fn met(&self, limit: Limit) -> Option<(u64, u64)> {
        self.met.get(&limit).copied()
    }

    pub(crate) fn remember_refusal(&mut self, error: &WitError) {
        if let WitError::Limit(exhausted) = error
            && let Ok(limit) = exhausted.limit.parse()
        {
            self.met.insert(limit, (exhausted.allowed, exhausted.requested));
        }
        self.refusal = Some(error.clone());
    }
}

/// Refuses a gradient graph of more results than a backward pass can bear.
pub(crate) fn check_graph(results: u64) -> Result<(), Fault> {
    if results <= LARGEST_GRAPH {
        return Ok(());
    }
    Err(Fault::unsupported(format!(
        "the gradient graph would hold {results} results, at most {LARGEST_GRAPH} can be held; call `backward` more often, drop \
         what needs no gradient, or detach it"
    )))
}

/// What a panic said.
pub(crate) fn words_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic without words").to_owned()
}
