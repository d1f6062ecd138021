//! A classifier plugin that answers many runs: its store lives on a thread of its own.
//!
//! A run's plugins end with the run; a classifier is asked by one run after the other and may hold weights. What happens in
//! a store stays on one thread, so questions are sent there and answers back. Each question has the wall time and the
//! readback of a run of its own; handles and device memory are counted over the plugin's whole life.

use super::{cancel::CancelToken, failure, prepare, shared::Shared, state::PluginState};
use crate::{
    bindings::classifier::{ClassifierPlugin, exports::lacuna::explain::models},
    error::{PluginId, Role, RunError},
    guest_api::handles::TensorHandle,
    host::{GUEST_STACK_BYTES, Host},
    plugin::{
        description::Need,
        load::{Plugin, Program},
        settings::Settings,
    },
    policy::{
        grants::Grants,
        ledger::{Charge, Tracking},
        limits::Limits,
    },
    text,
};
use lacuna_diagnostic::Remedy;
use lacuna_engine::{self as engine, Activation, BlackBox, Classifier, Device, Manifest, Tensor};
use std::{
    fmt,
    rc::Rc,
    sync::{Mutex, PoisonError, mpsc},
    thread,
};
use wasmtime::{
    Store,
    component::{Resource, ResourceAny},
};

/// Stack of the thread: that of the guest, with the engine above it.
const STACK_BYTES: usize = GUEST_STACK_BYTES + (4 << 20);

/// Which classifier plugin to open, where, and what it may use.
#[derive(Clone, Debug)]
pub struct ClassifierRequest<'a> {
    pub plugin: &'a Plugin,
    pub device: &'a Device,
    /// Parameters that are not set take their defaults.
    pub settings: Settings,
    pub limits: Limits,
    pub grants: Grants,
    /// Ends a question that is being answered, and every later one.
    pub cancel: CancelToken,
}

impl<'a> ClassifierRequest<'a> {
    /// A request with every option at its default: default settings and limits, nothing granted.
    pub fn new(plugin: &'a Plugin, device: &'a Device) -> ClassifierRequest<'a> {
        let (limits, grants) = (Limits::default(), Grants::none());
        ClassifierRequest { plugin, device, settings: Settings::default(), limits, grants, cancel: CancelToken::new() }
    }
}

/// Opens a classifier that is a plugin: a black box, without gradients and layers. `host` is the one that loaded it.
///
/// # Errors
/// [`RunError`]: who did what and what to change.
pub fn open_classifier(host: &Host, request: &ClassifierRequest<'_>) -> Result<Classifier, RunError> {
    let plugin = request.plugin;
    let Program::Classifier(program) = plugin.program() else {
        return Err(prepare::wrong_role(plugin, Role::Classifier));
    };
    prepare::check_host(host, program.engine())?;
    for need in &plugin.info().needs {
        match need {
            Need::Readback if request.grants.contains(plugin.name(), Need::Readback) => {}
            Need::Readback => return Err(RunError::NotGranted { plugin: plugin.id().clone(), need: Need::Readback }),
            need => {
                let what = format!("{} declares the need `{need}`", plugin.id());
                let remedy =
                    "A classifier answers images and may need `readback` alone: its author has to correct `describe`";
                return Err(prepare::wrong_request(&what, remedy));
            }
        }
    }
    let settings = prepare::complete(plugin, &request.settings)?;
    let (opened, told) = mpsc::channel();
    let (ask, questions) = mpsc::channel::<Question>();
    // The host goes along: its clock is what ends a guest that never comes back.
    let owned = (host.clone(), plugin.clone(), program.clone(), request.device.clone(), request.limits.clone());
    let (grants, cancel) = (request.grants.clone(), request.cancel.clone());
    let live = move || {
        let (_host, plugin, program, device, limits) = owned;
        let start = || Shared::new(limits.wall_time, cancel.clone(), Box::new(|_| ()));
        let needs = &plugin.info().needs;
        let state = PluginState::new(plugin.id().clone(), Some(device), &limits, &grants, needs, start());
        let mut store = state.into_store(program.engine());
        let guest = program.instantiate(&mut store).map_err(|error| failure::of_call(store.data(), &error));
        let resident = guest.and_then(|guest| Resident::open(guest, store, &settings));
        let mut resident = match resident {
            Ok((resident, info)) => {
                // Nobody waits for a classifier that nobody wants any more.
                let _ = opened.send(Ok(info));
                resident
            }
            Err(error) => {
                let _ = opened.send(Err(error));
                return;
            }
        };
        while let Ok(question) = questions.recv() {
            resident.store.data_mut().renew(start());
            let _ = question.answer.send(resident.logits(question.images));
        }
    };
    let thread = thread::Builder::new().name("lacuna-classifier".to_owned()).stack_size(STACK_BYTES).spawn(live);
    thread.map_err(|error| {
        let what = format!("the system gives no thread for the classifier ({error})");
        prepare::wrong_request(&what, "Raise the limit on threads of this process")
    })?;
    let gone = || RunError::Internal {
        operation: "opening a classifier".to_owned(),
        reason: "its thread ended without a word".to_owned(),
    };
    let info = told.recv().map_err(|_| gone())??;
    let id = plugin.id().clone();
    let manifest = manifest(&id, info, request.limits.device_bytes)?;
    let asked = Asked { id: id.clone(), ask: Mutex::new(ask) };
    Classifier::black_box(id.origin(), &manifest, Box::new(asked), request.device).map_err(|error| match error {
        engine::Error::External { what, remedies } => RunError::Classifier { what, remedies },
        other => RunError::refused(&id, other.to_string()),
    })
}

fn manifest(id: &PluginId, info: models::ModelInfo, most: u64) -> Result<Manifest, RunError> {
    // It is asked about an image of this size before anybody else is.
    let size = [&[info.channels], info.spatial.as_slice()].concat();
    if !(3..=4).contains(&size.len()) {
        return Err(RunError::refused(
            id,
            format!("it takes images of {} sizes, expected (C, H, W), or (C, D, H, W) for volumes", size.len()),
        ));
    }
    let bytes = size.iter().fold(4_u64, |bytes, size| bytes.saturating_mul((*size).into()));
    if bytes > most {
        return Err(RunError::refused(
            id,
            format!("it takes images of size {size:?}, of which one has {bytes} bytes, more than its limit of {most}"),
        ));
    }
    let activation = match info.activation {
        models::Activation::Softmax => Activation::Softmax,
        models::Activation::Sigmoid => Activation::Sigmoid,
        models::Activation::None => Activation::None,
    };
    let classes = info.classes.iter().map(|class| text::clean(class, 200)).collect();
    let size: Vec<usize> = size.into_iter().map(|size| size as usize).collect();
    Manifest::of_black_box((id.name(), id.origin()), classes, activation, &size)
        .map_err(|error| RunError::refused(id, error.to_string()))
}

/// Images, and where the logits go.
struct Question {
    images: Tensor,
    answer: mpsc::Sender<Result<Tensor, RunError>>,
}

/// The engine's side.
struct Asked {
    id: PluginId,
    ask: Mutex<mpsc::Sender<Question>>,
}

impl fmt::Debug for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.id, f)
    }
}

impl BlackBox for Asked {
    fn logits(&self, images: &Tensor) -> engine::Result<Tensor> {
        let (answer, answered) = mpsc::channel();
        let question = Question { images: images.clone(), answer };
        let sent = self.ask.lock().unwrap_or_else(PoisonError::into_inner).send(question);
        let answer = sent.ok().and_then(|()| answered.recv().ok());
        match answer {
            Some(Ok(logits)) => Ok(logits),
            Some(Err(error)) => Err(engine::Error::External { what: error.what(), remedies: error.remedies() }),
            None => Err(engine::Error::External {
                what: format!("{} is gone", self.id),
                remedies: vec![Remedy::advice("open it again")],
            }),
        }
    }
}

/// The thread's side: an instance with its model.
struct Resident {
    guest: ClassifierPlugin,
    store: Store<PluginState>,
    model: ResourceAny,
    /// An instance that trapped cannot be entered again.
    fault: Option<RunError>,
}

impl Resident {
    fn open(
        guest: ClassifierPlugin,
        mut store: Store<PluginState>,
        settings: &Settings,
    ) -> Result<(Resident, models::ModelInfo), RunError> {
        let models = guest.lacuna_explain_models();
        let model = match models.call_open(&mut store, &settings.to_guest()) {
            Ok(Ok(model)) => model,
            Ok(Err(error)) => return Err(failure::of_refusal(store.data(), &error)),
            Err(trap) => return Err(with_words(&store, failure::of_call(store.data(), &trap))),
        };
        let info = models.model().call_info(&mut store, model);
        let info = info.map_err(|trap| with_words(&store, failure::of_call(store.data(), &trap)))?;
        Ok((Resident { guest, store, model, fault: None }, info))
    }

    fn logits(&mut self, images: Tensor) -> Result<Tensor, RunError> {
        if let Some(fault) = &self.fault {
            return Err(fault.clone());
        }
        let state = self.store.data_mut();
        // On the plugin's account: nobody else keeps the images of a question, and a guest may share what it was lent.
        let charge = Charge::new(state.quota(), images.bytes(), Tracking::Untracked, []).map_err(Into::into);
        let lent = charge.and_then(|charge| state.lend(TensorHandle { tensor: images, charge }));
        let lent = lent.map_err(|fault| failure::of_fault(self.store.data(), fault))?;
        let models = self.guest.lacuna_explain_models();
        let answer = models.model().call_logits(&mut self.store, self.model, Resource::new_borrow(lent.rep()));
        let answer = match answer {
            Ok(answer) => answer,
            Err(trap) => {
                let fault = with_words(&self.store, failure::of_call(self.store.data(), &trap));
                self.fault = Some(fault.clone());
                return Err(fault);
            }
        };
        let state = self.store.data_mut();
        let taken_back = state.table().delete(lent).map(drop).map_err(Into::into);
        let logits = match answer {
            Ok(handle) => state.table().delete(handle).map_err(Into::into).map(|handle| handle.tensor),
            Err(error) => return Err(failure::of_refusal(state, &error)),
        };
        taken_back.and(logits).map_err(|fault| failure::of_fault(state, fault))
    }
}

/// A trap carries no words; what the guest said last may.
fn with_words(store: &Store<PluginState>, fault: RunError) -> RunError {
    let shared: &Rc<Shared> = store.data().shared();
    let said = shared.journal.borrow().last_words();
    match (fault, said) {
        (RunError::Trap { plugin, what, backtrace }, Some(words)) => {
            RunError::Trap { plugin, what: format!("{what} after it said: {words}"), backtrace }
        }
        (fault, _) => fault,
    }
}
