//! How much of the machine one plugin may use.

use crate::text;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr, time::Duration};

/// What one plugin may use in one run. The method and the perturbation have each their own account; the wall time
/// counts for both together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Limits {
    /// Bytes of the guest's own memory, all its linear memories and tables together.
    pub guest_memory: u64,
    /// Bytes on the device that the guest's handles keep alive, with what the gradient graph keeps for them.
    pub device_bytes: u64,
    /// Number of live handles of any kind.
    pub handles: u32,
    /// Time from the start of the run to its end.
    #[serde(with = "seconds")]
    #[schemars(with = "f64")]
    pub wall_time: Duration,
    /// Bytes that `tensor.read` may copy into the guest in the whole run, once readback is granted; none otherwise.
    pub readback_bytes: u64,
}

impl Default for Limits {
    /// Room for batches of eight at 224 x 224 with a deep network many times over, on a laptop: 256 MiB of guest memory,
    /// 4 GiB on the device, 4096 handles, one hour, 64 MiB read back.
    fn default() -> Limits {
        Limits {
            guest_memory: 256 << 20,
            device_bytes: 4 << 30,
            handles: 4096,
            wall_time: Duration::from_secs(3600),
            readback_bytes: 64 << 20,
        }
    }
}

impl Limits {
    /// What a plugin may use to say what it is. It computes nothing, so it gets no device memory; an interpreter that it
    /// brings along needs as much of its own as in a run.
    pub(crate) fn for_description() -> Limits {
        Limits {
            guest_memory: Limits::default().guest_memory,
            device_bytes: 0,
            handles: 16,
            wall_time: Duration::from_secs(5),
            readback_bytes: 0,
        }
    }

    /// Changes one limit by text of the form `device-memory=4GiB`, `wall-time=10min` or `handles=10000`.
    ///
    /// Sizes take `KiB`, `MiB`, `GiB` (powers of 1024), `kB`, `MB`, `GB` (powers of 1000) or plain bytes; times take
    /// `s`, `min`, `h` or plain seconds.
    ///
    /// # Errors
    /// A name that is no limit, or a value that cannot be read or is zero.
    pub fn set(&mut self, text: &str) -> Result<(), LimitError> {
        let (name, value) = text.split_once('=').ok_or_else(|| LimitError::NoValue(text.to_owned()))?;
        let limit: Limit = name.trim().parse()?;
        let value = value.trim();
        let wrong = || LimitError::Value { limit, found: value.to_owned() };
        match limit {
            Limit::GuestMemory => self.guest_memory = size(value).ok_or_else(wrong)?,
            Limit::DeviceMemory => self.device_bytes = size(value).ok_or_else(wrong)?,
            Limit::Readback => self.readback_bytes = size(value).ok_or_else(wrong)?,
            Limit::WallTime => self.wall_time = time(value).ok_or_else(wrong)?,
            Limit::Handles => self.handles = value.parse().ok().filter(|n| *n > 0).ok_or_else(wrong)?,
        }
        Ok(())
    }
}

/// The limits by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Limit {
    GuestMemory,
    DeviceMemory,
    Handles,
    WallTime,
    Readback,
}

impl Limit {
    /// Every limit, in the order of [`Limits`].
    pub const ALL: [Limit; 5] =
        [Limit::GuestMemory, Limit::DeviceMemory, Limit::Handles, Limit::WallTime, Limit::Readback];

    /// The name as the command line and the contract spell it.
    pub fn name(self) -> &'static str {
        match self {
            Limit::GuestMemory => "guest-memory",
            Limit::DeviceMemory => "device-memory",
            Limit::Handles => "handles",
            Limit::WallTime => "wall-time",
            Limit::Readback => "readback",
        }
    }

    /// How a value of it looks, for messages.
    fn example(self) -> &'static str {
        match self {
            Limit::GuestMemory => "512MiB",
            Limit::DeviceMemory => "8GiB",
            Limit::Handles => "10000",
            Limit::WallTime => "2h",
            Limit::Readback => "256MiB",
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Limit {
    type Err = LimitError;

    fn from_str(name: &str) -> Result<Limit, LimitError> {
        let found = Limit::ALL.into_iter().find(|limit| limit.name() == name);
        found.ok_or_else(|| LimitError::Name(name.to_owned()))
    }
}

/// Text that sets no limit.
#[derive(Debug, thiserror::Error)]
pub enum LimitError {
    #[error("`{0}` sets no limit: write it as NAME=VALUE, for example `device-memory=8GiB`")]
    NoValue(String),
    #[error("there is no limit `{0}`: the limits are {names}", names = text::list(&Limit::ALL.map(Limit::name)))]
    Name(String),
    #[error("`{found}` is no value for the limit `{limit}`: write for example `{limit}={example}`", example = limit.example())]
    Value { limit: Limit, found: String },
}

fn size(text: &str) -> Option<u64> {
    const UNITS: [(&str, u64); 7] = [
        ("KiB", 1 << 10),
        ("MiB", 1 << 20),
        ("GiB", 1 << 30),
        ("kB", 1_000),
        ("MB", 1_000_000),
        ("GB", 1_000_000_000),
        ("", 1),
    ];
    let (number, unit) = UNITS.iter().find_map(|(name, size)| Some((text.strip_suffix(name)?, *size)))?;
    number.trim().parse::<u64>().ok()?.checked_mul(unit).filter(|bytes| *bytes > 0)
}

fn time(text: &str) -> Option<Duration> {
    const UNITS: [(&str, f64); 4] = [("min", 60.0), ("h", 3600.0), ("s", 1.0), ("", 1.0)];
    let (number, unit) = UNITS.iter().find_map(|(name, seconds)| Some((text.strip_suffix(name)?, *seconds)))?;
    let seconds = number.trim().parse::<f64>().ok()? * unit;
    Duration::try_from_secs_f64(seconds).ok().filter(|time| !time.is_zero())
}

/// A time in a record: seconds as a number.
mod seconds {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};
    use std::time::Duration;

    pub(super) fn serialize<S: Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(time.as_secs_f64())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        Duration::try_from_secs_f64(f64::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_limit_can_be_set_by_the_example_that_its_error_shows() {
        for limit in Limit::ALL {
            let before = Limits::default();
            let mut after = before.clone();
            after.set(&format!("{limit}={}", limit.example())).unwrap();
            assert_ne!(before, after, "{limit}");
        }
    }

    #[test]
    fn units_are_understood_and_nonsense_is_refused() {
        let mut limits = Limits::default();
        limits.set("guest-memory=3MB").unwrap();
        limits.set("wall-time=1.5min").unwrap();
        assert_eq!((limits.guest_memory, limits.wall_time), (3_000_000, Duration::from_secs(90)));
        for wrong in
            ["guest-memory", "memory=1", "handles=0", "handles=-1", "wall-time=soon", "device-memory=99999999999GiB"]
        {
            assert!(limits.set(wrong).is_err(), "{wrong}");
        }
    }
}
