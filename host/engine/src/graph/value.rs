//! What flows along the edges of a graph: tensors on the device, and small integers on the host.

use crate::{Error, Result, Tensor};

/// A number array from a model file.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Constant {
    Floats {
        shape: Vec<usize>,
        data: Vec<f32>,
    },
    /// Shapes and axes, which steer operators and never reach the device.
    Integers(Vec<i64>),
}

impl Constant {
    pub(crate) fn floats(&self, of: &str) -> Result<(&[usize], &[f32])> {
        match self {
            Self::Floats { shape, data } => Ok((shape, data)),
            Self::Integers(_) => {
                Err(Error::Model(format!("constant `{of}` holds integers where numbers with a fraction are needed")))
            }
        }
    }
}

/// A value while the network runs.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "nearly every value is a tensor")]
pub(crate) enum Value {
    Tensor(Tensor),
    Integers(Vec<i64>),
}

impl Value {
    pub(crate) fn tensor(&self, node: &str) -> Result<&Tensor> {
        match self {
            Self::Tensor(tensor) => Ok(tensor),
            Self::Integers(_) => {
                Err(Error::Model(format!("node `{node}` got a list of integers where it needs a tensor")))
            }
        }
    }

    pub(crate) fn integers(&self, node: &str) -> Result<&[i64]> {
        match self {
            Self::Integers(list) => Ok(list),
            Self::Tensor(_) => {
                Err(Error::Model(format!("node `{node}` got a tensor where it needs a list of integers")))
            }
        }
    }
}
