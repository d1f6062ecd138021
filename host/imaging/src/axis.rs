//! One axis of a plot: its range, the position of a value on it, and its ticks at round numbers.

/// An axis from the smallest to the largest of its values, with a margin at both ends.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Axis {
    low: f64,
    high: f64,
    kind: AxisKind,
    /// (position, label) of each tick; positions run from 0 at the lower end to 1 at the upper.
    pub(crate) ticks: Vec<(f64, String)>,
}

/// The scale of an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AxisKind {
    Linear,
    /// Logarithm to base 10; positive values only.
    Logarithmic,
}

impl AxisKind {
    /// Whether the axis can show a value; beyond 1e300 differences would be infinite.
    pub(crate) fn holds(self, value: f64) -> bool {
        value.abs() <= 1e300 && (self == Self::Linear || value > 0.0)
    }

    /// The value, or its logarithm on a logarithmic axis.
    fn scaled(self, value: f64) -> f64 {
        if self == Self::Logarithmic { value.log10() } else { value }
    }
}

impl Axis {
    /// Makes an axis for `values`; those that it cannot hold are left out. `margin` is the free fraction of the span at either
    /// end. Ticks divide the axis into at most `parts`. Without values it runs from 0 to 1, or from 1 to 10 if logarithmic.
    pub(crate) fn over(values: impl Iterator<Item = f64>, kind: AxisKind, margin: f64, parts: f64) -> Self {
        let (mut least, mut most, mut whole) = (f64::INFINITY, f64::NEG_INFINITY, true);
        for value in values.filter(|&value| kind.holds(value)) {
            (least, most, whole) = (least.min(value), most.max(value), whole && value.fract() == 0.0);
        }
        if least > most {
            // No value; on a logarithmic axis this is 1 to 10.
            (least, most, whole) = (0.0, 1.0, false);
        } else {
            (least, most) = (kind.scaled(least), kind.scaled(most));
        }
        let span = most - least;
        let size = least.abs().max(most.abs());
        let (mut low, high) = if span > size * 1e-9 && span > 1e-300 {
            (least - margin * span, most + margin * span)
        } else {
            // One value: a range around it.
            let reach = if kind == AxisKind::Logarithmic || size < 1e-300 { 0.5 } else { 0.1 * size };
            (least - reach, most + reach)
        };
        if kind == AxisKind::Linear && least >= 0.0 {
            low = low.max(0.0);
        }
        let ticks = match kind {
            // Whole numbers above 1 are counts, such as epochs, which get no fractional ticks.
            AxisKind::Linear => round_numbers(low, high, parts, if whole && most > 1.0 { 1.0 } else { 0.0 }),
            AxisKind::Logarithmic => decades(low, high, parts),
        };
        let place = |value: f64| (kind.scaled(value) - low) / (high - low);
        // Rounding may put a tick at an end slightly outside.
        let ticks = ticks.into_iter().map(|(value, label)| (place(value), label));
        let ticks = ticks.filter(|(place, _)| (-1e-6..=1.0 + 1e-6).contains(place)).collect();
        Self { low, high, kind, ticks }
    }

    /// The scale of the axis.
    pub(crate) fn kind(&self) -> AxisKind {
        self.kind
    }

    /// The position of a value: 0 at the lower end, 1 at the upper.
    pub(crate) fn place(&self, value: f64) -> f64 {
        (self.kind.scaled(value) - self.low) / (self.high - self.low)
    }
}

/// Ticks at multiples of 1, 2 or 5 times a power of ten, at least `least_step` apart and at most `parts` intervals.
fn round_numbers(low: f64, high: f64, parts: f64, least_step: f64) -> Vec<(f64, String)> {
    let raw = (high - low) / parts;
    let power = 10_f64.powf(raw.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power).into_iter().find(|&step| step >= raw);
    let step = step.unwrap_or(raw).max(least_step);
    let (first, last) = ((low / step - 1e-9).ceil(), (high / step + 1e-9).floor());
    let largest = low.abs().max(high.abs());
    (0..=(last - first).clamp(0.0, 20.0) as i32)
        .map(|index| (first + f64::from(index)) * step)
        .map(|value| (value, label(value, step, largest)))
        .collect()
}

/// Ticks at powers of ten, and at 2 and 5 times those where the axis spans at most 2.5 decades; round numbers below one decade.
fn decades(low: f64, high: f64, parts: f64) -> Vec<(f64, String)> {
    let span = high - low;
    if span < 1.0 {
        return round_numbers(10_f64.powf(low), 10_f64.powf(high), parts, 0.0);
    }
    let factors: &[f64] = if span <= 2.5 { &[1.0, 2.0, 5.0] } else { &[1.0] };
    let stride = (span / (parts + 2.0)).ceil().max(1.0) as i32;
    (low.floor() as i32..=high.ceil() as i32)
        .filter(|exponent| exponent.rem_euclid(stride) == 0)
        .flat_map(|exponent| factors.iter().map(move |factor| factor * 10_f64.powi(exponent)))
        .map(|value| (value, label(value, value, value)))
        .collect()
}

/// The label of a tick, with as many digits as distinguish ticks one `step` apart.
fn label(value: f64, step: f64, largest: f64) -> String {
    let exponent = |value: f64| (value.abs().log10() + 1e-9).floor();
    if value.abs() < step * 1e-6 {
        "0".to_owned()
    } else if (1e-4..1e6).contains(&step) && largest < 1e6 {
        format!("{value:.digits$}", digits = (-exponent(step)).max(0.0) as usize)
    } else {
        format!("{value:.digits$e}", digits = (exponent(value) - exponent(step)).clamp(0.0, 15.0) as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::{Axis, AxisKind};

    fn labels(values: &[f64], kind: AxisKind) -> Vec<String> {
        Axis::over(values.iter().copied(), kind, 0.0, 6.0).ticks.into_iter().map(|(_, label)| label).collect()
    }

    #[test]
    fn ticks_are_round() {
        use AxisKind::{Linear, Logarithmic};
        assert_eq!(labels(&[0.0, 1.0], Linear), ["0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(labels(&[f64::NAN], Linear), labels(&[0.0, 1.0], Linear));
        assert_eq!(labels(&[-1.0], Logarithmic), ["1", "2", "5", "10"]);
        assert_eq!(labels(&[1.0, 3.0], Linear), ["1", "2", "3"]);
        assert_eq!(labels(&[-2e7, 2e7], Linear), ["-2e7", "-1e7", "0", "1e7", "2e7"]);
        assert_eq!(labels(&[1e-4, 10.0], Logarithmic), ["0.0001", "0.001", "0.01", "0.1", "1", "10"]);
        assert_eq!(labels(&[0.1, 2.0], Logarithmic), ["0.1", "0.2", "0.5", "1", "2"]);
        assert_eq!(labels(&[0.2, 0.6], Logarithmic), ["0.2", "0.3", "0.4", "0.5", "0.6"]);
    }

    #[test]
    fn any_values_make_an_axis() {
        let extreme = [f64::NAN, f64::INFINITY, 1e300, -1e300, f64::MAX, f64::MIN_POSITIVE, 5e-324, 0.0, -1.0, 1.0];
        for kind in [AxisKind::Linear, AxisKind::Logarithmic] {
            for a in extreme {
                for b in extreme {
                    let axis = Axis::over([a, b].into_iter(), kind, 0.05, 6.0);
                    assert!(axis.ticks.len() <= 25, "{a} to {b}: {:?}", axis.ticks);
                    for value in [a, b].into_iter().filter(|&value| kind.holds(value)) {
                        assert!((0.0..=1.0).contains(&axis.place(value)), "{value} of {a} to {b} lies outside");
                    }
                }
            }
        }
    }
}
