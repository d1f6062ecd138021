//! Which vector instructions the CPU kernels use.

use crate::{Error, Result};
use std::sync::OnceLock;

/// The environment variable by which tests and benchmarks choose the instructions: `avx512`, `avx2` or `portable`.
const VARIABLE: &str = "LACUNA_INSTRUCTIONS";

/// A set of instructions; each has kernels of its own. The variants that need a feature of the processor come from
/// [`Instructions::available`] alone, which has seen it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Instructions {
    #[cfg(target_arch = "x86_64")]
    Avx512,
    /// AVX2 with fused products and sums (FMA).
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// What the compiler makes of plain loops, on any processor.
    Portable,
}

impl Instructions {
    /// The sets of instructions that this processor has, the widest first.
    pub(crate) fn available() -> Vec<Self> {
        let mut available = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            let fused = std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma");
            if fused && std::arch::is_x86_feature_detected!("avx512f") {
                available.push(Self::Avx512);
            }
            if fused {
                available.push(Self::Avx2);
            }
        }
        available.push(Self::Portable);
        available
    }

    /// The widest that this processor has, or those that `LACUNA_INSTRUCTIONS` names, found once. What the variable names
    /// and the processor lacks is refused by [`Instructions::check`]; the name of the device says what is in use.
    pub(crate) fn chosen() -> Self {
        static CHOSEN: OnceLock<Instructions> = OnceLock::new();
        *CHOSEN.get_or_init(|| {
            let widest = Self::available().first().copied().unwrap_or(Self::Portable);
            Self::named_by_user().ok().flatten().unwrap_or(widest)
        })
    }

    /// # Errors
    /// [`Error::Device`] when `LACUNA_INSTRUCTIONS` names what is unknown or what this processor lacks.
    pub(crate) fn check() -> Result<()> {
        Self::named_by_user().map(drop)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => "avx512",
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => "avx2",
            Self::Portable => "portable",
        }
    }

    fn named_by_user() -> Result<Option<Self>> {
        match std::env::var_os(VARIABLE) {
            Some(name) if !name.is_empty() => Self::named(&name.to_string_lossy()).map(Some),
            _ => Ok(None),
        }
    }

    fn named(name: &str) -> Result<Self> {
        let available = Self::available();
        available.iter().copied().find(|instructions| instructions.name() == name).ok_or_else(|| {
            let known: Vec<&str> = available.into_iter().map(Self::name).collect();
            Error::Device(format!(
                "the environment variable {VARIABLE} is `{name}`, expected one of {}, which this processor has; unset it to \
                 use the widest",
                known.join(", ")
            ))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_and_others_refused() {
        for instructions in Instructions::available() {
            assert_eq!(Instructions::named(instructions.name()), Ok(instructions));
        }
        let refused = Instructions::named("sse9").unwrap_err().to_string();
        assert!(refused.contains("is `sse9`, expected one of") && refused.contains("portable"), "{refused}");
    }

    #[test]
    fn the_variable_is_obeyed() {
        let chosen = Instructions::chosen();
        match std::env::var(VARIABLE) {
            Ok(name) if !name.is_empty() => assert_eq!(chosen.name(), name),
            _ => assert_eq!(Some(chosen), Instructions::available().first().copied()),
        }
        assert!(crate::Device::cpu().name().ends_with(chosen.name()), "{}", crate::Device::cpu().name());
    }
}
