//! The table of a study: every image with its patient, its labels and, where there is one, its lesion mask.

use crate::error::{Error, Result};
use crate::natural;
use crate::patients::{Patients, stem};
use crate::random::SplitMix;
use crate::table_csv;
use std::fs;
use std::path::{Path, PathBuf};

/// Images with their patients, masks and labels. A table that was read has at least one row, and no image twice.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// Names of the labels; empty for a folder.
    pub labels: Vec<String>,
    /// One row for each image.
    pub rows: Vec<Row>,
    /// How patients were derived from the file names, where the user gave no rule.
    pub note: Option<String>,
}

/// The random stream that decides which row of a stretch [`Table::thinned`] keeps.
const THINNED: u64 = 4;

/// One image of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The image file; [`Table::read`] checks that it exists.
    pub image: PathBuf,
    /// The name of the patient; never empty.
    pub patient: String,
    /// The mask file, whose nonzero pixels are lesion; [`Table::read`] checks that it exists.
    pub mask: Option<PathBuf>,
    /// A second person whose tissue the image shows, such as the patient whose lesion was pasted; never empty.
    pub donor: Option<String>,
    /// One value for each of the table's labels.
    pub labels: Vec<bool>,
}

impl Table {
    /// Reads a folder or a CSV.
    ///
    /// A folder gives its PNG and JPEG files (by their endings, not those of folders inside) in natural order of their names,
    /// without labels and masks; `patients` derives the patients.
    ///
    /// A CSV begins with a line of names: `image`, `patient`, `mask` and `donor` (these two may be left out), and every other
    /// column is a label. A donor is a second person whose tissue is in the image, as with pasted lesions; mostly empty.
    /// Paths are relative to the CSV's folder; an empty mask means none; a label is 0 or 1. The table names the patients, so
    /// `patients` must be [`Patients::Auto`].
    ///
    /// # Errors
    /// Refuses a path that cannot be read, a table without rows, missing columns, label values other than 0 and 1, an empty
    /// patient, images or masks that do not exist, and an image that is listed twice. The error names the line and the column.
    pub fn read(path: impl AsRef<Path>, patients: &Patients) -> Result<Self> {
        let path = path.as_ref();
        match (path.is_dir(), patients) {
            (true, _) => Self::read_folder(path, *patients),
            (false, Patients::Auto) => table_csv::read(path),
            (false, rule) => Err(Error::input(
                path.display(),
                format!("a table, and the rule `{rule}` for telling patients from file names"),
                "such a rule for a folder only; a table names its patients in the column `patient`",
                "leave the rule out, or name the folder of the images",
            )),
        }
    }

    /// The table of a folder's images.
    fn read_folder(folder: &Path, patients: Patients) -> Result<Self> {
        let files = image_files(folder)?;
        let (names, note) = patients.of(&files);
        let rows = files.into_iter().zip(names).map(|(image, patient)| Row {
            image,
            patient,
            mask: None,
            donor: None,
            labels: Vec::new(),
        });
        Ok(Self { labels: Vec::new(), rows: rows.collect(), note })
    }

    /// Writes the table as a CSV that [`Table::read`] reads: paths below the CSV's folder are relative to it, others absolute.
    ///
    /// # Errors
    /// Refuses a row with another number of labels than the table, a path that is not Unicode, and a file that cannot be written.
    pub fn write_csv(&self, path: impl AsRef<Path>) -> Result<()> {
        table_csv::write(self, path.as_ref())
    }

    /// A table of at most `count` rows, spread over the whole table: one row from each of `count` equal stretches, chosen by the
    /// seed. Taking every nth row instead would meet the same few patients again where patients come in cycles.
    pub fn thinned(&self, count: usize, seed: u64) -> Self {
        let all = self.rows.len();
        if count >= all {
            return self.clone();
        }
        let pick = |stretch: usize| {
            let (first, end) = (stretch * all / count, (stretch + 1) * all / count);
            let place = SplitMix::stream(seed, &[THINNED, stretch as u64]).below(end - first);
            self.rows[first + place].clone()
        };
        Self { labels: self.labels.clone(), rows: (0..count).map(pick).collect(), note: self.note.clone() }
    }

    /// The patients, each once, in order of their first rows.
    pub fn patients(&self) -> Vec<&str> {
        let mut seen = std::collections::HashSet::new();
        self.rows.iter().map(|row| &*row.patient).filter(|patient| seen.insert(*patient)).collect()
    }
}

/// Lists the PNG and JPEG files of a folder in natural order of their names; hidden files and folders inside are left out.
///
/// # Errors
/// Refuses a folder that cannot be read, and one without such files.
pub fn image_files(folder: &Path) -> Result<Vec<PathBuf>> {
    const EXPECTED: &str = "a folder of PNG or JPEG images";
    let unreadable = |cause| Error::unreadable(folder, &cause, EXPECTED);
    let mut files = Vec::new();
    let mut others = 0;
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        match is_image(&path) && !hidden && path.is_file() {
            true => files.push(path),
            false => others += 1,
        }
    }
    if files.is_empty() {
        let found = format!("no image, {others} other files and folders");
        let remedy = "name the folder that the image files lie in directly; convert images of another kind to PNG";
        return Err(Error::input(folder.display(), found, format!("{EXPECTED} (.png, .jpg, .jpeg)"), remedy));
    }
    files.sort_by(|a, b| natural::compare(&stem(a), &stem(b)).then_with(|| a.cmp(b)));
    Ok(files)
}

fn is_image(path: &Path) -> bool {
    let ending = path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    matches!(&*ending, "png" | "jpg" | "jpeg")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_read_in_natural_order() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["non.jpg", "non_10.JPG", "non_2.jpeg", "notes.txt", ".hidden.png"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        fs::create_dir(folder.path().join("inside.png")).unwrap();
        let table = Table::read(folder.path(), &Patients::Cycle(2)).unwrap();
        let names: Vec<String> =
            table.rows.iter().map(|row| row.image.file_name().unwrap().to_string_lossy().into_owned()).collect();
        assert_eq!(names, ["non.jpg", "non_2.jpeg", "non_10.JPG"]);
        assert_eq!(table.patients(), ["cycle-1", "cycle-2"]);
        assert!(table.labels.is_empty() && table.note.is_none());
        assert!(Table::read(folder.path(), &Patients::Auto).unwrap().note.is_some());
    }

    #[test]
    fn a_thinner_table_is_spread_over_rows_and_patients() {
        let row = |index: usize| Row {
            image: format!("{index}.png").into(),
            patient: format!("p{}", index % 100),
            mask: None,
            donor: None,
            labels: Vec::new(),
        };
        let table = Table { rows: (0..3200).map(row).collect(), ..Table::default() };
        let thin = table.thinned(200, 7);
        assert_eq!(thin.rows.len(), 200);
        for (stretch, row) in thin.rows.iter().enumerate() {
            assert!(table.rows[stretch * 16..(stretch + 1) * 16].contains(row));
        }
        // 200 draws meet 87 of 100 patients on average.
        assert!(thin.patients().len() > 75, "{}", thin.patients().len());
        assert_eq!(table.thinned(4000, 7), table);
    }

    #[test]
    fn a_folder_without_images_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("scan.dcm"), "").unwrap();
        let error = Table::read(folder.path(), &Patients::Auto).unwrap_err().to_string();
        assert!(error.contains("no image, 1 other") && error.contains(".png, .jpg, .jpeg"), "{error}");
        let error = Table::read(folder.path().join("none"), &Patients::Auto).unwrap_err().to_string();
        assert!(error.contains("none: cannot be read") && error.contains("check the spelling"), "{error}");
    }
}
