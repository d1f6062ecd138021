//! Which images are compared: unseen patients, as many of them as there are, before a second image of any.

use crate::{
    console::Console,
    failure::{Failure, Result},
};
use lacuna_engine::ClassIndex;
use lacuna_session::Model;
use lacuna_study::{Row, SplitMix, SplitPatients, Table};
use std::{collections::HashSet, fs, path::Path};

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
    let mut unseen: Option<HashSet<String>> = None;
    for manifest in manifests.iter().filter(|_| !all_patients) {
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
    let mut rows: Vec<(&Row, ClassIndex)> = table
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
    // One image of each patient before the second of any, in an order that the seed decides.
    SplitMix::stream(seed, &[0]).shuffle(&mut rows);
    let mut seen: std::collections::HashMap<&str, usize> = std::collections::HashMap::new();
    let mut dealt: Vec<(usize, usize)> = Vec::new();
    for (index, (row, _)) in rows.iter().enumerate() {
        let earlier = seen.entry(&row.patient).or_default();
        dealt.push((*earlier, index));
        *earlier += 1;
    }
    dealt.sort_unstable();
    let mut taken = HashSet::new();
    let chosen = dealt.into_iter().take(count).map(|(_, index)| {
        let (row, target) = rows[index];
        let name = row.image.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Case { row: row.clone(), target, name }
    });
    chosen
        .map(|chosen| match taken.insert(chosen.name.clone()) {
            true => Ok(chosen),
            false => Err(Failure::input(
                "the table",
                format!("two images of the name `{}`", chosen.name),
                "give every image a file name of its own",
            )),
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
