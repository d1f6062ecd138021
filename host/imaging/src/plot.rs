//! Draws curves over a common axis, such as losses over epochs, with title, legend, grid and a marked position.
//!
//! The legend is above the curves, never on them; the colours can be distinguished without full colour vision.

use plotters::prelude::RGBColor;

use crate::Result;
use crate::axis::{Axis, AxisKind};
use crate::canvas::{Anchor, Canvas, Point, shorten, text_width, wrap};
use crate::error::{Error, ErrorKind};
use crate::picture::Picture;

/// A curve. Points that are NaN or infinite are left out, as are values of 0 and less on a logarithmic axis; the line is
/// interrupted there.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Curve {
    /// The name in the legend.
    pub name: String,
    /// Points (x, y), joined in this order.
    pub points: Vec<(f64, f64)>,
}

/// The content of a plot, which [`plot`] draws.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Plot {
    /// The title, above the legend.
    pub title: String,
    /// Label of the horizontal axis, with its unit.
    pub x: String,
    /// Label of the vertical axis, with its unit.
    pub y: String,
    /// 1 to 14 curves; the eighth and later ones are dashed.
    pub curves: Vec<Curve>,
    /// A vertical line at this x with a label, such as the best epoch.
    pub mark: Option<(f64, String)>,
    /// Whether the vertical axis is logarithmic, to base 10.
    pub logarithmic: bool,
}

/// Draws a plot as a picture of 560 x 900 pixels (height x width); the same plot gives the same bytes.
///
/// # Errors
/// Refuses a plot without curves or with more than 14, and a mark that is NaN or infinite.
pub fn plot(plot: &Plot) -> Result<Picture> {
    check(plot)?;
    let mut canvas = Canvas::new(HEIGHT as usize, WIDTH as usize);
    let frame = Frame::of(plot, title_and_legend(plot, &mut canvas)?)?;
    frame.draw(plot, &mut canvas)?;
    let mut drawn = false;
    for (index, curve) in plot.curves.iter().enumerate() {
        drawn |= frame.curve(curve, index, &mut canvas)?;
    }
    if !drawn {
        let middle = (0.5 * (frame.left + frame.right), 0.5 * (frame.top + frame.bottom));
        canvas.text("no values to draw", middle, LABEL, Anchor::Middle)?;
    }
    if let Some((x, label)) = &plot.mark {
        frame.mark(*x, label, &mut canvas)?;
    }
    Ok(canvas.finish())
}

const HEIGHT: f64 = 560.0;
const WIDTH: f64 = 900.0;
const MARGIN: f64 = 28.0;
/// Heights of text, in pixels.
const TITLE: f64 = 24.0;
const LABEL: f64 = 18.0;
const TICK: f64 = 16.0;
/// Length of a curve's sample in the legend, in pixels.
const SAMPLE: f64 = 26.0;
/// Curves of at most so many points show each point as a disc.
const DOTTED: usize = 40;

const GRID: RGBColor = RGBColor(228, 228, 228);
const AXIS: RGBColor = RGBColor(96, 96, 96);

/// Colours of curves: M. Okabe and K. Ito, "Color Universal Design" (2008), without the yellow, which is illegible on white.
const COLOURS: [RGBColor; 7] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(0, 0, 0),
];

fn check(plot: &Plot) -> Result<()> {
    let most = 2 * COLOURS.len();
    if plot.curves.is_empty() || plot.curves.len() > most {
        return Err(Error::new(
            ErrorKind::Shape,
            format!("{} curves for the plot `{}`", plot.curves.len(), plot.title),
            format!("1 to {most}, as many as can be told apart"),
            "draw the others in a plot of their own",
        ));
    }
    match &plot.mark {
        Some((x, label)) if !AxisKind::Linear.holds(*x) => Err(Error::new(
            ErrorKind::NonFinite,
            format!("the mark `{label}` at {x} in the plot `{}`", plot.title),
            "a finite position",
            "leave the mark out where there is nothing to mark",
        )),
        _ => Ok(()),
    }
}

/// Colour and dash of a curve.
fn style(index: usize) -> (RGBColor, Option<f64>) {
    (COLOURS[index % COLOURS.len()], (index >= COLOURS.len()).then_some(7.0))
}

/// Draws title and legend from the top and returns the y at which they end, in pixels.
fn title_and_legend(plot: &Plot, canvas: &mut Canvas) -> Result<f64> {
    let mut y = MARGIN;
    for line in wrap(&plot.title, TITLE, WIDTH - 2.0 * MARGIN, 2)? {
        canvas.text(&line, (MARGIN, y), TITLE, Anchor::Start)?;
        y += 1.3 * TITLE;
    }
    let mut x = MARGIN;
    for (index, curve) in plot.curves.iter().enumerate() {
        let name = shorten(&curve.name, LABEL, 0.45 * (WIDTH - 2.0 * MARGIN) - SAMPLE)?;
        let length = SAMPLE + 8.0 + text_width(&name, LABEL)?;
        if x > MARGIN && x + length > WIDTH - MARGIN {
            (x, y) = (MARGIN, y + 1.3 * LABEL);
        }
        let (colour, dash) = style(index);
        canvas.line(&[(x, y), (x + SAMPLE, y)], 3.0, colour, dash)?;
        canvas.text(&name, (x + SAMPLE + 8.0, y), LABEL, Anchor::Start)?;
        x += length + 22.0;
    }
    Ok(y + LABEL)
}

/// The rectangle between the axes, in pixels, with its two axes.
struct Frame {
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
    x: Axis,
    y: Axis,
}

impl Frame {
    fn of(plot: &Plot, top: f64) -> Result<Self> {
        let kind = y_kind(plot);
        let shown = || plot.curves.iter().flat_map(|curve| &curve.points).filter(|point| visible(**point, kind));
        let mark = plot.mark.as_ref().map(|(x, _)| *x);
        let top = if mark.is_some() { top + 1.2 * TICK } else { top };
        let x = Axis::over(shown().map(|point| point.0).chain(mark), AxisKind::Linear, 0.02, 12.0);
        let y = Axis::over(shown().map(|point| point.1), kind, 0.06, 6.0);
        let mut widest = 0.0_f64;
        for (_, label) in &y.ticks {
            widest = widest.max(text_width(label, TICK)?);
        }
        let left = MARGIN + 1.2 * LABEL + widest + 8.0;
        let bottom = HEIGHT - MARGIN - 1.5 * TICK - 1.2 * LABEL;
        Ok(Self { left: left.round(), right: WIDTH - MARGIN, top: top.round(), bottom: bottom.round(), x, y })
    }

    fn column(&self, place: f64) -> f64 {
        self.left + place * (self.right - self.left)
    }

    fn row(&self, place: f64) -> f64 {
        self.bottom - place * (self.bottom - self.top)
    }

    /// Grid, axes, ticks and their labels.
    fn draw(&self, plot: &Plot, canvas: &mut Canvas) -> Result<()> {
        for (place, label) in &self.x.ticks {
            let x = self.column(*place).round();
            canvas.rectangle((x, self.top), (x + 1.0, self.bottom), GRID)?;
            canvas.text(label, (x + 0.5, self.bottom + 0.5 * TICK + 9.0), TICK, Anchor::Middle)?;
        }
        for (place, label) in &self.y.ticks {
            let y = self.row(*place).round();
            canvas.rectangle((self.left, y), (self.right, y + 1.0), GRID)?;
            canvas.text(label, (self.left - 8.0, y + 0.5), TICK, Anchor::End)?;
        }
        canvas.rectangle((self.left, self.top), (self.left + 1.0, self.bottom + 1.0), AXIS)?;
        canvas.rectangle((self.left, self.bottom), (self.right, self.bottom + 1.0), AXIS)?;
        let (width, height) = (self.right - self.left, self.bottom - self.top);
        let x = shorten(&plot.x, LABEL, width)?;
        canvas.text(&x, (self.left + 0.5 * width, HEIGHT - MARGIN), LABEL, Anchor::Middle)?;
        let y = shorten(&plot.y, LABEL, height)?;
        canvas.text_upwards(&y, (MARGIN, self.top + 0.5 * height), LABEL, Anchor::Middle)
    }

    /// Draws the visible points of a curve; returns whether there are any.
    fn curve(&self, curve: &Curve, index: usize, canvas: &mut Canvas) -> Result<bool> {
        let kind = self.y.kind();
        let (colour, dash) = style(index);
        let mut drawn = false;
        for run in curve.points.split(|point| !visible(*point, kind)).filter(|run| !run.is_empty()) {
            let place = |&(x, y): &Point| (self.column(self.x.place(x)), self.row(self.y.place(y)));
            let run: Vec<Point> = run.iter().map(place).collect();
            canvas.line(&run, 2.0, colour, dash)?;
            if curve.points.len() <= DOTTED || run.len() == 1 {
                for &point in &run {
                    canvas.disc(point, 3.0, colour)?;
                }
            }
            drawn = true;
        }
        Ok(drawn)
    }

    /// Draws the marked position as a dashed line, with its label above the frame, where it hides nothing.
    fn mark(&self, x: f64, label: &str, canvas: &mut Canvas) -> Result<()> {
        let column = self.column(self.x.place(x)).round() + 0.5;
        canvas.line(&[(column, self.top), (column, self.bottom)], 1.0, AXIS, Some(4.0))?;
        let label = shorten(label, TICK, self.right - self.left)?;
        let half = 0.5 * text_width(&label, TICK)?;
        let middle = column.min(self.right - half).max(self.left + half);
        canvas.text(&label, (middle, self.top - 0.6 * TICK), TICK, Anchor::Middle)
    }
}

fn y_kind(plot: &Plot) -> AxisKind {
    if plot.logarithmic { AxisKind::Logarithmic } else { AxisKind::Linear }
}

fn visible((x, y): Point, kind: AxisKind) -> bool {
    AxisKind::Linear.holds(x) && kind.holds(y)
}
