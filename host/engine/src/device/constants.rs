//! Constant tensors that operations need again and again, in a bounded room.

use crate::Tensor;
use std::collections::HashMap;

/// What is kept of all of them: a guest may ask for other sizes on every call.
const ROOM: usize = 128 << 20;
/// A larger one is made anew each time.
const LARGEST: usize = 16 << 20;

/// Constants by what they are.
#[derive(Default)]
pub(super) struct Constants {
    kept: HashMap<String, Tensor>,
    bytes: usize,
}

impl Constants {
    pub(super) fn of(&self, key: &str) -> Option<Tensor> {
        self.kept.get(key).cloned()
    }

    /// Keeps a constant of so many bytes, unless it is large; what was kept gives way where there is no room.
    pub(super) fn keep(&mut self, key: String, bytes: usize, constant: Tensor) {
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
    use crate::Device;

    #[test]
    fn what_is_kept_has_a_bound_in_bytes() {
        let one = Tensor::full(&Device::cpu(), &[1], 1.0).unwrap();
        let mut constants = Constants::default();
        constants.keep("large".into(), LARGEST + 1, one.clone());
        assert!(constants.of("large").is_none());
        for index in 0..100 {
            constants.keep(format!("{index}"), LARGEST - 8, one.clone());
            assert!(constants.bytes <= ROOM && constants.of(&index.to_string()).is_some());
        }
        assert!(constants.kept.len() <= ROOM / (LARGEST - 8));
    }
}
