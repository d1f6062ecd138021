//! Weights and other constants, inside the ONNX file or in a file beside it.

use super::proto::TensorProto;
use crate::graph::Constant;
use crate::model_file::ModelFiles;
use crate::{Error, Result};
use std::collections::HashMap;
use std::sync::Arc;

const FLOAT: i32 = 1;
const INT32: i32 = 6;
const INT64: i32 = 7;
const FLOAT16: i32 = 10;
const DOUBLE: i32 = 11;
const STORED_OUTSIDE: i32 = 1;

/// The files that hold weights outside the graph, each read once.
pub(super) struct External<'a> {
    file: &'a str,
    files: &'a ModelFiles,
    read: HashMap<String, Arc<Vec<u8>>>,
}

impl<'a> External<'a> {
    pub(super) fn new(file: &'a str, files: &'a ModelFiles) -> Self {
        Self { file, files, read: HashMap::new() }
    }

    /// One tensor of the graph as a constant.
    pub(super) fn constant(&mut self, tensor: &TensorProto) -> Result<Constant> {
        let file = self.file;
        let refused = |why: String| Error::Model(format!("{file}: constant `{}`: {why}", tensor.name));
        let shape: Vec<usize> = tensor.dims.iter().map(|size| usize::try_from(*size).unwrap_or(0)).collect();
        let elements: usize = shape.iter().product();
        let raw = if tensor.data_location == STORED_OUTSIDE { Some(self.outside(tensor)?) } else { None };
        let raw: &[u8] = raw.as_deref().unwrap_or(&tensor.raw_data);
        let constant = match tensor.data_type {
            FLOAT if raw.is_empty() => Constant::Floats { shape, data: tensor.float_data.clone() },
            FLOAT => Constant::Floats { shape, data: numbers(raw, f32::from_le_bytes) },
            DOUBLE if raw.is_empty() => {
                Constant::Floats { shape, data: tensor.double_data.iter().map(|x| *x as f32).collect() }
            }
            DOUBLE => Constant::Floats { shape, data: numbers(raw, |bytes| f64::from_le_bytes(bytes) as f32) },
            FLOAT16 if raw.is_empty() => {
                Constant::Floats { shape, data: tensor.int32_data.iter().map(|bits| half(*bits as u16)).collect() }
            }
            FLOAT16 => Constant::Floats { shape, data: numbers(raw, |bytes| half(u16::from_le_bytes(bytes))) },
            INT64 if raw.is_empty() => Constant::Integers(tensor.int64_data.clone()),
            INT64 => Constant::Integers(numbers(raw, i64::from_le_bytes)),
            INT32 if raw.is_empty() => Constant::Integers(tensor.int32_data.iter().map(|x| i64::from(*x)).collect()),
            INT32 => Constant::Integers(numbers(raw, |bytes| i64::from(i32::from_le_bytes(bytes)))),
            other => {
                return Err(refused(format!(
                    "element type {other} of ONNX, expected float, double, float16, int32 or int64"
                )));
            }
        };
        let found = match &constant {
            Constant::Floats { data, .. } => data.len(),
            Constant::Integers(list) => list.len(),
        };
        if found != elements {
            return Err(refused(format!("{found} numbers for the shape {:?}; the file is damaged", tensor.dims)));
        }
        Ok(constant)
    }

    /// The bytes of a tensor that lies in another file.
    fn outside(&mut self, tensor: &TensorProto) -> Result<Vec<u8>> {
        let entry =
            |key: &str| tensor.external_data.iter().find(|entry| entry.key == key).map(|entry| entry.value.as_str());
        let number = |key: &str| entry(key).and_then(|value| value.parse::<usize>().ok());
        let location = entry("location").ok_or_else(|| {
            Error::Model(format!(
                "{}: constant `{}` lies in another file that the graph does not name",
                self.file, tensor.name
            ))
        })?;
        if !self.read.contains_key(location) {
            let bytes = self.files.read_beside(self.file, location).map_err(|error| {
                Error::Model(format!(
                    "{}: its weights lie in `{location}`, which cannot be read ({error}); put that file beside the graph, or export the model with its weights inside",
                    self.file
                ))
            })?;
            self.read.insert(location.to_owned(), Arc::new(bytes));
        }
        let bytes = &self.read[location];
        let from = number("offset").unwrap_or(0);
        let to = number("length").map_or(bytes.len(), |length| from.saturating_add(length));
        bytes.get(from..to).map(<[u8]>::to_vec).ok_or_else(|| {
            Error::Model(format!(
                "{}: constant `{}` lies at {from}..{to} of `{location}`, which has only {} bytes; the two files do not belong together",
                self.file,
                tensor.name,
                bytes.len()
            ))
        })
    }
}

fn numbers<const N: usize, T>(raw: &[u8], read: impl Fn([u8; N]) -> T) -> Vec<T> {
    raw.as_chunks::<N>().0.iter().map(|bytes| read(*bytes)).collect()
}

/// IEEE 754 half precision to single.
fn half(bits: u16) -> f32 {
    let sign = if bits & 0x8000 == 0 { 1.0 } else { -1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 0x1f), f32::from(bits & 0x3ff));
    match exponent {
        0 => sign * fraction * 2_f32.powi(-24),
        31 if fraction == 0.0 => sign * f32::INFINITY,
        31 => f32::NAN,
        _ => sign * (1.0 + fraction / 1024.0) * 2_f32.powi(exponent - 15),
    }
}
