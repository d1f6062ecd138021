//! Many normal numbers at once, the same bits on every processor and for any number of threads.
//!
//! Box and Muller 1958: the radius sqrt(-2 ln u) and the angle of one draw make two numbers. Pair i comes from draw i
//! of SplitMix64, whose state after i draws is known, so that any part of a list can be made alone. Logarithm, sine
//! and cosine are the polynomials of Cephes in single precision (Moshier 1992; errors below 2e-7): without branches,
//! so that they run on vectors, and without the system's library, which differs between systems.

use lacuna_numeric::SplitMix;
use rayon::prelude::*;

/// Numbers that one task makes.
const TASK: usize = 1 << 13;

/// Pairs that are made together.
const GROUP: usize = 32;

/// `count` numbers with the given mean and standard deviation. A shorter list of the same seed is the start of a
/// longer one.
pub(super) fn normals(count: usize, mean: f32, deviation: f32, seed: u64) -> Vec<f32> {
    let mut out = vec![0.0; count];
    out.par_chunks_mut(TASK).enumerate().for_each(|(task, out)| {
        let mut random = SplitMix::new(seed).after((task * TASK / 2) as u64);
        for out in out.chunks_mut(2 * GROUP) {
            let pairs = group(&mut random);
            for (out, (cosine, sine)) in out.chunks_mut(2).zip(pairs[0].iter().zip(&pairs[1])) {
                out[0] = mean + deviation * cosine;
                if let Some(second) = out.get_mut(1) {
                    *second = mean + deviation * sine;
                }
            }
        }
    });
    out
}

/// The first and the second numbers of the next pairs.
fn group(random: &mut SplitMix) -> [[f32; GROUP]; 2] {
    let (mut high, mut low) = ([0_i32; GROUP], [0_i32; GROUP]);
    for (high, low) in high.iter_mut().zip(&mut low) {
        let draw = random.next_u64();
        (*high, *low) = ((draw >> 40) as i32, draw as i32);
    }
    let mut pairs = [[0.0; GROUP]; 2];
    for i in 0..GROUP {
        // 24 bits in (0, 1], so that the logarithm is finite.
        let radius = (-2.0 * logarithm((high[i] + 1) as f32 * (1.0 / (1 << 24) as f32))).sqrt();
        let (sine, cosine) = sine_and_cosine(low[i]);
        pairs[0][i] = radius * cosine;
        pairs[1][i] = radius * sine;
    }
    pairs
}

/// ln x of a positive normal number (Cephes, `logf`).
#[inline(always)]
fn logarithm(x: f32) -> f32 {
    const SQRT_HALF: i32 = 0x3f35_04f3;
    let bits = x.to_bits() as i32;
    let exponent = (bits - SQRT_HALF) >> 23;
    let m = f32::from_bits((bits - (exponent << 23)) as u32) - 1.0;
    let exponent = exponent as f32;
    let mut p = 7.037_683_6e-2_f32;
    for c in [
        -1.151_461e-1,
        1.167_699_84e-1,
        -1.242_014_1e-1,
        1.424_932_3e-1,
        -1.666_805_8e-1,
        2.000_071_5e-1,
        -2.499_999_4e-1,
        3.333_333e-1,
    ] {
        p = p * m + c;
    }
    let square = m * m;
    // ln 2 in two parts, the first of which times an exponent is exact.
    let small = p * m * square + exponent * -2.121_944_4e-4 - 0.5 * square;
    m + small + exponent * (355.0 / 512.0)
}

/// Sine and cosine of an angle of `turn` / 2^32 turns (Cephes, `sinf` and `cosf`), up to a fixed eighth of a turn.
#[inline(always)]
fn sine_and_cosine(turn: i32) -> (f32, f32) {
    // The highest two bits are the quadrant; the others are an angle from -45 to 45 degrees.
    let rest = ((turn & 0x3fff_ffff) - (1 << 29)) as f32;
    let x = rest * (std::f32::consts::FRAC_PI_2 / (1 << 30) as f32);
    let z = x * x;
    let sine = ((-1.951_529_6e-4 * z + 8.332_161e-3) * z - 1.666_665_5e-1) * z * x + x;
    let cosine = ((2.443_315_7e-5 * z - 1.388_731_6e-3) * z + 4.166_664_6e-2) * z * z - 0.5 * z + 1.0;
    let odd = (turn & (1 << 30)) != 0;
    let (a, b) = if odd { (cosine, sine) } else { (sine, cosine) };
    // The sine is negative in quadrants 2 and 3, the cosine in 1 and 2.
    let sine_sign = turn as u32 & (1 << 31);
    let cosine_sign = (turn as u32 ^ (turn as u32) << 1) & (1 << 31);
    (f32::from_bits(a.to_bits() ^ sine_sign), f32::from_bits(b.to_bits() ^ cosine_sign))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_functions_are_those_of_the_library() {
        for i in 0..200_000_i64 {
            let u = (i * 83 + 1) as f32 / (1 << 24) as f32;
            let ln = f64::from(u).ln();
            assert!((f64::from(logarithm(u)) - ln).abs() <= 2e-7 * ln.abs().max(1e-3), "ln {u}");
            let turn = (i * 21_474 - (1 << 31)) as i32;
            let angle = (f64::from(turn) / 4_294_967_296.0 - 0.125) * std::f64::consts::TAU;
            let (sine, cosine) = sine_and_cosine(turn);
            assert!((f64::from(sine) - angle.sin()).abs() < 2e-7, "sin {angle}: {sine}");
            assert!((f64::from(cosine) - angle.cos()).abs() < 2e-7, "cos {angle}: {cosine}");
        }
    }

    #[test]
    fn a_list_depends_on_the_seed_alone() {
        let long = normals(3 * TASK + 7, 1.0, 2.0, 9);
        for count in [1, 2, 65, TASK - 1, TASK + 1, 2 * TASK + 33] {
            assert_eq!(long[..count], normals(count, 1.0, 2.0, 9));
        }
        let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        assert_eq!(long, one.install(|| normals(long.len(), 1.0, 2.0, 9)));
    }

    #[test]
    fn the_moments_are_those_of_a_normal_distribution() {
        let numbers = normals(1_000_000, 0.0, 1.0, 3);
        let moment = |power: i32| numbers.iter().map(|x| f64::from(*x).powi(power)).sum::<f64>() / 1e6;
        for (power, expected) in [(1, 0.0), (2, 1.0), (3, 0.0), (4, 3.0), (6, 15.0)] {
            assert!((moment(power) - expected).abs() < 0.02 * f64::from(power * power), "moment {power}");
        }
        for lag in 1..4 {
            let together = numbers.windows(lag + 1).map(|w| f64::from(w[0] * w[lag])).sum::<f64>() / 1e6;
            assert!(together.abs() < 5e-3, "lag {lag}: {together}");
        }
    }
}
