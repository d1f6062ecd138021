//! Random numbers that a seed fixes for good, on every machine and for any number of threads.

/// SplitMix64 (Steele, Lea and Flood 2014, "Fast splittable pseudorandom number generators").
#[derive(Clone, Debug)]
pub struct SplitMix(u64);

impl SplitMix {
    /// Starts the stream of `seed`.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A stream of its own for each purpose and each item, for example `&[RESAMPLE, image]`: what one item draws moves no
    /// other, and the order in which items are computed does not matter.
    pub fn stream(seed: u64, path: &[u64]) -> Self {
        let mut state = Self(seed).next_u64();
        for part in path {
            state = Self(state ^ part).next_u64();
        }
        Self(state)
    }

    /// The next 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Uniform in [0, 1).
    pub fn unit(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Uniform in 0 to n - 1, and 0 for an n of 0. The high half of a 128-bit product (Lemire 2019) without his rejection
    /// step, so an outcome is off its share by at most n / 2^64.
    pub fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.next_u64()) * n as u128) >> 64) as usize
    }

    /// Every order equally likely (Fisher and Yates; Durstenfeld 1964).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

/// A number that stands for a text: FNV-1a, 64 bit (Fowler, Noll and Vo).
pub(crate) fn hash(text: &str) -> u64 {
    text.bytes().fold(0xCBF2_9CE4_8422_2325, |state, byte| (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3))
}

#[cfg(test)]
mod tests {
    use super::{SplitMix, hash};

    #[test]
    fn the_numbers_are_those_of_the_published_generators() {
        // From the reference implementation, https://prng.di.unimi.it/splitmix64.c, state 1234567.
        let mut random = SplitMix::new(1_234_567);
        assert_eq!(random.next_u64(), 6_457_827_717_110_365_317);
        assert_eq!(random.next_u64(), 3_203_168_211_198_807_973);
        // From the test vectors of the FNV reference code, http://www.isthe.com/chongo/tech/comp/fnv/.
        assert_eq!(hash(""), 0xCBF2_9CE4_8422_2325);
        assert_eq!(hash("a"), 0xAF63_DC4C_8601_EC8C);
        assert_eq!(hash("foobar"), 0x8594_4171_F739_67E8);
    }

    #[test]
    fn numbers_below_n_and_shuffles_are_even() {
        let mut random = SplitMix::stream(7, &[1, 2]);
        let mut counts = [0_u32; 6];
        (0..60_000).for_each(|_| counts[random.below(6)] += 1);
        // Five deviations of a binomial with 60000 draws of 1/6 are 456.
        assert!(counts.iter().all(|&count| count.abs_diff(10_000) < 456), "{counts:?}");
        let mut first = [0_u32; 4];
        for _ in 0..40_000 {
            let mut items = [0, 1, 2, 3];
            random.shuffle(&mut items);
            first[items[0]] += 1;
        }
        assert!(first.iter().all(|&count| count.abs_diff(10_000) < 433), "{first:?}");
        assert_eq!(random.below(0), 0);
    }

    #[test]
    fn streams_differ_by_every_part_of_their_path() {
        let first = |path: &[u64]| SplitMix::stream(7, path).next_u64();
        let all = [first(&[]), first(&[1]), first(&[2]), first(&[1, 2]), first(&[2, 1])];
        assert!((0..all.len()).all(|i| !all[..i].contains(&all[i])), "{all:?}");
    }
}
