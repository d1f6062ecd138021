//! The progress of an explanation below the cell that asked for it, with the curve of what is minimised.

use crate::screen::Screen;
use lacuna_runtime::{
    Listener, Message, MessageLevel, Progress,
    cells::{Form, Standard},
};
use lacuna_session::Watch;
use std::{
    collections::BTreeSet,
    fmt::Write,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// Points of a curve that are drawn; older ones are thinned out.
const MOST_POINTS: usize = 200;
/// Points from which on there is a curve: a short run is told of only at its first and last step, and a line between those
/// would be no curve of it.
const LEAST_POINTS: usize = 4;
/// Width and height of the curve in pixels.
const CURVE: (f32, f32) = (320.0, 60.0);
const COLOURS: [&str; 6] = ["#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b"];

/// Shows what a session does for a cell.
#[derive(Debug)]
pub struct CellWatch {
    screen: Arc<dyn Screen>,
    /// Whether progress is shown; warnings are in any case.
    shown: bool,
    runs: AtomicU64,
    /// Names of what cells defined: what these print is shown while they run.
    defined: BTreeSet<String>,
}

impl CellWatch {
    pub fn new(screen: &Arc<dyn Screen>) -> CellWatch {
        CellWatch { screen: screen.clone(), shown: true, runs: AtomicU64::new(0), defined: BTreeSet::new() }
    }

    /// Shows progress from here on, or does not.
    pub fn show(&mut self, shown: bool) {
        self.shown = shown;
    }

    /// Shows what the definition of this name prints from here on.
    pub fn hear(&mut self, name: &str) {
        self.defined.insert(name.to_owned());
    }
}

impl Watch for CellWatch {
    fn warn(&self, text: &str) {
        // A warning that nobody sees stops nothing.
        let _ = self.screen.print(Standard::Error, &format!("{text}\n"));
    }

    fn messages(&self) -> Listener {
        let (screen, defined) = (self.screen.clone(), self.defined.clone());
        Box::new(move |message| {
            if defined.contains(&message.plugin) {
                let to = if message.level == MessageLevel::Warning { Standard::Error } else { Standard::Output };
                let _ = screen.print(to, &format!("{}\n", message.text));
            }
        })
    }

    fn message(&self, message: &Message) {
        if message.level == MessageLevel::Warning && !self.defined.contains(&message.plugin) {
            self.warn(&format!("{}: {}", message.plugin, message.text));
        }
    }

    fn steps(&self, label: &str) -> Box<dyn FnMut(&Progress) + Send> {
        if !self.shown {
            return Box::new(|_| ());
        }
        let run = self.runs.fetch_add(1, Ordering::Relaxed);
        let id = format!("lacuna-progress-{}-{run}", std::process::id());
        let (screen, label) = (self.screen.clone(), label.to_owned());
        let (mut curves, mut begun) = (Curves::default(), false);
        Box::new(move |progress| {
            curves.add(progress);
            let forms = [text(&label, progress), curves.html(&label, progress)];
            let _ = screen.display(&forms, Some(&id), std::mem::replace(&mut begun, true));
        })
    }
}

fn text(label: &str, progress: &Progress) -> Form {
    let seconds = progress.elapsed.as_secs_f64();
    let text = format!("{label}: step {} of {}, {seconds:.1} s", progress.step, progress.total);
    Form { mime: "text/plain".to_owned(), data: text.into_bytes() }
}

/// The values of each term so far.
#[derive(Default)]
struct Curves {
    names: Vec<String>,
    /// Step and values, in the order of `names`.
    rows: Vec<(u32, Vec<f32>)>,
}

impl Curves {
    fn add(&mut self, progress: &Progress) {
        if self.names.is_empty() {
            self.names = progress.terms.iter().take(COLOURS.len()).map(|(name, _)| name.clone()).collect();
        }
        let value = |name: &String| progress.terms.iter().find(|(term, _)| term == name).map_or(f32::NAN, |(_, v)| *v);
        self.rows.push((progress.step, self.names.iter().map(value).collect()));
        if self.rows.len() > MOST_POINTS {
            let mut index = 0;
            let last = self.rows.len() - 1;
            self.rows.retain(|_| {
                index += 1;
                index % 2 == 1 || index > last
            });
        }
    }

    fn html(&self, label: &str, progress: &Progress) -> Form {
        let (step, total) = (progress.step, progress.total.max(1));
        let mut html = String::new();
        let seconds = progress.elapsed.as_secs_f64();
        // Writing into a text cannot fail.
        let _ = write!(
            html,
            "<div style=\"font-size:90%\"><progress value=\"{step}\" max=\"{total}\"></progress> {}: step {step} of {total}, \
             {seconds:.1} s",
            escaped(label)
        );
        if !self.names.is_empty() {
            html.push_str("<br>");
        }
        if self.rows.len() >= LEAST_POINTS && !self.names.is_empty() {
            let _ = write!(
                html,
                "<svg width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\" style=\"background:#8881\">",
                CURVE.0, CURVE.1
            );
            for (column, colour) in COLOURS.iter().enumerate().take(self.names.len()) {
                let points = self.points(column, total);
                let _ = write!(
                    html,
                    "<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.5\" points=\"{points}\"/>"
                );
            }
            html.push_str("</svg><br>");
        }
        for (column, name) in self.names.iter().enumerate() {
            let value = self.rows.last().map_or(f32::NAN, |(_, values)| values[column]);
            let _ = write!(
                html,
                "<span style=\"color:{}\">&#9644;</span> {} {value:.4} &nbsp; ",
                COLOURS[column],
                escaped(name)
            );
        }
        html.push_str("</div>");
        Form { mime: "text/html".to_owned(), data: html.into_bytes() }
    }

    /// The points of one term, scaled to the range that it has had.
    fn points(&self, column: usize, total: u32) -> String {
        let finite = || self.rows.iter().map(|(step, values)| (*step, values[column])).filter(|(_, v)| v.is_finite());
        let low = finite().map(|(_, value)| value).fold(f32::INFINITY, f32::min);
        let high = finite().map(|(_, value)| value).fold(f32::NEG_INFINITY, f32::max);
        let range = (high - low).max(f32::MIN_POSITIVE);
        finite().fold(String::new(), |mut points, (step, value)| {
            let x = CURVE.0 * step as f32 / total as f32;
            let y = 2.0 + (CURVE.1 - 4.0) * (1.0 - (value - low) / range);
            let _ = write!(points, "{x:.1},{y:.1} ");
            points
        })
    }
}

/// Text inside HTML.
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_curve_keeps_its_ends_and_its_last_value() {
        let mut curves = Curves::default();
        let progress = |step: u32| Progress {
            step,
            total: 1000,
            elapsed: Duration::from_secs(1),
            terms: vec![("objective <b>".to_owned(), 1000.0 - step as f32)],
        };
        for step in 1..=1000 {
            curves.add(&progress(step));
        }
        assert!(curves.rows.len() <= MOST_POINTS);
        assert_eq!((curves.rows[0].0, curves.rows.last().map(|row| row.0)), (1, Some(1000)));
        let html = String::from_utf8(curves.html("explaining", &progress(1000)).data).unwrap_or_default();
        assert!(html.contains("step 1000 of 1000") && html.contains("objective &lt;b&gt; 0.0000"), "{html}");
    }
}
