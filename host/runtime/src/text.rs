//! Text that came from a guest, made fit to be shown to a person.

/// At most `limit` characters of `text` on one line, without control characters: a plugin's words end in terminals and log
/// files, where an escape sequence could rewrite what the user sees and a further line could pass for one of the host's.
pub(crate) fn clean(text: &str, limit: usize) -> String {
    let mut shown: String = text
        .chars()
        .map(|c| if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') { ' ' } else { c })
        .take(limit)
        .collect();
    if text.chars().nth(limit).is_some() {
        shown.push_str(" ...");
    }
    shown
}

/// Whether `name` is kebab-case: lower-case words of letters and digits, joined by single hyphens.
pub(crate) fn is_kebab_case(name: &str) -> bool {
    let word = |w: &str| !w.is_empty() && w.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    name.len() <= 64 && name.starts_with(|c: char| c.is_ascii_lowercase()) && name.split('-').all(word)
}

/// A number of bytes in the largest binary unit that divides it, `2 GiB`.
pub(crate) fn bytes(count: u64) -> String {
    const UNITS: [(&str, u64); 3] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    match UNITS.iter().find(|(_, size)| count >= *size) {
        Some((unit, size)) if count.is_multiple_of(*size) => format!("{} {unit}", count / size),
        Some((unit, size)) => format!("{:.1} {unit}", count as f64 / *size as f64),
        None => format!("{count} bytes"),
    }
}

/// `a`, `b` and `c`, for lists in messages.
pub(crate) fn list<S: AsRef<str>>(names: &[S]) -> String {
    names.iter().map(|name| format!("`{}`", name.as_ref())).collect::<Vec<_>>().join(", ")
}

/// The candidate that a misspelt `word` most likely meant: the nearest by edit distance, if it is near at all.
pub(crate) fn nearest<'a>(word: &str, candidates: &[&'a str]) -> Option<&'a str> {
    candidates
        .iter()
        .map(|candidate| (edit_distance(word, candidate), *candidate))
        .filter(|(distance, candidate)| *distance <= 1 + candidate.len() / 4)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Levenshtein distance, one row at a time.
fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_and_novels_do_not_reach_a_terminal() {
        assert_eq!(clean("a\u{1b}[2Jb", 100), "a [2Jb");
        assert_eq!(clean("done\nlacuna: verified", 100), "done lacuna: verified");
        assert_eq!(clean("abcdef", 3), "abc ...");
    }

    #[test]
    fn names_are_kebab_case() {
        assert!(is_kebab_case("meaningful-perturbation") && is_kebab_case("fong2017"));
        for wrong in ["", "-a", "a--b", "A", "2a", "a_b", "../a"] {
            assert!(!is_kebab_case(wrong), "{wrong}");
        }
    }

    #[test]
    fn a_misspelling_finds_its_word() {
        assert_eq!(nearest("step", &["steps", "sigma"]), Some("steps"));
        assert_eq!(nearest("zzz", &["steps", "sigma"]), None);
    }

    #[test]
    fn bytes_read_well() {
        assert_eq!(bytes(2 << 30), "2 GiB");
        assert_eq!(bytes(1536 << 10), "1.5 MiB");
        assert_eq!(bytes(12), "12 bytes");
    }
}
