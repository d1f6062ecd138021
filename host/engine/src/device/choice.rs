//! How a user names a device, and what `auto` takes.

use super::{Adapter, AdapterKind};
use crate::Error;
use std::str::FromStr;

/// A device as the user names it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum DeviceChoice {
    /// A real GPU if there is one, else the CPU backend.
    #[default]
    Auto,
    /// The embedded CPU backend.
    Cpu,
    /// The real GPU with this index, 0 for the first.
    Gpu(usize),
    /// An adapter by a part of its name; the only way to a software adapter.
    Named(String),
}

impl FromStr for DeviceChoice {
    type Err = Error;

    /// `auto`, `cpu`, `gpu`, `gpu:N`, or a part of an adapter's name.
    fn from_str(text: &str) -> Result<Self, Error> {
        match text {
            "auto" => Ok(Self::Auto),
            "cpu" => Ok(Self::Cpu),
            "gpu" => Ok(Self::Gpu(0)),
            "" => {
                Err(Error::argument("device", "name", "auto, cpu, gpu, gpu:N or a part of an adapter's name", "empty"))
            }
            _ => match text.strip_prefix("gpu:") {
                Some(index) => index.parse().map(Self::Gpu).map_err(|_| {
                    Error::argument("device", "index", "a whole number after gpu:, for example gpu:0", index)
                }),
                None => Ok(Self::Named(text.into())),
            },
        }
    }
}

impl std::fmt::Display for DeviceChoice {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Auto => formatter.write_str("auto"),
            Self::Cpu => formatter.write_str("cpu"),
            Self::Gpu(index) => write!(formatter, "gpu:{index}"),
            Self::Named(name) => formatter.write_str(name),
        }
    }
}

/// What `auto` takes: discrete before integrated before virtual, never a software adapter, which
/// is about a hundred times slower than the CPU backend. None means the CPU backend.
pub fn automatic(adapters: &[Adapter]) -> Option<&Adapter> {
    [AdapterKind::Discrete, AdapterKind::Integrated, AdapterKind::Virtual]
        .into_iter()
        .find_map(|kind| adapters.iter().find(|adapter| adapter.kind == kind))
}

pub(super) fn nothing_found(choice: &DeviceChoice, adapters: &[Adapter]) -> Error {
    let known: Vec<String> = adapters.iter().map(|adapter| format!("{} ({:?})", adapter.name, adapter.kind)).collect();
    let known = if known.is_empty() { "no graphics adapter at all".to_owned() } else { known.join(", ") };
    Error::Device(format!(
        "no device answers to `{choice}`; found: {known}. Choose one of them, or the device `cpu`, which always exists"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn adapter(name: &str, kind: AdapterKind) -> Adapter {
        Adapter { name: name.into(), interface: "Vulkan".into(), driver: String::new(), kind, index_of_kind: 0 }
    }

    #[test]
    fn names_are_read() {
        assert_eq!("gpu:2".parse(), Ok(DeviceChoice::Gpu(2)));
        assert_eq!("gpu".parse(), Ok(DeviceChoice::Gpu(0)));
        assert_eq!("llvmpipe".parse(), Ok(DeviceChoice::Named("llvmpipe".into())));
        assert!("gpu:x".parse::<DeviceChoice>().is_err());
        assert!("".parse::<DeviceChoice>().is_err());
    }

    #[test]
    fn automatic_prefers_a_discrete_gpu_and_never_takes_software() {
        let software = adapter("llvmpipe", AdapterKind::Software);
        let integrated = adapter("i", AdapterKind::Integrated);
        let discrete = adapter("d", AdapterKind::Discrete);
        assert_eq!(automatic(std::slice::from_ref(&software)), None);
        assert_eq!(automatic(&[software, integrated, discrete.clone()]), Some(&discrete));
    }
}
