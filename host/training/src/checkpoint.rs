//! Everything that decides the rest of a training, in one file.
//!
//! A safetensors file: `weights/NAME`, and for each learnt array Adam's `first/NAME` and `second/NAME`; the rest is JSON in
//! its metadata. It is written beside its name and renamed, so that what was there stays until all of the new one is.

use crate::trainer::Progressed;
use crate::{Error, Result};
use lacuna_diagnostic::Remedy;
use lacuna_engine::{Adam, AdamState, Device, Tensor, Trainable};
use lacuna_imaging::write_atomic;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::path::Path;

/// Name of the file in the output folder.
pub const CHECKPOINT_FILE: &str = "checkpoint.safetensors";
/// The weights of the best epoch so far, until the training ends.
pub(crate) const BEST_FILE: &str = "best.safetensors";
const METADATA: &str = "lacuna";

/// The part that is no array.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct State {
    /// Says which data and options this belongs to.
    pub(crate) fingerprint: serde_json::Value,
    pub(crate) progressed: Progressed,
    /// Steps that every optimiser has made.
    pub(crate) adam_steps: i32,
}

/// Named arrays in the order in which they are written.
type Arrays = Vec<(String, Tensor)>;

/// Writes networks alone, under their arrays' own names.
pub(crate) fn write_weights(path: &Path, networks: &[Trainable]) -> Result<()> {
    let arrays = networks.iter().flat_map(Trainable::arrays).map(|(name, value)| (name.to_owned(), value.clone()));
    write(path, &arrays.collect(), None)
}

/// Takes the arrays of a file that [`write_weights`] wrote.
pub(crate) fn read_weights(path: &Path, networks: &mut [Trainable]) -> Result<()> {
    let (arrays, _) = read(path, networks[0].device())?;
    for network in networks {
        let names: Vec<String> = network.arrays().map(|(name, _)| name.to_owned()).collect();
        for name in names {
            let value = arrays.get(&name).ok_or_else(|| foreign(path, &format!("no array `{name}`")))?;
            network.set(&name, value.clone()).map_err(|error| foreign(path, &error.to_string()))?;
        }
    }
    Ok(())
}

/// Writes a checkpoint; `optimisers` has one for each learnt array of each network.
pub(crate) fn save(path: &Path, networks: &[Trainable], optimisers: &[Vec<Adam>], state: &State) -> Result<()> {
    let mut arrays = Arrays::new();
    for (network, optimisers) in networks.iter().zip(optimisers) {
        arrays.extend(network.arrays().map(|(name, value)| (format!("weights/{name}"), value.clone())));
        for (name, optimiser) in network.learnt_names().zip(optimisers) {
            if let Some((first, second)) = optimiser.state().moments {
                arrays.push((format!("first/{name}"), first));
                arrays.push((format!("second/{name}"), second));
            }
        }
    }
    write(path, &arrays, Some(serde_json::to_string(state).map_err(|error| unwritable(path, &error))?))
}

/// Takes networks and optimisers back to a checkpoint; none where there is no file.
///
/// # Errors
/// [`Error::Input`] for a file that is no checkpoint, or one of other networks, data or options.
pub(crate) fn load(
    path: &Path,
    networks: &mut [Trainable],
    optimisers: &mut [Vec<Adam>],
    fingerprint: &serde_json::Value,
) -> Result<Option<Progressed>> {
    if !path.exists() {
        return Ok(None);
    }
    let (arrays, metadata) = read(path, networks[0].device())?;
    let state: State = metadata
        .and_then(|text| serde_json::from_str(&text).ok())
        .ok_or_else(|| foreign(path, "a safetensors file that is no checkpoint of this version"))?;
    if let Some((key, found, expected)) = difference(&state.fingerprint, fingerprint) {
        return Err(Error::input(
            path.display(),
            format!("a checkpoint of another training: its {key} is {found}"),
            format!("{key} {expected}, as is asked for now"),
            [Remedy::advice("repeat what was asked for first"), Remedy::another("out")],
        ));
    }
    let get = |name: String| arrays.get(&name).cloned().ok_or_else(|| foreign(path, &format!("no array `{name}`")));
    for (network, optimisers) in networks.iter_mut().zip(optimisers) {
        let learnt: Vec<String> = network.learnt_names().map(str::to_owned).collect();
        let names: Vec<String> = network.arrays().map(|(name, _)| name.to_owned()).collect();
        for name in names {
            let value = get(format!("weights/{name}"))?;
            network.set(&name, value).map_err(|error| foreign(path, &error.to_string()))?;
        }
        for (name, optimiser) in learnt.iter().zip(optimisers) {
            let moments = match state.adam_steps {
                0 => None,
                _ => Some((get(format!("first/{name}"))?, get(format!("second/{name}"))?)),
            };
            optimiser.restore(AdamState { steps: state.adam_steps, moments });
        }
    }
    Ok(Some(state.progressed))
}

/// The first key whose values differ, with both.
fn difference(found: &serde_json::Value, expected: &serde_json::Value) -> Option<(String, String, String)> {
    match (found, expected) {
        (serde_json::Value::Object(found), serde_json::Value::Object(expected)) => {
            expected.iter().find_map(|(key, expected)| {
                let (inner, found, expected) =
                    difference(found.get(key).unwrap_or(&serde_json::Value::Null), expected)?;
                Some((if inner.is_empty() { key.clone() } else { format!("{key}.{inner}") }, found, expected))
            })
        }
        (found, expected) if found == expected => None,
        (found, expected) => Some((String::new(), found.to_string(), expected.to_string())),
    }
}

fn write(path: &Path, arrays: &Arrays, metadata: Option<String>) -> Result<()> {
    let mut bytes = Vec::with_capacity(arrays.len());
    for (name, tensor) in arrays {
        let numbers: Vec<u8> = tensor.read()?.iter().flat_map(|number| number.to_le_bytes()).collect();
        bytes.push((name.as_str(), tensor.shape(), numbers));
    }
    let views: std::result::Result<Vec<_>, _> = bytes
        .iter()
        .map(|(name, shape, numbers)| Ok((*name, TensorView::new(Dtype::F32, shape.clone(), numbers)?)))
        .collect();
    let metadata = metadata.map(|text| HashMap::from([(METADATA.to_owned(), text)]));
    let file = views
        .and_then(|views| safetensors::serialize(views, metadata))
        .map_err(|error: safetensors::SafeTensorError| unwritable(path, &error))?;
    write_atomic(path, &file).map_err(|error| unwritable(path, &error))
}

fn read(path: &Path, device: &Device) -> Result<(HashMap<String, Tensor>, Option<String>)> {
    let bytes = std::fs::read(path).map_err(|error| foreign(path, &format!("it cannot be read ({error})")))?;
    let (_, header) = SafeTensors::read_metadata(&bytes).map_err(|error| foreign(path, &error.to_string()))?;
    let metadata = header.metadata().as_ref().and_then(|pairs| pairs.get(METADATA).cloned());
    let file = SafeTensors::deserialize(&bytes).map_err(|error| foreign(path, &error.to_string()))?;
    let mut arrays = HashMap::new();
    for (name, view) in file.tensors() {
        let numbers = view.data().as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        arrays.insert(name, Tensor::from_data(device, view.shape(), numbers)?);
    }
    Ok((arrays, metadata))
}

fn foreign(path: &Path, found: &str) -> Error {
    let remedies = [Remedy::another("out"), Remedy::advice("move the file away")];
    Error::input(path.display(), found, "a checkpoint of this network", remedies)
}

fn unwritable(path: &Path, cause: &dyn std::fmt::Display) -> Error {
    Error::Unwritable { path: path.display().to_string(), cause: cause.to_string() }
}
