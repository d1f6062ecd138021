//! Random numbers for the guest's own decisions; tensors of noise are made on the device.

use std::ops::RangeInclusive;

/// SplitMix64 (Steele, Lea and Flood 2014): the same seed gives the same numbers everywhere.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// A generator that depends on the seed only.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Any 64 bits, for example the seed of something else.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A whole number of the range, each equally likely (to within 2^-32).
    pub fn within(&mut self, range: RangeInclusive<i32>) -> i32 {
        let (low, high) = (i64::from(*range.start()), i64::from(*range.end()));
        let count = (high - low + 1).max(1) as u64;
        let drawn = low + (((self.bits() >> 32) * count) >> 32) as i64;
        drawn as i32
    }
}

#[cfg(test)]
mod tests {
    use super::Random;

    #[test]
    fn follows_the_published_sequence() {
        // The reference implementation's first outputs for the seed 1234567.
        let mut random = Random::new(1_234_567);
        assert_eq!(random.bits(), 6_457_827_717_110_365_317);
        assert_eq!(random.bits(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn within_covers_its_range() {
        let mut random = Random::new(7);
        let drawn: Vec<i32> = (0..1000).map(|_| random.within(-4..=4)).collect();
        for value in -4..=4 {
            assert!(drawn.contains(&value), "{value} never drawn");
        }
        assert!(drawn.iter().all(|value| (-4..=4).contains(value)));
        assert_eq!(random.within(3..=3), 3);
    }
}
