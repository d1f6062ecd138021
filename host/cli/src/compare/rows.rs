//! Which images are compared: unseen patients, as many of them as there are, before a second image of any.

use crate::{
    console::Console,
    failure::{Failure, Result},
};
use lacuna_engine::ClassIndex;
use lacuna_session::Model;
use lacuna_study::{Row, SplitMix, SplitPatients, Table};
use std::{
    collections::{HashMap, HashSet},
    fs,
    path::Path,
};

/// An image with an expert mask and the class that is explained.
#[derive(Clone, Debug)]
pub struct Case {
    pub row: Row,
    pub target: ClassIndex,
    /// The file's name without its ending, which no other chosen image has.
    pub name: String,
}

/// `count` rows with a mask, of patients that none of the models has learnt from.
pub fn choose(
    console: &Console,
    table: &Table,
    model: &Model,
    manifests: &[&Path],
    (count, seed, all_patients): (usize, u64, bool),
) -> Result<Vec<Case>> {
    let classes = &model.manifest().output.classes;
    let target = |row: &Row| {
        let set = table.labels.iter().zip(&row.labels).find(|(name, set)| **set && classes.contains(name));
        set.and_then(|(name, _)| classes.iter().position(|class| class == name)).map(ClassIndex)
    };
    let unseen = if all_patients { None } else { unseen(console, manifests)? };
    let rows: Vec<(&Row, ClassIndex)> = table
        .rows
        .iter()
        .filter(|row| row.mask.is_some())
        .filter(|row| unseen.as_ref().is_none_or(|unseen| unseen.contains(&row.patient)))
        .filter_map(|row| Some((row, target(row)?)))
        .collect();
    if rows.is_empty() {
        return Err(Failure::input(
            "the table",
            format!("no image with a mask, one of the classes {} set, and an unseen patient", classes.join(", ")),
            "name columns as the classifier names its classes, give masks, or take --all-patients and say so",
        ));
    }
    named(dealt(rows, seed).into_iter().take(count))
}

/// The patients that every model with a known split was kept from; none where no model has one, which allows every patient.
/// Warns of the models whose patients nobody knows.
fn unseen(console: &Console, manifests: &[&Path]) -> Result<Option<HashSet<String>>> {
    let mut unseen: Option<HashSet<String>> = None;
    for manifest in manifests {
        match judged(manifest)? {
            Some(patients) if patients.is_empty() => console.warn(&format!(
                "{}: its record names no test patients, so it may have learnt from these images; train with --test-fold",
                manifest.display()
            )),
            Some(patients) => {
                let both = |known: HashSet<String>| known.intersection(&patients).cloned().collect();
                unseen = Some(unseen.map_or(patients.clone(), both));
            }
            None => console.warn(&format!(
                "{}: no record of a training beside it, so nobody knows whether it has seen these patients",
                manifest.display()
            )),
        }
    }
    Ok(unseen)
}

/// One image of each patient before the second of any, in an order that the seed decides.
fn dealt(mut rows: Vec<(&Row, ClassIndex)>, seed: u64) -> Vec<(&Row, ClassIndex)> {
    SplitMix::stream(seed, &[0]).shuffle(&mut rows);
    let mut seen: HashMap<&str, usize> = HashMap::new();
    let mut dealt = Vec::new();
    for (row, target) in rows {
        let earlier = seen.entry(&row.patient).or_default();
        dealt.push((*earlier, (row, target)));
        *earlier += 1;
    }
    // Stable: equals keep the order of the seed.
    dealt.sort_by_key(|(earlier, _)| *earlier);
    dealt.into_iter().map(|(_, row)| row).collect()
}

/// The rows by the names of their files, which must differ, since each has files of its own in the folder of the comparison.
fn named<'a>(rows: impl Iterator<Item = (&'a Row, ClassIndex)>) -> Result<Vec<Case>> {
    let mut taken = HashSet::new();
    rows.map(|(row, target)| {
        let name = row.image.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        match taken.insert(name.clone()) {
            true => Ok(Case { row: row.clone(), target, name }),
            false => Err(Failure::input(
                "the table",
                format!("two images of the name `{name}`"),
                "give every image a file name of its own",
            )),
        }
    })
    .collect()
}

/// The test patients in the record beside a manifest; none where there is no record.
fn judged(manifest: &Path) -> Result<Option<HashSet<String>>> {
    let path = manifest.with_file_name(lacuna_session::RECORD);
    let Ok(text) = fs::read_to_string(&path) else { return Ok(None) };
    let record: Option<serde_json::Value> = serde_json::from_str(&text).ok();
    let patients = record.and_then(|mut record| record.get_mut("patients").map(serde_json::Value::take));
    let Some(patients) = patients else { return Ok(None) };
    let patients: SplitPatients = serde_json::from_value(patients).map_err(|error| {
        Failure::input(path.display(), format!("its patients are no split ({error})"), "train the model again")
    })?;
    Ok(Some(patients.test.into_iter().collect()))
}
