//! Splits the rows of a table into training, validation and test sets by patient: no patient is in two of them.

use crate::error::{Error, Result};
use crate::random::{SplitMix, hash};
use crate::table::Table;
use std::collections::{HashMap, HashSet};

/// The random stream that decides the fold of a patient.
const FOLD: u64 = 1;
/// The random stream that decides the order in which patients are taken for validation.
const QUEUE: u64 = 2;

/// The fold of a patient, 0 to `folds` - 1. It is a function of the name, the number of folds and the seed alone, so two
/// trainings over different lists of images agree on the test patients of a fold. The price is that folds are only about
/// equally large.
pub fn fold_of(patient: &str, folds: usize, seed: u64) -> usize {
    SplitMix::stream(seed, &[FOLD, hash(patient)]).below(folds.max(1))
}

/// The fold of a cross-validation that is the test set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Fold {
    /// Number of folds; at least 2 where one is the test set.
    pub folds: usize,
    /// The test fold, 0 to `folds` - 1; `None` leaves the test set empty.
    pub test: Option<usize>,
}

/// Indices of a table's rows, each list in the table's order. The lists share no patient.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Split {
    /// Training set.
    pub train: Vec<usize>,
    /// Validation set: decides when training stops and which step is kept.
    pub validation: Vec<usize>,
    /// Test set: used once, after every choice is made.
    pub test: Vec<usize>,
}

/// A split by the names of patients, each list sorted. A record keeps it, and it applies to any table of the same patients.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct SplitPatients {
    /// Patients of the training set.
    pub train: Vec<String>,
    /// Patients of the validation set.
    pub validation: Vec<String>,
    /// Patients of the test set.
    pub test: Vec<String>,
}

impl Split {
    /// Splits a table by patient. The patients of the test fold are the test set. The other patients are taken in an order that
    /// depends on the seed and on each name alone: the first ones (at least one) until they have `validation_share` of the
    /// remaining rows are the validation set, and the rest is the training set.
    ///
    /// # Errors
    /// Refuses fewer than two patients outside the test fold, a share outside (0, 1), a fold that does not exist or has no
    /// patient, and an empty training set.
    pub fn by_patient(table: &Table, fold: Fold, validation_share: f64, seed: u64) -> Result<Self> {
        if !(validation_share > 0.0 && validation_share < 1.0) {
            let remedy = "write for example 0.15";
            return Err(refusal(
                &format!("a validation share of {validation_share}"),
                "more than 0 and less than 1",
                remedy,
            ));
        }
        let judged = test_fold(fold)?;
        let is_judge = |patient: &str| judged.is_some_and(|test| fold_of(patient, fold.folds, seed) == test);
        let patients = table.patients();
        let (judges, mut others): (Vec<&str>, Vec<&str>) = patients.iter().partition(|patient| is_judge(patient));
        if let (Some(test), true) = (judged, judges.is_empty()) {
            let found = format!("no patient among {} in fold {test} of {}", patients.len(), fold.folds);
            let remedy = "choose another fold, fewer folds or another seed, or add patients";
            return Err(refusal(&found, "at least one patient to judge on", remedy));
        }
        if others.len() < 2 {
            let found = match judged {
                Some(_) => format!("{} of {} patients outside of the test fold", others.len(), patients.len()),
                None => format!("{} patient in {} rows", patients.len(), table.rows.len()),
            };
            let remedy =
                "add patients, or tell them apart: in the column `patient` of a table, or by a rule for file names";
            return Err(refusal(&found, "at least two, one to learn from and one to validate on", remedy));
        }
        // The name decides between two patients that drew the same number, which hardly happens.
        others.sort_by_key(|patient| (SplitMix::stream(seed, &[QUEUE, hash(patient)]).next_u64(), *patient));
        let mut rows: HashMap<&str, usize> = HashMap::new();
        table.rows.iter().for_each(|row| *rows.entry(&row.patient).or_default() += 1);
        let wanted = validation_share * others.iter().map(|patient| rows[patient]).sum::<usize>() as f64;
        let mut reached = 0;
        let enough = |patient: &&str| {
            reached += rows[patient];
            reached as f64 >= wanted
        };
        let last = others.iter().position(enough).unwrap_or(others.len() - 1);
        if last + 1 == others.len() {
            let found = format!("a validation share of {validation_share} that takes all {} patients", others.len());
            return Err(refusal(&found, "at least one patient to learn from", "lower the share, or add patients"));
        }
        let validators: HashSet<&str> = others[..=last].iter().copied().collect();
        let judges: HashSet<&str> = judges.into_iter().collect();
        Ok(Self::from_parts(table, |patient| match (judges.contains(patient), validators.contains(patient)) {
            (true, _) => Some(Part::Test),
            (false, true) => Some(Part::Validation),
            (false, false) => Some(Part::Train),
        }))
    }

    /// The patients of each set, sorted by name. `table` must be the one that was split.
    ///
    /// # Panics
    /// When the split has a row that `table` does not have; [`check`] finds this out.
    pub fn patients(&self, table: &Table) -> SplitPatients {
        let names = |rows: &[usize]| {
            let mut names: Vec<String> = rows.iter().map(|&row| table.rows[row].patient.clone()).collect();
            names.sort_unstable();
            names.dedup();
            names
        };
        SplitPatients { train: names(&self.train), validation: names(&self.validation), test: names(&self.test) }
    }

    /// Puts every row into the set that `part` gives for its patient; rows of patients without one are left out.
    fn from_parts(table: &Table, part: impl Fn(&str) -> Option<Part>) -> Self {
        let mut split = Self::default();
        for (index, row) in table.rows.iter().enumerate() {
            match part(&row.patient) {
                Some(Part::Train) => split.train.push(index),
                Some(Part::Validation) => split.validation.push(index),
                Some(Part::Test) => split.test.push(index),
                None => {}
            }
        }
        split
    }
}

impl SplitPatients {
    /// The rows of these patients in a table. Patients that the table does not have are ignored. Rows of patients that the split
    /// does not name are left out, since it is unknown whether the model was trained on them.
    ///
    /// # Errors
    /// Refuses a patient who is in two sets.
    pub fn rows(&self, table: &Table) -> Result<Split> {
        let mut parts: HashMap<&str, Part> = HashMap::new();
        for (part, names) in
            [(Part::Train, &self.train), (Part::Validation, &self.validation), (Part::Test, &self.test)]
        {
            for name in names {
                match parts.insert(name, part) {
                    Some(other) if other != part => return Err(divided(name, other, part)),
                    _ => {}
                }
            }
        }
        Ok(Split::from_parts(table, |patient| parts.get(patient).copied()))
    }
}

/// Checks that no patient is in two sets, and that no person whose tissue is in a test image, as a patient or as a donor, is
/// in a training or validation image. Training and validation may share donors, of whom there are often few: the validation
/// score is then a little optimistic, the test score is not.
///
/// # Errors
/// Refuses such a patient or donor, and a row that the table does not have.
pub fn check(split: &Split, table: &Table) -> Result<()> {
    let mut parts: HashMap<&str, Part> = HashMap::new();
    for (part, rows) in [(Part::Train, &split.train), (Part::Validation, &split.validation), (Part::Test, &split.test)]
    {
        for &index in rows {
            let Some(row) = table.rows.get(index) else {
                let expected = format!("rows 0 to {}", table.rows.len().saturating_sub(1));
                return Err(refusal(&format!("row {index}"), &expected, "use the table that the split was made of"));
            };
            match parts.insert(&row.patient, part) {
                Some(other) if other != part => return Err(divided(&row.patient, other, part)),
                _ => {}
            }
        }
    }
    let people = |index: &usize| {
        let row = &table.rows[*index];
        std::iter::once(&*row.patient).chain(row.donor.as_deref())
    };
    let judged: HashSet<&str> = split.test.iter().flat_map(people).collect();
    match split.train.iter().chain(&split.validation).flat_map(people).find(|person| judged.contains(person)) {
        None => Ok(()),
        Some(person) => Err(refusal(
            &format!("tissue of `{person}` in images to learn from and in images to judge on"),
            "everybody, donors of lesions too, on one side",
            "split by the folds and the seed that the lesions were pasted with (the data's record.json has them), or paste \
             them again for these folds",
        )),
    }
}

/// One of the three sets of a split.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Train,
    Validation,
    Test,
}

/// The test fold, if there is one, within the number of folds.
fn test_fold(fold: Fold) -> Result<Option<usize>> {
    match fold.test {
        Some(test) if fold.folds < 2 || test >= fold.folds => {
            let found = format!("test fold {test} of {}", fold.folds);
            Err(refusal(&found, "at least 2 folds, counted from 0", "write for example 5 folds and test fold 0"))
        }
        test => Ok(test),
    }
}

/// The error for a patient who is in two sets.
fn divided(patient: &str, first: Part, second: Part) -> Error {
    let name = |part| match part {
        Part::Train => "train",
        Part::Validation => "validation",
        Part::Test => "test",
    };
    let found = format!("patient `{patient}` both in {} and in {}", name(first), name(second));
    refusal(&found, "every patient in one part", "make the split again, by patient")
}

fn refusal(found: &str, expected: &str, remedy: &str) -> Error {
    Error::input("split", found, expected, remedy)
}

#[cfg(test)]
mod tests;
