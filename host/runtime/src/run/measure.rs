//! From maps to numbers that say how good they are.

use super::{
    cancel::CancelToken,
    failure,
    give_back::GivesBack,
    outcome::with_one_channel,
    prepare::{Setup, check_targets, complete, wrong_request, wrong_role},
    record::Listener,
    shared::Shared,
    stack::with_room,
    state::PluginState,
};
use crate::{
    bindings::metric::{MetricPlugin, exports::lacuna::explain::metrics::Request},
    error::{Role, RunError},
    guest_api::handles::{ClassifierHandle, TensorHandle},
    host::Host,
    plugin::{
        load::{Plugin, Program},
        settings::Settings,
    },
    policy::{grants::Grants, ledger::Charge, limits::Limits},
};
use lacuna_engine::{ClassIndex, Classifier, Generator, Tensor};
use std::fmt;
use wasmtime::component::Resource;

/// Which maps to measure, with what, and what the plugins may use.
pub struct MeasureRequest<'a> {
    pub metric: &'a Plugin,
    /// The way to delete that the metric imports; none for a metric that deletes nothing.
    pub perturbation: Option<&'a Plugin>,
    pub classifier: &'a Classifier,
    /// The model of healthy images for plugins that need one.
    pub generator: Option<&'a Generator>,
    /// (N, C, H, W) in [0, 1], or (N, C, D, H, W).
    pub images: Tensor,
    /// (N, 1, H, W), finite; larger means more evidence.
    pub maps: Tensor,
    /// What an expert drew, (N, 1, H, W): 1 in it, 0 out of it.
    pub masks: Option<Tensor>,
    /// One class for each image.
    pub targets: Vec<ClassIndex>,
    /// Parameters that are not set take their defaults.
    pub metric_settings: Settings,
    /// Parameters that are not set take their defaults.
    pub perturbation_settings: Settings,
    /// The only source of randomness.
    pub seed: u64,
    pub limits: Limits,
    pub grants: Grants,
    /// Called for each message of a plugin's at once, on the thread that works.
    pub messages: Listener,
    pub cancel: CancelToken,
}

impl<'a> MeasureRequest<'a> {
    /// A request with every option at its default: no perturbation, no masks, default settings and limits, nothing
    /// granted, seed 0.
    pub fn new(
        metric: &'a Plugin,
        classifier: &'a Classifier,
        images: Tensor,
        maps: Tensor,
        targets: Vec<ClassIndex>,
    ) -> MeasureRequest<'a> {
        MeasureRequest {
            metric,
            perturbation: None,
            classifier,
            generator: None,
            images,
            maps,
            masks: None,
            targets,
            metric_settings: Settings::default(),
            perturbation_settings: Settings::default(),
            seed: 0,
            limits: Limits::default(),
            grants: Grants::none(),
            messages: Box::new(|_| ()),
            cancel: CancelToken::new(),
        }
    }
}

impl fmt::Debug for MeasureRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MeasureRequest")
            .field("metric", &self.metric)
            .field("perturbation", &self.perturbation)
            .field("classifier", &self.classifier.info().name)
            .field("maps", &self.maps.shape())
            .field("seed", &self.seed)
            .finish_non_exhaustive()
    }
}

/// One number for each image; none where the metric is not defined.
///
/// # Errors
/// [`RunError`]: who did what and what to change. The host lives, and the next run starts afresh.
pub fn measure(host: &Host, request: MeasureRequest<'_>) -> Result<Vec<Option<f64>>, RunError> {
    with_room(|| measure_here(host, request))
}

fn measure_here(host: &Host, request: MeasureRequest<'_>) -> Result<Vec<Option<f64>>, RunError> {
    let _gives_back = GivesBack;
    let setup = Setup {
        host,
        classifier: request.classifier,
        generator: request.generator,
        limits: &request.limits,
        grants: &request.grants,
    };
    let Program::Metric(program) = request.metric.program() else {
        return Err(wrong_role(request.metric, Role::Metric));
    };
    setup.check(request.metric, program.engine())?;
    check_shapes(&request)?;
    check_targets(&request.targets, request.images.shape()[0], request.classifier)?;
    let settings = complete(request.metric, &request.metric_settings)?;
    let partner = request.perturbation.map(|plugin| setup.perturbation(plugin, &request.perturbation_settings));
    let partner = partner.transpose()?;

    let shared = Shared::new(request.limits.wall_time, request.cancel, Box::new(|_| ()));
    shared.hear(request.messages);
    let mut state = setup.state(request.metric, &shared);
    if let Some(partner) = partner {
        state.partner = Some(Box::new(setup.start(partner, &shared)?));
    }
    let mut store = state.into_store(host.engine());
    let instance = request.metric.instantiate(&mut store)?;
    let guest = MetricPlugin::new(&mut store, &instance).map_err(|error| failure::of_call(store.data(), &error))?;
    let state = store.data_mut();
    let lent = |state: &mut PluginState, tensor: &Tensor| {
        let charge = Charge::free(state.quota());
        let lent = state.lend(TensorHandle { tensor: tensor.clone(), charge });
        lent.map(|lent| lent.rep()).map_err(|fault| failure::of_fault(state, fault))
    };
    let (images, maps) = (lent(state, &request.images)?, lent(state, &request.maps)?);
    let masks = request.masks.as_ref().map(|masks| lent(state, masks)).transpose()?;
    let classifier = state.lend(ClassifierHandle(request.classifier.clone()));
    let classifier = classifier.map_err(|fault| failure::of_fault(state, fault))?;
    let asked = Request {
        images: Resource::new_borrow(images),
        maps: Resource::new_borrow(maps),
        masks: masks.map(Resource::new_borrow),
        targets: request.targets.iter().map(|target| u32::try_from(target.0).unwrap_or(u32::MAX)).collect(),
        classifier: Resource::new_borrow(classifier.rep()),
        settings: settings.to_guest(),
        seed: request.seed,
    };
    let answer = guest.lacuna_explain_metrics().call_measure(&mut store, &asked);
    let state = store.data();
    if shared.watch.cancelled() {
        return Err(RunError::Cancelled);
    }
    if let Some(fault) = shared.partner_fault() {
        return Err(fault);
    }
    let numbers = match answer {
        Ok(Ok(numbers)) => numbers,
        Ok(Err(error)) => return Err(failure::of_refusal(state, &error)),
        Err(trap) => return Err(failure::of_call(state, &trap)),
    };
    let (plugin, count) = (request.metric.id().clone(), request.images.shape()[0]);
    if numbers.len() != count {
        let (expected, found) = (vec![count], vec![numbers.len()]);
        return Err(RunError::Shape { plugin, what: "a list of numbers".to_owned(), expected, found });
    }
    match numbers.iter().flatten().all(|number| number.is_finite()) {
        true => Ok(numbers),
        false => Err(RunError::NonFinite { plugin, what: "a number".to_owned() }),
    }
}

/// Maps and masks have one channel and otherwise the shape of the images.
fn check_shapes(request: &MeasureRequest<'_>) -> Result<(), RunError> {
    let images = request.images.shape();
    if !(4..=5).contains(&images.len()) {
        let what = format!("the images have shape {images:?}");
        return Err(wrong_request(&what, "Give them as (N, C, H, W) or (N, C, D, H, W)"));
    }
    let expected = with_one_channel(&images);
    for (name, tensor) in [("maps", Some(&request.maps)), ("masks", request.masks.as_ref())] {
        if let Some(tensor) = tensor
            && tensor.shape() != expected
        {
            let what = format!("the {name} have shape {:?}", tensor.shape());
            return Err(wrong_request(&what, &format!("Give them as {expected:?}")));
        }
        if let Some(tensor) = tensor
            && !tensor.is_finite().map_err(|error| RunError::Device {
                operation: format!("the check of the {name}"),
                reason: error.to_string(),
            })?
        {
            let what = format!("the {name} have numbers that are NaN or infinite");
            return Err(wrong_request(&what, "Give finite numbers"));
        }
    }
    Ok(())
}
