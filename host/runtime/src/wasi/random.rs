//! Random numbers of WASI: the same in every run.

use lacuna_numeric::SplitMix;

/// Numbers from a fixed start. What a plugin draws for its result comes from the seed of the run, which the contract hands
/// it; what an interpreter draws for its hash tables has to be the same in every run.
pub(super) struct Random(SplitMix);

/// Any number would do.
const START: u64 = 0x6c61_6375_6e61;

impl Default for Random {
    fn default() -> Self {
        Self(SplitMix::new(START))
    }
}

impl Random {
    pub(super) fn next(&mut self) -> u64 {
        self.0.next_u64()
    }

    pub(super) fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(count);
        while bytes.len() < count {
            let word = self.next().to_le_bytes();
            bytes.extend_from_slice(&word[..word.len().min(count - bytes.len())]);
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_as_many_as_asked_for_and_start_the_same() {
        let draw = |count| Random::default().bytes(count);
        assert_eq!((draw(0).len(), draw(3).len(), draw(17).len()), (0, 3, 17));
        assert_eq!(draw(17)[..3], draw(3));
        let mut random = Random::default();
        assert_ne!(random.bytes(8), random.bytes(8));
    }
}
