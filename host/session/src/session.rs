//! What a door opens before any work: [`Session`], and the [`Models`] that it loads.

use crate::{
    error::{Error, Result},
    model::{GeneratorModel, Model},
    plugins::Plugins,
    watch::Watch,
};
use lacuna_engine::{Classifier, Device, Generator};
use lacuna_runtime::{CancelToken, Grant, Host, Limits};

/// What all work of a door shares: who watches it, the plugins, the device, and what plugins may use.
#[derive(Clone, Debug)]
pub struct Session<'a> {
    pub watch: &'a dyn Watch,
    pub plugins: &'a Plugins,
    pub device: Device,
    /// Each plugin of a run has its own account with these limits.
    pub limits: Limits,
    pub granted: Vec<Grant>,
    pub cancel: CancelToken,
}

impl<'a> Session<'a> {
    /// A session with the default limits, in which nothing is granted and nobody asked to stop.
    pub fn new(watch: &'a dyn Watch, plugins: &'a Plugins, device: Device) -> Session<'a> {
        Session { watch, plugins, device, limits: Limits::default(), granted: Vec::new(), cancel: CancelToken::new() }
    }

    /// The sandbox that runs the plugins.
    pub fn host(&self) -> &'a Host {
        &self.plugins.host
    }

    /// Stops here if the caller asked for it.
    ///
    /// # Errors
    /// [`Error::Stopped`].
    pub fn check(&self) -> Result<()> {
        match self.cancel.is_cancelled() {
            true => Err(Error::Stopped),
            false => Ok(()),
        }
    }
}

/// What a session explains and, where one was given, the model of healthy images, both on the session's device.
#[derive(Debug)]
pub struct Models<'a> {
    pub model: &'a Model,
    pub classifier: Classifier,
    pub generator: Option<(&'a GeneratorModel, Generator)>,
}

impl<'a> Models<'a> {
    /// Loads the classifier, then the generator.
    ///
    /// # Errors
    /// Those of [`Model::load`] and [`GeneratorModel::load`].
    pub fn load(session: &Session<'_>, model: &'a Model, generator: Option<&'a GeneratorModel>) -> Result<Models<'a>> {
        let classifier = model.load(session.watch, &session.device)?;
        Models { model, classifier, generator: None }.with(session, generator)
    }

    /// Loads both for work on images.
    ///
    /// # Errors
    /// Those of [`Model::load_for_images`] and [`GeneratorModel::load`].
    pub fn load_for_images(
        session: &Session<'_>,
        model: &'a Model,
        generator: Option<&'a GeneratorModel>,
    ) -> Result<Models<'a>> {
        let classifier = model.load_for_images(session.watch, &session.device)?;
        Models { model, classifier, generator: None }.with(session, generator)
    }

    fn with(self, session: &Session<'_>, generator: Option<&'a GeneratorModel>) -> Result<Models<'a>> {
        let load = |model: &'a GeneratorModel| Ok::<_, Error>((model, model.load(session.watch, &session.device)?));
        Ok(Models { generator: generator.map(load).transpose()?, ..self })
    }
}
