//! The option that chooses the device.

use crate::{
    console::Console,
    failure::{Failure, Result},
};
use lacuna_engine::{Device, DeviceChoice};

/// The option of every command that computes.
#[derive(Debug, clap::Args)]
pub struct DeviceArguments {
    /// `auto` (a GPU if there is one, else the CPU), `cpu`, `gpu`, `gpu:N`, or a part of an adapter's name
    #[arg(long, value_name = "DEVICE", default_value = "auto")]
    device: String,
}

impl DeviceArguments {
    /// Opens the device.
    pub fn open(&self, console: &Console) -> Result<Device> {
        open(console, &self.device, "--device", "--device cpu")
    }
}

/// Opens a device by what the user calls it. `place` is where the user did, and `always` what works everywhere there.
pub fn open(console: &Console, name: &str, place: &str, always: &str) -> Result<Device> {
    let choice: DeviceChoice = name.parse().map_err(|error| Failure::Input(format!("{place}: {error}")))?;
    let _waiting = console.wait("preparing the device");
    let remedy = format!("`lacuna devices` lists them, and `{always}` works everywhere");
    Device::open(&choice).map_err(|error| Failure::Input(format!("{place}: {error}. Remedy: {remedy}.")))
}
