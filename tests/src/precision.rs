//! Random cases, numbers to compute with, and what single precision may be off by.

use lacuna_numeric::SplitMix;
use proptest::test_runner::{Config, RngSeed, TestCaseError, contextualize_config};

/// As many cases as `PROPTEST_CASES` says, else 500: the same ones in each run, unless `PROPTEST_RNG_SEED` says otherwise.
pub fn config() -> Config {
    let ours = Config { cases: 500, rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..Config::default() };
    contextualize_config(ours)
}

/// Numbers in [-1, 1) that the seed decides (SplitMix64).
pub fn numbers(count: usize, seed: u64) -> Vec<f32> {
    let mut random = SplitMix::new(seed);
    (0..count).map(|_| (2.0 * random.unit24() - 1.0) as f32).collect()
}

/// Numbers in the middle of others that no result survives: what is read beside them shows.
#[derive(Debug)]
pub struct Poisoned(Vec<f32>);

/// As much as any kernel might read too far.
const BESIDE: usize = 4096;

impl Poisoned {
    pub fn new(numbers: &[f32]) -> Self {
        let nan = [f32::NAN; BESIDE];
        Self([&nan, numbers, &nan].concat())
    }

    pub fn numbers(&self) -> &[f32] {
        &self.0[BESIDE..self.0.len() - BESIDE]
    }
}

/// A sum in double precision, and what bounds the error of the same sum in single precision.
#[derive(Clone, Copy, Debug, Default)]
pub struct Exact {
    pub value: f64,
    /// Sum of the terms without their signs.
    pub size: f64,
    pub terms: usize,
}

impl Exact {
    pub fn add(&mut self, term: f64) {
        self.value += term;
        self.size += term.abs();
        self.terms += 1;
    }

    pub fn of(value: f64, size: f64, terms: usize) -> Self {
        Self { value, size, terms }
    }

    /// A sum of n terms in any order is off by at most n u / (1 - n u) times their size, u = 2^-24 (Higham 2002, Sec. 4.2);
    /// three more roundings for the product, a factor and an offset.
    pub fn bound(&self) -> f64 {
        let roundings = (self.terms + 3) as f64 / f64::from(1 << 24);
        roundings / (1.0 - roundings) * self.size + 1e-37
    }
}

/// Every number is within its bound.
pub fn within(found: &[f32], exact: &[Exact]) -> Result<(), TestCaseError> {
    if found.len() != exact.len() {
        return Err(TestCaseError::fail(format!("{} numbers, expected {}", found.len(), exact.len())));
    }
    for (index, (found, exact)) in found.iter().zip(exact).enumerate() {
        let error = (f64::from(*found) - exact.value).abs();
        if error.is_nan() || error > exact.bound() {
            return Err(TestCaseError::fail(format!(
                "number {index} is {found}, expected {} to within {:e}",
                exact.value,
                exact.bound()
            )));
        }
    }
    Ok(())
}
