//! The graphics adapters of this machine.

use super::wgpu;

/// What an adapter is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AdapterKind {
    Discrete,
    Integrated,
    Virtual,
    /// A GPU's interface computed by the processor: for tests, taken only by name.
    Software,
    /// The embedded CPU backend, which is no adapter.
    Cpu,
    /// A device that the embedder handed in.
    Embedder,
}

impl AdapterKind {
    /// Whether there is real hardware behind it.
    pub fn is_gpu(self) -> bool {
        matches!(self, Self::Discrete | Self::Integrated | Self::Virtual)
    }
}

/// One graphics adapter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adapter {
    pub name: String,
    /// The graphics interface, for example Vulkan.
    pub interface: String,
    pub driver: String,
    pub kind: AdapterKind,
    /// Its place among the adapters of its kind.
    pub index_of_kind: usize,
}

/// Every adapter that can compute, in the system's order. Empty where there is no driver.
pub fn adapters() -> Vec<Adapter> {
    let descriptor = wgpu::InstanceDescriptor::new_without_display_handle();
    let instance = wgpu::Instance::new(descriptor);
    let found = pollster::block_on(instance.enumerate_adapters(wgpu::Backends::PRIMARY));
    let mut listed: Vec<Adapter> = Vec::new();
    for info in found.iter().map(wgpu::Adapter::get_info) {
        let kind = match info.device_type {
            wgpu::DeviceType::DiscreteGpu => AdapterKind::Discrete,
            wgpu::DeviceType::IntegratedGpu => AdapterKind::Integrated,
            wgpu::DeviceType::VirtualGpu => AdapterKind::Virtual,
            wgpu::DeviceType::Cpu => AdapterKind::Software,
            wgpu::DeviceType::Other => continue,
        };
        let index_of_kind = listed.iter().filter(|adapter| adapter.kind == kind).count();
        listed.push(Adapter {
            driver: driver(&info),
            name: info.name,
            interface: info.backend.to_string(),
            kind,
            index_of_kind,
        });
    }
    listed
}

/// The driver and its version.
pub(super) fn driver(info: &wgpu::AdapterInfo) -> String {
    format!("{} {}", info.driver, info.driver_info).trim().to_owned()
}
