//! A perturbation by itself: images and a mask in, what is left of the images out.

use super::{cancel::CancelToken, failure, give_back::GivesBack, prepare::Setup, shared::Shared, stack::with_room};
use crate::{
    error::{PluginId, RunError},
    guest_api::{fault::Fault, handles::TensorHandle},
    host::Host,
    plugin::{load::Plugin, settings::Settings},
    policy::{
        grants::Grants,
        ledger::{Charge, Quota},
        limits::Limits,
    },
};
use lacuna_engine::{Classifier, Generator, Tensor};
use std::fmt;

/// Which regions to delete, and how.
pub struct PerturbRequest<'a> {
    pub perturbation: &'a Plugin,
    /// Whose images these are; it is not asked.
    pub classifier: &'a Classifier,
    /// The model of healthy images for plugins that need one.
    pub generator: Option<&'a Generator>,
    /// (N, C, H, W) in [0, 1].
    pub images: Tensor,
    /// (N, 1, H, W) in [0, 1]; 1 keeps the pixel. Gradients flow back to it where it is tracked.
    pub mask: Tensor,
    /// Parameters that are not set take their defaults.
    pub settings: Settings,
    /// The only source of randomness.
    pub seed: u64,
    pub limits: Limits,
    pub grants: Grants,
    pub cancel: CancelToken,
}

impl<'a> PerturbRequest<'a> {
    /// A request with every option at its default: default settings and limits, no generator, nothing granted, seed 0.
    pub fn new(
        perturbation: &'a Plugin,
        classifier: &'a Classifier,
        images: Tensor,
        mask: Tensor,
    ) -> PerturbRequest<'a> {
        PerturbRequest {
            perturbation,
            classifier,
            generator: None,
            images,
            mask,
            settings: Settings::default(),
            seed: 0,
            limits: Limits::default(),
            grants: Grants::none(),
            cancel: CancelToken::new(),
        }
    }
}

impl fmt::Debug for PerturbRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PerturbRequest")
            .field("perturbation", &self.perturbation)
            .field("images", &self.images.shape())
            .field("mask", &self.mask.shape())
            .field("seed", &self.seed)
            .finish_non_exhaustive()
    }
}

/// Phi(x; m), of the images' shape.
///
/// # Errors
/// [`RunError`]: who did what and what to change.
pub fn perturb(host: &Host, request: PerturbRequest<'_>) -> Result<Tensor, RunError> {
    with_room(|| perturb_here(host, request))
}

fn perturb_here(host: &Host, request: PerturbRequest<'_>) -> Result<Tensor, RunError> {
    let _gives_back = GivesBack;
    let setup = Setup {
        host,
        classifier: request.classifier,
        generator: request.generator,
        limits: &request.limits,
        grants: &request.grants,
    };
    let ready = setup.perturbation(request.perturbation, &request.settings)?;
    let shared = Shared::new(request.limits.wall_time, request.cancel.clone(), Box::new(|_| ()));
    let mut partner = setup.start(ready, &shared)?;
    // The images, the mask and the result are on the caller's account, not on the plugin's.
    let payer = Quota::new(u64::MAX);
    let given = |tensor: Tensor| TensorHandle { tensor, charge: Charge::free(&payer) };
    let made = partner
        .create(given(request.images), Vec::new(), request.seed)
        .and_then(|perturbation| partner.apply(&perturbation, given(request.mask)));
    match (shared.partner_fault(), made) {
        (Some(fault), _) => Err(fault),
        (None, Ok(images)) => Ok(images.tensor),
        (None, Err(fault)) => Err(of_fault(request.perturbation.id(), fault)),
    }
}

fn of_fault(plugin: &PluginId, fault: Fault) -> RunError {
    match fault {
        Fault::Guest(error) => RunError::refused(plugin, crate::guest_api::fault::in_words(&error)),
        Fault::Stop(stop) => failure::of_host(plugin, stop),
    }
}
