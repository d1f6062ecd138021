//! The inner product that every convolution on the CPU comes down to.
//!
//! `out[o][n] = sum over k of weights[o][k] * input[offsets[k] + n]`: a matrix product whose
//! right-hand rows are windows into one buffer, so that no column matrix is ever written. A panel
//! holds [`ROWS`] output channels; the loop over `k` keeps a block of sums in registers, which is
//! why there is one body for AVX-512, one for AVX2 and one for any processor.

use super::instructions::Instructions;
use std::ops::Range;

/// Output channels that one panel computes together; a depthwise convolution has one for each input.
pub(super) const ROWS: usize = 8;

/// Most columns that one block of sums covers.
pub(super) const COLUMNS: usize = 48;

/// Columns that one register holds at most: a window is read up to the next multiple of this.
pub(super) const REGISTER: usize = 16;

/// Taps that a forward pass adds up before they join the sum. The rounding error of one long sum in single precision grows
/// with its length, and every ReLU that opens or closes by rounding changes a gradient by a whole path. In parts, few do:
/// integrated gradients of DenseNet121 on five images were off by 6e-4 from those in double precision, with parts as long as
/// there are parts by 9e-4 to 1.1e-3, which is what PyTorch is off by.
pub(super) const PART: usize = 16;

/// One long sum of all taps. It is near enough for gradients, which open no ReLU but under the guided rules, and for
/// transposed convolutions.
pub(super) const WHOLE: usize = usize::MAX;

/// The sums of one block; columns past the width asked for hold nothing of use.
pub(super) type Block = [[f32; COLUMNS]; ROWS];

impl Instructions {
    /// Fills `R` rows of `block` with the sums for at most [`COLUMNS`] columns, `part` taps at a time.
    ///
    /// `panel` is k rows of `R` weights. Every window is read up to a multiple of [`REGISTER`] columns, and the caller
    /// keeps as many numbers at the end of `input`.
    ///
    /// # Panics
    /// When a window ends outside `input`: a sum without it would be a wrong number that nobody sees.
    pub(super) fn product<const R: usize>(
        self,
        panel: &[f32],
        input: &[f32],
        offsets: &[usize],
        columns: Range<usize>,
        part: usize,
        block: &mut Block,
    ) {
        // Parts are for sums in single precision.
        let part = if self == Self::Portable && !FUSED { WHOLE } else { part };
        let (panel, _) = panel.as_chunks::<R>();
        if offsets.is_empty() {
            *block = [[0.0; COLUMNS]; ROWS];
        }
        for (index, (panel, offsets)) in panel.chunks(part).zip(offsets.chunks(part)).enumerate() {
            self.part(panel, input, offsets, columns.clone(), index > 0, block);
        }
    }

    /// Writes the sums of a few taps to `block`, or adds them to what is there.
    fn part<const R: usize>(
        self,
        panel: &[[f32; R]],
        input: &[f32],
        offsets: &[usize],
        columns: Range<usize>,
        add: bool,
        block: &mut Block,
    ) {
        let (start, width) = (columns.start, columns.len());
        match self {
            // SAFETY: only `Instructions::available` makes this variant, after it has seen the feature.
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => unsafe {
                match width {
                    0..=16 => x86::sums_512::<R, 1>(panel, input, offsets, start, add, block),
                    17..=32 => x86::sums_512::<R, 2>(panel, input, offsets, start, add, block),
                    _ => x86::sums_512::<R, 3>(panel, input, offsets, start, add, block),
                }
            },
            // SAFETY: as above, for AVX2 and FMA.
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => unsafe { x86::part_256(panel, input, offsets, columns, add, block) },
            Self::Portable => {
                for column in (0..width).step_by(8) {
                    portable(panel, input, offsets, start, column, add, block);
                }
            }
        }
    }
}

#[inline(always)]
fn window<const N: usize>(input: &[f32], from: usize) -> &[f32; N] {
    match input.get(from..).and_then(|rest| rest.first_chunk::<N>()) {
        Some(window) => window,
        None => outside(from, N, input.len()),
    }
}

#[cold]
#[inline(never)]
#[expect(clippy::panic, reason = "a bug of the convolution must stop it: what it computed would be wrong")]
fn outside(from: usize, length: usize, end: usize) -> ! {
    panic!("a window of {length} numbers from {from} on reaches past the end of the input, which is {end}")
}

/// Whether the processor that this is compiled for adds a product with one rounding.
const FUSED: bool = cfg!(any(target_feature = "fma", target_arch = "aarch64"));

/// Eight columns for each of `R` rows, no less exact than the other bodies: with two roundings for each tap, more ReLUs of a
/// deep network open or close by rounding.
fn portable<const R: usize>(
    panel: &[[f32; R]],
    input: &[f32],
    offsets: &[usize],
    start: usize,
    column: usize,
    add: bool,
    block: &mut Block,
) {
    let taps = panel.iter().zip(offsets.iter().map(|offset| window::<8>(input, offset + start + column)));
    let sums = match FUSED {
        true => sums(taps, |sum: f32, weight, x| weight.mul_add(x, sum), |sum| sum),
        false => sums(taps, |sum: f64, weight, x| sum + f64::from(weight) * f64::from(x), |sum| sum as f32),
    };
    for (to, from) in block.iter_mut().zip(&sums) {
        for (to, from) in to[column..column + 8].iter_mut().zip(from) {
            *to = if add { *to + from } else { *from };
        }
    }
}

/// The sums of taps, each of them `R` weights and a window, in numbers of type `A`.
#[inline(always)]
fn sums<'a, const R: usize, A: Copy + Default>(
    taps: impl Iterator<Item = (&'a [f32; R], &'a [f32; 8])>,
    add: impl Fn(A, f32, f32) -> A,
    round: impl Fn(A) -> f32,
) -> [[f32; 8]; R] {
    let mut sums = [[A::default(); 8]; R];
    for (weights, window) in taps {
        for (sum, weight) in sums.iter_mut().zip(weights) {
            for (s, x) in sum.iter_mut().zip(window) {
                *s = add(*s, *weight, *x);
            }
        }
    }
    sums.map(|row| row.map(&round))
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::{Block, ROWS, outside};
    use std::{
        arch::x86_64::{
            __m256, __m512, _mm256_add_ps, _mm256_fmadd_ps, _mm256_loadu_ps, _mm256_set1_ps, _mm256_setzero_ps,
            _mm256_storeu_ps, _mm512_add_ps, _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_set1_ps, _mm512_setzero_ps,
            _mm512_storeu_ps,
        },
        ops::Range,
    };

    /// Rows whose sums, three registers each, leave room for the windows and a weight.
    const HALF: usize = ROWS / 2;

    /// `V` registers of 16 columns for each of `R` rows: at most 24 of the 32 registers.
    #[target_feature(enable = "avx512f")]
    pub(super) fn sums_512<const R: usize, const V: usize>(
        panel: &[[f32; R]],
        input: &[f32],
        offsets: &[usize],
        start: usize,
        add: bool,
        block: &mut Block,
    ) {
        let mut sums: [[__m512; V]; R] = [[_mm512_setzero_ps(); V]; R];
        for (weights, offset) in panel.iter().zip(offsets) {
            let columns = window_of::<16, V>(input, offset + start);
            // SAFETY: each pointer comes from an array of 16 numbers; the load needs no alignment.
            let x: [__m512; V] = std::array::from_fn(|v| unsafe { _mm512_loadu_ps(columns[v].as_ptr()) });
            for r in 0..R {
                let weight = _mm512_set1_ps(weights[r]);
                for v in 0..V {
                    sums[r][v] = _mm512_fmadd_ps(weight, x[v], sums[r][v]);
                }
            }
        }
        for (to, from) in block.iter_mut().zip(&sums) {
            let (to, _) = to.as_chunks_mut::<16>();
            for (to, from) in to.iter_mut().zip(from) {
                // SAFETY: `to` is an array of 16 numbers; neither load nor store needs an alignment.
                unsafe {
                    let sum = if add { _mm512_add_ps(_mm512_loadu_ps(to.as_ptr()), *from) } else { *from };
                    _mm512_storeu_ps(to.as_mut_ptr(), sum);
                }
            }
        }
    }

    /// `V` registers of `N` columns.
    #[inline(always)]
    fn window_of<const N: usize, const V: usize>(input: &[f32], from: usize) -> &[[f32; N]; V] {
        match input.get(from..).and_then(|rest| rest.as_chunks::<N>().0.first_chunk::<V>()) {
            Some(window) => window,
            None => outside(from, N * V, input.len()),
        }
    }

    /// The columns in blocks of at most 24, four rows at a time: 12 of the 16 registers hold sums, so that three windows and four
    /// weights are read for twelve products. A single row takes up to six registers of columns, whose sums do not wait for each other.
    #[target_feature(enable = "avx2,fma")]
    pub(super) fn part_256<const R: usize>(
        panel: &[[f32; R]],
        input: &[f32],
        offsets: &[usize],
        columns: Range<usize>,
        add: bool,
        block: &mut Block,
    ) {
        let (start, width) = (columns.start, columns.len());
        let mut column = 0;
        while column < width {
            let at = (start, column);
            let registers = (width - column).div_ceil(8).min(if R == ROWS { 3 } else { 6 });
            match (R == ROWS, registers) {
                (true, 1) => sums_256::<R, 0, ROWS, 1>(panel, input, offsets, at, add, block),
                (true, 2) => {
                    sums_256::<R, 0, HALF, 2>(panel, input, offsets, at, add, block);
                    sums_256::<R, HALF, HALF, 2>(panel, input, offsets, at, add, block);
                }
                (true, _) => {
                    sums_256::<R, 0, HALF, 3>(panel, input, offsets, at, add, block);
                    sums_256::<R, HALF, HALF, 3>(panel, input, offsets, at, add, block);
                }
                (false, 1) => sums_256::<R, 0, 1, 1>(panel, input, offsets, at, add, block),
                (false, 2) => sums_256::<R, 0, 1, 2>(panel, input, offsets, at, add, block),
                (false, 3) => sums_256::<R, 0, 1, 3>(panel, input, offsets, at, add, block),
                (false, 4) => sums_256::<R, 0, 1, 4>(panel, input, offsets, at, add, block),
                (false, 5) => sums_256::<R, 0, 1, 5>(panel, input, offsets, at, add, block),
                (false, _) => sums_256::<R, 0, 1, 6>(panel, input, offsets, at, add, block),
            }
            column += 8 * registers;
        }
    }

    /// `V` registers of 8 columns for `H` of the panel's rows, from row `F` on; `at` is where the columns start, and the first of them.
    #[target_feature(enable = "avx2,fma")]
    fn sums_256<const R: usize, const F: usize, const H: usize, const V: usize>(
        panel: &[[f32; R]],
        input: &[f32],
        offsets: &[usize],
        (start, column): (usize, usize),
        add: bool,
        block: &mut Block,
    ) {
        let mut sums: [[__m256; V]; H] = [[_mm256_setzero_ps(); V]; H];
        for (weights, offset) in panel.iter().zip(offsets) {
            let columns = window_of::<8, V>(input, offset + start + column);
            // SAFETY: each pointer comes from an array of 8 numbers; the load needs no alignment.
            let x: [__m256; V] = std::array::from_fn(|v| unsafe { _mm256_loadu_ps(columns[v].as_ptr()) });
            for h in 0..H {
                let weight = _mm256_set1_ps(weights[F + h]);
                for v in 0..V {
                    sums[h][v] = _mm256_fmadd_ps(weight, x[v], sums[h][v]);
                }
            }
        }
        for (to, from) in block[F..F + H].iter_mut().zip(&sums) {
            let (to, _) = to[column..].as_chunks_mut::<8>();
            for (to, from) in to.iter_mut().zip(from) {
                // SAFETY: `to` is an array of 8 numbers; neither load nor store needs an alignment.
                unsafe {
                    let sum = if add { _mm256_add_ps(_mm256_loadu_ps(to.as_ptr()), *from) } else { *from };
                    _mm256_storeu_ps(to.as_mut_ptr(), sum);
                }
            }
        }
    }
}
