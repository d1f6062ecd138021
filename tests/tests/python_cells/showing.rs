//! What cells show: values, prints, pictures, progress, tracebacks.

use super::{Event, notebook, text_of};
use lacuna_runtime::{
    CancelToken,
    cells::{Completeness, Standard},
};
use std::time::Instant;

#[test]
fn state_stays_and_the_last_expression_is_shown() {
    notebook(|notebook| {
        notebook.cell("a = 20").unwrap();
        assert_eq!(notebook.text("a + 22"), "42");
        assert!(notebook.cell("None").unwrap().is_empty() && notebook.cell("_").is_ok());
        assert_eq!(notebook.text("import random\nrandom.random()"), notebook.text("random.seed(0)\nrandom.random()"));
    });
}

#[test]
fn prints_come_while_the_cell_runs() {
    notebook(|notebook| {
        notebook.cell("for i in range(3): print('line', i)\nexplain('lesion-1', target='lesion', steps=2)").unwrap();
        let events = notebook.shown.take();
        let first_display = events.iter().position(|event| matches!(event, Event::Display(..))).unwrap();
        let last_print = events.iter().rposition(|event| matches!(event, Event::Print(..))).unwrap();
        assert!(last_print < first_display, "{events:?}");
        notebook.cell("import sys\nprint('to error', file=sys.stderr)").unwrap();
        assert_eq!(notebook.shown.printed(Standard::Error), "to error\n");
        // A library may ask the clock that cells have not.
        notebook.cell("import logging\nlogging.warning('told')").unwrap();
        assert_eq!(notebook.shown.printed(Standard::Error), "WARNING:root:told\n");
    });
}

#[test]
fn an_explanation_shows_its_progress_and_itself() {
    notebook(|notebook| {
        let forms = notebook.cell("explain('lesion-1', target='lesion', steps=5)").unwrap();
        assert!(forms.iter().any(|form| form.mime == "image/png" && form.data.starts_with(b"\x89PNG")));
        let events = notebook.shown.take();
        let ids: Vec<_> = events
            .iter()
            .filter_map(|event| match event {
                Event::Display(forms, Some(id), update) => Some((id.clone(), *update, text_of(forms))),
                _ => None,
            })
            .collect();
        assert!(ids.len() >= 2 && !ids[0].1 && ids[1..].iter().all(|(id, update, _)| *update && *id == ids[0].0));
        assert!(ids.last().unwrap().2.contains("step 5 of 5"), "{ids:?}");
    });
}

#[test]
fn a_traceback_shows_the_cells_own_lines() {
    notebook(|notebook| {
        notebook.cell("def fails():\n    return 1 / 0").unwrap();
        let failure = notebook.fails("x = 1\nfails()");
        assert_eq!((failure.name.as_str(), failure.text.as_str()), ("ZeroDivisionError", "division by zero"));
        let text = failure.traceback.join("\n");
        assert!(text.contains("return 1 / 0") && text.contains("fails()") && text.contains("Cell 2, line 2"), "{text}");
        assert!(!text.contains("session.py") && !text.contains("app.py"), "{text}");
    });
}

#[test]
fn names_are_completed_and_inspected() {
    notebook(|notebook| {
        let never = CancelToken::new;
        let mut names = |code: &str| {
            let cursor = u32::try_from(code.chars().count()).unwrap();
            let found = notebook.running.complete(code, cursor, never());
            found.items.into_iter().map(|item| item.text).collect::<Vec<_>>()
        };
        assert!(names("expl").iter().any(|name| name.starts_with("explain")));
        assert!(names("explain('lesion-1', method='occlusion', win").iter().any(|name| name.starts_with("window")));
        assert!(names("explain('lesion-1', target='les").iter().any(|name| name.contains("lesion")));
        let inspected = notebook.running.inspect("explain", 3, 0, never()).unwrap();
        assert!(text_of(&inspected).contains("target"));
        assert_eq!(notebook.running.is_complete("x = 1", never()), Completeness::Complete);
        assert_eq!(notebook.running.is_complete("def f():", never()), Completeness::Incomplete("    ".to_owned()));
        assert_eq!(notebook.running.is_complete("x = )", never()), Completeness::Invalid);
    });
}

#[test]
fn what_was_not_opened_is_named_with_what_there_is() {
    notebook(|notebook| {
        for (code, parts) in [
            ("image('no-such')", ["no image `no-such`", "lesion-1"]),
            ("explain('lesion-1', method='no-such')", ["no-such", "meaningful-perturbation"]),
            ("explain('lesion-1', target='no-such')", ["no-such", "lesion"]),
            ("generator()", ["opened no generator", "[generators]"]),
            ("explain('lesion-1', stepz=3)", ["stepz", "steps"]),
            ("explain('lesion-1', steps=-1)", ["steps", "1 to"]),
            ("explain(ones(1, 1, 5, 5))", ["[1, 1, 5, 5]", "96"]),
        ] {
            let failure = notebook.fails(code);
            let text = failure.traceback.join("\n");
            assert!(parts.iter().all(|part| text.contains(part)), "{code}: {text}");
        }
    });
}

#[test]
fn a_trivial_cell_takes_milliseconds() {
    notebook(|notebook| {
        let mut times: Vec<_> = (0..200)
            .map(|_| {
                let start = Instant::now();
                assert_eq!(notebook.text("1 + 1"), "2");
                start.elapsed()
            })
            .collect();
        times.sort();
        println!("a trivial cell takes {:?} (median of 200)", times[100]);
        assert!(times[100].as_millis() < 5, "{:?}", times[100]);
    });
}
