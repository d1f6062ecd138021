//! A generator's manifest and files: read once, hashed, loaded.

use super::{ModelRecord, folder_of, read_manifest};
use crate::{error::Result, watch::Watch};
use lacuna_engine::{Device, Generator, GeneratorManifest, ModelFiles};
use std::path::Path;

/// A generator's manifest that was read, before its networks are loaded.
#[derive(Debug)]
pub struct GeneratorModel {
    manifest: GeneratorManifest,
    files: ModelFiles,
    record: ModelRecord,
}

impl GeneratorModel {
    /// Reads a manifest from a file.
    ///
    /// # Errors
    /// A file that cannot be read or used.
    pub fn read(path: &Path) -> Result<GeneratorModel> {
        let shown = path.display().to_string();
        let text = read_manifest(path, "a generator's .toml manifest", "generator")?;
        let manifest = GeneratorManifest::parse(&shown, &text)?;
        let files = folder_of(path);
        let model = &manifest.generator;
        let parts = [&model.graph, &model.encoder, &model.decoder, &model.weights];
        let record = ModelRecord::new(&shown, &text, (&manifest.name, &manifest.source), &parts, &files)?;
        Ok(GeneratorModel { manifest, files, record })
    }

    /// Loads the networks onto a device.
    ///
    /// # Errors
    /// Networks that cannot be used.
    pub fn load(&self, watch: &dyn Watch, device: &Device) -> Result<Generator> {
        let waiting = watch.wait(&format!("loading the generator `{}`", self.manifest.name));
        let generator = Generator::from_manifest(&self.record.manifest, &self.manifest, &self.files, device)?;
        self.record.unchanged(&self.files)?;
        drop(waiting);
        for note in &generator.info().notes {
            watch.warn(&format!("{}: {note}", self.manifest.name));
        }
        Ok(generator)
    }

    pub fn record(&self) -> &ModelRecord {
        &self.record
    }
}
