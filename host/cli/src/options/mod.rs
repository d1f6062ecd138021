//! Options that several commands share, and what these commands begin with.
//!
//! [`device`], [`models`], [`plugins`], [`limits`] and [`images`] turn arguments into values of a session; [`Start`] is what
//! every command with plugins opens first.

mod device;
mod images;
mod limits;
mod models;
mod plugins;

pub use device::{DeviceArguments, open as open_device};
pub use images::InputArguments;
pub use limits::AllowedArguments;
pub use models::BlackBoxArguments;
pub use plugins::{MethodArguments, PluginArguments};

use crate::{console::Console, failure::Result, interrupt};
use lacuna_engine::Device;
use lacuna_runtime::{CancelToken, Grant, Limits};
use lacuna_session::{Plugins, Session};

/// What a command with plugins begins with, before it opens a device: that takes seconds, and most mistakes in arguments
/// are found without one.
#[derive(Debug)]
pub struct Start {
    pub console: Console,
    pub cancel: CancelToken,
    pub plugins: Plugins,
    pub limits: Limits,
    pub granted: Vec<Grant>,
}

impl Start {
    /// Watches Ctrl-C, reads the limits, then finds and compiles every plugin.
    pub fn new(json: bool, plugins: &PluginArguments, allowed: &AllowedArguments) -> Result<Start> {
        let console = Console::new(json);
        let cancel = interrupt::watch()?;
        let limits = allowed.limits()?;
        let plugins = plugins.load(&console)?;
        Ok(Start { console, cancel, plugins, limits, granted: allowed.granted.clone() })
    }

    /// The session of this command on a device.
    pub fn session(&self, device: Device) -> Session<'_> {
        Session {
            watch: &self.console,
            plugins: &self.plugins,
            device,
            limits: self.limits.clone(),
            granted: self.granted.clone(),
            cancel: self.cancel.clone(),
        }
    }
}
