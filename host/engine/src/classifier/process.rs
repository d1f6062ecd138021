//! A classifier that is a program of its own: images on its standard input, logits on its standard output.
//!
//! Both directions speak alike: a line of JSON with the shape, then the numbers, row-major, 32-bit floats, little endian.
//!
//! ```text
//! to the program:    {"shape":[8,1,224,224]}\n  and 8 * 1 * 224 * 224 * 4 bytes
//! from the program:  {"shape":[8,4]}\n          and 8 * 4 * 4 bytes
//!                or: {"error":"why not"}\n
//! ```
//!
//! Volumes have five sizes: images, channels, slices, rows, columns.
//!
//! The program is started once, answers one batch after the other, and ends when its input does. What it writes to its
//! standard error is shown when it fails. `host/cli/examples/black_box.rs` is one, with the same in Python.

use super::external::BlackBox;
use crate::{Device, Error, Result, Tensor};
use serde::{Deserialize, Serialize};
use std::{
    io::{self, BufRead, BufReader, Read, Write},
    path::Path,
    process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, Stdio},
    sync::{Arc, Mutex, mpsc},
    thread,
    time::{Duration, Instant},
};

/// Bytes of a program's standard error that are kept, and of a line that it answers with.
const LAST_WORDS: usize = 2000;
const LONGEST_LINE: u64 = 64 << 10;
/// Numbers in an answer; far above any classifier, far below what would fill a machine.
const MOST_NUMBERS: usize = 16 << 20;
/// How often the user's wish is looked at while a program computes.
const GLANCE: Duration = Duration::from_millis(50);
/// How long a program may take to end once its input is closed.
const FAREWELL: Duration = Duration::from_secs(1);

/// Whether the user wants no answer any more; asked while the program is waited for.
pub type StopProbe = Box<dyn Fn() -> bool + Send + Sync>;

struct Stop(StopProbe);

impl std::fmt::Debug for Stop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Stop")
    }
}

/// A running program. It is ended when dropped.
#[derive(Debug)]
pub(super) struct Process {
    command: String,
    patience: Duration,
    device: Device,
    stop: Stop,
    running: Mutex<Running>,
}

#[derive(Debug)]
struct Running {
    child: Child,
    /// Batches to ask; none once the program has failed.
    ask: Option<mpsc::Sender<Batch>>,
    answers: mpsc::Receiver<io::Result<Batch>>,
    last_words: Arc<Mutex<Vec<u8>>>,
    /// Why it failed; said again for every later question.
    failure: Option<Error>,
}

/// Numbers with their shape.
#[derive(Debug)]
struct Batch {
    shape: Vec<usize>,
    numbers: Vec<f32>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum Header {
    Shape { shape: Vec<usize> },
    Error { error: String },
}

impl Process {
    /// Starts the program in a folder. `patience` is how long one batch may take.
    ///
    /// # Errors
    /// [`Error::External`] for a program that cannot be started.
    pub fn start(
        command: &[String],
        folder: &Path,
        patience: Duration,
        device: &Device,
        stop: StopProbe,
    ) -> Result<Self> {
        let shown = command.join(" ");
        let refuse = |why: String| {
            let what = format!("the classifier's program `{shown}` cannot be started in `{}`: {why}", folder.display());
            Error::external(what, "correct `command` in the manifest, or install the program")
        };
        let Some((program, arguments)) = command.split_first() else {
            return Err(refuse("no program is named".to_owned()));
        };
        let mut prepared = Command::new(program);
        prepared.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        if !folder.as_os_str().is_empty() {
            prepared.current_dir(folder);
        }
        // Ctrl-C is ours to answer: the program ends when its input does.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut prepared, 0);
        let mut child = prepared.spawn().map_err(|error| refuse(error.to_string()))?;
        let (Some(input), Some(output), Some(errors)) = (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(refuse("the system gives it no pipes".to_owned()));
        };
        let (ask, questions) = mpsc::channel();
        let (answer, answers) = mpsc::channel();
        let last_words = Arc::new(Mutex::new(Vec::new()));
        let kept = last_words.clone();
        let spawn = |name: &str, work: Box<dyn FnOnce() + Send>| {
            thread::Builder::new().name(name.to_owned()).spawn(work).map_err(|error| refuse(error.to_string()))
        };
        spawn("lacuna-process", Box::new(move || converse(input, output, &questions, &answer)))?;
        spawn("lacuna-process-errors", Box::new(move || listen(errors, &kept)))?;
        let running = Mutex::new(Running { child, ask: Some(ask), answers, last_words, failure: None });
        Ok(Self { command: shown, patience, device: device.clone(), stop: Stop(stop), running })
    }

    /// Ends the program and says why it had to.
    fn give_up(&self, running: &mut Running, what: &str, remedy: &str) -> Error {
        running.ask = None;
        kill(&mut running.child);
        let status = running.child.wait();
        // The thread that listens ends with the pipe; give it a moment.
        thread::sleep(Duration::from_millis(50));
        let words = running.last_words.lock().map(|words| String::from_utf8_lossy(&words).trim().to_owned());
        let said = match words.unwrap_or_default() {
            words if words.is_empty() => String::new(),
            words => format!("; it said: {words}"),
        };
        let ended = match status {
            Ok(status) if what == ENDED => format!(" ({status})"),
            _ => String::new(),
        };
        let what = format!("the classifier's program `{}` {what}{ended}{said}", self.command);
        let error = Error::external(what, remedy);
        running.failure = Some(error.clone());
        error
    }
}

const ENDED: &str = "ended instead of answering";

impl BlackBox for Process {
    fn logits(&self, images: &Tensor) -> Result<Tensor> {
        let batch = Batch { shape: images.shape(), numbers: images.read()? };
        let mut running = self.running.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(failure) = &running.failure {
            return Err(failure.clone());
        }
        let asked = running.ask.as_ref().is_some_and(|ask| ask.send(batch).is_ok());
        let deadline = Instant::now() + self.patience;
        let answer = loop {
            if !asked {
                break Err(mpsc::RecvTimeoutError::Disconnected);
            }
            match running.answers.recv_timeout(GLANCE) {
                Err(mpsc::RecvTimeoutError::Timeout) if (self.stop.0)() => {
                    return Err(self.give_up(&mut running, "was stopped by the user", "start again to get an answer"));
                }
                Err(mpsc::RecvTimeoutError::Timeout) if Instant::now() < deadline => {}
                answer => break answer,
            }
        };
        match answer {
            Ok(Ok(Batch { shape, numbers })) => Tensor::from_data(&self.device, &shape, numbers),
            Ok(Err(error)) if error.kind() == io::ErrorKind::InvalidData => {
                let remedy = "it has to answer with a line such as {\"shape\":[8,4]}, then 8 * 4 floats of 32 bits, and to print \
                              everything else to its standard error";
                Err(self.give_up(&mut running, &format!("answered wrongly: {error}"), remedy))
            }
            Ok(Err(error)) if error.kind() == io::ErrorKind::Other => {
                Err(self.give_up(&mut running, &format!("refused the images: {error}"), "see what it says"))
            }
            Ok(Err(_)) | Err(mpsc::RecvTimeoutError::Disconnected) => {
                Err(self.give_up(&mut running, ENDED, "run it by hand to see why"))
            }
            Err(mpsc::RecvTimeoutError::Timeout) => {
                let what = format!("gave no answer within {:?}", self.patience);
                let remedy = "if it needs longer, raise `seconds` in [model] of the manifest; otherwise make it flush its output";
                Err(self.give_up(&mut running, &what, remedy))
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Its input ends with the thread that held it; a program that stays is ended.
        self.ask = None;
        let waited = FAREWELL.as_millis() / 10;
        for _ in 0..waited {
            match self.child.try_wait() {
                Ok(None) => thread::sleep(Duration::from_millis(10)),
                _ => return,
            }
        }
        kill(&mut self.child);
        let _ = self.child.wait();
    }
}

/// Kills the program and, where it leads a group, what it started: a shell's children would hold its pipes open.
fn kill(child: &mut Child) {
    #[cfg(unix)]
    {
        let group = format!("-{}", child.id());
        let _ = Command::new("kill").args(["-KILL", "--", &group]).stderr(Stdio::null()).status();
    }
    let _ = child.kill();
}

/// Writes each batch and reads its answer, until nobody asks or something fails.
fn converse(
    mut input: ChildStdin,
    output: ChildStdout,
    questions: &mpsc::Receiver<Batch>,
    answers: &mpsc::Sender<io::Result<Batch>>,
) {
    let mut output = BufReader::new(output);
    while let Ok(batch) = questions.recv() {
        let answer = write(&mut input, &batch).and_then(|()| read(&mut output));
        let failed = answer.is_err();
        if answers.send(answer).is_err() || failed {
            return;
        }
    }
}

fn write(input: &mut ChildStdin, batch: &Batch) -> io::Result<()> {
    let mut bytes = serde_json::to_vec(&Header::Shape { shape: batch.shape.clone() })?;
    bytes.push(b'\n');
    bytes.extend(batch.numbers.iter().flat_map(|number| number.to_le_bytes()));
    input.write_all(&bytes)?;
    input.flush()
}

/// An answer. What is no answer is [`io::ErrorKind::InvalidData`]; what the program refuses is [`io::ErrorKind::Other`].
fn read(output: &mut impl BufRead) -> io::Result<Batch> {
    let wrong = |what: String| io::Error::new(io::ErrorKind::InvalidData, what);
    let mut line = Vec::new();
    output.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line)?;
    if line.is_empty() {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let shown = String::from_utf8_lossy(&line[..line.len().min(100)]).trim().to_owned();
    let shape = match serde_json::from_slice(&line) {
        Ok(Header::Shape { shape }) => shape,
        Ok(Header::Error { error }) => return Err(io::Error::other(error)),
        Err(_) => return Err(wrong(format!("`{shown}` where a line such as {{\"shape\":[8,4]}} is expected"))),
    };
    let count = shape.iter().try_fold(1_usize, |count, size| count.checked_mul(*size));
    let count = count.filter(|count| (1..=MOST_NUMBERS).contains(count) && shape.len() == 2);
    let count = count.ok_or_else(|| wrong(format!("a shape of {shape:?} where (images, classes) is expected")))?;
    let mut bytes = vec![0; count * size_of::<f32>()];
    output.read_exact(&mut bytes)?;
    let (numbers, _) = bytes.as_chunks::<4>();
    Ok(Batch { shape, numbers: numbers.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect() })
}

/// Keeps the end of what the program says.
fn listen(mut errors: ChildStderr, kept: &Mutex<Vec<u8>>) {
    let mut buffer = [0; 1024];
    while let Ok(count @ 1..) = errors.read(&mut buffer) {
        let Ok(mut kept) = kept.lock() else { return };
        kept.extend_from_slice(&buffer[..count]);
        let surplus = kept.len().saturating_sub(LAST_WORDS);
        kept.drain(..surplus);
    }
}
