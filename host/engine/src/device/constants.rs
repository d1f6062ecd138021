//! Constant tensors that operations need again and again, in a bounded room.

use burn::backend::DispatchTensor;
use std::collections::HashMap;

/// What is kept of all of them: a guest may ask for other sizes on every call, and what is kept outlives its run.
const ROOM: usize = 64 << 20;
/// A larger one is made anew each time.
const LARGEST: usize = 16 << 20;

/// Constants by what they are. They know nothing of their device: it would never be given up if what it holds held it.
#[derive(Default)]
pub(super) struct Constants {
    kept: HashMap<String, DispatchTensor>,
    bytes: usize,
}

impl Constants {
    pub(super) fn of(&self, key: &str) -> Option<DispatchTensor> {
        self.kept.get(key).cloned()
    }

    /// Keeps a constant of so many bytes, unless it is large; what was kept gives way where there is no room.
    pub(super) fn keep(&mut self, key: String, bytes: usize, constant: DispatchTensor) {
        let bytes = bytes.saturating_add(key.len());
        if bytes > LARGEST || self.kept.contains_key(&key) {
            return;
        }
        if self.bytes.saturating_add(bytes) > ROOM {
            self.kept.clear();
            self.bytes = 0;
        }
        self.bytes += bytes;
        self.kept.insert(key, constant);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Device, Tensor};
    use std::sync::Arc;

    #[test]
    fn what_is_kept_has_a_bound_in_bytes() {
        let one = Tensor::full(&Device::cpu(), &[1], 1.0).unwrap();
        let mut constants = Constants::default();
        constants.keep("large".into(), LARGEST + 1, one.primitive());
        assert!(constants.of("large").is_none());
        for index in 0..100 {
            constants.keep(format!("{index}"), LARGEST - 8, one.primitive());
            assert!(constants.bytes <= ROOM && constants.of(&index.to_string()).is_some());
        }
        assert!(constants.kept.len() <= ROOM / (LARGEST - 8));
    }

    #[test]
    fn a_device_that_nobody_holds_gives_its_constants_up() {
        let device = Device::cpu();
        let inner = Arc::downgrade(&device.inner);
        let made = device.constant("one".into(), 4, || Tensor::full(&device, &[1], 1.0)).unwrap();
        drop((made, device));
        assert!(inner.upgrade().is_none());
    }
}
