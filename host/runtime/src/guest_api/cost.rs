//! What the operations on tensors need, told before they run.

use lacuna_engine::Tensor;

/// The buffer of a product or a sum is there twice for a moment, since Burn's CPU backend aligns it anew.
pub(super) const PRODUCT: u64 = 2;

/// What an operation of several steps needs beside its operand, in bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cost {
    /// While it works, its result included.
    pub(super) peak: u64,
    /// What its gradient keeps beside the result.
    pub(super) kept: u64,
}

impl Cost {
    /// So many tensors of the size of the operand.
    pub(super) fn of_results(operand: &Tensor, count: u64) -> Cost {
        let all = operand.bytes().saturating_mul(count);
        Cost { peak: all, kept: all }
    }

    /// A sum over some axes, one after the other: each result is there beside the one that it is summed of. A sum over axes of
    /// size 1 is as large as its operand. An operand whose numbers do not lie in order is copied first.
    pub(super) fn of_sums(operand: &Tensor, over: &[usize]) -> Cost {
        let mut shape = operand.shape();
        let (mut peak, mut before) = (0_u64, 0_u64);
        // Over all axes there is one number at once.
        if !over.is_empty() {
            for axis in (0..shape.len()).filter(|axis| over.contains(axis)) {
                shape[axis] = 1;
                let made = bytes_of(shape.iter().copied());
                peak = peak.max(before.saturating_add(made.saturating_mul(PRODUCT)));
                before = made;
            }
        }
        Cost { peak: peak.saturating_add(in_order(operand)), kept: 0 }
    }

    /// One linear map for each spatial axis of images (N, C, ...), the last axis first: onto `to` elements, each made of up to
    /// `reach`. Each result is there beside what the next one is made of. For all axes but the last that is a copy whose lines
    /// are columns, a product, and a copy with its lines turned back.
    pub(super) fn of_maps(images: &Tensor, to: &[usize], reach: &[usize]) -> Cost {
        Cost::of_maps_of(images.shape(), images.is_tracked(), to, reach)
    }

    /// Images onto other spatial sizes.
    pub(super) fn of_resizing(images: &Tensor, to: &[usize]) -> Cost {
        Cost::of_resizing_of(images.shape(), images.is_tracked(), to)
    }

    fn of_resizing_of(shape: Vec<usize>, tracked: bool, to: &[usize]) -> Cost {
        let reach: Vec<usize> = shape.iter().skip(2).zip(to).map(|(from, to)| 2 + from / (*to).max(1)).collect();
        Cost::of_maps_of(shape, tracked, to, &reach)
    }

    /// One image (C, ...) of a batch onto `channels` and other spatial sizes, its result counted in what is kept; nothing if it
    /// has them.
    pub(super) fn of_fitting(image: &[usize], tracked: bool, channels: usize, to: &[usize]) -> Cost {
        let mut shape = [&[1], image].concat();
        let mut cost = Cost { peak: 0, kept: 0 };
        if shape.get(1).is_some_and(|found| *found != channels) {
            shape[1] = channels;
            cost.peak = bytes_of(shape.iter().copied()).saturating_mul(PRODUCT);
            cost.kept = bytes_of(shape.iter().copied());
        }
        if shape[2.min(shape.len())..] != *to {
            let made = bytes_of(shape.iter().take(2).chain(to).copied());
            let resizing = Cost::of_resizing_of(shape, tracked, to);
            cost.peak = cost.peak.max(cost.kept.saturating_add(resizing.peak));
            cost.kept = cost.kept.saturating_add(resizing.kept).saturating_add(made);
        }
        cost
    }

    fn of_maps_of(mut shape: Vec<usize>, tracked: bool, to: &[usize], reach: &[usize]) -> Cost {
        let matrices = matrices(&shape, tracked, to, reach);
        let (mut peak, mut kept, mut before) = (0_u64, matrices, 0_u64);
        let last = shape.len().saturating_sub(1);
        for (axis, to) in (2..shape.len()).zip(to).rev() {
            let given = bytes_of(shape.iter().copied());
            shape[axis] = *to;
            let made = bytes_of(shape.iter().copied());
            let copies = if axis == last { 0 } else { given.saturating_add(made) };
            peak = peak.max(before.saturating_add(copies).saturating_add(made.saturating_mul(PRODUCT)));
            kept = kept.saturating_add(copies).saturating_add(made);
            before = made;
        }
        Cost { peak: peak.saturating_add(matrices), kept: kept.saturating_sub(before) }
    }
}

/// Bytes of the matrices that lead from the last axes of images to `to` elements along each, each made of up to `reach`. An
/// axis of more than 4096 elements is worked on in parts, of which one is there at a time but for gradients.
fn matrices(images: &[usize], tracked: bool, to: &[usize], reach: &[usize]) -> u64 {
    const WHOLE: usize = 4096;
    const PART: usize = 2048;
    let axis = |from: usize, to: usize, reach: usize| match from.max(to) {
        0..=WHOLE => bytes_of([from, to]),
        _ if tracked => bytes_of([to, PART.max(reach)]),
        _ => bytes_of([PART, PART.max(reach)]),
    };
    let axes = images.iter().rev().zip(to.iter().zip(reach).rev());
    axes.map(|(from, (to, reach))| axis(*from, *to, *reach)).fold(0, u64::saturating_add)
}

/// Bytes of the copy that an operand is read from, where its numbers do not lie in order.
pub(super) fn in_order(operand: &Tensor) -> u64 {
    if operand.is_in_order() { 0 } else { operand.bytes() }
}

/// The sizes of the spatial axes of images (N, C, ...).
pub(super) fn spatial(images: &Tensor) -> Vec<usize> {
    images.shape().into_iter().skip(2).collect()
}

/// The shape of two shapes broadcast: two small tensors can ask for a very large one.
pub(super) fn broadcast(a: &[usize], b: &[usize]) -> Vec<usize> {
    let rank = a.len().max(b.len());
    let size = |shape: &[usize], i: usize| (i + shape.len()).checked_sub(rank).map_or(1, |i| shape[i]);
    (0..rank).map(|i| size(a, i).max(size(b, i))).collect()
}

/// The last two sizes of a shape.
pub(super) fn last_two(shape: &[usize]) -> [usize; 2] {
    let at = |back: usize| shape.len().checked_sub(back).map_or(1, |at| shape[at]);
    [at(2), at(1)]
}

/// Bytes of a tensor of this shape.
pub(super) fn bytes_of(shape: impl IntoIterator<Item = usize>) -> u64 {
    shape.into_iter().fold(size_of::<f32>() as u64, |bytes, size| bytes.saturating_mul(size as u64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use lacuna_engine::Device;

    #[test]
    fn a_sum_costs_what_lies_there_on_the_way() {
        let x = Tensor::full(&Device::cpu(), &[1, 2, 50, 60], 0.5).unwrap();
        let peak = |over: &[usize]| Cost::of_sums(&x, over).peak;
        assert_eq!(peak(&[]), 0);
        // As large as the operand, twice.
        assert_eq!(peak(&[0]), 2 * x.bytes());
        assert_eq!(peak(&[1]), x.bytes());
        // The first result beside the second.
        assert_eq!(peak(&[3, 2]), 2 * x.bytes() / 50);
        assert_eq!(peak(&[1, 0]), 2 * x.bytes());
        assert_eq!(peak(&[7]), 0, "the engine refuses it");
        let turned = x.permute(&[3, 2, 1, 0]).unwrap();
        assert_eq!(Cost::of_sums(&turned, &[]).peak, x.bytes(), "it is copied first");
    }

    #[test]
    fn fitting_an_image_costs_more_than_what_comes_of_it() {
        let fitting = |image: &[usize], channels, to: &[usize]| Cost::of_fitting(image, false, channels, to);
        let nothing = fitting(&[1, 32, 32], 1, &[32, 32]);
        assert_eq!((nothing.peak, nothing.kept), (0, 0));
        // Only the rows are there in between, and the result.
        let down = fitting(&[1, 4000, 4000], 1, &[32, 32]);
        assert!(down.peak >= bytes_of([4000, 32]) && down.peak < bytes_of([4000, 4000]), "{down:?}");
        let up = fitting(&[1, 32, 32], 1, &[4000, 4000]);
        assert!(up.peak >= 2 * bytes_of([4000, 4000]), "{up:?}");
        let coloured = fitting(&[1, 32, 32], 3, &[32, 32]);
        assert_eq!((coloured.peak, coloured.kept), (2 * bytes_of([3, 32, 32]), bytes_of([3, 32, 32])));
        // What is no image is the engine's to refuse.
        assert_eq!(fitting(&[], 1, &[]).peak, 0);
    }
}
