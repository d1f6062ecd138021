//! The inputs of a kernel, in memory, with the plain text of what they gave.

use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::VecDeque;

/// The most inputs that are kept; the oldest are forgotten first.
const ENTRIES: usize = 10_000;
/// How many bytes they may have together.
const BYTES: usize = 32 << 20;
/// A longer output is not kept.
const LONGEST_OUTPUT: usize = 64 << 10;
/// A kernel is one session of its history.
const SESSION: i64 = 1;

struct Entry {
    line: u32,
    input: String,
    output: Option<String>,
}

#[derive(Default)]
pub(crate) struct History {
    entries: VecDeque<Entry>,
    bytes: usize,
}

/// What a front end asks for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Query {
    output: bool,
    hist_access_type: String,
    session: i64,
    start: Option<i64>,
    stop: Option<i64>,
    n: Option<usize>,
    pattern: Option<String>,
    unique: Option<bool>,
}

impl History {
    pub(crate) fn add(&mut self, line: u32, input: &str) {
        self.bytes += input.len();
        self.entries.push_back(Entry { line, input: input.into(), output: None });
        while self.entries.len() > ENTRIES || self.bytes > BYTES {
            let Some(oldest) = self.entries.pop_front() else { break };
            self.bytes -= oldest.input.len() + oldest.output.map_or(0, |output| output.len());
        }
    }

    /// What the last input gave.
    pub(crate) fn gave(&mut self, line: u32, output: &str) {
        if let Some(entry) = self.entries.back_mut().filter(|entry| entry.line == line)
            && output.len() <= LONGEST_OUTPUT
        {
            self.bytes += output.len();
            entry.output = Some(output.into());
        }
    }

    /// Entries as `(session, line, input)`, or `(session, line, (input, output))` where outputs are asked for.
    pub(crate) fn find(&self, query: &Query) -> Vec<Value> {
        let found = match query.hist_access_type.as_str() {
            "tail" => {
                self.entries.iter().skip(self.entries.len() - query.n.unwrap_or(10).min(self.entries.len())).collect()
            }
            "range" => self.range(query),
            "search" => self.search(query),
            _ => Vec::new(),
        };
        let entry = |entry: &Entry| match query.output {
            true => json!([SESSION, entry.line, [entry.input, entry.output]]),
            false => json!([SESSION, entry.line, entry.input]),
        };
        found.into_iter().map(entry).collect()
    }

    /// Session 0 is this one, -1 the one before, which is not kept; `stop` is not part of it.
    fn range(&self, query: &Query) -> Vec<&Entry> {
        let (start, stop) = (query.start.unwrap_or(1), query.stop.unwrap_or(i64::MAX));
        let ours = query.session == 0 || query.session == SESSION;
        let inside = |entry: &&Entry| ours && (start..stop).contains(&i64::from(entry.line));
        self.entries.iter().filter(inside).collect()
    }

    /// The last `n` that match; of equal ones with `unique` the last.
    fn search(&self, query: &Query) -> Vec<&Entry> {
        let pattern: Vec<char> = query.pattern.as_deref().unwrap_or("*").chars().collect();
        let mut seen = std::collections::HashSet::new();
        let fresh = |entry: &&Entry| !query.unique.unwrap_or(false) || seen.insert(entry.input.clone());
        let matches = |entry: &&Entry| glob(&pattern, &entry.input.chars().collect::<Vec<_>>());
        let last = self.entries.iter().rev().filter(matches).filter(fresh);
        let mut found: Vec<_> = last.take(query.n.unwrap_or(usize::MAX)).collect();
        found.reverse();
        found
    }
}

/// Whether a text matches a pattern in full: `*` is any text, `?` any character. Takes at most the product of the lengths.
fn glob(pattern: &[char], text: &[char]) -> bool {
    let (mut at, mut from) = (0, 0);
    // Where to go on when the text behind the last `*` does not match: a longer text for it.
    let mut again = None;
    while from < text.len() {
        match pattern.get(at) {
            Some('*') => {
                again = Some((at, from));
                at += 1;
            }
            Some(&wanted) if wanted == '?' || wanted == text[from] => (at, from) = (at + 1, from + 1),
            _ => match again {
                Some((star, start)) => {
                    again = Some((star, start + 1));
                    (at, from) = (star + 1, start + 1);
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|&rest| rest == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history() -> History {
        let mut history = History::default();
        for (line, input) in (1..).zip(["a = 1", "a", "b = 2", "a", "a + b"]) {
            history.add(line, input);
            if !input.contains('=') {
                history.gave(line, &format!("<{input}>"));
            }
        }
        history
    }

    fn lines(query: Value) -> Vec<u64> {
        let query = serde_json::from_value(query).unwrap();
        history().find(&query).iter().map(|entry| entry[1].as_u64().unwrap()).collect()
    }

    #[test]
    fn tail_range_and_search_find_what_they_name() {
        let tail = |n: usize| lines(json!({"hist_access_type": "tail", "n": n}));
        assert_eq!((tail(2), tail(0), tail(9).len()), (vec![4, 5], vec![], 5));
        let range = |session: i64, start, stop| {
            lines(json!({"hist_access_type": "range", "session": session, "start": start, "stop": stop}))
        };
        assert_eq!((range(0, 2, Some(4)), range(1, 4, None), range(-1, 1, None)), (vec![2, 3], vec![4, 5], vec![]));
        let search = |pattern: &str, unique: bool, n: Option<usize>| {
            lines(json!({"hist_access_type": "search", "pattern": pattern, "unique": unique, "n": n}))
        };
        assert_eq!(search("a*", false, None), [1, 2, 4, 5]);
        assert_eq!((search("a*", true, None), search("a*", true, Some(2))), (vec![1, 4, 5], vec![4, 5]));
        assert_eq!((search("? = ?", false, None), search("A", false, None)), (vec![1, 3], vec![]));
        assert_eq!((lines(json!({})), lines(json!({"hist_access_type": "other"}))), (vec![], vec![]));
    }

    #[test]
    fn outputs_come_where_they_are_asked_for() {
        let query = serde_json::from_value(json!({"hist_access_type": "tail", "n": 2, "output": true})).unwrap();
        assert_eq!(history().find(&query), [json!([1, 4, ["a", "<a>"]]), json!([1, 5, ["a + b", "<a + b>"]])]);
        let query = serde_json::from_value(json!({"hist_access_type": "range", "stop": 2, "output": true})).unwrap();
        assert_eq!(history().find(&query), [json!([1, 1, ["a = 1", null]])]);
    }

    #[test]
    fn memory_is_bounded() {
        let mut history = History::default();
        (0..2 * ENTRIES as u32).for_each(|line| history.add(line, "a"));
        assert_eq!((history.entries.len(), history.bytes), (ENTRIES, ENTRIES));
        (0..4).for_each(|line| history.add(line, &"a".repeat(BYTES / 2)));
        assert_eq!((history.entries.len(), history.bytes), (2, BYTES));
        history.gave(3, &"b".repeat(LONGEST_OUTPUT + 1));
        assert_eq!(history.bytes, BYTES);
    }

    #[test]
    fn patterns_match_in_full() {
        let matches =
            |pattern: &str, text: &str| glob(&pattern.chars().collect::<Vec<_>>(), &text.chars().collect::<Vec<_>>());
        for (pattern, text) in [
            ("", ""),
            ("*", ""),
            ("a*c*", "abcbc"),
            ("*b?", "abcbc"),
            ("?*é", "xé"),
            ("*a\n*", "1a\n2"),
            ("[a]", "[a]"),
        ] {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("", "a"), ("a", ""), ("a*b", "abc"), ("?", ""), ("*x*", "abc"), ("[a]", "a")] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
        assert!(!matches(&"*a".repeat(50), &"a".repeat(49)));
    }
}
