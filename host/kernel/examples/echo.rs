//! A kernel around a toy: it knows the few Python cells of `tests/protocol/cells.py` by their text.
//!
//! `cargo run -p lacuna-kernel --example echo -- CONNECTION_FILE`

#![allow(clippy::panic, reason = "a panic of the interpreter is one of the things that a kernel survives")]

use lacuna_kernel::{
    Cell, Completeness, Completion, Completions, Connection, Failure, Form, Info, Interpreter, Output, Standard,
    Unshown, run,
};
use std::{
    collections::HashMap,
    env,
    path::Path,
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

fn main() -> ExitCode {
    let Some(file) = env::args_os().nth(1) else {
        eprintln!("which connection file?");
        return ExitCode::FAILURE;
    };
    match Connection::read(Path::new(&file)).and_then(|connection| run(&connection, Toy::default())) {
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Names of functions, whose call is shown on inspection.
const FUNCTIONS: [(&str, &str); 2] = [("print", "(*values, sep=' ')"), ("property", "(fget=None)")];

#[derive(Default)]
struct Toy {
    interrupted: Arc<AtomicBool>,
    names: HashMap<String, i64>,
}

impl Interpreter for Toy {
    fn info(&self) -> Info {
        Info { banner: "A toy that knows a few cells.".into(), ..Info::python("echo", "0.1", "3.12.0") }
    }

    fn interrupt(&self) -> Arc<dyn Fn() + Send + Sync> {
        let interrupted = Arc::clone(&self.interrupted);
        Arc::new(move || interrupted.store(true, Ordering::SeqCst))
    }

    fn rearm(&mut self) {
        self.interrupted.store(false, Ordering::SeqCst);
    }

    fn execute(&mut self, cell: &Cell, output: &Arc<dyn Output>) -> Result<Vec<Form>, Failure> {
        let output = &**output;
        let code = cell.code.as_str();
        if code.contains("while True:") {
            return self.spin();
        }
        if let Some(times) = number_in(code, "in range(") {
            return self.print_often(times, number_in(code, "* ").unwrap_or(1), output);
        }
        if code.contains("def _repr_") {
            let forms = drawn(code);
            return match code.contains("show(") {
                true => output.display(&forms, None, false).map(|()| Vec::new()).map_err(unshown),
                false => Ok(forms),
            };
        }
        let lines: Vec<_> = code.lines().filter(|line| !line.is_empty() && !line.starts_with("import ")).collect();
        let mut value = Vec::new();
        for line in lines {
            value = self.line(line, output)?;
        }
        Ok(value)
    }

    fn evaluate(&mut self, expression: &str) -> Result<Vec<Form>, Failure> {
        self.value(expression).map(|value| vec![Form::text(value)])
    }

    fn complete(&mut self, code: &str, cursor: u32) -> Completions {
        let (start, word) = word_before(code, cursor);
        let mut items: Vec<_> = FUNCTIONS
            .iter()
            .filter(|(name, _)| name.starts_with(&word))
            .map(|(name, call)| Completion { text: (*name).into(), kind: "function".into(), signature: (*call).into() })
            .collect();
        let names = self.names.keys().filter(|name| name.starts_with(&word));
        items.extend(names.map(|name| Completion {
            text: name.clone(),
            kind: "instance".into(),
            ..Completion::default()
        }));
        Completions { start, end: cursor, items }
    }

    fn inspect(&mut self, code: &str, cursor: u32, _: u32) -> Option<Vec<Form>> {
        let (_, word) = word_before(code, cursor);
        let (name, call) = FUNCTIONS.iter().find(|(name, _)| *name == word)?;
        Some(vec![Form::text(format!("{name}{call}"))])
    }

    fn is_complete(&mut self, code: &str) -> Completeness {
        match code {
            _ if code.contains("import =") => Completeness::Invalid,
            _ if code.ends_with([':', '(']) || code.matches("\"\"\"").count() % 2 == 1 => {
                Completeness::Incomplete("    ".into())
            }
            _ => Completeness::Complete,
        }
    }

    fn restart(&mut self) -> Result<(), Failure> {
        self.names.clear();
        Ok(())
    }
}

impl Toy {
    /// One line: a call, an assignment, or an expression.
    fn line(&mut self, line: &str, output: &dyn Output) -> Result<Vec<Form>, Failure> {
        if let Some(arguments) = line.strip_prefix("print(").and_then(|rest| rest.strip_suffix(')')) {
            let (text, to) = match arguments.strip_suffix(", file=sys.stderr") {
                Some(text) => (text, Standard::Error),
                None => (arguments, Standard::Output),
            };
            let text = format!("{}\n", self.value(text)?.trim_matches('\''));
            return output.print(to, &text).map(|()| Vec::new()).map_err(unshown);
        }
        if line.starts_with("clear_output(") {
            return output.clear(line.contains("True")).map(|()| Vec::new()).map_err(unshown);
        }
        if line.starts_with("input(") {
            return Err(Failure::new("StdinNotImplementedError", "cells ask for no input"));
        }
        if line == "panic" {
            panic!("asked for");
        }
        if line == "steps" {
            for step in 0..3_u32 {
                output.display(&[Form::text(format!("step {step}"))], Some("steps"), step > 0).map_err(unshown)?;
            }
            return Ok(Vec::new());
        }
        if let Some((name, value)) = line.split_once(" = ") {
            let value = self.number(value)?;
            self.names.insert(name.into(), value);
            return Ok(Vec::new());
        }
        Ok(vec![Form::text(self.value(line)?)])
    }

    fn value(&self, expression: &str) -> Result<String, Failure> {
        match expression.strip_prefix('"').and_then(|rest| rest.split_once('"')) {
            Some((text, "")) => Ok(format!("'{text}'")),
            Some((text, times)) => Ok(format!("'{}'", text.repeat(number_in(times, "* ").unwrap_or(1)))),
            None => self.number(expression).map(|number| number.to_string()),
        }
    }

    fn number(&self, expression: &str) -> Result<i64, Failure> {
        if let Some((_, divisor)) = expression.split_once(" / ")
            && divisor == "0"
        {
            let traceback =
                vec!["Traceback (most recent call last):".into(), "ZeroDivisionError: division by zero".into()];
            return Err(Failure { traceback, ..Failure::new("ZeroDivisionError", "division by zero") });
        }
        for (sign, apply) in [(" + ", i64::wrapping_add as fn(i64, i64) -> i64), (" * ", i64::wrapping_mul)] {
            if let Some((left, right)) = expression.split_once(sign) {
                return Ok(apply(self.number(left)?, self.number(right)?));
            }
        }
        let known = expression.parse().ok().or_else(|| self.names.get(expression).copied());
        known.ok_or_else(|| Failure::new("NameError", format!("name '{expression}' is not defined")))
    }

    /// Keeps every core busy until it is interrupted.
    fn spin(&self) -> Result<Vec<Form>, Failure> {
        thread::scope(|scope| {
            for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
                scope.spawn(|| {
                    while !self.interrupted.load(Ordering::SeqCst) {
                        std::hint::spin_loop();
                    }
                });
            }
        });
        Err(Failure::new("KeyboardInterrupt", ""))
    }

    fn print_often(&self, times: usize, length: usize, output: &dyn Output) -> Result<Vec<Form>, Failure> {
        let line = format!("{}\n", "x".repeat(length));
        for _ in 0..times {
            if self.interrupted.load(Ordering::SeqCst) {
                return Err(Failure::new("KeyboardInterrupt", ""));
            }
            output.print(Standard::Output, &line).map_err(unshown)?;
        }
        Ok(Vec::new())
    }
}

fn unshown(error: Unshown) -> Failure {
    Failure::new("DisplayError", error.to_string())
}

/// What an object with `_repr_html_` and the like shows.
fn drawn(code: &str) -> Vec<Form> {
    let mut forms = vec![Form::text("<Drawn>")];
    let mut add = |mime: &str, data: Vec<u8>| forms.push(Form { mime: mime.into(), data });
    if code.contains("_repr_html_") {
        add("text/html", format!("<b>{}</b>", "x".repeat(number_in(code, "* ").unwrap_or(1))).into_bytes());
    }
    if code.contains("_repr_markdown_") {
        add("text/markdown", b"**x**".to_vec());
    }
    if code.contains("_repr_svg_") {
        add("image/svg+xml", b"<svg xmlns='http://www.w3.org/2000/svg'/>".to_vec());
    }
    if code.contains("_repr_png_") {
        add("image/png", b"\x89PNG\r\n\x1a\n".to_vec());
    }
    forms
}

/// The number behind a text, for example 2000 in `range(2_000)`.
fn number_in(code: &str, behind: &str) -> Option<usize> {
    let rest = &code[code.find(behind)? + behind.len()..];
    let digits: String = rest.chars().take_while(|c| c.is_ascii_digit() || *c == '_').filter(|c| *c != '_').collect();
    digits.parse().ok()
}

/// The name that ends at a cursor, and where it starts, in characters.
fn word_before(code: &str, cursor: u32) -> (u32, String) {
    let before: Vec<char> = code.chars().take(cursor as usize).collect();
    let length = before.iter().rev().take_while(|c| c.is_alphanumeric() || **c == '_').count();
    let start = before.len() - length;
    (start as u32, before[start..].iter().collect())
}
