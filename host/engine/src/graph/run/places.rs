//! What lists of axes, sizes and places say about the shape of a value.

use super::Inputs;
use crate::Result;

/// The axis that a number names; negative ones count from the end.
pub(super) fn resolved(axis: i64, rank: usize) -> Option<usize> {
    let axis = if axis < 0 { axis.checked_add(rank as i64)? } else { axis };
    usize::try_from(axis).ok().filter(|axis| *axis < rank)
}

/// Places along the first axes of a shape, `deep` numbers each, as places along all of them joined.
pub(super) fn joined(list: &[i64], deep: usize, shape: &[usize]) -> Option<Vec<usize>> {
    let along = shape.get(..deep).filter(|along| !along.is_empty())?;
    let place = |place: &[i64]| {
        place.iter().zip(along).try_fold(0, |joined, (at, size)| Some(joined * size + resolved(*at, *size)?))
    };
    list.chunks(deep).map(place).collect()
}

/// A start or an end within 0 ..= `size`; negative ones count from the end.
pub(super) fn range(start: i64, end: i64, size: usize) -> (usize, usize) {
    let clamp = |at: i64| (if at < 0 { at.saturating_add(size as i64) } else { at }).clamp(0, size as i64) as usize;
    (clamp(start), clamp(end))
}

/// What a slice takes of one axis.
#[derive(Clone, Copy, Debug)]
pub(super) struct Taken {
    pub(super) axis: usize,
    pub(super) start: usize,
    pub(super) count: usize,
    pub(super) step: i64,
}

impl Inputs<'_> {
    pub(super) fn axis(&self, axis: i64, rank: usize) -> Result<usize> {
        resolved(axis, rank).ok_or_else(|| self.refused(format!("axis {axis} of {rank} dimensions")))
    }

    /// Axes that a list names, each once.
    pub(super) fn axes(&self, list: &[i64], rank: usize) -> Result<Vec<usize>> {
        let mut axes = list.iter().map(|axis| self.axis(*axis, rank)).collect::<Result<Vec<_>>>()?;
        axes.sort_unstable();
        if axes.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(self.refused(format!("axes {list:?}, of which one is named twice")));
        }
        Ok(axes)
    }

    /// The shape that `Reshape` makes of `from`.
    pub(super) fn reshape(&self, from: &[usize], wanted: &[i64], zero_is_empty: bool) -> Result<Vec<usize>> {
        let total: usize = from.iter().product();
        let misfit = || self.refused(format!("the shape {wanted:?} for a value of shape {from:?}"));
        let mut shape = Vec::with_capacity(wanted.len());
        let mut open = None;
        for (axis, size) in wanted.iter().enumerate() {
            shape.push(match size {
                0 if !zero_is_empty => *from.get(axis).ok_or_else(misfit)?,
                -1 if open.is_none() => {
                    open = Some(axis);
                    1
                }
                size => usize::try_from(*size).map_err(|_| misfit())?,
            });
        }
        let known: usize =
            shape.iter().try_fold(1_usize, |product, size| product.checked_mul(*size)).ok_or_else(misfit)?;
        if let Some(open) = open {
            if known == 0 || !total.is_multiple_of(known) {
                return Err(misfit());
            }
            shape[open] = total / known;
        } else if known != total {
            return Err(misfit());
        }
        Ok(shape)
    }

    pub(super) fn flatten(&self, from: &[usize], axis: i64) -> Result<Vec<usize>> {
        let at = if axis == from.len() as i64 { from.len() } else { self.axis(axis, from.len())? };
        Ok(vec![from[..at].iter().product(), from[at..].iter().product()])
    }

    pub(super) fn squeeze(&self, from: &[usize]) -> Result<Vec<usize>> {
        let axes = match self.list(1)? {
            Some(list) => self.axes(&list, from.len())?,
            None => (0..from.len()).filter(|axis| from[*axis] == 1).collect(),
        };
        if let Some(wide) = axes.iter().find(|axis| from[**axis] != 1) {
            return Err(self.refused(format!("axis {wide} of a value of shape {from:?}, expected one of size 1")));
        }
        Ok(without(from, &axes))
    }

    pub(super) fn unsqueeze(&self, from: &[usize]) -> Result<Vec<usize>> {
        let list = self.list(1)?.ok_or_else(|| self.refused("axes are missing".into()))?;
        let axes = self.axes(&list, from.len() + list.len())?;
        let mut shape = from.to_vec();
        axes.iter().for_each(|axis| shape.insert(*axis, 1));
        Ok(shape)
    }

    pub(super) fn order(&self, order: Option<&Vec<i64>>, rank: usize) -> Result<Vec<usize>> {
        match order {
            None => Ok((0..rank).rev().collect()),
            Some(order) => {
                if self.axes(order, rank)?.len() != rank {
                    return Err(self.refused(format!("perm {order:?} for {rank} dimensions")));
                }
                order.iter().map(|axis| self.axis(*axis, rank)).collect()
            }
        }
    }

    /// What `Slice` takes along each axis that it names.
    pub(super) fn slices(&self, from: &[usize]) -> Result<Vec<Taken>> {
        let missing = || self.refused("starts and ends are missing".into());
        let (starts, ends) = (self.list(1)?.ok_or_else(missing)?, self.list(2)?.ok_or_else(missing)?);
        let axes = self.list(3)?.unwrap_or_else(|| (0..starts.len() as i64).collect());
        let steps = self.list(4)?.unwrap_or_else(|| vec![1; starts.len()]);
        if ends.len() != starts.len() || axes.len() != starts.len() || steps.len() != starts.len() {
            return Err(self.refused(format!(
                "{} starts, {} ends, {} axes and {} steps",
                starts.len(),
                ends.len(),
                axes.len(),
                steps.len()
            )));
        }
        self.axes(&axes, from.len())?;
        let one = |index: usize| {
            let (axis, step) = (self.axis(axes[index], from.len())?, steps[index]);
            let size = from[axis] as i64;
            let place = |at: i64| if at < 0 { at.saturating_add(size) } else { at };
            let (start, count) = match step {
                0 => return Err(self.refused("a step of 0".into())),
                step if step.unsigned_abs() > 1 << 31 => return Err(self.refused(format!("a step of {step}"))),
                1.. => {
                    let (start, end) = (place(starts[index]).clamp(0, size), place(ends[index]).clamp(0, size));
                    (start, (end - start).max(0).div_euclid(step) + i64::from((end - start).max(0) % step != 0))
                }
                _ => {
                    let (start, end) =
                        (place(starts[index]).clamp(0, size - 1), place(ends[index]).clamp(-1, size - 1));
                    let span = (start - end).max(0);
                    (start, span / -step + i64::from(span % -step != 0))
                }
            };
            Ok(Taken { axis, start: start.max(0) as usize, count: count as usize, step })
        };
        (0..starts.len()).map(one).collect()
    }

    /// The sizes of the parts of an axis.
    pub(super) fn parts(&self, size: usize, parts: usize) -> Result<Vec<usize>> {
        let Some(list) = self.list(1)? else {
            // Equal parts, the last one smaller where they do not come out even.
            let each = size.div_ceil(parts.max(1));
            return Ok((0..parts).map(|part| size.saturating_sub(part * each).min(each)).collect());
        };
        let sizes: Option<Vec<usize>> = list.iter().map(|size| usize::try_from(*size).ok()).collect();
        sizes.filter(|sizes| sizes.iter().sum::<usize>() == size && sizes.len() == parts).ok_or_else(|| {
            self.refused(format!("parts of the sizes {list:?} for {parts} outputs and an axis of {size}"))
        })
    }

    /// Places along an axis of `size`; negative ones count from the end.
    pub(super) fn places(&self, list: &[i64], size: usize) -> Result<Vec<usize>> {
        let one = |place: &i64| {
            resolved(*place, size).ok_or_else(|| self.refused(format!("place {place} of an axis of {size}")))
        };
        list.iter().map(one).collect()
    }
}

/// A shape without some axes.
pub(super) fn without(shape: &[usize], axes: &[usize]) -> Vec<usize> {
    shape.iter().enumerate().filter(|(axis, _)| !axes.contains(axis)).map(|(_, size)| *size).collect()
}
