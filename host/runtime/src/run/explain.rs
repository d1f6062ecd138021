//! From a request to a map.

use super::{
    cancel::CancelToken,
    objective::Progress,
    outcome::{self, Outcome},
    partner::Partner,
    record::{PluginRecord, RunRecord, Timings},
    shared::Shared,
    state::PluginState,
};
use crate::{
    bindings::method::exports::lacuna::explain::methods::Request,
    error::{Role, RunError},
    guest_api::handles::{ClassifierHandle, TensorHandle},
    host::Host,
    plugin::{
        contract::CONTRACT_VERSION,
        description::Need,
        load::{Plugin, Program},
        settings::Settings,
    },
    policy::{grants::Grants, ledger::Charge, limits::Limits},
    run::failure,
};
use lacuna_engine::{ClassIndex, Classifier, ClassifierInfo, Generator, Tensor};
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
    let program = check_method(host, &request)?;
    check_images(&request)?;
    let method_settings = complete(request.method, &request.method_settings)?;

    let partner = request.perturbation.map(|plugin| Ok((plugin, check_perturbation(host, plugin, &request)?)));
    let partner = partner.transpose()?;

    let shared = Shared::new(request.limits.wall_time, request.cancel, request.progress);
    let device = request.classifier.device().clone();
    let (limits, grants) = (&request.limits, &request.grants);
    let new_state = |plugin: &Plugin| {
        let needs = &plugin.info().needs;
        let mut state =
            PluginState::new(plugin.id().clone(), Some(device.clone()), limits, grants, needs, shared.clone());
        state.generator = request.generator.cloned();
        state
    };
    let mut state = new_state(request.method);
    let mut perturbation = None;
    if let Some((plugin, program)) = partner {
        let settings = complete(plugin, &request.perturbation_settings)?;
        perturbation = Some(PluginRecord::of(plugin, &settings));
        state.partner = Some(Box::new(Partner::start(plugin, program, settings, new_state(plugin))?));
    }
    let mut store = state.into_store(host.engine());
    let guest = program.instantiate(&mut store).map_err(|error| failure::of_call(store.data(), &error))?;

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
        device: device.name().to_owned(),
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

type MethodProgram = crate::bindings::method::MethodPluginPre<PluginState>;
type PerturbationProgram = crate::bindings::perturbation::PerturbationPluginPre<PluginState>;

fn check_method<'a>(host: &Host, request: &ExplainRequest<'a>) -> Result<&'a MethodProgram, RunError> {
    let plugin = request.method;
    let Program::Method(program) = plugin.program() else {
        return Err(wrong_role(plugin, Role::Method));
    };
    Available::to(request).check(host, plugin, program.engine())?;
    Ok(program)
}

fn check_perturbation<'a>(
    host: &Host,
    plugin: &'a Plugin,
    request: &ExplainRequest<'_>,
) -> Result<&'a PerturbationProgram, RunError> {
    let program = perturbation(plugin)?;
    Available::to(request).check(host, plugin, program.engine())?;
    Ok(program)
}

/// The program of a perturbation.
pub(super) fn perturbation(plugin: &Plugin) -> Result<&PerturbationProgram, RunError> {
    match plugin.program() {
        Program::Perturbation(program) => Ok(program),
        Program::Method(_) | Program::Metric(_) | Program::Classifier(_) => Err(wrong_role(plugin, Role::Perturbation)),
    }
}

/// What a run has for its plugins.
pub(super) struct Available<'a> {
    pub(super) classifier: &'a ClassifierInfo,
    pub(super) generator: bool,
    pub(super) grants: &'a Grants,
}

impl<'a> Available<'a> {
    fn to(request: &'a ExplainRequest<'_>) -> Available<'a> {
        Available {
            classifier: request.classifier.info(),
            generator: request.generator.is_some(),
            grants: &request.grants,
        }
    }

    /// Whether a plugin was loaded by this host and finds everything that it needs.
    pub(super) fn check(&self, host: &Host, plugin: &Plugin, engine: &wasmtime::Engine) -> Result<(), RunError> {
        if !wasmtime::Engine::same(host.engine(), engine) {
            return Err(wrong_request("a plugin was loaded by another host", "Load it with the host that runs it"));
        }
        for need in &plugin.info().needs {
            let missing = match need {
                Need::Gradients => !self.classifier.differentiable,
                Need::Activations => self.classifier.layers.is_empty(),
                Need::Generator => !self.generator,
                Need::Readback if !self.grants.contains(plugin.name(), Need::Readback) => {
                    return Err(RunError::NotGranted { plugin: plugin.id().clone(), need: Need::Readback });
                }
                Need::Readback => false,
            };
            if missing {
                return Err(RunError::Unavailable { plugin: plugin.id().clone(), need: *need });
            }
        }
        Ok(())
    }
}

fn check_images(request: &ExplainRequest<'_>) -> Result<(), RunError> {
    let shape = request.images.shape();
    let (info, count) = (request.classifier.info(), shape.first().copied().unwrap_or_default());
    if shape != info.shape(count) {
        let what = format!("the images have shape {shape:?}");
        let sizes: Vec<String> = info.shape(1).iter().skip(1).map(usize::to_string).collect();
        return Err(wrong_request(
            &what,
            &format!("Give them as the classifier takes them: (N, {})", sizes.join(", ")),
        ));
    }
    check_targets(&request.targets, count, request.classifier)
}

/// One class of the classifier for each of `count` images.
pub(super) fn check_targets(targets: &[ClassIndex], count: usize, classifier: &Classifier) -> Result<(), RunError> {
    if targets.len() != count {
        let what = format!("there are {} targets for {count} images", targets.len());
        return Err(wrong_request(&what, "Give one class for each image"));
    }
    let classes = classifier.info().classes.len();
    match targets.iter().find(|target| target.0 >= classes) {
        Some(ClassIndex(target)) => {
            let what = format!("the target class {target} does not exist");
            Err(wrong_request(&what, &format!("The classifier has the classes 0 to {}", classes.saturating_sub(1))))
        }
        None => Ok(()),
    }
}

pub(super) fn complete(plugin: &Plugin, settings: &Settings) -> Result<Settings, RunError> {
    let completed = settings.complete(plugin.info());
    completed.map_err(|error| wrong_request(&error.to_string(), "Change the parameters of the request"))
}

pub(super) fn wrong_role(plugin: &Plugin, wanted: Role) -> RunError {
    let what = format!("{} was given as {wanted}", plugin.id());
    wrong_request(&what, &format!("Choose a {wanted} plugin"))
}

pub(super) fn wrong_request(what: &str, remedy: &str) -> RunError {
    RunError::Request { what: what.to_owned(), remedy: remedy.to_owned() }
}
