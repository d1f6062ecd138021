//! A script in Python, cell by cell, in the sandbox and without Jupyter.

use super::open::{OpenArguments, unstarted};
use crate::{
    console::Console,
    failure::{Failure, Result},
    interrupt,
};
use lacuna_imaging::write_atomic;
use lacuna_notebook::{Running, Screen};
use lacuna_runtime::cells::{CELLS_STACK_BYTES, Form, Refusal, Standard};
use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    thread,
};

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// A script in Python; a line that starts with `# %%` begins another cell
    #[arg(long, value_name = "FILE.py")]
    pub script: Option<PathBuf>,
    /// A folder for the pictures and pages that the cells show; without it they are only named
    #[arg(long, value_name = "DIR", requires = "script")]
    out: Option<PathBuf>,
}

/// Bytes of a script.
const LARGEST: u64 = 16 << 20;

/// Runs the cells one after the other, until one fails.
pub fn run(file: &Path, arguments: &Arguments, open: &OpenArguments) -> Result<()> {
    let unreadable = |found: String| Failure::input(file.display(), found, "give a script in Python");
    let found = fs::metadata(file).map_err(|error| unreadable(format!("cannot be read ({error})")))?;
    if !found.is_file() || found.len() > LARGEST {
        return Err(unreadable("is no regular file of at most 16 MiB".to_owned()));
    }
    let script = fs::read_to_string(file).map_err(|error| unreadable(format!("cannot be read ({error})")))?;
    let console = Console::new(false);
    let cancel = interrupt::watch()?;
    let screen = Arc::new(Terminal { out: arguments.out.clone(), ..Terminal::default() });
    let folder = file.parent().unwrap_or(Path::new(""));
    let means = open.open(&console, folder, screen.clone())?;

    let work = move || -> Result<()> {
        let mut running = Running::start(means).map_err(|error| unstarted(&error))?;
        for (index, cell) in cells(&script).into_iter().enumerate() {
            let count = u32::try_from(index + 1).unwrap_or(u32::MAX);
            match running.execute(&cell, count, false, cancel.clone()) {
                Ok(forms) if forms.is_empty() => {}
                Ok(forms) => drop(screen.display(&forms, None, false)),
                Err(failure) => {
                    let _ = screen.print(Standard::Error, &format!("{}\n", failure.traceback.join("\n")));
                    return Err(match failure.name.as_str() {
                        "KeyboardInterrupt" => Failure::Interrupted(format!("interrupted in cell {count}")),
                        name => Failure::Run(format!("cell {count} ended with {name}: {}", failure.text)),
                    });
                }
            }
        }
        screen.settle();
        Ok(())
    };
    let thread = thread::Builder::new().name("cells".to_owned()).stack_size(CELLS_STACK_BYTES).spawn(work);
    let thread = thread.map_err(|error| Failure::Run(format!("the system gives no thread for the cells: {error}")))?;
    thread.join().unwrap_or_else(|_| Err(Failure::Run("the thread of the cells ended without a word".to_owned())))
}

/// The cells of a script. Every cell has the lines that it has in the file, so that tracebacks name the file's.
fn cells(script: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    for (number, line) in script.lines().enumerate() {
        if line.starts_with("# %%") && cells.last().is_some_and(|cell| !cell.trim().is_empty()) {
            cells.push("\n".repeat(number));
        }
        if let Some(cell) = cells.last_mut() {
            cell.push_str(line);
            cell.push('\n');
        }
    }
    cells
}

/// Shows what cells show as text, and keeps pictures as files.
#[derive(Debug, Default)]
struct Terminal {
    out: Option<PathBuf>,
    shown: AtomicU32,
    /// What is shown under an id and may be replaced: it is printed once something else comes.
    latest: Mutex<Option<(String, Vec<Form>)>>,
}

impl Terminal {
    /// Prints what can be replaced no more.
    fn settle(&self) {
        let latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((_, forms)) = latest {
            self.show(&forms);
        }
    }

    /// Prints something, and keeps its pictures.
    fn show(&self, forms: &[Form]) {
        let kept: Vec<String> = forms.iter().filter_map(|form| self.keep(form)).collect();
        let text = forms.iter().find(|form| form.mime == "text/plain").or(forms.first());
        let text = text.map(|form| String::from_utf8_lossy(&form.data).into_owned()).unwrap_or_default();
        let files = if kept.is_empty() { String::new() } else { format!("  [{}]", kept.join(", ")) };
        write(Standard::Output, &format!("{text}{files}\n"));
    }

    /// Keeps a form as a file of its kind.
    fn keep(&self, form: &Form) -> Option<String> {
        let ending = match form.mime.as_str() {
            "image/png" => "png",
            "image/svg+xml" => "svg",
            "text/html" => "html",
            "text/markdown" => "md",
            _ => return None,
        };
        let folder = self.out.as_ref()?;
        let number = self.shown.fetch_add(1, Ordering::Relaxed) + 1;
        let file = folder.join(format!("shown-{number}.{ending}"));
        let kept = fs::create_dir_all(folder).map_err(|error| error.to_string());
        let kept = kept.and_then(|()| write_atomic(&file, &form.data).map_err(|error| error.to_string()));
        Some(match kept {
            Ok(()) => file.display().to_string(),
            Err(error) => format!("not kept: {error}"),
        })
    }
}

impl Screen for Terminal {
    fn print(&self, to: Standard, text: &str) -> std::result::Result<(), Refusal> {
        self.settle();
        write(to, text);
        Ok(())
    }

    fn display(&self, forms: &[Form], id: Option<&str>, update: bool) -> std::result::Result<(), Refusal> {
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        if update && latest.as_ref().map(|(id, _)| id.as_str()) != id {
            // It was printed already.
            return Ok(());
        }
        let before = match id {
            Some(id) => latest.replace((id.to_owned(), forms.to_vec())).filter(|_| !update),
            None => latest.take(),
        };
        drop(latest);
        if let Some((_, before)) = before {
            self.show(&before);
        }
        if id.is_none() {
            self.show(forms);
        }
        Ok(())
    }

    fn clear(&self, _wait: bool) -> std::result::Result<(), Refusal> {
        Ok(())
    }
}

fn write(to: Standard, text: &str) {
    // A reader that is gone is no reason to stop the script.
    let _ = match to {
        Standard::Output => write_all(&mut io::stdout().lock(), text),
        Standard::Error => write_all(&mut io::stderr().lock(), text),
    };
}

fn write_all(stream: &mut impl Write, text: &str) -> io::Result<()> {
    // A script that somebody else wrote must not move the cursor or rename the window.
    let harmless: String =
        text.chars().map(|c| if c.is_control() && !matches!(c, '\n' | '\t') { '\u{fffd}' } else { c }).collect();
    stream.write_all(harmless.as_bytes())?;
    stream.flush()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

    use super::*;

    #[test]
    fn what_is_replaced_waits_for_its_last_state() {
        let terminal = Terminal::default();
        let form = |text: &str| vec![Form { mime: "text/plain".to_owned(), data: text.into() }];
        let waiting = || terminal.latest.lock().unwrap().clone().map(|(_, forms)| forms);
        terminal.display(&form("1"), Some("a"), false).unwrap();
        terminal.display(&form("2"), Some("a"), true).unwrap();
        assert_eq!(waiting(), Some(form("2")));
        terminal.display(&form("3"), Some("b"), false).unwrap();
        terminal.display(&form("4"), Some("a"), true).unwrap();
        assert_eq!(waiting(), Some(form("3")));
        terminal.print(Standard::Output, "").unwrap();
        assert_eq!(waiting(), None);
    }

    #[test]
    fn cells_keep_their_line_numbers() {
        assert_eq!(cells("a\n# %% two\nb\n"), ["a\n", "\n# %% two\nb\n"]);
        assert_eq!(cells("# %% one\na\n"), ["# %% one\na\n"]);
        assert_eq!(cells(""), [""]);
    }
}
