//! Rules that derive the patient of each image from the names or the order of the files.

use crate::error::Error;
use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::str::FromStr;

/// A rule that assigns the files of a folder to patients, where no table names them. All rules count files in natural order
/// (`a_2` before `a_10`).
///
/// It matters because slices of one patient are near-duplicates: where they are in both the training and the test set, the
/// test score is worth nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Patients {
    /// The text before the last `_` or `-` of the name, where that gives at least two groups, each of at least two images.
    /// Otherwise contiguous blocks of n / 20 of the n files, at least one: near-duplicates usually stand side by side.
    /// [`Table::note`](crate::Table::note) says which of the two was used.
    #[default]
    Auto,
    /// Every image is a patient of its own.
    Each,
    /// The text before the last occurrence of this character is the patient; a name without it is a patient as a whole.
    /// Written `prefix:_`.
    Prefix(char),
    /// Image i, counted from 0, belongs to patient i mod n: all patients' first slices, then all their second ones. Written
    /// `cycle:100`.
    Cycle(usize),
    /// Images 0 to n - 1 belong to the first patient, the next n to the second. Written `block:32`.
    Block(usize),
}

impl Patients {
    /// The patient of each file (in natural order), and for [`Patients::Auto`] a note that says how they were derived.
    pub(crate) fn of(self, files: &[impl AsRef<Path>]) -> (Vec<String>, Option<String>) {
        let stems = || files.iter().map(|file| stem(file.as_ref()));
        let counted = |number: &dyn Fn(usize) -> usize, name: &str| {
            (0..files.len()).map(|index| format!("{name}-{}", number(index) + 1)).collect()
        };
        match self {
            Self::Each => (stems().collect(), None),
            Self::Prefix(mark) => (stems().map(|stem| before(&stem, &[mark])).collect(), None),
            Self::Cycle(count) => (counted(&|index| index % count.max(1), "cycle"), None),
            Self::Block(size) => (counted(&|index| index / size.max(1), "block"), None),
            Self::Auto => {
                let names: Vec<String> = stems().map(|stem| before(&stem, &['_', '-'])).collect();
                if let Some(patients) = groups(&names) {
                    let note = format!(
                        "the text before the last `_` or `-` of the file names was taken as the patient: {patients} patients"
                    );
                    return (names, Some(note));
                }
                let size = (files.len() / 20).max(1);
                let note = format!(
                    "the file names tell no patients, so every {size} files in natural order were taken as one patient; say \
                     `prefix:_`, `cycle:N`, `block:N` or `each` if you know better"
                );
                (counted(&|index| index / size, "block"), Some(note))
            }
        }
    }
}

/// Number of groups of equal names, if there are at least two groups, each of at least two images.
fn groups(names: &[String]) -> Option<usize> {
    let mut sizes: HashMap<&str, usize> = HashMap::new();
    names.iter().for_each(|name| *sizes.entry(name).or_default() += 1);
    (sizes.len() > 1 && sizes.values().all(|&size| size > 1)).then_some(sizes.len())
}

/// The text before the last of the marks; the whole text where there is no mark or nothing before it.
fn before(stem: &str, marks: &[char]) -> String {
    match stem.rfind(marks) {
        None | Some(0) => stem.to_owned(),
        Some(end) => stem[..end].to_owned(),
    }
}

/// The name of a file without its ending.
pub(crate) fn stem(file: &Path) -> String {
    file.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

impl FromStr for Patients {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let count = |text: &str| text.parse().ok().filter(|&count: &usize| count > 0);
        let single = |text: &str| {
            let mut characters = text.chars();
            characters.next().filter(|_| characters.next().is_none())
        };
        let parsed = match text.split_once(':') {
            None if text == "auto" => Some(Self::Auto),
            None if text == "each" => Some(Self::Each),
            Some(("prefix", mark)) => single(mark).map(Self::Prefix),
            Some(("cycle", number)) => count(number).map(Self::Cycle),
            Some(("block", number)) => count(number).map(Self::Block),
            _ => None,
        };
        parsed.ok_or_else(|| {
            Error::input(
                "patients",
                format!("`{text}`"),
                "auto, each, prefix:C with one character, cycle:N or block:N with a number of at least 1",
                "write for example prefix:_ if the files are named PATIENT_SLICE.png",
            )
        })
    }
}

impl fmt::Display for Patients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Each => f.write_str("each"),
            Self::Prefix(mark) => write!(f, "prefix:{mark}"),
            Self::Cycle(count) => write!(f, "cycle:{count}"),
            Self::Block(size) => write!(f, "block:{size}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Patients;

    fn of(rule: &str, files: &[&str]) -> (Vec<String>, Option<String>) {
        rule.parse::<Patients>().unwrap().of(files)
    }

    #[test]
    fn names_tell_patients_where_they_can() {
        let (patients, note) = of("auto", &["p1_z1.png", "p1_z2.png", "p2-z1.png", "p2-z2.png"]);
        assert_eq!(patients, ["p1", "p1", "p2", "p2"]);
        assert!(note.unwrap().contains("2 patients"));
    }

    #[test]
    fn one_group_or_a_lone_image_is_no_set_of_patients() {
        let one: Vec<String> = (0..60).map(|index| format!("non_{index}.png")).collect();
        let (patients, note) = Patients::Auto.of(&one);
        assert_eq!((&*patients[2], &*patients[3], &*patients[59]), ("block-1", "block-2", "block-20"));
        assert!(note.unwrap().contains("every 3 files"));
        assert_eq!(of("auto", &["a_1.png", "a_2.png", "b_1.png"]).0, ["block-1", "block-2", "block-3"]);
    }

    #[test]
    fn rules_are_followed() {
        assert_eq!(of("each", &["a_1.png", "a_2.png"]).0, ["a_1", "a_2"]);
        assert_eq!(of("prefix:_", &["a-1_1.png", "_2.png", "c.png"]).0, ["a-1", "_2", "c"]);
        assert_eq!(of("cycle:2", &["a", "b", "c"]).0, ["cycle-1", "cycle-2", "cycle-1"]);
        assert_eq!(of("block:2", &["a", "b", "c"]).0, ["block-1", "block-1", "block-2"]);
    }

    #[test]
    fn rules_are_read_and_written_alike_and_others_refused() {
        for text in ["auto", "each", "prefix:_", "cycle:100", "block:32"] {
            assert_eq!(text.parse::<Patients>().unwrap().to_string(), text);
        }
        for text in ["", "cycle", "cycle:0", "cycle:x", "block:-1", "prefix:", "prefix:ab", "every"] {
            let error = text.parse::<Patients>().unwrap_err().to_string();
            assert!(error.contains("prefix:_") && error.contains(&format!("`{text}`")), "{error}");
        }
    }
}
