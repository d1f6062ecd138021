//! Weights and other constants, inside the ONNX file or in a file beside it.

use super::proto::TensorProto;
use super::types;
use crate::graph::array::{Array, Kind};
use crate::model_file::ModelFiles;
use crate::{Error, Result};
use std::collections::HashMap;
use std::sync::Arc;

const STORED_OUTSIDE: i32 = 1;

/// The file that a tensor lies in, if it is another one.
pub(super) fn location(tensor: &TensorProto) -> Option<&str> {
    let entry = tensor.external_data.iter().find(|entry| entry.key == "location")?;
    (tensor.data_location == STORED_OUTSIDE).then_some(entry.value.as_str())
}

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
    pub(super) fn constant(&mut self, tensor: &TensorProto) -> Result<Array> {
        let file = self.file;
        let refused = |why: String| Error::Model(format!("{file}: constant `{}`: {why}", tensor.name));
        let sizes = || tensor.dims.iter().map(|size| usize::try_from(*size).ok());
        let elements = sizes().try_fold(1_usize, |product, size| product.checked_mul(size?));
        let (Some(shape), Some(elements)) = (sizes().collect::<Option<Vec<_>>>(), elements) else {
            return Err(refused(format!("the shape {:?}; the file is damaged", tensor.dims)));
        };
        let raw = if tensor.data_location == STORED_OUTSIDE { Some(self.outside(tensor)?) } else { None };
        let raw: &[u8] = raw.as_deref().unwrap_or(&tensor.raw_data);
        let kind = types::kind(tensor.data_type)
            .ok_or_else(|| refused(format!("numbers of type {}", types::name(tensor.data_type))))?;
        let whole = |data: Vec<i64>| Array::whole(kind, shape.clone(), data);
        let floats = |data: Vec<f32>| Array::floats(shape.clone(), data);
        let ints = || tensor.int32_data.iter().map(|x| i64::from(*x)).collect::<Vec<_>>();
        let bits = || tensor.int32_data.iter().map(|bits| *bits as u16);
        let array = match (tensor.data_type, raw.is_empty()) {
            (1, true) => floats(tensor.float_data.clone()),
            (1, false) => floats(numbers(raw, f32::from_le_bytes)),
            (11, true) => floats(tensor.double_data.iter().map(|x| *x as f32).collect()),
            (11, false) => floats(numbers(raw, |bytes| f64::from_le_bytes(bytes) as f32)),
            (10, true) => floats(bits().map(half).collect()),
            (10, false) => floats(numbers(raw, |bytes| half(u16::from_le_bytes(bytes)))),
            (16, true) => floats(bits().map(brain).collect()),
            (16, false) => floats(numbers(raw, |bytes| brain(u16::from_le_bytes(bytes)))),
            (7, true) => whole(tensor.int64_data.clone()),
            (7, false) => whole(numbers(raw, i64::from_le_bytes)),
            (12, true) => whole(tensor.uint64_data.iter().map(|x| *x as i64).collect()),
            (12, false) => whole(numbers(raw, |bytes| i64::from(u32::from_le_bytes(bytes)))),
            (13, _) => {
                let read = match raw.is_empty() {
                    true => tensor.uint64_data.clone(),
                    false => numbers(raw, u64::from_le_bytes),
                };
                let whole_numbers: Option<Vec<i64>> = read.iter().map(|x| i64::try_from(*x).ok()).collect();
                whole(whole_numbers.ok_or_else(|| refused("a uint64 above 2^63".into()))?)
            }
            (6, false) => whole(numbers(raw, |bytes| i64::from(i32::from_le_bytes(bytes)))),
            (4, false) => whole(numbers(raw, |bytes| i64::from(u16::from_le_bytes(bytes)))),
            (5, false) => whole(numbers(raw, |bytes| i64::from(i16::from_le_bytes(bytes)))),
            (2, false) => whole(raw.iter().map(|x| i64::from(*x)).collect()),
            (9, false) => whole(raw.iter().map(|x| i64::from(*x != 0)).collect()),
            (3, false) => whole(raw.iter().map(|x| i64::from(*x as i8)).collect()),
            (21 | 22 | 25 | 26, _) => whole(packed(kind, raw, &tensor.int32_data, elements)),
            (9, true) => whole(ints().into_iter().map(|x| i64::from(x != 0)).collect()),
            _ => whole(ints()),
        };
        if array.len() != elements {
            return Err(refused(format!(
                "{} numbers for the shape {:?}; the file is damaged",
                array.len(),
                tensor.dims
            )));
        }
        Ok(array)
    }

    /// The bytes of a tensor that lies in another file.
    fn outside(&mut self, tensor: &TensorProto) -> Result<Vec<u8>> {
        let entry =
            |key: &str| tensor.external_data.iter().find(|entry| entry.key == key).map(|entry| entry.value.as_str());
        let number = |key: &str| match entry(key) {
            None => Ok(None),
            Some(value) => value.parse::<usize>().map(Some).map_err(|_| {
                Error::Model(format!(
                    "{}: constant `{}`: its {key} in another file is `{value}`, expected a number of bytes",
                    self.file, tensor.name
                ))
            }),
        };
        let (offset, length) = (number("offset")?, number("length")?);
        let location = location(tensor).ok_or_else(|| {
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
        if bytes.starts_with(b"version https://git-lfs") {
            return Err(Error::Model(format!(
                "{}: its weights lie in `{location}`, which is a Git LFS pointer, the name of a file and not the file; get it \
                 with `git lfs pull`",
                self.file
            )));
        }
        let from = offset.unwrap_or(0);
        let to = length.map_or(bytes.len(), |length| from.saturating_add(length));
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

/// The upper half of a number in single precision.
fn brain(bits: u16) -> f32 {
    f32::from_bits(u32::from(bits) << 16)
}

/// Numbers of 2 or 4 bits, the first in the lowest bits of a byte.
fn packed(kind: Kind, raw: &[u8], ints: &[i32], elements: usize) -> Vec<i64> {
    let Kind::Whole { bits, signed } = kind else { return Vec::new() };
    let bytes: Vec<u8> = if raw.is_empty() { ints.iter().map(|x| *x as u8).collect() } else { raw.to_vec() };
    let (each, mask, sign) = (usize::from(8 / bits), (1_u8 << bits) - 1, 1_i64 << (bits - 1));
    let number = |at: usize| {
        let number = i64::from(bytes[at / each] >> (at % each * usize::from(bits)) & mask);
        if signed && number >= sign { number - 2 * sign } else { number }
    };
    (0..elements.min(bytes.len().saturating_mul(each))).map(number).collect()
}
