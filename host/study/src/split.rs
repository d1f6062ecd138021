//! Who is learned from, who chooses among what was learned, and who judges it. Patients are never divided.

use crate::error::{Error, Result};
use crate::random::{SplitMix, hash};
use crate::table::Table;
use std::collections::{HashMap, HashSet};

/// What the numbers of a patient decide: the fold, and the place in the queue for validation.
const FOLD: u64 = 1;
const QUEUE: u64 = 2;

/// The fold of a patient, 0 to `folds` - 1. It depends on nothing but the name, the number of folds and the seed, so two
/// trainings over different lists of images agree on who is judged in which fold; the price is that folds are only about
/// equally large.
pub fn fold_of(patient: &str, folds: usize, seed: u64) -> usize {
    SplitMix::stream(seed, &[FOLD, hash(patient)]).below(folds.max(1))
}

/// Which of the folds judges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Fold {
    /// How many there are; at least 2 where one judges.
    pub folds: usize,
    /// The fold that is kept out for the judgement, 0 to `folds` - 1; `None` keeps out none.
    pub test: Option<usize>,
}

/// Rows of a table, each list in the table's order. The lists share no patient.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Split {
    /// To learn from.
    pub train: Vec<usize>,
    /// To choose among what was learned: when to stop, which step to keep.
    pub validation: Vec<usize>,
    /// To judge; not looked at before.
    pub test: Vec<usize>,
}

/// A split by the names of patients, each list sorted: what a record keeps, and what fits another table of the same patients.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct SplitPatients {
    pub train: Vec<String>,
    pub validation: Vec<String>,
    pub test: Vec<String>,
}

impl Split {
    /// Keeps the patients of the test fold out. Of the others, in an order that the seed decides for each name alone, the
    /// fewest patients (at least one) whose rows make up `validation_share` of theirs validate; the rest is learned from.
    ///
    /// # Errors
    /// Fewer than two patients to divide, a share outside (0, 1), a fold that does not exist or has no patient, and nothing
    /// left to learn from.
    pub fn by_patient(table: &Table, fold: Fold, validation_share: f64, seed: u64) -> Result<Self> {
        if !(validation_share > 0.0 && validation_share < 1.0) {
            let remedy = "write for example 0.15";
            return Err(refusal(
                &format!("a validation share of {validation_share}"),
                "more than 0 and less than 1",
                remedy,
            ));
        }
        let judged = judges(fold)?;
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
        // The name decides between two patients of one number, which hardly happens.
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
        Ok(Self::where_each_goes(table, |patient| match (judges.contains(patient), validators.contains(patient)) {
            (true, _) => Some(Part::Test),
            (false, true) => Some(Part::Validation),
            (false, false) => Some(Part::Train),
        }))
    }

    /// The names behind the rows.
    pub fn patients(&self, table: &Table) -> SplitPatients {
        let names = |rows: &[usize]| {
            let mut names: Vec<String> = rows.iter().map(|&row| table.rows[row].patient.clone()).collect();
            names.sort_unstable();
            names.dedup();
            names
        };
        SplitPatients { train: names(&self.train), validation: names(&self.validation), test: names(&self.test) }
    }

    fn where_each_goes(table: &Table, part: impl Fn(&str) -> Option<Part>) -> Self {
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
    /// The rows of these patients in a table. Patients that the table does not have are ignored, and so are rows of patients
    /// that the split does not name, since nobody knows whether they were learned from.
    ///
    /// # Errors
    /// A patient who is in two parts.
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
        Ok(Split::where_each_goes(table, |patient| parts.get(patient).copied()))
    }
}

/// Makes sure that no patient is in two parts of the split, and that nobody whose tissue is in an image to judge on, as a
/// patient or as a donor, is in one to learn from or to choose by. (Those two may share donors, of whom there are often few;
/// the choice by validation is then a little optimistic, the judgement is not.)
///
/// # Errors
/// A patient or a donor who is, and a row that the table does not have.
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

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Train,
    Validation,
    Test,
}

/// The fold that judges, if one does.
fn judges(fold: Fold) -> Result<Option<usize>> {
    match fold.test {
        Some(test) if fold.folds < 2 || test >= fold.folds => {
            let found = format!("test fold {test} of {}", fold.folds);
            Err(refusal(&found, "at least 2 folds, counted from 0", "write for example 5 folds and test fold 0"))
        }
        test => Ok(test),
    }
}

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
#[path = "split_tests.rs"]
mod tests;
