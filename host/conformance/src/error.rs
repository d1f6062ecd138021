//! Why a plugin could not be checked. What a plugin does wrong is a check that does not hold, and no error.

use lacuna_runtime::PluginId;

/// The result of everything here that can fail.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a plugin could not be checked.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Error {
    /// There are no checks for classifiers.
    #[error("{0} is a classifier, for which there are no checks; expected a method, a perturbation or a metric")]
    Classifier(PluginId),
    /// The caller asked to stop.
    #[error("the checks were stopped")]
    Stopped,
    /// The device failed, or the reference classifier cannot be made.
    #[error(transparent)]
    Engine(#[from] lacuna_engine::Error),
}
