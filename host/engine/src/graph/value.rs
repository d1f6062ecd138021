//! What flows along the edges of a graph: tensors on the device, and arrays on the host.

use super::array::{Array, Kind};
use crate::{Device, Result, Tensor};
use std::sync::{Arc, OnceLock};

/// A value while the network runs.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "nearly every value is a tensor")]
pub(crate) enum Value {
    Tensor(Held),
    /// On the host: shapes, and what is computed from them; put on the device when an operator needs it there.
    Array(Arc<Shared>),
}

/// Numbers on the device.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    pub(crate) tensor: Tensor,
    /// Whole numbers and booleans are kept as numbers with a fraction, exact up to 2^24.
    pub(crate) kind: Kind,
    /// A number without dimensions, which the device keeps as a list of one.
    pub(crate) scalar: bool,
}

/// An array, and its copy on the device once it was needed.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) array: Array,
    uploaded: OnceLock<Tensor>,
}

impl Value {
    pub(crate) fn float(tensor: Tensor) -> Self {
        Self::of(tensor, Kind::Float)
    }

    pub(crate) fn of(tensor: Tensor, kind: Kind) -> Self {
        Self::Tensor(Held { tensor, kind, scalar: false })
    }

    pub(crate) fn array(array: Array) -> Self {
        Self::Array(Arc::new(Shared { array, uploaded: OnceLock::new() }))
    }

    /// The same number without dimensions; for tests.
    #[cfg(test)]
    pub(crate) fn scalar(self) -> Self {
        match self {
            Self::Tensor(held) => Self::Tensor(Held { scalar: true, ..held }),
            array => array,
        }
    }

    pub(crate) fn shape(&self) -> Vec<usize> {
        match self {
            Self::Tensor(held) if held.scalar => Vec::new(),
            Self::Tensor(held) => held.tensor.shape(),
            Self::Array(shared) => shared.array.shape.clone(),
        }
    }

    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::Tensor(held) => held.kind,
            Self::Array(shared) => shared.array.kind,
        }
    }

    pub(crate) fn as_array(&self) -> Option<&Array> {
        match self {
            Self::Tensor(_) => None,
            Self::Array(shared) => Some(&shared.array),
        }
    }

    /// The value on the device; a single number becomes a list of one.
    pub(crate) fn on(&self, device: &Device) -> Result<Tensor> {
        match self {
            Self::Tensor(held) => Ok(held.tensor.clone()),
            Self::Array(shared) => {
                if let Some(tensor) = shared.uploaded.get() {
                    return Ok(tensor.clone());
                }
                let shape = if shared.array.shape.is_empty() { vec![1] } else { shared.array.shape.clone() };
                let tensor = Tensor::from_data(device, &shape, shared.array.to_floats())?;
                Ok(shared.uploaded.get_or_init(|| tensor).clone())
            }
        }
    }
}
