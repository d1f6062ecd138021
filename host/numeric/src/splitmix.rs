//! Random numbers that a seed fixes for good, on every machine, on every device and for any number of threads.

use std::f64::consts::TAU;

/// SplitMix64 (Steele, Lea and Flood 2014, "Fast splittable pseudorandom number generators").
///
/// There are two sets of numbers with a fraction: [`unit`](Self::unit) and [`normal`](Self::normal) have 53 random bits;
/// [`unit24`](Self::unit24) and [`normal24`](Self::normal24) have 24, so that they stay below 1 in single precision. Results
/// that were made with one set need that set again.
#[derive(Clone, Debug)]
pub struct SplitMix(u64);

/// Each draw adds this to the state.
const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

impl SplitMix {
    /// Starts the stream of `seed`.
    #[inline]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Starts a stream of its own for each purpose and each item, for example `&[RESAMPLE, image]`: the numbers of one item
    /// move those of no other, and the order in which items are computed does not matter.
    pub fn stream(seed: u64, path: &[u64]) -> Self {
        let mut state = Self(seed).next_u64();
        for part in path {
            state = Self(state ^ part).next_u64();
        }
        Self(state)
    }

    /// The generator as it is `draws` numbers later.
    #[inline]
    pub fn after(&self, draws: u64) -> Self {
        Self(self.0.wrapping_add(draws.wrapping_mul(STEP)))
    }

    /// The next 64 bits.
    #[inline]
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A uniform number in [0, 1), of 53 bits.
    #[inline]
    pub fn unit(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A uniform number in [0, 1), of 24 bits: it is exact as `f32`, and so stays below 1.
    #[inline]
    pub fn unit24(&mut self) -> f64 {
        (self.next_u64() >> 40) as f64 / (1_u64 << 24) as f64
    }

    /// A uniform number in [low, high), from [`unit`](Self::unit).
    #[inline]
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// A uniform angle in [0, 2 pi), from [`unit`](Self::unit).
    #[inline]
    pub fn angle(&mut self) -> f64 {
        TAU * self.unit()
    }

    /// A standard normal number (Box and Muller 1958), from two of [`unit`](Self::unit).
    #[inline]
    pub fn normal(&mut self) -> f64 {
        let (first, second) = (self.unit(), self.unit());
        box_muller(first, second)
    }

    /// A standard normal number (Box and Muller 1958), from two of [`unit24`](Self::unit24).
    #[inline]
    pub fn normal24(&mut self) -> f64 {
        let (first, second) = (self.unit24(), self.unit24());
        box_muller(first, second)
    }

    /// A uniform whole number in 0 to n - 1, and 0 for an n of 0. It is the high half of a 128-bit product (Lemire 2019)
    /// without his rejection step, so the probability of each outcome is off by at most 2^-64.
    #[inline]
    pub fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.next_u64()) * n as u128) >> 64) as usize
    }

    /// Puts the items in an order, each order equally likely (Fisher and Yates; Durstenfeld 1964).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

/// A normal number from two uniform ones in [0, 1).
fn box_muller(radius: f64, turn: f64) -> f64 {
    (-2.0 * (1.0 - radius).ln()).sqrt() * (TAU * turn).cos()
}

#[cfg(test)]
mod tests {
    use super::SplitMix;

    #[test]
    fn the_numbers_are_those_of_the_published_generator() {
        // From the reference implementation, https://prng.di.unimi.it/splitmix64.c, state 1234567.
        let mut random = SplitMix::new(1_234_567);
        for expected in [
            6_457_827_717_110_365_317_u64,
            3_203_168_211_198_807_973,
            9_817_491_932_198_370_423,
            4_593_380_528_125_082_431,
            16_408_922_859_458_223_821,
        ] {
            assert_eq!(random.next_u64(), expected);
        }
    }

    #[test]
    fn any_number_of_a_stream_can_be_drawn_alone() {
        let mut random = SplitMix::new(9);
        let drawn: Vec<u64> = (0..50).map(|_| random.next_u64()).collect();
        for (index, number) in drawn.iter().enumerate() {
            assert_eq!(SplitMix::new(9).after(index as u64).next_u64(), *number);
        }
    }

    /// A fraction is the highest bits of a draw, divided by a power of two.
    #[test]
    fn fractions_are_the_highest_bits() {
        let mut draws = SplitMix::new(5);
        let (mut long, mut short) = (SplitMix::new(5), SplitMix::new(5));
        for _ in 0..1000 {
            let draw = draws.next_u64();
            assert_eq!(long.unit(), (draw >> 11) as f64 * 2.0_f64.powi(-53));
            let unit = short.unit24();
            assert_eq!(unit, (draw >> 40) as f64 * 2.0_f64.powi(-24));
            assert!(f64::from(unit as f32) == unit && (unit as f32) < 1.0);
        }
    }

    #[test]
    fn normal_numbers_have_mean_0_and_deviation_1() {
        for draw in [SplitMix::normal, SplitMix::normal24] {
            let mut random = SplitMix::new(7);
            let numbers: Vec<f64> = (0..20_000).map(|_| draw(&mut random)).collect();
            let mean = numbers.iter().sum::<f64>() / 20_000.0;
            let variance = numbers.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 20_000.0;
            assert!(mean.abs() < 0.03 && (variance - 1.0).abs() < 0.05, "{mean} {variance}");
        }
    }

    #[test]
    fn numbers_below_n_and_shuffles_are_even() {
        let mut random = SplitMix::stream(7, &[1, 2]);
        let mut counts = [0_u32; 6];
        (0..60_000).for_each(|_| counts[random.below(6)] += 1);
        // Five standard deviations of a binomial with 60000 draws of 1/6 are 456.
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
