//! Options that bound what plugins may use, and grant what they ask for.

use crate::failure::{Failure, Result};
use lacuna_runtime::{Grant, Limits};

/// What plugins may use: each plugin of a run has its own account. Without an option nothing is granted.
#[derive(Debug, Default, clap::Args)]
pub struct AllowedArguments {
    /// Memory of a plugin's own, for example 512MiB
    #[arg(long, value_name = "SIZE")]
    guest_memory: Option<String>,
    /// Device memory that a plugin's handles keep alive, for example 8GiB
    #[arg(long, value_name = "SIZE")]
    device_memory: Option<String>,
    /// Live handles of a plugin
    #[arg(long, value_name = "COUNT")]
    handles: Option<String>,
    /// Time for a batch, for example 90s, 10min or 2h
    #[arg(long, value_name = "TIME")]
    wall_time: Option<String>,
    /// Numbers that a plugin may read back, where that is granted, for example 256MiB
    #[arg(long, value_name = "SIZE")]
    readback: Option<String>,
    /// The same limits by name, for example device-memory=8GiB
    #[arg(long = "limit", value_name = "NAME=VALUE")]
    named: Vec<String>,
    /// Grant a third-party plugin what it needs, for example my-method:readback, the right to read numbers of tensors
    #[arg(long = "grant", value_name = "PLUGIN:NEED")]
    pub granted: Vec<Grant>,
}

impl AllowedArguments {
    /// The defaults, changed by what was given.
    pub fn limits(&self) -> Result<Limits> {
        let own = [
            ("guest-memory", &self.guest_memory),
            ("device-memory", &self.device_memory),
            ("handles", &self.handles),
            ("wall-time", &self.wall_time),
            ("readback", &self.readback),
        ];
        let mut limits = Limits::default();
        for (name, value) in own {
            if let Some(value) = value {
                let set = limits.set(&format!("{name}={value}"));
                set.map_err(|error| Failure::Input(format!("--{name}: {error}")))?;
            }
        }
        for text in &self.named {
            limits.set(text)?;
        }
        Ok(limits)
    }
}
