//! What a cell tries that no cell gets: each ends in an exception or in a fresh interpreter, and the next cell works.

use super::{Notebook, notebook, notebook_with};
use lacuna_notebook::Opened;
use lacuna_runtime::{CancelToken, Limits};
use std::{
    thread,
    time::{Duration, Instant},
};

/// A cell ends in an exception with all of the parts in its text, and what was there before still is.
fn refused(notebook: &mut Notebook, code: &str, parts: &[&str]) {
    notebook.cell("kept = 7").unwrap();
    let failure = notebook.fails(code);
    let text = failure.traceback.join("\n");
    for part in parts {
        assert!(text.contains(part), "{code}: `{part}` is not in {text}");
    }
    assert_eq!(notebook.text("kept"), "7", "{code}");
}

#[test]
fn the_machine_is_out_of_reach() {
    notebook(|notebook| {
        for (code, part) in [
            ("open('/etc/passwd')", "open"),
            ("import os\nos.listdir('/')", "Error"),
            ("import socket\nsocket.create_connection(('127.0.0.1', 80))", "Error"),
            ("import subprocess\nsubprocess.run(['ls'])", "Error"),
            ("import ctypes", "ctypes"),
            ("import numpy", "numpy"),
            ("import threading\nthreading.Thread(target=print).start()", "thread"),
            ("import time\ntime.time()", "clock"),
            ("input('who?')", "input"),
            ("import urllib.request\nurllib.request.urlopen('http://localhost')", "Error"),
        ] {
            refused(notebook, code, &[part]);
        }
    });
}

#[test]
fn bombs_end_in_exceptions() {
    notebook(|notebook| {
        refused(notebook, "x = bytearray(10**9)", &["MemoryError"]);
        refused(notebook, "def f(): return f()\nf()", &["RecursionError"]);
        refused(notebook, "hoard = []\nwhile True: hoard.append(ones(1))", &["handles"]);
        notebook.cell("hoard = None").unwrap();
        refused(notebook, "ones(100000, 100000)", &["device-memory"]);
    });
}

#[test]
fn an_endless_loop_ends_when_it_is_interrupted() {
    notebook(|notebook| {
        let interrupted = |notebook: &mut Notebook, code: &str| {
            let cancel = CancelToken::new();
            let later = cancel.clone();
            thread::spawn(move || {
                thread::sleep(Duration::from_millis(300));
                later.cancel();
            });
            let start = Instant::now();
            let failure = notebook.running.execute(code, 1, false, cancel).unwrap_err();
            assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
            failure
        };
        // In the middle of an optimisation the state is kept.
        notebook.cell("kept = 7").unwrap();
        let failure = interrupted(notebook, "explain('lesion-1', steps=10000)");
        assert_eq!((failure.name.as_str(), notebook.text("kept").as_str()), ("KeyboardInterrupt", "7"));
        let failure = interrupted(notebook, "while True: print('.', end='')");
        assert_eq!((failure.name.as_str(), notebook.text("kept").as_str()), ("KeyboardInterrupt", "7"));
        // A cell may answer an interrupt.
        let code = "try:\n    explain('lesion-1', steps=10000)\nexcept KeyboardInterrupt:\n    print('stopped')\n1 / 0";
        assert_eq!(interrupted(notebook, code).name, "ZeroDivisionError");
        // What asks the host for nothing counts its turns.
        for code in
            ["while True: pass", "all(True for _ in iter(int, 1))", "f = lambda: f()\nwhile f: [f for _ in range(9)]"]
        {
            let failure = interrupted(notebook, code);
            assert_eq!((failure.name.as_str(), notebook.text("kept").as_str()), ("KeyboardInterrupt", "7"), "{code}");
        }
        // One call of C that never returns ends with the interpreter.
        let failure = interrupted(notebook, "import itertools\nsum(itertools.count())");
        assert!(failure.traceback.join("\n").contains("started anew"), "{failure:?}");
        assert_eq!(notebook.text("1 + 1"), "2");
    });
}

#[test]
fn a_loop_ends_with_its_time_too() {
    let limits = Limits { wall_time: Duration::from_secs(2), ..Limits::default() };
    notebook_with(Opened::demo(), limits, |notebook| {
        let failure = notebook.fails("import itertools\nsum(itertools.count())");
        let text = failure.traceback.join("\n");
        assert!(text.contains("wall time of 2s") && text.contains("started anew"), "{text}");
        assert_eq!(notebook.text("1 + 1"), "2");
    });
}

#[test]
fn numbers_are_read_only_where_that_was_granted() {
    let opened = Opened { demo: true, ..Opened::default() };
    notebook_with(opened, Limits::default(), |notebook| {
        refused(notebook, "ones(3).tolist()", &["readback"]);
        // Looking at pictures and measuring maps needs no grant. A picture has every pixel in it, so the cell gets a mark instead.
        let shown = notebook.cell("image('lesion-1')").unwrap();
        assert!(shown.iter().any(|form| form.mime == "image/png" && form.data.starts_with(b"\x89PNG")));
        let draw = "from lacuna.notebook import pictures\npictures.draw([('', image('lesion-1'), None)], 1, 96)[:8]";
        assert_eq!(notebook.text(draw), "b'\\x89LACUNA-'");
        let shown = notebook.cell("explain('lesion-1', steps=2)").unwrap();
        let page = shown.iter().find(|form| form.mime == "text/html").unwrap();
        assert!(String::from_utf8_lossy(&page.data).contains("base64,iVBORw0KGgo"), "the pictures are in the page");
        // No error tells a number either.
        let failure = notebook.fails("explain(fitted('lesion-1') + 1.0)");
        assert!(failure.text.contains("above 1") && !failure.text.contains("1.0"), "{}", failure.text);
        notebook.cell("e = explain('lesion-1', steps=2)\nauc(e.map, lesion('lesion-1'))").unwrap();
    });
}
