//! Rust types for the contract, generated from `wit/v0.1`.
//!
//! Resources are mapped onto the host's own types. The other worlds share the method's interfaces, so that one
//! implementation in `guest_api` serves all.

/// The world of explanation methods.
pub(crate) mod method {
    wasmtime::component::bindgen!({
        path: "../../wit/v0.1",
        world: "method-plugin",
        imports: { default: trappable },
        trappable_error_type: { "lacuna:explain/errors.error" => crate::guest_api::fault::Fault },
        with: {
            "lacuna:explain/tensors.tensor": crate::guest_api::handles::TensorHandle,
            "lacuna:explain/autodiff.gradients": crate::guest_api::handles::GradientsHandle,
            "lacuna:explain/optimisers.adam": crate::guest_api::handles::AdamHandle,
            "lacuna:explain/classifiers.classifier": crate::guest_api::handles::ClassifierHandle,
            "lacuna:explain/generators.generator": crate::guest_api::handles::GeneratorHandle,
            "lacuna:explain/perturbations.perturbation": crate::guest_api::handles::PerturbationHandle,
        },
    });
}

/// The world of perturbations.
pub(crate) mod perturbation {
    wasmtime::component::bindgen!({
        path: "../../wit/v0.1",
        world: "perturbation-plugin",
        imports: { default: trappable },
        with: {
            "lacuna:explain/errors": crate::bindings::method::lacuna::explain::errors,
            "lacuna:explain/tensors": crate::bindings::method::lacuna::explain::tensors,
            "lacuna:explain/autodiff": crate::bindings::method::lacuna::explain::autodiff,
            "lacuna:explain/optimisers": crate::bindings::method::lacuna::explain::optimisers,
            "lacuna:explain/generators": crate::bindings::method::lacuna::explain::generators,
            "lacuna:explain/parameters": crate::bindings::method::lacuna::explain::parameters,
            "lacuna:explain/progress": crate::bindings::method::lacuna::explain::progress,
            "lacuna:explain/log": crate::bindings::method::lacuna::explain::log,
        },
    });
}

/// The world of metrics.
pub(crate) mod metric {
    wasmtime::component::bindgen!({
        path: "../../wit/v0.1",
        world: "metric-plugin",
        imports: { default: trappable },
        with: {
            "lacuna:explain/errors": crate::bindings::method::lacuna::explain::errors,
            "lacuna:explain/tensors": crate::bindings::method::lacuna::explain::tensors,
            "lacuna:explain/autodiff": crate::bindings::method::lacuna::explain::autodiff,
            "lacuna:explain/optimisers": crate::bindings::method::lacuna::explain::optimisers,
            "lacuna:explain/classifiers": crate::bindings::method::lacuna::explain::classifiers,
            "lacuna:explain/generators": crate::bindings::method::lacuna::explain::generators,
            "lacuna:explain/parameters": crate::bindings::method::lacuna::explain::parameters,
            "lacuna:explain/perturbations": crate::bindings::method::lacuna::explain::perturbations,
            "lacuna:explain/progress": crate::bindings::method::lacuna::explain::progress,
            "lacuna:explain/log": crate::bindings::method::lacuna::explain::log,
        },
    });
}

/// The world of classifiers.
pub(crate) mod classifier {
    wasmtime::component::bindgen!({
        path: "../../wit/v0.1",
        world: "classifier-plugin",
        imports: { default: trappable },
        with: {
            "lacuna:explain/errors": crate::bindings::method::lacuna::explain::errors,
            "lacuna:explain/tensors": crate::bindings::method::lacuna::explain::tensors,
            "lacuna:explain/parameters": crate::bindings::method::lacuna::explain::parameters,
            "lacuna:explain/log": crate::bindings::method::lacuna::explain::log,
        },
    });
}

/// What every world exports, so that a plugin can be asked what it is before its role matters.
pub(crate) mod described {
    wasmtime::component::bindgen!({
        path: "../../wit/v0.1",
        inline: "
            package lacuna:host;
            world described {
                export lacuna:explain/description@0.1.0;
            }
        ",
        world: "lacuna:host/described",
    });
}
