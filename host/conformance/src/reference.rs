//! The small classifier that plugins are checked with, and the demo shows: `healthy` or `lesion` on made images.

use lacuna_engine::{Error, Manifest, ModelFiles, Result};
use safetensors::{SafeTensors, tensor::TensorView};
use std::sync::Arc;

/// Its manifest. It and the weights were made from seed 7 by a trainer that only made this network, last seen in commit 17e177d;
/// `lacuna phantom train` makes another classifier of the same architecture.
pub const MANIFEST: &str = include_str!("../assets/reference/model.toml");
/// How the manifest is called in messages.
pub const NAME: &str = "the reference classifier's model.toml";
/// The file of its weights that the manifest names.
const WEIGHTS: &[(&str, &[u8])] = &[("model.safetensors", include_bytes!("../assets/reference/model.safetensors"))];

/// The manifest, read.
///
/// # Errors
/// None with the manifest as it is.
pub fn manifest() -> Result<Manifest> {
    Manifest::parse(NAME, MANIFEST)
}

/// The files of the reference classifier, which travel inside the program.
pub fn files() -> ModelFiles {
    ModelFiles::Embedded(WEIGHTS)
}

/// The files with zeros for the arrays `classifier.*`: every image gets the same answer.
pub(crate) fn files_without_an_answer() -> Result<ModelFiles> {
    let unreadable = |error: safetensors::SafeTensorError| Error::Model(format!("the reference weights: {error}"));
    let mut files = Vec::new();
    for (name, bytes) in WEIGHTS {
        let arrays = SafeTensors::deserialize(bytes).map_err(unreadable)?;
        let zeros: Vec<u8> = vec![0; bytes.len()];
        let mut views = Vec::new();
        for (array, view) in arrays.tensors() {
            let data = match array.starts_with("classifier.") {
                true => zeros.get(..view.data().len()).unwrap_or_default(),
                false => view.data(),
            };
            views.push((array, TensorView::new(view.dtype(), view.shape().to_vec(), data).map_err(unreadable)?));
        }
        files.push(((*name).to_owned(), safetensors::serialize(views, None).map_err(unreadable)?));
    }
    Ok(ModelFiles::InMemory(Arc::new(files)))
}
