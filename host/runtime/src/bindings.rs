//! Rust types for the contract, generated from `wit/`.
//!
//! Resources are mapped onto the host's own types. The other worlds share the method's interfaces, so that one
//! implementation in `guest_api` serves all.

/// The contract's own text, in which its version stands.
pub(crate) const WORLDS: &str = include_str!("../../../wit/v0.2/worlds.wit");

/// A module for one world of the contract, or of the contract with a notebook's interpreter.
macro_rules! world {
    ($(#[$doc:meta])* $module:ident, $world:literal, { $($with:tt)* } $(, $($option:tt)*)?) => {
        $(#[$doc])*
        pub(crate) mod $module {
            wasmtime::component::bindgen!({
                path: ["../../wit/v0.2", "../../wit/cells-v0.1"],
                world: $world,
                imports: { default: trappable },
                with: { $($with)* },
                $($($option)*)?
            });
        }
    };
}

world!(
    /// The world of explanation methods.
    method, "lacuna:explain/method-plugin", {
        "lacuna:explain/tensors.tensor": crate::guest_api::handles::TensorHandle,
        "lacuna:explain/autodiff.gradients": crate::guest_api::handles::GradientsHandle,
        "lacuna:explain/optimisers.adam": crate::guest_api::handles::AdamHandle,
        "lacuna:explain/classifiers.classifier": crate::guest_api::handles::ClassifierHandle,
        "lacuna:explain/generators.generator": crate::guest_api::handles::GeneratorHandle,
        "lacuna:explain/perturbations.perturbation": crate::guest_api::handles::PerturbationHandle,
    },
    trappable_error_type: { "lacuna:explain/errors.error" => crate::guest_api::fault::Fault },
);

world!(
    /// The world of perturbations.
    perturbation, "lacuna:explain/perturbation-plugin", {
        "lacuna:explain/parameters": crate::bindings::method::lacuna::explain::parameters,
        "lacuna:explain/remedies": crate::bindings::method::lacuna::explain::remedies,
        "lacuna:explain/errors": crate::bindings::method::lacuna::explain::errors,
        "lacuna:explain/tensors": crate::bindings::method::lacuna::explain::tensors,
        "lacuna:explain/autodiff": crate::bindings::method::lacuna::explain::autodiff,
        "lacuna:explain/optimisers": crate::bindings::method::lacuna::explain::optimisers,
        "lacuna:explain/generators": crate::bindings::method::lacuna::explain::generators,
        "lacuna:explain/progress": crate::bindings::method::lacuna::explain::progress,
        "lacuna:explain/log": crate::bindings::method::lacuna::explain::log,
    }
);

world!(
    /// The world of metrics.
    metric, "lacuna:explain/metric-plugin", {
        "lacuna:explain/parameters": crate::bindings::method::lacuna::explain::parameters,
        "lacuna:explain/remedies": crate::bindings::method::lacuna::explain::remedies,
        "lacuna:explain/errors": crate::bindings::method::lacuna::explain::errors,
        "lacuna:explain/tensors": crate::bindings::method::lacuna::explain::tensors,
        "lacuna:explain/autodiff": crate::bindings::method::lacuna::explain::autodiff,
        "lacuna:explain/optimisers": crate::bindings::method::lacuna::explain::optimisers,
        "lacuna:explain/classifiers": crate::bindings::method::lacuna::explain::classifiers,
        "lacuna:explain/generators": crate::bindings::method::lacuna::explain::generators,
        "lacuna:explain/perturbations": crate::bindings::method::lacuna::explain::perturbations,
        "lacuna:explain/progress": crate::bindings::method::lacuna::explain::progress,
        "lacuna:explain/log": crate::bindings::method::lacuna::explain::log,
    }
);

world!(
    /// The world of classifiers.
    classifier, "lacuna:explain/classifier-plugin", {
        "lacuna:explain/parameters": crate::bindings::method::lacuna::explain::parameters,
        "lacuna:explain/remedies": crate::bindings::method::lacuna::explain::remedies,
        "lacuna:explain/errors": crate::bindings::method::lacuna::explain::errors,
        "lacuna:explain/tensors": crate::bindings::method::lacuna::explain::tensors,
        "lacuna:explain/log": crate::bindings::method::lacuna::explain::log,
    }
);

world!(
    /// The world of a notebook's interpreter.
    cells, "lacuna:cells/cells-plugin", {
        "lacuna:explain/parameters": crate::bindings::method::lacuna::explain::parameters,
        "lacuna:explain/remedies": crate::bindings::method::lacuna::explain::remedies,
        "lacuna:explain/errors": crate::bindings::method::lacuna::explain::errors,
        "lacuna:explain/tensors": crate::bindings::method::lacuna::explain::tensors,
        "lacuna:explain/autodiff": crate::bindings::method::lacuna::explain::autodiff,
        "lacuna:explain/optimisers": crate::bindings::method::lacuna::explain::optimisers,
        "lacuna:explain/classifiers": crate::bindings::method::lacuna::explain::classifiers,
        "lacuna:explain/generators": crate::bindings::method::lacuna::explain::generators,
        "lacuna:explain/perturbations": crate::bindings::method::lacuna::explain::perturbations,
        "lacuna:explain/findings": crate::bindings::method::lacuna::explain::findings,
        "lacuna:explain/progress": crate::bindings::method::lacuna::explain::progress,
        "lacuna:explain/log": crate::bindings::method::lacuna::explain::log,
    },
    trappable_error_type: { "lacuna:explain/errors.error" => crate::guest_api::fault::Fault },
);

/// What every world exports, so that a plugin can be asked what it is before its role matters.
pub(crate) mod described {
    wasmtime::component::bindgen!({ path: "../../wit/v0.2", world: "described" });
}
