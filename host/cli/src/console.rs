//! What the user sees while something goes on: bars on a terminal, a line now and then elsewhere, nothing for machines.

use indicatif::{ProgressBar, ProgressStyle};
use lacuna_runtime::Progress;
use serde::Serialize;
use std::{
    borrow::Cow,
    io::{self, IsTerminal, Write},
    sync::OnceLock,
    time::{Duration, Instant},
};

/// Time between the lines where there is no terminal.
const LINES_APART: Duration = Duration::from_secs(10);

static STARTED: OnceLock<Instant> = OnceLock::new();

/// The program's time starts now.
pub fn start_clock() {
    STARTED.get_or_init(Instant::now);
}

/// When the program started.
pub fn started() -> Instant {
    *STARTED.get_or_init(Instant::now)
}

/// Time since the program started.
pub fn since_start() -> Duration {
    started().elapsed()
}

/// Text as a terminal may show it. Names of files, classes and nodes and the words of programs come from elsewhere: what would
/// move the cursor, change colours, hide letters or turn the direction of writing is shown as its code.
fn shown(text: &str) -> Cow<'_, str> {
    let turns = |c: char| matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}');
    let unsafe_to_show = |c: char| (c.is_control() && c != '\n') || turns(c);
    if !text.contains(unsafe_to_show) {
        return Cow::Borrowed(text);
    }
    let one = |c: char| if unsafe_to_show(c) { c.escape_unicode().collect() } else { c.to_string() };
    Cow::Owned(text.chars().map(one).collect())
}

/// An error or the reason of an end, on standard error.
pub fn complain(text: &str) {
    let _ = writeln!(io::stderr(), "lacuna: {}", shown(text));
}

/// The terminal or the pipe that the program writes to: results go to standard output, everything else to standard error.
#[derive(Clone, Copy, Debug)]
pub struct Console {
    json: bool,
    terminal: bool,
}

/// Something that is waited for; it disappears from a terminal when dropped.
#[derive(Debug)]
pub struct Waiting(Option<ProgressBar>);

impl Console {
    /// With `json`, standard output carries one JSON document and nothing else.
    pub fn new(json: bool) -> Console {
        let terminal = io::stderr().is_terminal();
        Console { json, terminal }
    }

    /// A line of the result.
    pub fn say(&self, line: &str) {
        if !self.json {
            // Who closes the pipe early has seen enough.
            let _ = writeln!(io::stdout(), "{}", shown(line));
        }
    }

    /// The result for machines, which is what `json` asks for.
    pub fn give(&self, result: &impl Serialize) {
        if self.json {
            let text = serde_json::to_string_pretty(result);
            let _ = writeln!(io::stdout(), "{}", text.unwrap_or_default());
        }
    }

    /// What the user should know although nothing failed; for machines it is part of the result.
    pub fn warn(&self, text: &str) {
        if !self.json {
            let _ = writeln!(io::stderr(), "warning: {}", shown(text));
        }
    }

    /// Says what is waited for.
    pub fn wait(&self, what: &str) -> Waiting {
        if !self.terminal {
            if !self.json {
                let _ = writeln!(io::stderr(), "{} ...", shown(what));
            }
            return Waiting(None);
        }
        let bar = ProgressBar::new_spinner().with_style(style("{spinner} {msg} ({elapsed})"));
        bar.set_message(shown(what).into_owned());
        bar.enable_steady_tick(Duration::from_millis(100));
        Waiting(Some(bar))
    }

    /// The steps of one run: a bar with the objective's terms and the time left.
    pub fn steps(&self, label: &str) -> Box<dyn FnMut(&Progress) + Send> {
        let label = shown(label).into_owned();
        if self.terminal {
            let mut bar = Waiting(None);
            return Box::new(move |progress| bar.show(&label, progress));
        }
        let quiet = self.json;
        let mut last: Option<Instant> = None;
        Box::new(move |progress| {
            let due = last.is_none_or(|at| at.elapsed() >= LINES_APART);
            if !quiet && (due || progress.step >= progress.total) {
                last = Some(Instant::now());
                let Progress { step, total, .. } = progress;
                let (terms, left) = (terms(progress), left(progress));
                let _ = writeln!(io::stderr(), "{label}: step {step} of {total}, {terms}{left} left");
            }
        })
    }
}

impl Waiting {
    /// Nothing is drawn before the first step.
    fn show(&mut self, label: &str, progress: &Progress) {
        let bar = self.0.get_or_insert_with(|| {
            ProgressBar::new(progress.total.into())
                .with_style(style("{prefix} [{wide_bar}] {pos}/{len} {msg}{eta} left"))
                .with_prefix(label.to_owned())
        });
        bar.set_message(terms(progress));
        bar.set_position(progress.step.into());
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// Each followed by a comma; nothing where there are none.
fn terms(progress: &Progress) -> String {
    progress.terms.iter().map(|(name, value)| format!("{name} {value:.3}, ")).collect()
}

/// Step `step` of `total`, where this run has made `made_here` of the steps in `elapsed` and an earlier run the others. The time is
/// stretched as if this run had made all of them, since the time that is left is told from it.
pub fn resumed(step: usize, total: usize, made_here: usize, elapsed: Duration) -> Progress {
    let count = |steps: usize| u32::try_from(steps).unwrap_or(u32::MAX);
    let elapsed = elapsed.mul_f64(step as f64 / made_here.max(1) as f64);
    Progress { step: count(step), total: count(total), elapsed, terms: Vec::new() }
}

fn left(progress: &Progress) -> String {
    let remaining = progress.total.saturating_sub(progress.step);
    let seconds = progress.elapsed.as_secs_f64() / f64::from(progress.step.max(1));
    format!("{:.0} s", seconds * f64::from(remaining))
}

#[cfg(test)]
mod tests {
    use super::{left, resumed, shown};
    use std::time::Duration;

    #[test]
    fn text_from_elsewhere_cannot_rewrite_the_terminal() {
        assert_eq!(shown("class `a`\nline"), "class `a`\nline");
        assert_eq!(shown("a\u{1b}]0;own\u{7}b\r"), "a\\u{1b}]0;own\\u{7}b\\u{d}");
        assert_eq!(shown("png.\u{202e}exe"), "png.\\u{202e}exe");
    }

    #[test]
    fn the_time_left_is_told_from_the_steps_of_this_run() {
        let ten_seconds_each = resumed(95, 100, 5, Duration::from_secs(50));
        assert_eq!((ten_seconds_each.step, ten_seconds_each.total), (95, 100));
        assert_eq!(left(&ten_seconds_each), "50 s");
        assert_eq!(left(&resumed(5, 100, 5, Duration::from_secs(50))), "950 s");
    }
}
