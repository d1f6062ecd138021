//! The inner product of windows, without what surrounds it: short enough for an interpreter that checks every access.

use crate::kernels::cpu::instructions::Instructions;
use crate::kernels::cpu::product::{Block, COLUMNS, REGISTER, ROWS};
use lacuna_tests::precision::{Exact, Poisoned, config, numbers, within};
use proptest::prelude::*;

fn follows<const R: usize>(
    offsets: &[usize],
    start: usize,
    width: usize,
    part: usize,
    seed: u64,
) -> Result<(), TestCaseError> {
    let end = offsets.iter().max().map_or(0, |furthest| furthest + start + width.next_multiple_of(REGISTER));
    let input = numbers(end, seed);
    let panel = numbers(offsets.len() * R, seed ^ 1);
    let given = Poisoned::new(&input);
    for instructions in Instructions::available() {
        let mut block: Block = [[f32::NAN; COLUMNS]; ROWS];
        instructions.product::<R>(&panel, given.numbers(), offsets, start..start + width, part, &mut block);
        for (row, sums) in block.iter().enumerate().take(R) {
            let exact = (0..width).map(|column| {
                let mut sum = Exact::default();
                for (k, offset) in offsets.iter().enumerate() {
                    sum.add(f64::from(panel[k * R + row]) * f64::from(input[offset + start + column]));
                }
                sum
            });
            within(&sums[..width], &exact.collect::<Vec<_>>())
                .map_err(|error| TestCaseError::fail(format!("{}, row {row}: {error}", instructions.name())))?;
        }
    }
    Ok(())
}

#[test]
fn random_sums_of_windows_follow_the_definition() {
    let offsets = prop::collection::vec(0..90_usize, 0..=40);
    let part = prop_oneof![Just(1), Just(16), Just(usize::MAX)];
    proptest!(config(), |(offsets in offsets, start in 0..=3_usize, width in 1..=COLUMNS, part in part, seed: u64)| {
        follows::<ROWS>(&offsets, start * COLUMNS, width, part, seed)?;
        follows::<1>(&offsets, start * COLUMNS, width, part, seed)?;
    });
}
