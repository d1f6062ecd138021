//! Whose lesions go into which healthy people's images, so that no lesion stands on both sides of a split.

use super::donor::Donor;
use crate::error::{Error, Result};
use crate::patients::Patients;
use crate::split::fold_of;

/// The folds of healthy people, each with the donors whose lesions its images get.
#[derive(Clone, Debug)]
pub(super) struct Deal {
    /// Indices of donors, one list for each fold.
    folds: Vec<Vec<usize>>,
    /// The person behind each donor.
    people: Vec<String>,
    /// How people were told, where the user did not say it.
    note: Option<String>,
}

/// Folds where nobody says how many, if so many people gave lesions: as many as a training has.
const FOLDS: usize = 4;

impl Deal {
    /// Deals the people behind the donors into `folds` folds, those with most lesion images first, each to the fold that has
    /// fewest so far.
    ///
    /// # Errors
    /// More folds than people.
    pub fn new(donors: &[Donor], rule: Patients, folds: Option<usize>) -> Result<Self> {
        let names: Vec<&str> = donors.iter().map(|donor| &*donor.name).collect();
        let (people, note) = rule.of(&names);
        // A name that was only counted, or is a file's own, may be a patient's by chance: it is made a donor's.
        let told = |(person, name): (String, &&str)| match rule != Patients::Each && name.starts_with(&person) {
            true => person,
            false => format!("donor-{person}"),
        };
        let people: Vec<String> = people.into_iter().zip(&names).map(told).collect();
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

    /// The donors for images of this patient.
    pub fn donors(&self, patient: &str, seed: u64) -> &[usize] {
        &self.folds[fold_of(patient, self.folds.len(), seed)]
    }

    /// What the user should know about how people were told.
    pub fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }

    /// Who a donor is.
    pub fn person(&self, donor: usize) -> &str {
        &self.people[donor]
    }

    /// The people of each fold, and how many lesion images they gave.
    pub fn folds(&self) -> Vec<DonorFold> {
        let of = |fold: &Vec<usize>| {
            let mut people: Vec<String> = fold.iter().map(|&donor| self.people[donor].clone()).collect();
            people.sort_unstable();
            people.dedup();
            DonorFold { people, images: fold.len() }
        };
        self.folds.iter().map(of).collect()
    }
}

/// Whose lesions went into the images of one fold of healthy people.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct DonorFold {
    pub people: Vec<String>,
    /// Lesion images of these people.
    pub images: usize,
}
