//! A display that is updated while something runs.

use crate::{Form, Output, Unshown};
use std::time::{Duration, Instant};

/// The shortest time between two updates: five a second.
const PERIOD: Duration = Duration::from_millis(200);

/// Shows progress under one id, at most five times a second. The last state is shown in any case: by the next update, by
/// [`Self::finish`], or when this is dropped.
pub struct Progress<'a> {
    output: &'a dyn Output,
    id: String,
    last: Option<Instant>,
    waiting: Option<Vec<Form>>,
}

impl<'a> Progress<'a> {
    /// Nothing is shown yet. The id must be the display's own.
    pub fn new(output: &'a dyn Output, id: impl Into<String>) -> Self {
        Self { output, id: id.into(), last: None, waiting: None }
    }

    /// Whether an update would be shown now: what is costly to draw need not be drawn before.
    pub fn is_due(&self) -> bool {
        self.last.is_none_or(|last| last.elapsed() >= PERIOD)
    }

    /// Shows a state now, or keeps it where the last one is too fresh.
    ///
    /// # Errors
    /// See [`Unshown`].
    pub fn update(&mut self, forms: Vec<Form>) -> Result<(), Unshown> {
        self.waiting = Some(forms);
        if self.is_due() { self.finish() } else { Ok(()) }
    }

    /// Shows the state that waits, if one does.
    ///
    /// # Errors
    /// See [`Unshown`].
    pub fn finish(&mut self) -> Result<(), Unshown> {
        let Some(forms) = self.waiting.take() else { return Ok(()) };
        let update = self.last.is_some();
        self.last = Some(Instant::now());
        self.output.display(&forms, Some(&self.id), update)
    }
}

impl Drop for Progress<'_> {
    fn drop(&mut self) {
        // The kernel is shutting down, or the display is too large: nobody is left to hear of it.
        let _ = self.finish();
    }
}

impl std::fmt::Debug for Progress<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Progress").field("id", &self.id).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Standard;
    use std::{sync::Mutex, thread};

    #[derive(Default)]
    struct Shown(Mutex<Vec<(String, bool)>>);

    impl Output for Shown {
        fn print(&self, _: Standard, _: &str) -> Result<(), Unshown> {
            Ok(())
        }
        fn display(&self, forms: &[Form], id: Option<&str>, update: bool) -> Result<(), Unshown> {
            assert_eq!(id, Some("id"));
            self.0.lock().unwrap().push((String::from_utf8(forms[0].data.clone()).unwrap(), update));
            Ok(())
        }
        fn clear(&self, _: bool) -> Result<(), Unshown> {
            Ok(())
        }
    }

    #[test]
    fn five_a_second_and_the_last_one() {
        let shown = Shown::default();
        let mut progress = Progress::new(&shown, "id");
        let start = Instant::now();
        for step in 0..100 {
            progress.update(vec![Form::text(step.to_string())]).unwrap();
            thread::sleep(Duration::from_millis(5));
        }
        let seconds = start.elapsed().as_secs_f64();
        drop(progress);
        let shown = shown.0.into_inner().unwrap();
        assert!(shown.len() >= 3 && shown.len() as f64 <= 2.0 + 5.0 * seconds, "{} in {seconds} s", shown.len());
        assert_eq!((shown[0].clone(), shown.last().unwrap().clone()), (("0".into(), false), ("99".into(), true)));
    }
}
