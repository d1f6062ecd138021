//! Standard output and standard error of a plugin: lines that become its messages.

use crate::text;
use std::collections::VecDeque;

/// Bytes of a line after which it is told in parts.
const LONGEST_LINE: usize = 2000;
/// Lines that are the last words: of a traceback the place, the error, and what the runtime adds.
const LAST_LINES: usize = 6;
/// Characters of the last words.
const LAST_WORDS: usize = 600;
/// A line that Rust's runtime adds to a panic and that helps nobody here.
const ADVICE: &str = "note: run with `RUST_BACKTRACE";

/// Where a plugin writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stream {
    Output,
    Error,
}

/// What a plugin has written and not ended yet, and the last lines of its standard error.
#[derive(Default)]
pub(super) struct Console {
    output: Vec<u8>,
    error: Vec<u8>,
    last: VecDeque<String>,
}

impl Console {
    /// Takes what was written, and tells the lines that it ends.
    pub(super) fn write(&mut self, stream: Stream, bytes: &[u8], mut tell: impl FnMut(&str)) {
        let held = match stream {
            Stream::Output => &mut self.output,
            Stream::Error => &mut self.error,
        };
        for byte in bytes {
            if *byte != b'\n' {
                held.push(*byte);
            }
            if *byte == b'\n' || held.len() >= LONGEST_LINE {
                if let Some(line) = line(held) {
                    tell(&line);
                    if stream == Stream::Error && !line.starts_with(ADVICE) {
                        self.last.push_back(line);
                        self.last.drain(..self.last.len().saturating_sub(LAST_LINES));
                    }
                }
                held.clear();
            }
        }
    }

    /// The last lines on the standard error, ended or not.
    pub(super) fn last_words(&self) -> Option<String> {
        let begun = line(&self.error);
        let lines: Vec<&str> = self.last.iter().chain(&begun).map(|line| line.trim()).collect();
        (!lines.is_empty()).then(|| text::clean(&lines.join(" / "), LAST_WORDS))
    }
}

/// A line that says something.
fn line(bytes: &[u8]) -> Option<String> {
    let line = String::from_utf8_lossy(bytes).trim_end().to_owned();
    (!line.trim().is_empty()).then_some(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(console: &mut Console, stream: Stream, bytes: &[u8]) -> Vec<String> {
        let mut lines = Vec::new();
        console.write(stream, bytes, |line| lines.push(line.to_owned()));
        lines
    }

    #[test]
    fn lines_come_whole_and_streams_apart() {
        let mut console = Console::default();
        assert!(lines(&mut console, Stream::Output, b"one ").is_empty());
        assert!(lines(&mut console, Stream::Error, b"wrong").is_empty());
        assert_eq!(lines(&mut console, Stream::Output, b"line\r\n\n  \nand more"), ["one line"]);
        assert_eq!(console.last_words().as_deref(), Some("wrong"));
        assert_eq!(lines(&mut console, Stream::Error, b"!\n"), ["wrong!"]);
        lines(&mut console, Stream::Error, b"note: run with `RUST_BACKTRACE=1`\nquite ");
        assert_eq!(console.last_words().as_deref(), Some("wrong! / quite"));
    }

    #[test]
    fn what_is_held_is_bounded() {
        let mut console = Console::default();
        let told = lines(&mut console, Stream::Output, &[b'x'; 10 * LONGEST_LINE + 5]);
        assert_eq!((told.len(), console.output.len()), (10, 5));
        lines(&mut console, Stream::Error, &b"a line\n".repeat(100));
        assert_eq!(console.last.len(), LAST_LINES);
    }
}
