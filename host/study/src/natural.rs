//! Natural order of file names: `a_2` comes before `a_10`.

use std::cmp::Ordering;

/// Compares runs of digits by their value and everything else character by character. Names that differ only in leading
/// zeros are compared as text.
pub(crate) fn compare(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a, b);
    loop {
        let (x, y) = (part(left), part(right));
        if x.is_empty() || y.is_empty() {
            return x.len().cmp(&y.len()).then_with(|| a.cmp(b));
        }
        let order = match (is_number(x), is_number(y)) {
            (true, true) => {
                let (x, y) = (x.trim_start_matches('0'), y.trim_start_matches('0'));
                x.len().cmp(&y.len()).then_with(|| x.cmp(y))
            }
            _ => x.cmp(y),
        };
        if order != Ordering::Equal {
            return order;
        }
        (left, right) = (&left[x.len()..], &right[y.len()..]);
    }
}

/// The run of digits at the start of the text, or its first character.
fn part(text: &str) -> &str {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let first = text.chars().next().map_or(0, char::len_utf8);
    &text[..digits.max(first)]
}

fn is_number(part: &str) -> bool {
    part.starts_with(|c: char| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::compare;

    #[test]
    fn numbers_count_by_value() {
        let sorted = ["a", "a1b", "a2", "a02", "a10", "b", "non", "non_2", "non_10", "non_10x", "é1"];
        let mut names: Vec<&str> = sorted.iter().rev().copied().collect();
        names.sort_by(|a, b| compare(a, b));
        assert_eq!(names, ["a", "a1b", "a02", "a2", "a10", "b", "non", "non_2", "non_10", "non_10x", "é1"]);
        assert!(compare("1", "99999999999999999999999999").is_lt(), "numbers of any length");
    }
}
