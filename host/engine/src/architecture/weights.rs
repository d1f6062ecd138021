//! Weights by name, from a safetensors or a PyTorch file.

use crate::graph::Array;
use crate::model_file::ModelFiles;
use crate::{Error, Result};
use pytorch_reader::{DType, PytorchReader};
use std::collections::HashMap;
use std::path::Path;

/// Named number arrays.
#[derive(Clone, Debug, Default)]
pub struct Weights {
    arrays: HashMap<String, Stored>,
}

/// An array, its numbers read or still in their file.
#[derive(Clone)]
struct Stored {
    shape: Vec<usize>,
    numbers: Numbers,
}

#[derive(Clone)]
enum Numbers {
    Read(Vec<f32>),
    /// A tensor that is read when needed, and the size of its file in bytes.
    PyTorch(pytorch_reader::Tensor, u64),
}

impl std::fmt::Debug for Stored {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "array of shape {:?}", self.shape)
    }
}

impl Weights {
    /// Reads a weights file, its format told by its ending: `.safetensors`, `.pth` or `.pt`.
    ///
    /// # Errors
    /// [`Error::Model`] that names the file and what is wrong with it.
    pub fn open(path: &Path) -> Result<Self> {
        let folder = path.parent().map(Path::to_path_buf).unwrap_or_default();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        Self::read(&name, &ModelFiles::Folder(folder))
    }

    /// Reads a weights file, its format told by its ending: `.safetensors`, `.pth` or `.pt`.
    ///
    /// # Errors
    /// [`Error::Model`] that names the file and what is wrong with it.
    pub(crate) fn read(name: &str, files: &ModelFiles) -> Result<Self> {
        let unreadable = |error: std::io::Error| Error::Model(format!("{name}: the weights cannot be read: {error}"));
        match name.rsplit('.').next() {
            Some("safetensors") => Self::from_safetensors(name, &files.read(name).map_err(unreadable)?),
            Some("pth" | "pt") => {
                let path = files.path(name).map_err(unreadable)?;
                let size = std::fs::metadata(&path).map_err(unreadable)?.len();
                let open = |key: Option<&str>| match key {
                    Some(key) => PytorchReader::with_top_level_key(&path, key),
                    None => PytorchReader::new(&path),
                };
                let reader =
                    open(None).map_err(|error| Error::Model(format!("{name}: not a PyTorch weights file: {error}")))?;
                // Training scripts often keep the weights under one of these keys.
                let reader = ["state_dict", "model_state_dict"]
                    .into_iter()
                    .filter_map(|key| open(Some(key)).ok())
                    .find(|r| !r.is_empty())
                    .unwrap_or(reader);
                Ok(Self::from_pytorch(reader, size))
            }
            _ => Err(Error::Model(format!("{name}: weights are read from .safetensors, .pth and .pt files"))),
        }
    }

    fn from_safetensors(name: &str, bytes: &[u8]) -> Result<Self> {
        let file = safetensors::SafeTensors::deserialize(bytes).map_err(|error| {
            Error::Model(format!("{name}: not a safetensors file ({} bytes): {error}", bytes.len()))
        })?;
        let mut arrays = HashMap::new();
        for (key, view) in file.tensors() {
            let data = match view.dtype() {
                safetensors::Dtype::F32 => floats(view.data()),
                safetensors::Dtype::F64 => {
                    view.data().as_chunks::<8>().0.iter().map(|bytes| f64::from_le_bytes(*bytes) as f32).collect()
                }
                // Counters, such as num_batches_tracked, are no weights.
                safetensors::Dtype::I64 | safetensors::Dtype::I32 => continue,
                other => {
                    return Err(Error::Model(format!(
                        "{name}: `{key}` has element type {other:?}, expected F32 or F64"
                    )));
                }
            };
            arrays.insert(key, Stored { shape: view.shape().to_vec(), numbers: Numbers::Read(data) });
        }
        Ok(Self { arrays })
    }

    /// Nothing is read yet: a small file can describe arrays of any size, and an architecture asks for few of them.
    fn from_pytorch(reader: PytorchReader, size: u64) -> Self {
        let stored = |tensor: pytorch_reader::Tensor| Stored {
            shape: tensor.shape().to_vec(),
            numbers: Numbers::PyTorch(tensor, size),
        };
        // Counters, such as num_batches_tracked, are no weights.
        let weights =
            reader.into_tensors().into_iter().filter(|(_, tensor)| !matches!(tensor.dtype(), DType::I64 | DType::I32));
        Self { arrays: weights.map(|(key, tensor)| (key, stored(tensor))).collect() }
    }

    /// Adds an array.
    pub fn insert(&mut self, name: impl Into<String>, shape: Vec<usize>, data: Vec<f32>) {
        self.arrays.insert(name.into(), Stored { shape, numbers: Numbers::Read(data) });
    }

    /// The shape of an array, if the file has it.
    pub fn shape(&self, name: &str) -> Option<&[usize]> {
        self.arrays.get(name).map(|stored| stored.shape.as_slice())
    }

    /// An array of the expected shape; 0 in `shape` stands for any size.
    pub(super) fn get(&self, name: &str, shape: &[usize]) -> Result<Array> {
        let Stored { shape: found, numbers } = self.arrays.get(name).ok_or_else(|| {
            let mut known: Vec<&str> = self.arrays.keys().map(String::as_str).collect();
            known.sort_unstable();
            known.truncate(5);
            Error::Model(format!(
                "no weights named `{name}`; the file has {} arrays, among them {}",
                self.arrays.len(),
                known.join(", ")
            ))
        })?;
        let fits = found.len() == shape.len()
            && found.iter().zip(shape).all(|(found, wanted)| *wanted == 0 || found == wanted);
        if !fits {
            return Err(Error::Model(format!("`{name}` has shape {found:?}, expected {shape:?} (0 is any size)")));
        }
        let data = match numbers {
            Numbers::Read(data) => data.clone(),
            Numbers::PyTorch(tensor, size) => {
                from_pytorch(tensor, *size).map_err(|why| Error::Model(format!("`{name}` {why}")))?
            }
        };
        Ok(Array::floats(found.clone(), data))
    }
}

/// The numbers of a tensor in a file of `size` bytes.
fn from_pytorch(tensor: &pytorch_reader::Tensor, size: u64) -> std::result::Result<Vec<f32>, String> {
    let dtype = tensor.dtype();
    let bytes = tensor.shape().iter().try_fold(dtype.size() as u64, |bytes, size| bytes.checked_mul(*size as u64));
    if bytes.is_none_or(|bytes| bytes > size) {
        return Err(format!("has shape {:?} in a file of {size} bytes: its numbers are not all there", tensor.shape()));
    }
    let read = || tensor.read().map_err(|error| format!("cannot be read: {error}"));
    match dtype {
        DType::F32 => Ok(floats(&read()?)),
        DType::F64 => Ok(read()?.as_chunks::<8>().0.iter().map(|bytes| f64::from_le_bytes(*bytes) as f32).collect()),
        other => Err(format!("has element type {other:?}, expected 32 or 64 bit floats")),
    }
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
}
