//! From a request to a map.

use super::{
    cancel::CancelToken,
    give_back::GivesBack,
    objective::Progress,
    outcome::{self, Outcome},
    prepare::{ReadyPerturbation, Setup, check_targets, complete, wrong_request, wrong_role},
    record::{Listener, PluginRecord, RunRecord, Timings},
    shared::Shared,
    stack::with_room,
};
use crate::{
    bindings::method::{MethodPlugin, exports::lacuna::explain::methods::Request},
    error::{Role, RunError},
    guest_api::handles::{ClassifierHandle, TensorHandle},
    host::Host,
    plugin::{
        contract::CONTRACT_VERSION,
        load::{Plugin, Program},
        settings::Settings,
    },
    policy::{grants::Grants, ledger::Charge, limits::Limits},
    run::failure,
};
use lacuna_engine::{ClassIndex, Classifier, Generator, Tensor};
use std::{fmt, rc::Rc};
use wasmtime::component::Resource;

/// What to explain, with what, and what the plugins may use.
pub struct ExplainRequest<'a> {
    pub method: &'a Plugin,
    /// The way to delete that the method imports; none for a method that deletes nothing.
    pub perturbation: Option<&'a Plugin>,
    pub classifier: &'a Classifier,
    /// The model of healthy images for plugins that need one.
    pub generator: Option<&'a Generator>,
    /// (N, C, H, W) in [0, 1], or (N, C, D, H, W) for a classifier of volumes.
    pub images: Tensor,
    /// One class for each image.
    pub targets: Vec<ClassIndex>,
    /// Parameters that are not set take their defaults.
    pub method_settings: Settings,
    /// Parameters that are not set take their defaults.
    pub perturbation_settings: Settings,
    /// The only source of randomness.
    pub seed: u64,
    pub limits: Limits,
    pub grants: Grants,
    /// Called on the thread that explains, at most five times a second.
    pub progress: Box<dyn FnMut(&Progress) + Send>,
    /// Called for each message of a plugin's at once, on the thread that works.
    pub messages: Listener,
    pub cancel: CancelToken,
}

impl<'a> ExplainRequest<'a> {
    /// A request with every option at its default: no perturbation, default settings and limits, nothing granted, seed 0.
    pub fn new(
        method: &'a Plugin,
        classifier: &'a Classifier,
        images: Tensor,
        targets: Vec<ClassIndex>,
    ) -> ExplainRequest<'a> {
        ExplainRequest {
            method,
            perturbation: None,
            classifier,
            generator: None,
            images,
            targets,
            method_settings: Settings::default(),
            perturbation_settings: Settings::default(),
            seed: 0,
            limits: Limits::default(),
            grants: Grants::none(),
            progress: Box::new(|_| ()),
            messages: Box::new(|_| ()),
            cancel: CancelToken::new(),
        }
    }
}

impl fmt::Debug for ExplainRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExplainRequest")
            .field("method", &self.method)
            .field("perturbation", &self.perturbation)
            .field("classifier", &self.classifier.info().name)
            .field("images", &self.images.shape())
            .field("targets", &self.targets)
            .field("seed", &self.seed)
            .finish_non_exhaustive()
    }
}

/// Runs a method on images, with a perturbation if it uses one.
///
/// Blocks until the map is there. `host` is the one that loaded the plugins.
///
/// # Errors
/// [`RunError`]: who did what and what to change. The host lives, and the next run starts afresh.
pub fn explain(host: &Host, request: ExplainRequest<'_>) -> Result<Outcome, RunError> {
    with_room(|| explain_here(host, request))
}

fn explain_here(host: &Host, request: ExplainRequest<'_>) -> Result<Outcome, RunError> {
    let _gives_back = GivesBack;
    let setup = Setup {
        host,
        classifier: request.classifier,
        generator: request.generator,
        limits: &request.limits,
        grants: &request.grants,
    };
    let Program::Method(program) = request.method.program() else {
        return Err(wrong_role(request.method, Role::Method));
    };
    setup.check(request.method, program.engine())?;
    check_images(&request)?;
    let method_settings = complete(request.method, &request.method_settings)?;
    let partner = request.perturbation.map(|plugin| setup.perturbation(plugin, &request.perturbation_settings));
    let partner = partner.transpose()?;

    let shared = Shared::new(request.limits.wall_time, request.cancel, request.progress);
    shared.hear(request.messages);
    let mut state = setup.state(request.method, &shared);
    let perturbation = partner.as_ref().map(ReadyPerturbation::record);
    if let Some(partner) = partner {
        state.partner = Some(Box::new(setup.start(partner, &shared)?));
    }
    let mut store = state.into_store(host.engine());
    let instance = request.method.instantiate(&mut store)?;
    let guest = MethodPlugin::new(&mut store, &instance).map_err(|error| failure::of_call(store.data(), &error))?;

    let state = store.data_mut();
    let charge = Charge::free(state.quota());
    let images = state.lend(TensorHandle { tensor: request.images.clone(), charge });
    let classifier = state.lend(ClassifierHandle(request.classifier.clone()));
    let lent = images.and_then(|images| Ok((images, classifier?)));
    let (images, classifier) = lent.map_err(|fault| failure::of_fault(store.data(), fault))?;
    shared.meter.add_prepare(shared.watch.elapsed());

    let shape = request.images.shape();
    let targets: Vec<usize> = request.targets.iter().map(|target| target.0).collect();
    let asked = Request {
        images: Resource::new_borrow(images.rep()),
        targets: targets.iter().map(|target| u32::try_from(*target).unwrap_or(u32::MAX)).collect(),
        classifier: Resource::new_borrow(classifier.rep()),
        settings: method_settings.to_guest(),
        seed: request.seed,
    };
    let answer = guest.lacuna_explain_methods().call_explain(&mut store, &asked);
    let checked = outcome::judge(store.data_mut(), answer, &shape, request.method.info())?;
    // The guests' memory and tensors are given back before the caller gets the map.
    drop(store);

    let record = RunRecord {
        contract: CONTRACT_VERSION.to_owned(),
        runtime: env!("CARGO_PKG_VERSION").to_owned(),
        method: PluginRecord::of(request.method, &method_settings),
        perturbation,
        classifier: request.classifier.info().name.clone(),
        generator: request.generator.map(|generator| generator.info().name.clone()),
        images: shape,
        targets,
        seed: request.seed,
        device: request.classifier.device().name().to_owned(),
        limits: request.limits.clone(),
        grants: request.grants.clone(),
        objective: shared.objective.borrow().history().clone(),
        host_calls: shared.meter.host_calls(),
        classified_images: shared.meter.classified(),
        readback_bytes: shared.meter.readback_bytes(),
        timings: Timings::new(&shared.meter, shared.watch.elapsed()),
    };
    let outcome::Checked { map, extras, findings } = checked;
    let messages = Rc::into_inner(shared).map(|shared| shared.journal.into_inner().into_messages()).unwrap_or_default();
    Ok(Outcome { map, extras, findings, messages, record })
}

fn check_images(request: &ExplainRequest<'_>) -> Result<(), RunError> {
    let shape = request.images.shape();
    let (info, count) = (request.classifier.info(), shape.first().copied().unwrap_or_default());
    // Of other sizes a classifier says itself what it takes.
    if shape.len() != info.shape(count).len() {
        let what = format!("the images have shape {shape:?}");
        let sizes: Vec<String> = info.shape(1).iter().skip(1).map(usize::to_string).collect();
        let remedy = format!("Give them as the classifier takes them: (N, {})", sizes.join(", "));
        return Err(wrong_request(&what, &remedy));
    }
    check_targets(&request.targets, count, request.classifier)
}
