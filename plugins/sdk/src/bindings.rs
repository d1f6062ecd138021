//! What `wit-bindgen` makes of the contract.
//!
//! The imports are generated once, so that a tensor is the same type wherever it occurs. Each
//! export is a world of its own, because every world of the contract exports `description` and one
//! crate cannot hold its export macro twice; a plugin takes two of them, and the encoder that makes
//! its component joins them to `perturbation-plugin`, `method-plugin`, `metric-plugin` or
//! `classifier-plugin`.

/// The imports: what the host offers.
mod host {
    wit_bindgen::generate!({
        path: "../../wit/v0.2",
        world: "host",
        generate_all,
        additional_derives: [PartialEq],
        // A borrowed tensor cannot be compared.
        additional_derives_ignore: ["term"],
    });
}

pub use host::lacuna::explain as imports;

/// A module for one export. The only place of this crate that names the version of the contract: `wit-bindgen` wants it in
/// each name of an import, and stops where it is not that of the package.
macro_rules! exported {
    ($(#[$doc:meta])* $module:ident, $interface:ident, $world:literal, $macro:literal, $bindings:literal) => {
        $(#[$doc])*
        pub mod $module {
            wit_bindgen::generate!({
                path: "../../wit/v0.2",
                world: $world,
                with: {
                    "lacuna:explain/parameters@0.2.0": crate::bindings::imports::parameters,
                    "lacuna:explain/remedies@0.2.0": crate::bindings::imports::remedies,
                    "lacuna:explain/errors@0.2.0": crate::bindings::imports::errors,
                    "lacuna:explain/tensors@0.2.0": crate::bindings::imports::tensors,
                    "lacuna:explain/autodiff@0.2.0": crate::bindings::imports::autodiff,
                    "lacuna:explain/optimisers@0.2.0": crate::bindings::imports::optimisers,
                    "lacuna:explain/classifiers@0.2.0": crate::bindings::imports::classifiers,
                    "lacuna:explain/generators@0.2.0": crate::bindings::imports::generators,
                    "lacuna:explain/findings@0.2.0": crate::bindings::imports::findings,
                    "lacuna:explain/progress@0.2.0": crate::bindings::imports::progress,
                    "lacuna:explain/log@0.2.0": crate::bindings::imports::log,
                },
                generate_all,
                pub_export_macro: true,
                export_macro_name: $macro,
                default_bindings_module: $bindings,
            });
            pub use exports::lacuna::explain::$interface::*;
        }
    };
}

exported!(
    /// The description that every plugin exports.
    description, description, "exported-description", "export_description", "lacuna_plugin::bindings::description"
);
exported!(
    /// The exports of a perturbation.
    perturbation, perturbations, "exported-perturbations", "export_perturbations", "lacuna_plugin::bindings::perturbation"
);
exported!(
    /// The exports of a method.
    method, methods, "exported-methods", "export_methods", "lacuna_plugin::bindings::method"
);
exported!(
    /// The exports of a metric.
    metric, metrics, "exported-metrics", "export_metrics", "lacuna_plugin::bindings::metric"
);
exported!(
    /// The exports of a classifier.
    model, models, "exported-models", "export_models", "lacuna_plugin::bindings::model"
);
