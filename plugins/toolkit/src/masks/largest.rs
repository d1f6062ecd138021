//! Marks the largest elements of a tensor, on the device.

use lacuna_plugin::{Error, Tensor};

/// How often the range of the numbers is halved; numbers that are then still together count as equal.
const HALVINGS: u32 = 24;

/// Marks the largest elements of each of `numbers` (N, 1, H, W) by 1, as many as `room` (N, 1, 1, 1) says, and the others
/// by 0; equal elements share the room that is left for them. Outside the graph.
///
/// # Errors
/// Numbers whose shape is not (N, 1, H, W), and what the host refuses.
pub fn largest(numbers: &Tensor, room: &Tensor) -> Result<Tensor, Error> {
    let numbers = numbers.detach();
    let most = |x: &Tensor| x.max_along(2).max_along(3);
    let count = |above: &Tensor| numbers.greater(above).sum(&[1, 2, 3]);
    // At least `room` elements are above `low`, fewer are above `high`.
    let mut high = most(&numbers);
    // Below the smallest, also where rounding swallows little.
    let below = (high.absolute() + most(&-&numbers).absolute()) * 1e-6 + 1e-6;
    let mut low = -most(&-&numbers) - below;
    for _ in 0..HALVINGS {
        let middle = ((&low + &high) * 0.5).check()?;
        let few = room.greater(&count(&middle));
        high = &high * (1.0 - &few) + &middle * &few;
        low = &low * &few + &middle * (1.0 - &few);
    }
    let (sure, equal) = (numbers.greater(&high), numbers.greater(&low));
    let share = (room - sure.sum(&[1, 2, 3])) / (&equal - &sure).sum(&[1, 2, 3]).clamp(1.0, f32::MAX);
    (&sure + (&equal - &sure) * share).check()
}
