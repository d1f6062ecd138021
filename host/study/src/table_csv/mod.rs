//! Reads and writes a table as CSV: `image,patient,mask,LABEL1,LABEL2,...`, with a column `donor` where images show tissue of
//! a second person.

use crate::error::{Error, Result};
use crate::table::{Row, Table};
use csv::StringRecord;
use lacuna_imaging::write_atomic;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// Bytes of a table.
const LARGEST: u64 = 256 << 20;

const IMAGE: &str = "image";
const PATIENT: &str = "patient";
const MASK: &str = "mask";
const DONOR: &str = "donor";

/// Reads a CSV as [`Table::read`] describes it.
pub(crate) fn read(path: &Path) -> Result<Table> {
    let unreadable = |cause: &std::io::Error| Error::unreadable(path, cause, "a folder of images or a CSV");
    let bytes = lacuna_imaging::read_regular(path, LARGEST).map_err(|cause| unreadable(&cause))?;
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(&bytes[..]);
    let header = reader.headers().map_err(|cause| broken(path, &cause))?.clone();
    let columns = Columns::find(path, &header)?;
    let mut lines = Lines { path, columns: &columns, seen: HashMap::new() };
    let mut rows = Vec::new();
    for record in reader.records() {
        rows.push(lines.row(&record.map_err(|cause| broken(path, &cause))?)?);
    }
    if rows.is_empty() {
        return Err(Error::input(
            path.display(),
            "a table without rows",
            "at least one image",
            "add a line for every image below the line of names",
        ));
    }
    let labels = columns.labels.iter().map(|&column| header[column].to_owned()).collect();
    Ok(Table { labels, rows, note: None })
}

/// Writes a CSV as [`Table::write_csv`] describes it.
pub(crate) fn write(table: &Table, path: &Path) -> Result<()> {
    let folder = absolute(path.parent().unwrap_or(Path::new("")))?;
    let mut writer = csv::Writer::from_writer(Vec::new());
    let failed = |cause: csv::Error| {
        let remedy = "give every row one value for each label";
        Error::input(path.display(), format!("a table that cannot be written ({cause})"), "rows of one length", remedy)
    };
    // Hardly any table has donors; the column is written only where one does.
    let donors = table.rows.iter().any(|row| row.donor.is_some());
    let names = [IMAGE, PATIENT, MASK].into_iter().chain(donors.then_some(DONOR));
    writer.write_record(names.chain(table.labels.iter().map(String::as_str))).map_err(failed)?;
    for row in &table.rows {
        let mask = row.mask.as_deref().map(|mask| cell(mask, &folder)).transpose()?;
        let mut cells = vec![cell(&row.image, &folder)?, row.patient.clone(), mask.unwrap_or_default()];
        cells.extend(donors.then(|| row.donor.clone().unwrap_or_default()));
        cells.extend(row.labels.iter().map(|&label| u8::from(label).to_string()));
        writer.write_record(&cells).map_err(failed)?;
    }
    let bytes = writer.into_inner().map_err(|cause| failed(cause.into_error().into()))?;
    Ok(write_atomic(path, &bytes)?)
}

/// The text of a path in a CSV that lies in `folder`: relative to it where the path is below, absolute otherwise.
fn cell(path: &Path, folder: &Path) -> Result<String> {
    let path = absolute(path)?;
    let written = path.strip_prefix(folder).unwrap_or(&path);
    written.to_str().map(str::to_owned).ok_or_else(|| {
        Error::input(
            written.display(),
            "a name that is no Unicode text",
            "names that a CSV can hold",
            "rename the file",
        )
    })
}

fn absolute(path: &Path) -> Result<PathBuf> {
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    std::path::absolute(path).map_err(|cause| Error::unreadable(path, &cause, "a path"))
}

/// The column index of each part of a row, from the line of names.
#[derive(Debug)]
struct Columns {
    names: Vec<String>,
    image: usize,
    patient: usize,
    mask: Option<usize>,
    donor: Option<usize>,
    labels: Vec<usize>,
}

impl Columns {
    fn find(path: &Path, header: &StringRecord) -> Result<Self> {
        let names: Vec<String> = header.iter().map(str::to_owned).collect();
        let refuse = |found: String, remedy: &str| {
            let expected = "one line of names: image, patient, mask, and one name for each label";
            Err(Error::input(format!("{}, line 1", path.display()), found, expected, remedy))
        };
        for (index, name) in names.iter().enumerate() {
            if name.is_empty() {
                return refuse(format!("column {} without a name", index + 1), "name every column");
            }
            if names[..index].contains(name) {
                return refuse(format!("two columns named `{name}`"), "name every column differently");
            }
        }
        let position = |name: &str| names.iter().position(|other| other == name);
        let (Some(image), Some(patient)) = (position(IMAGE), position(PATIENT)) else {
            let missing = [IMAGE, PATIENT].into_iter().filter(|name| position(name).is_none());
            let missing = missing.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" or ");
            let found = format!("no column {missing}, only `{}`", names.join("`, `"));
            return refuse(found, "name the columns so, separated by commas");
        };
        let (mask, donor) = (position(MASK), position(DONOR));
        let known = [Some(image), Some(patient), mask, donor];
        let labels = (0..names.len()).filter(|&column| !known.contains(&Some(column))).collect();
        Ok(Self { names, image, patient, mask, donor, labels })
    }
}

/// Turns lines into rows and remembers the images seen, so that an image listed twice is refused.
struct Lines<'a> {
    path: &'a Path,
    columns: &'a Columns,
    /// The canonical path of each image, with its line and its patient.
    seen: HashMap<PathBuf, (u64, String)>,
}

impl Lines<'_> {
    fn row(&mut self, record: &StringRecord) -> Result<Row> {
        let line = record.position().map_or(0, csv::Position::line);
        let place = |column: usize| {
            format!("{}, line {line}, column {} (`{}`)", self.path.display(), column + 1, self.columns.names[column])
        };
        let Columns { image, patient, mask, donor, labels, .. } = self.columns;
        let name = record.get(*patient).unwrap_or_default();
        if name.is_empty() {
            let remedy = "write the same name or number into all lines of one patient";
            return Err(Error::input(place(*patient), "nothing", "who the image is of", remedy));
        }
        let (file, itself) = self.file(record.get(*image).unwrap_or_default(), &place(*image))?;
        if let Some((other, patient)) = self.seen.get(&itself) {
            let (found, remedy) = match patient == name {
                true => (String::new(), "remove one of the two lines"),
                false => (
                    format!(", there as one of patient `{patient}` and here of `{name}`"),
                    "find out whose it is and remove the other line",
                ),
            };
            let found = format!("the image of line {other} again{found}");
            return Err(Error::input(place(*image), found, "every image once", remedy));
        }
        let mask = match mask.map(|column| (column, record.get(column).unwrap_or_default())) {
            Some((column, text)) if !text.is_empty() => Some(self.file(text, &place(column))?.0),
            _ => None,
        };
        let label = |&column: &usize| match record.get(column).unwrap_or_default() {
            "0" => Ok(false),
            "1" => Ok(true),
            other => {
                let remedy = "write 1 where the image shows what the column is named after, and 0 where it does not";
                Err(Error::input(place(column), format!("`{other}`"), "0 or 1", remedy))
            }
        };
        let labels = labels.iter().map(label).collect::<Result<_>>()?;
        let donor = donor.and_then(|column| record.get(column)).filter(|name| !name.is_empty()).map(str::to_owned);
        self.seen.insert(itself, (line, name.to_owned()));
        Ok(Row { image: file, patient: name.to_owned(), mask, donor, labels })
    }

    /// The file that a cell names, and its canonical path (links followed).
    fn file(&self, text: &str, place: &str) -> Result<(PathBuf, PathBuf)> {
        let folder = self.path.parent().unwrap_or(Path::new(""));
        let file = folder.join(text);
        let refuse = |found: String| {
            let expected =
                format!("the path of an image file, relative to `{}`", Path::new(".").join(folder).display());
            Err(Error::input(place, found, expected, "correct the path, or remove the line"))
        };
        match (text.is_empty(), file.canonicalize()) {
            (true, _) => refuse("nothing".to_owned()),
            (false, Ok(itself)) if itself.is_file() => Ok((file, itself)),
            (false, Ok(_)) => refuse(format!("`{text}`, which is a folder")),
            (false, Err(cause)) => refuse(format!("`{text}`, which cannot be read ({cause})")),
        }
    }
}

/// The error for text that is no CSV.
fn broken(path: &Path, cause: &csv::Error) -> Error {
    let line = cause.position().map(|position| format!(", line {}", position.line())).unwrap_or_default();
    let place = format!("{}{line}", path.display());
    match cause.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => Error::input(
            place,
            format!("{len} cells"),
            format!("{expected_len}, as many as the first line has names"),
            "separate cells by commas, put quotes around a cell that holds a comma, and leave an unknown mask empty",
        ),
        _ => Error::input(
            place,
            format!("text that is no CSV ({cause})"),
            "a CSV in UTF-8",
            "save the table as CSV, UTF-8, with commas",
        ),
    }
}

#[cfg(test)]
mod tests;
