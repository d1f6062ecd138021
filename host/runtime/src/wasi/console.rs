//! Standard output and standard error of a plugin: lines that become its messages.

use crate::text;

/// Bytes of a line after which it is told in parts.
const LONGEST_LINE: usize = 2000;
/// Characters of the last words.
const LAST_WORDS: usize = 300;

/// Where a plugin writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stream {
    Output,
    Error,
}

/// What a plugin has written and not ended yet, and the last line of its standard error.
#[derive(Default)]
pub(super) struct Console {
    output: Vec<u8>,
    error: Vec<u8>,
    last: Option<String>,
}

impl Console {
    /// Takes what was written, and gives the lines that it ends.
    pub(super) fn write(&mut self, stream: Stream, bytes: &[u8]) -> Vec<String> {
        let held = match stream {
            Stream::Output => &mut self.output,
            Stream::Error => &mut self.error,
        };
        let mut lines = Vec::new();
        for byte in bytes {
            if *byte != b'\n' {
                held.push(*byte);
            }
            if *byte == b'\n' || held.len() >= LONGEST_LINE {
                lines.extend(line(held));
                held.clear();
            }
        }
        if stream == Stream::Error {
            self.last = lines.last().cloned().or_else(|| self.last.take());
        }
        lines
    }

    /// The line on the standard error that was not ended, or the last one that was.
    pub(super) fn last_words(&self) -> Option<String> {
        let last = line(&self.error).or_else(|| self.last.clone())?;
        Some(text::clean(last.trim(), LAST_WORDS))
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

    #[test]
    fn lines_come_whole_and_streams_apart() {
        let mut console = Console::default();
        assert!(console.write(Stream::Output, b"one ").is_empty());
        assert!(console.write(Stream::Error, b"wrong").is_empty());
        assert_eq!(console.write(Stream::Output, b"line\r\n\n  \nand more"), ["one line"]);
        assert_eq!(console.last_words().as_deref(), Some("wrong"));
        assert_eq!(console.write(Stream::Error, b"!\n"), ["wrong!"]);
        assert_eq!(console.last_words().as_deref(), Some("wrong!"));
    }

    #[test]
    fn a_line_without_an_end_is_told_in_parts_and_held_in_part() {
        let mut console = Console::default();
        let lines = console.write(Stream::Output, &[b'x'; 10 * LONGEST_LINE + 5]);
        assert_eq!((lines.len(), console.output.len()), (10, 5));
    }
}
