//! Connects the contract's exports to the traits of this crate, both ways.

use std::marker::PhantomData;
use std::sync::Once;

use crate::bindings::imports::{classifiers, parameters, tensors};
use crate::bindings::{description, method, metric, model, perturbation};
use crate::error::Error;
use crate::settings::Settings;
use crate::tensor::Tensor;
use crate::{Classifier, Explanation, Extra, Measured, Method, Metric, Model, Perturbation, Request, log};

/// Makes this crate the plugin of one perturbation: `export_perturbation!(Blur);`.
#[macro_export]
macro_rules! export_perturbation {
    ($type:ty) => {
        // On another target there is no host to export to, only the plugin's own tests.
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            // Names in a macro are not hygienic here: this one must not be the plugin's.
            type LacunaPluginExports = $crate::export::PerturbationPlugin<$type>;
            $crate::bindings::description::export_description!(
                LacunaPluginExports with_types_in $crate::bindings::description
            );
            $crate::bindings::perturbation::export_perturbations!(
                LacunaPluginExports with_types_in $crate::bindings::perturbation
            );
        };
        #[cfg(not(target_arch = "wasm32"))]
        const _: fn($crate::Tensor, &$crate::Settings, u64) -> ::core::result::Result<$type, $crate::Error> =
            <$type as $crate::Perturbation>::create;
    };
}

/// Makes this crate the plugin of one method: `export_method!(Occlusion);`.
#[macro_export]
macro_rules! export_method {
    ($type:ty) => {
        // On another target there is no host to export to, only the plugin's own tests.
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            // Names in a macro are not hygienic here: this one must not be the plugin's.
            type LacunaPluginExports = $crate::export::MethodPlugin<$type>;
            $crate::bindings::description::export_description!(
                LacunaPluginExports with_types_in $crate::bindings::description
            );
            $crate::bindings::method::export_methods!(
                LacunaPluginExports with_types_in $crate::bindings::method
            );
        };
        #[cfg(not(target_arch = "wasm32"))]
        const _: fn($crate::Request<'_>) -> ::core::result::Result<$crate::Explanation, $crate::Error> =
            <$type as $crate::Method>::explain;
    };
}

/// Makes this crate the plugin of one metric: `export_metric!(PixelAuc);`.
#[macro_export]
macro_rules! export_metric {
    ($type:ty) => {
        // On another target there is no host to export to, only the plugin's own tests.
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            // Names in a macro are not hygienic here: this one must not be the plugin's.
            type LacunaPluginExports = $crate::export::MetricPlugin<$type>;
            $crate::bindings::description::export_description!(
                LacunaPluginExports with_types_in $crate::bindings::description
            );
            $crate::bindings::metric::export_metrics!(
                LacunaPluginExports with_types_in $crate::bindings::metric
            );
        };
        #[cfg(not(target_arch = "wasm32"))]
        const _: fn($crate::Measured<'_>) -> ::core::result::Result<Vec<Option<f64>>, $crate::Error> =
            <$type as $crate::Metric>::measure;
    };
}

/// Makes this crate the plugin of one classifier: `export_classifier!(Threshold);`.
#[macro_export]
macro_rules! export_classifier {
    ($type:ty) => {
        // On another target there is no host to export to, only the plugin's own tests.
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            // Names in a macro are not hygienic here: this one must not be the plugin's.
            type LacunaPluginExports = $crate::export::ClassifierPlugin<$type>;
            $crate::bindings::description::export_description!(
                LacunaPluginExports with_types_in $crate::bindings::description
            );
            $crate::bindings::model::export_models!(
                LacunaPluginExports with_types_in $crate::bindings::model
            );
        };
        #[cfg(not(target_arch = "wasm32"))]
        const _: fn(&$crate::Settings) -> ::core::result::Result<$type, $crate::Error> = <$type as $crate::Model>::open;
    };
}

/// The exports of a perturbation plugin.
#[derive(Debug)]
pub struct PerturbationPlugin<T>(PhantomData<T>);

impl<T: Perturbation> description::Guest for PerturbationPlugin<T> {
    fn describe() -> description::PluginInfo {
        report_panics();
        T::describe().into_contract()
    }
}

impl<T: Perturbation> perturbation::Guest for PerturbationPlugin<T> {
    type Perturbation = Prepared<T>;

    fn create(
        images: &tensors::Tensor,
        settings: Vec<parameters::Setting>,
        seed: u64,
    ) -> Result<perturbation::Perturbation, Error> {
        report_panics();
        let images = Tensor::from(images.share()).check()?;
        let prepared = T::create(images, &Settings::from_host(settings), seed)?;
        Ok(perturbation::Perturbation::new(Prepared(prepared)))
    }
}

/// The resource that a perturbation plugin hands out.
#[derive(Debug)]
pub struct Prepared<T>(T);

impl<T: Perturbation> perturbation::GuestPerturbation for Prepared<T> {
    fn apply(&self, mask: &tensors::Tensor) -> Result<tensors::Tensor, Error> {
        let mask = Tensor::from(mask.share()).check()?;
        self.0.apply(&mask)?.into_handle()
    }
}

/// The exports of a classifier plugin.
#[derive(Debug)]
pub struct ClassifierPlugin<T>(PhantomData<T>);

impl<T: Model> description::Guest for ClassifierPlugin<T> {
    fn describe() -> description::PluginInfo {
        report_panics();
        T::describe().into_contract()
    }
}

impl<T: Model> model::Guest for ClassifierPlugin<T> {
    type Model = Opened<T>;

    fn open(settings: Vec<parameters::Setting>) -> Result<model::Model, Error> {
        report_panics();
        Ok(model::Model::new(Opened(T::open(&Settings::from_host(settings))?)))
    }
}

/// The resource that a classifier plugin hands out.
#[derive(Debug)]
pub struct Opened<T>(T);

impl<T: Model> model::GuestModel for Opened<T> {
    fn info(&self) -> model::ModelInfo {
        self.0.info()
    }

    fn logits(&self, images: &tensors::Tensor) -> Result<tensors::Tensor, Error> {
        let images = Tensor::from(images.share()).check()?;
        self.0.logits(&images)?.into_handle()
    }
}

/// The exports of a method plugin.
#[derive(Debug)]
pub struct MethodPlugin<T>(PhantomData<T>);

impl<T: Method> description::Guest for MethodPlugin<T> {
    fn describe() -> description::PluginInfo {
        report_panics();
        T::describe().into_contract()
    }
}

impl<T: Method> method::Guest for MethodPlugin<T> {
    fn explain(request: method::Request<'_>) -> Result<method::Explanation, Error> {
        report_panics();
        let explanation = T::explain(Request {
            images: Tensor::from(request.images.share()).check()?,
            targets: request.targets,
            classifier: Classifier(request.classifier as &classifiers::Classifier),
            settings: Settings::from_host(request.settings),
            seed: request.seed,
        })?;
        into_contract(explanation)
    }
}

/// The exports of a metric plugin.
#[derive(Debug)]
pub struct MetricPlugin<T>(PhantomData<T>);

impl<T: Metric> description::Guest for MetricPlugin<T> {
    fn describe() -> description::PluginInfo {
        report_panics();
        T::describe().into_contract()
    }
}

impl<T: Metric> metric::Guest for MetricPlugin<T> {
    fn measure(request: metric::Request<'_>) -> Result<Vec<Option<f64>>, Error> {
        report_panics();
        let masks = request.masks.map(|masks| Tensor::from(masks.share()).check()).transpose()?;
        T::measure(Measured {
            images: Tensor::from(request.images.share()).check()?,
            maps: Tensor::from(request.maps.share()).check()?,
            masks,
            targets: request.targets,
            classifier: Classifier(request.classifier as &classifiers::Classifier),
            settings: Settings::from_host(request.settings),
            seed: request.seed,
        })
    }
}

fn into_contract(explanation: Explanation) -> Result<method::Explanation, Error> {
    let extra = |Extra { name, role, value }: Extra| {
        Ok(method::Extra { name: name.to_owned(), role, value: value.into_handle()? })
    };
    Ok(method::Explanation {
        map: explanation.map.into_handle()?,
        extras: explanation.extras.into_iter().map(extra).collect::<Result<_, Error>>()?,
        findings: explanation.findings,
    })
}

/// Logs the message of a panic, since the trap that then ends the plugin carries none.
fn report_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        std::panic::set_hook(Box::new(|panic| log::warning(&format!("the plugin panicked: {panic}"))));
    });
}
