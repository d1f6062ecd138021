//! Assigns the people who gave lesions to the folds of healthy people, so that no lesion is in both a training and a test image.

use super::donor::Donor;
use crate::error::{Error, Result};
use crate::patients::Patients;
use crate::split::fold_of;

/// The donors whose lesions the images of each fold of healthy people get.
#[derive(Clone, Debug)]
pub(super) struct DonorFolds {
    /// Indices of donors, sorted, one list for each fold.
    folds: Vec<Vec<usize>>,
    /// The person behind each donor.
    people: Vec<String>,
    /// How people were derived from the file names, where the user gave no rule.
    note: Option<String>,
}

/// Default number of folds, if at least so many people gave lesions; the default of a training is the same.
const FOLDS: usize = 4;

impl DonorFolds {
    /// Assigns people to `folds` folds: those with most lesion images first, each to the fold with the fewest images so far.
    /// `rule` derives the person of each donor from the names of the files.
    ///
    /// # Errors
    /// Refuses 0 folds, and more folds than people.
    pub fn new(donors: &[Donor], rule: Patients, folds: Option<usize>) -> Result<Self> {
        let names: Vec<&str> = donors.iter().map(|donor| &*donor.name).collect();
        let (people, note) = rule.of(&names);
        // A name that was made by counting, or is that of a single file, may equal a patient's by chance: the prefix prevents it.
        let distinct = |(person, name): (String, &&str)| match rule != Patients::Each && name.starts_with(&person) {
            true => person,
            false => format!("donor-{person}"),
        };
        let people: Vec<String> = people.into_iter().zip(&names).map(distinct).collect();
        let mut images: Vec<(&str, Vec<usize>)> = Vec::new();
        for (index, person) in people.iter().enumerate() {
            match images.iter_mut().find(|(name, _)| name == person) {
                Some((_, list)) => list.push(index),
                None => images.push((person, vec![index])),
            }
        }
        let count = folds.unwrap_or_else(|| images.len().min(FOLDS));
        if count == 0 || count > images.len() {
            let names = images.iter().map(|(name, _)| *name).take(10).collect::<Vec<_>>().join(", ");
            let found = format!("{count} folds, and lesions of {} people ({names})", images.len());
            let remedy = "choose fewer folds, add lesions of more people, or say how people are told from the file names \
                          of the lesions";
            return Err(Error::input("folds", found, "at least one person's lesions for each fold", remedy));
        }
        images.sort_by_key(|(_, list)| std::cmp::Reverse(list.len()));
        let mut dealt: Vec<Vec<usize>> = vec![Vec::new(); count];
        for (_, list) in images {
            if let Some(fewest) = dealt.iter_mut().min_by_key(|fold| fold.len()) {
                fewest.extend(list);
            }
        }
        dealt.iter_mut().for_each(|fold| fold.sort_unstable());
        Ok(Self { folds: dealt, people, note })
    }

    /// Indices of the donors for the images of a healthy patient.
    pub fn donors(&self, patient: &str, seed: u64) -> &[usize] {
        &self.folds[fold_of(patient, self.folds.len(), seed)]
    }

    /// How people were derived from the file names, where the user gave no rule.
    pub fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }

    /// The name of the person behind a donor.
    pub fn person(&self, donor: usize) -> &str {
        &self.people[donor]
    }

    /// The people of each fold, sorted, and the number of their lesion images.
    pub fn report(&self) -> Vec<DonorFold> {
        let of = |fold: &Vec<usize>| {
            let mut people: Vec<String> = fold.iter().map(|&donor| self.people[donor].clone()).collect();
            people.sort_unstable();
            people.dedup();
            DonorFold { people, images: fold.len() }
        };
        self.folds.iter().map(of).collect()
    }
}

/// The people whose lesions are in the images of one fold of healthy patients.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct DonorFold {
    /// Names of the people, sorted.
    pub people: Vec<String>,
    /// Number of their lesion images.
    pub images: usize,
}
