//! What `wit-bindgen` makes of the contract.
//!
//! The imports are generated once, so that a tensor is the same type wherever it occurs. Each
//! export is a world of its own, because every world of the contract exports `description` and one
//! crate cannot hold its export macro twice; a plugin takes two of them, and the encoder that makes
//! its component joins them to `perturbation-plugin`, `method-plugin`, `metric-plugin` or
//! `classifier-plugin`.

/// What the host offers.
mod host {
    wit_bindgen::generate!({
        inline: "
            package lacuna:sdk;
            world host {
                import lacuna:explain/errors@0.1.0;
                import lacuna:explain/tensors@0.1.0;
                import lacuna:explain/autodiff@0.1.0;
                import lacuna:explain/optimisers@0.1.0;
                import lacuna:explain/classifiers@0.1.0;
                import lacuna:explain/generators@0.1.0;
                import lacuna:explain/parameters@0.1.0;
                import lacuna:explain/perturbations@0.1.0;
                import lacuna:explain/progress@0.1.0;
                import lacuna:explain/log@0.1.0;
            }
        ",
        path: "wit",
        world: "host",
        generate_all,
    });
}

pub use host::lacuna::explain as imports;

/// What every plugin says of itself.
pub mod description {
    wit_bindgen::generate!({
        inline: "
            package lacuna:sdk;
            world description { export lacuna:explain/description@0.1.0; }
        ",
        path: "wit",
        world: "description",
        generate_all,
        pub_export_macro: true,
        export_macro_name: "export_description",
        default_bindings_module: "lacuna_plugin::bindings::description",
    });
    pub use exports::lacuna::explain::description::*;
}

/// What a perturbation exports.
pub mod perturbation {
    wit_bindgen::generate!({
        inline: "
            package lacuna:sdk;
            world perturbation { export lacuna:explain/perturbations@0.1.0; }
        ",
        path: "wit",
        world: "perturbation",
        with: {
            "lacuna:explain/errors@0.1.0": crate::bindings::imports::errors,
            "lacuna:explain/tensors@0.1.0": crate::bindings::imports::tensors,
            "lacuna:explain/parameters@0.1.0": crate::bindings::imports::parameters,
        },
        generate_all,
        pub_export_macro: true,
        export_macro_name: "export_perturbations",
        default_bindings_module: "lacuna_plugin::bindings::perturbation",
    });
    pub use exports::lacuna::explain::perturbations::*;
}

/// What a method exports.
pub mod method {
    wit_bindgen::generate!({
        inline: "
            package lacuna:sdk;
            world method { export lacuna:explain/methods@0.1.0; }
        ",
        path: "wit",
        world: "method",
        with: {
            "lacuna:explain/errors@0.1.0": crate::bindings::imports::errors,
            "lacuna:explain/tensors@0.1.0": crate::bindings::imports::tensors,
            "lacuna:explain/parameters@0.1.0": crate::bindings::imports::parameters,
            "lacuna:explain/classifiers@0.1.0": crate::bindings::imports::classifiers,
        },
        generate_all,
        pub_export_macro: true,
        export_macro_name: "export_methods",
        default_bindings_module: "lacuna_plugin::bindings::method",
    });
    pub use exports::lacuna::explain::methods::*;
}

/// What a classifier exports.
pub mod model {
    wit_bindgen::generate!({
        inline: "
            package lacuna:sdk;
            world model { export lacuna:explain/models@0.1.0; }
        ",
        path: "wit",
        world: "model",
        with: {
            "lacuna:explain/errors@0.1.0": crate::bindings::imports::errors,
            "lacuna:explain/tensors@0.1.0": crate::bindings::imports::tensors,
            "lacuna:explain/parameters@0.1.0": crate::bindings::imports::parameters,
        },
        generate_all,
        pub_export_macro: true,
        export_macro_name: "export_models",
        default_bindings_module: "lacuna_plugin::bindings::model",
    });
    pub use exports::lacuna::explain::models::*;
}

/// What a metric exports.
pub mod metric {
    wit_bindgen::generate!({
        inline: "
            package lacuna:sdk;
            world metric { export lacuna:explain/metrics@0.1.0; }
        ",
        path: "wit",
        world: "metric",
        with: {
            "lacuna:explain/errors@0.1.0": crate::bindings::imports::errors,
            "lacuna:explain/tensors@0.1.0": crate::bindings::imports::tensors,
            "lacuna:explain/parameters@0.1.0": crate::bindings::imports::parameters,
            "lacuna:explain/classifiers@0.1.0": crate::bindings::imports::classifiers,
        },
        generate_all,
        pub_export_macro: true,
        export_macro_name: "export_metrics",
        default_bindings_module: "lacuna_plugin::bindings::metric",
    });
    pub use exports::lacuna::explain::metrics::*;
}
