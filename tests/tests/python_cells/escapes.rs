//! What a cell tries that no cell gets: each ends in an exception or in a fresh interpreter, and the next cell works.

use super::{Notebook, notebook, notebook_with};
use lacuna_notebook::Opened;
use lacuna_runtime::{CancelToken, Limits, cells::Standard};
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
        // Small objects leave no room for anything, and the next cell can still give some back.
        refused(notebook, "hoard = []\nwhile True: hoard.append([len(hoard)])", &["MemoryError", "guest-memory"]);
        assert_eq!(notebook.text("hoard = None\nlen([0] * 10**6)"), "1000000");
    });
}

#[test]
fn what_is_shown_does_not_stay_in_the_interpreter() {
    notebook(|notebook| {
        // Twice the memory that the interpreter may have.
        notebook.cell("class P:\n    def _repr_png_(self): return b'\\x89' * 4_000_000\nP()").unwrap();
        for _ in 0..128 {
            assert_eq!(notebook.cell("P()").unwrap()[0].data.len(), 4_000_000);
        }
        notebook.cell("for _ in range(128): show(P())").unwrap();
        notebook.shown.take();
    });
}

/// The text of the next cell, and what it was told on standard error before.
fn next(notebook: &mut Notebook) -> (String, String) {
    notebook.shown.take();
    let code = "kept if 'kept' in globals() else 'gone'";
    let text = notebook.text(code);
    (text, notebook.shown.printed(Standard::Error))
}

#[test]
fn what_is_asked_beside_a_cell_ends_by_itself() {
    notebook(|notebook| {
        notebook.cell("kept = 7\nimport itertools").unwrap();
        notebook
            .cell("class A:\n    def __dir__(self):\n        while True: pass\n    __repr__ = __dir__\na = A()")
            .unwrap();
        let start = Instant::now();
        assert!(notebook.running.complete("a.x", 3, CancelToken::new()).items.is_empty());
        assert!(notebook.running.inspect("a", 1, 0, CancelToken::new()).is_none());
        assert!(start.elapsed() < Duration::from_secs(8), "{:?}", start.elapsed());
        assert_eq!(next(notebook), ("7".to_owned(), String::new()));
        // One call of C cannot be told to stop. Its interpreter ends, and the next cell is told.
        notebook.cell("class B:\n    def __dir__(self): return sum(itertools.count())\nb = B()").unwrap();
        let start = Instant::now();
        assert!(notebook.running.complete("b.x", 3, CancelToken::new()).items.is_empty());
        assert!(start.elapsed() < Duration::from_secs(8), "{:?}", start.elapsed());
        let (text, told) = next(notebook);
        assert_eq!(text, "'gone'");
        assert!(told.contains("asked about a name") && told.contains("started anew"), "{told}");
        assert_eq!(next(notebook).1, "");
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
        // So it is while a definition is handed over.
        let slow = "
class Slow:
    def __reduce__(self): return endless, ()
def endless():
    while True: pass
slow = Slow()
@perturbation
def slowed(images, mask): return images if slow else mask
explain('lesion-1', target='lesion', perturbation='slowed', steps=2)";
        let failure = interrupted(notebook, slow);
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
