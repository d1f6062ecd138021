//! The one device that every tensor of a host lives on, chosen once at run time.

mod adapters;
mod choice;
mod constants;

pub use adapters::{Adapter, AdapterKind, adapters};
pub use choice::{DeviceChoice, automatic};

use crate::kernels::cpu::instructions::Instructions;
use crate::{Error, Result};
use burn::tensor::DeviceKind;
use constants::Constants;
use std::sync::{Arc, Mutex, PoisonError};

/// An embedder's own instance, adapter, device and queue.
pub use burn::tensor::wgpu::WgpuSetup;
/// The wgpu that the device runs on: an embedder hands in handles of exactly this version.
pub use burn::tensor::wgpu::wgpu;

/// Where tensors live and are computed. Cheap to clone; opened once per host.
#[derive(Clone)]
pub struct Device {
    inner: Arc<Inner>,
}

struct Inner {
    burn: burn::tensor::Device,
    name: String,
    driver: Option<String>,
    kind: AdapterKind,
    constants: Mutex<Constants>,
}

impl Device {
    /// Opens the device of the user's choice.
    ///
    /// # Errors
    /// [`Error::Device`] when no adapter answers to the choice; it lists those that exist. Also when the environment
    /// variable `LACUNA_INSTRUCTIONS`, by which tests and benchmarks choose the kernels of the CPU, names none that the
    /// processor can run.
    pub fn open(choice: &DeviceChoice) -> Result<Self> {
        Instructions::check()?;
        match choice {
            DeviceChoice::Cpu => Ok(Self::cpu()),
            DeviceChoice::Auto => {
                let adapters = adapters();
                match choice::automatic(&adapters) {
                    Some(adapter) => Self::gpu(adapter),
                    None => Ok(Self::cpu()),
                }
            }
            DeviceChoice::Gpu(index) => {
                let adapters = adapters();
                let mut real = adapters.iter().filter(|adapter| adapter.kind.is_gpu());
                real.nth(*index).ok_or_else(|| choice::nothing_found(choice, &adapters)).and_then(Self::gpu)
            }
            DeviceChoice::Named(name) => {
                let adapters = adapters();
                let wanted = name.to_lowercase();
                let mut named = adapters.iter().filter(|adapter| adapter.name.to_lowercase().contains(&wanted));
                named.next().ok_or_else(|| choice::nothing_found(choice, &adapters)).and_then(Self::gpu)
            }
        }
    }

    /// The embedded CPU backend, which every machine has. Its name says which instructions its kernels use.
    pub fn cpu() -> Self {
        Self::new(
            burn::tensor::Device::flex(),
            format!("cpu, {} threads, {}", rayon::current_num_threads(), Instructions::chosen().name()),
            None,
            AdapterKind::Cpu,
        )
    }

    /// A device that the embedder opened and goes on using, for example to draw.
    ///
    /// # Errors
    /// [`Error::Device`] when the runtime cannot work on it.
    pub fn from_wgpu(setup: WgpuSetup) -> Result<Self> {
        let info = setup.adapter.get_info();
        let burn = burn::tensor::Device::wgpu_options().setup(setup).init().map_err(|error| {
            Error::Device(format!("the wgpu device that was handed in ({}) cannot be used: {error}", info.name))
        })?;
        let driver = adapters::driver(&info);
        Ok(Self::new(burn, info.name, Some(driver), AdapterKind::Embedder))
    }

    fn gpu(adapter: &Adapter) -> Result<Self> {
        let kind = match adapter.kind {
            AdapterKind::Discrete => DeviceKind::DiscreteGpu(adapter.index_of_kind),
            AdapterKind::Integrated => DeviceKind::IntegratedGpu(adapter.index_of_kind),
            AdapterKind::Virtual => DeviceKind::VirtualGpu(adapter.index_of_kind),
            AdapterKind::Software | AdapterKind::Cpu | AdapterKind::Embedder => DeviceKind::Cpu,
        };
        // A runtime can be set up once per process; a second host shares what the first one opened.
        static OPENED: Mutex<Vec<(String, burn::tensor::Device)>> = Mutex::new(Vec::new());
        let mut opened = OPENED.lock().unwrap_or_else(PoisonError::into_inner);
        let key = format!("{kind:?}");
        let burn = match opened.iter().find(|(known, _)| *known == key) {
            Some((_, burn)) => burn.clone(),
            None => {
                let burn = burn::tensor::Device::wgpu_options().device_kind(kind).init().map_err(|error| {
                    Error::Device(format!("{} cannot be opened: {error}; the device `cpu` always works", adapter.name))
                })?;
                opened.push((key, burn.clone()));
                burn
            }
        };
        let name = format!("{} ({})", adapter.name, adapter.interface);
        Ok(Self::new(burn, name, Some(adapter.driver.clone()), adapter.kind))
    }

    fn new(burn: burn::tensor::Device, name: String, driver: Option<String>, kind: AdapterKind) -> Self {
        Self { inner: Arc::new(Inner { burn, name, driver, kind, constants: Mutex::default() }) }
    }

    /// The name of the processor or adapter, for people.
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// The driver of an adapter and its version, in the driver's own words.
    pub fn driver(&self) -> Option<&str> {
        self.inner.driver.as_deref()
    }

    pub fn kind(&self) -> AdapterKind {
        self.inner.kind
    }

    /// Whether the embedded CPU backend computes here.
    pub fn is_cpu(&self) -> bool {
        self.inner.kind == AdapterKind::Cpu
    }

    /// Waits until everything that was asked for is computed.
    ///
    /// # Errors
    /// [`Error::Device`] when a computation failed.
    pub fn synchronise(&self) -> Result<()> {
        self.inner.burn.sync().map_err(|error| Error::Device(format!("{}: {error}", self.name())))
    }

    pub(crate) fn burn(&self) -> &burn::tensor::Device {
        &self.inner.burn
    }

    /// A constant of so many bytes, which is kept for the next call that wants it where it is not large.
    pub(crate) fn constant(
        &self,
        key: String,
        bytes: usize,
        make: impl FnOnce() -> Result<crate::Tensor>,
    ) -> Result<crate::Tensor> {
        let constants = || self.inner.constants.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = constants().of(&key) {
            return Ok(crate::Tensor::wrap(self, found));
        }
        // Other calls do not wait while it is made.
        let made = make()?;
        constants().keep(key, bytes, made.primitive());
        Ok(made)
    }
}

impl std::fmt::Debug for Device {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Device({})", self.name())
    }
}
